#!/usr/bin/env python3
"""Ships. It is slow now and then, and does not ship to the moon."""

import time
import zlib

from service import Service, brokers


def handle(kind, command):
    if kind == "CancelShipment":
        return {"ok": True}
    if zlib.crc32(command["orderId"].encode()) % 50 == 0:
        time.sleep(0.3)
    if command["address"] == "Moon":
        return {"ok": False, "reason": "no carrier goes there"}
    return {"ok": True, "trackingId": f"T-{command['orderId']}"}


if __name__ == "__main__":
    Service("shipping", brokers(), handle).run()
