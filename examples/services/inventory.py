#!/usr/bin/env python3
"""Reserves and releases stock. Whoever orders more than a hundred of something gets none."""

from service import Service, brokers


def handle(kind, command):
    if kind == "ReleaseInventory":
        return {"status": "OK", "released": True}
    if any(line["quantity"] > 100 for line in command["lines"]):
        return {"status": "REJECTED", "code": "OutOfStock", "message": "not that many on stock"}
    return {"status": "OK", "reservationId": f"R-{command['orderId']}"}


if __name__ == "__main__":
    Service("inventory", brokers(), handle).run()
