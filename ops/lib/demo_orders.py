"""The orders of the demos, and how each has to end."""


def order(number):
    """One order in six is too dear, one in eleven too large, one in thirteen goes to the moon."""
    return {
        "orderId": f"A-{number}",
        "lines": [{"sku": f"S-{number % 7}", "quantity": 500 if number % 11 == 0 else 2}],
        "total": 900 if number % 6 == 0 else 42.50,
        "currency": "EUR",
        "address": "Moon" if number % 13 == 0 else "Main Street 1",
    }


def is_good(value):
    """Whether the services of the demos do all that the order asks for."""
    return (value["total"] <= 500 and value["lines"][0]["quantity"] <= 100
            and value["address"] != "Moon")
