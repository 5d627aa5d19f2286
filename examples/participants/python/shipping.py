#!/usr/bin/env python3
"""Ships. It is slow now and then, and does not ship to the moon."""

import time
import zlib

from service import Service

TABLES = "CREATE TABLE IF NOT EXISTS shipment (cause TEXT PRIMARY KEY, order_id TEXT, address TEXT)"


def handle(db, command, headers):
    undone = headers.get("baton-undo-of")
    if undone:
        db.execute("DELETE FROM shipment WHERE cause = ?", [undone])
        return {"ok": True}
    if zlib.crc32(command["orderId"].encode()) % 50 == 0:
        time.sleep(0.3)
    if command["address"] == "Moon":
        return refuse("no carrier goes there")
    db.execute("INSERT INTO shipment VALUES (?, ?, ?)",
               [headers["idempotency-key"], command["orderId"], command["address"]])
    return {"ok": True, "trackingId": f"T-{command['orderId']}"}


def refuse(why):
    return {"ok": False, "reason": why}


if __name__ == "__main__":
    Service(handle, refuse, TABLES).run()
