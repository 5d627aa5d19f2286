#!/usr/bin/env python3
"""Captures and refunds payments, up to 500. It echoes no header: its answers carry the order's id."""

from service import Service, brokers


def handle(kind, command):
    order = command["orderId"]
    if kind == "RefundPayment":
        return {"orderId": order, "outcome": "REFUNDED"}
    if command["amount"] > 500:
        return {"orderId": order, "outcome": "DECLINED", "reason": "above the limit of the card"}
    return {"orderId": order, "outcome": "CAPTURED", "paymentId": f"P-{order}"}


if __name__ == "__main__":
    Service("payments", brokers(), handle, echo=False).run()
