#!/usr/bin/env python3
"""Reserves and releases stock. Whoever orders more than a hundred of something gets none."""

from service import Service

TABLES = """CREATE TABLE IF NOT EXISTS movement (cause TEXT, undone TEXT, order_id TEXT, sku TEXT,
            quantity INTEGER)"""


def handle(db, command, headers):
    key, undone = headers["idempotency-key"], headers.get("baton-undo-of")
    if undone:  # Gives back what that command took: perhaps nothing, and that is fine.
        released = db.execute("INSERT INTO movement SELECT ?, cause, order_id, sku, -quantity "
                              "FROM movement WHERE cause = ?", [key, undone]).rowcount
        return {"status": "OK", "released": released}
    if any(line["quantity"] > 100 for line in command["lines"]):
        return {"status": "REJECTED", "code": "OutOfStock", "message": "not that many on stock"}
    for line in command["lines"]:
        db.execute("INSERT INTO movement VALUES (?, NULL, ?, ?, ?)",
                   [key, command["orderId"], line["sku"], line["quantity"]])
    return {"status": "OK", "reservationId": f"R-{command['orderId']}"}


def refuse(why):
    return {"status": "REJECTED", "code": "validation", "message": why}


if __name__ == "__main__":
    Service(handle, refuse, TABLES).run()
