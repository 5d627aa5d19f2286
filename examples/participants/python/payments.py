#!/usr/bin/env python3
"""Captures and refunds payments, up to 500. It echoes no header: its answers carry the order's id,
as those of a team do that knows nothing of baton (`correlate: {path: .orderId}` in the estate)."""

from service import Service

TABLES = "CREATE TABLE IF NOT EXISTS payment (cause TEXT, undone TEXT, order_id TEXT, amount REAL)"


def handle(db, command, headers):
    key, undone = headers["idempotency-key"], headers.get("baton-undo-of")
    order = command["orderId"]
    if undone:
        db.execute("INSERT INTO payment SELECT ?, cause, order_id, -amount FROM payment "
                   "WHERE cause = ?", [key, undone])
        return {"orderId": order, "outcome": "REFUNDED"}
    if command["amount"] > 500:
        return {"orderId": order, "outcome": "DECLINED", "reason": "above the limit of the card"}
    db.execute("INSERT INTO payment VALUES (?, NULL, ?, ?)", [key, order, command["amount"]])
    return {"orderId": order, "outcome": "CAPTURED", "paymentId": f"P-{order}"}


def refuse(why):
    return {"outcome": "DECLINED", "reason": why}


if __name__ == "__main__":
    Service(handle, refuse, TABLES, echo=False).run()
