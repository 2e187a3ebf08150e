"""A month of orders in the columns of Shopify's order export, the same on every run.

As in a real export, an order of several items takes several rows, and the columns of the order
are filled on its first row only. All people and streets are invented.
"""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shop.catalogue import Catalogue, Product, Variant

SEED = 1817  # the year of the first two-wheeled running machine
DAYS = 31
FIRST_DAY = datetime(2026, 10, 1, tzinfo=UTC)
WINTER_TIME_FROM = datetime(2026, 10, 25, tzinfo=UTC)
VAT_PART = Decimal(22) / Decimal(122)  # prices include Italian VAT of 22 %
FREE_SHIPPING_FROM = Decimal(89)
CENT = Decimal("0.01")

COLUMNS_TEXT = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,"
    "Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,"
    "Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,"
    "Lineitem sku,Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,"
    "Billing Name,Billing Street,Billing Address1,Billing Address2,Billing Company,Billing City,"
    "Billing Zip,Billing Province,Billing Country,Billing Phone,Shipping Name,Shipping Street,"
    "Shipping Address1,Shipping Address2,Shipping Company,Shipping City,Shipping Zip,"
    "Shipping Province,Shipping Country,Shipping Phone,Notes,Note Attributes,Cancelled at,"
    "Payment Method,Payment Reference,Refunded Amount,Vendor,Outstanding Balance,Employee,"
    "Location,Device ID,Id,Tags,Risk Level,Source,Lineitem discount,Tax 1 Name,Tax 1 Value,"
    "Tax 2 Name,Tax 2 Value,Tax 3 Name,Tax 3 Value,Tax 4 Name,Tax 4 Value,Tax 5 Name,"
    "Tax 5 Value,Phone,Receipt Number,Duties,Billing Province Name,Shipping Province Name,"
    "Payment ID,Payment Terms Name,Next Payment Due At,Payment References"
)
COLUMNS = COLUMNS_TEXT.split(",")

FIRST_NAMES_TEXT = (
    "Ada Bruno Chiara Dario Elena Fabio Giulia Hedwig Irene Jacopo Klara Luca Marta Nicola Olga "
    "Pietro Rosa Sandro Teresa Ugo Viola Walter Zoe Matilde Ettore Linnea Casper Aoife"
)
FIRST_NAMES = FIRST_NAMES_TEXT.split()
LAST_NAMES_TEXT = (
    "Bandini Corsi Dolfi Ercoli Fontanelli Gori Lazzeri Mazzanti Nuti Orsolini Pardini Querci "
    "Rindi Salvetti Tonelli Ulivieri Vannucci Zanobini Lindqvist Vermeer Hartmann O'Brien"
)
LAST_NAMES = LAST_NAMES_TEXT.split()
STREETS_TEXT = (
    "Via dei Cordai|Via del Gelsomino|Piazza della Fonte|Vicolo dei Mugnai|Via delle Ruote|"
    "Viale dei Tigli|Via San Biagio|Borgo degli Orti|Via del Ponte Vecchio|Salita del Molino"
)
STREETS = STREETS_TEXT.split("|")
TOWNS = (
    ("Lucca", "55100", "LU", "Lucca", "IT"),
    ("Pisa", "56125", "PI", "Pisa", "IT"),
    ("Firenze", "50122", "FI", "Firenze", "IT"),
    ("Livorno", "57123", "LI", "Livorno", "IT"),
    ("Bologna", "40121", "BO", "Bologna", "IT"),
    ("Ferrara", "44121", "FE", "Ferrara", "IT"),
    ("Torino", "10121", "TO", "Torino", "IT"),
    ("Graz", "8010", "", "", "AT"),
    ("Utrecht", "3511", "", "", "NL"),
    ("Freiburg", "79098", "", "", "DE"),
)
# What people come for; a type that is not listed counts once.
APPETITE = {"Bicycles": 0.18, "Clothing": 2.2, "Ceramics": 2.0, "Picnic": 1.5, "Gift cards": 0.7}


@dataclass(frozen=True, slots=True)
class Line:
    product: Product
    variant: Variant
    quantity: int

    @property
    def amount(self) -> Decimal:
        return self.variant.price * self.quantity


def orders_csv(catalogue: Catalogue) -> str:
    """The orders of October 2026."""
    chance = random.Random(SEED)
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    number = 2301
    for day in range(DAYS):
        for created in _moments_of(day, chance):
            writer.writerows(_order_rows(number, created, catalogue, chance))
            number += 1
    return out.getvalue()


def _moments_of(day: int, chance: random.Random) -> list[datetime]:
    """When orders of a day come in: more on weekends, between breakfast and midnight."""
    date = FIRST_DAY + timedelta(days=day)
    count = 4 + int(chance.random() * 5) + (4 if date.weekday() >= 5 else 0)
    seconds = sorted(int((7 + 16.5 * chance.random()) * 3600) for _ in range(count))
    return [date + timedelta(seconds=second) for second in seconds]


def _order_rows(
    number: int, created: datetime, catalogue: Catalogue, chance: random.Random
) -> list[dict[str, str]]:
    lines = _pick_lines(catalogue, chance)
    subtotal = sum((line.amount for line in lines), Decimal(0))
    code, discount = _discount(subtotal, chance)
    pickup = chance.random() < 0.15
    free = pickup or subtotal - discount >= FREE_SHIPPING_FROM
    shipping = Decimal(0) if free else Decimal("6.90")
    total = subtotal - discount + shipping
    fate = _fate(lines, total, chance)
    later = created + timedelta(hours=20 + int(chance.random() * 30))
    order = {
        "Financial Status": fate["status"],
        "Paid at": _stamp(created + timedelta(seconds=9)),
        "Fulfillment Status": "unfulfilled" if fate["cancelled"] else "fulfilled",
        "Fulfilled at": "" if fate["cancelled"] else _stamp(later),
        "Accepts Marketing": "yes" if chance.random() < 0.4 else "no",
        "Currency": "EUR",
        "Subtotal": _money(subtotal - discount),
        "Shipping": _money(shipping),
        "Taxes": _money(total * VAT_PART),
        "Total": _money(total),
        "Discount Code": code,
        "Discount Amount": _money(discount),
        "Shipping Method": "Pick up in Lucca" if pickup else "Corriere 48 h",
        "Cancelled at": _stamp(later) if fate["cancelled"] else "",
        "Payment Method": "Cards" if chance.random() < 0.7 else "Bank transfer",
        "Payment Reference": f"BP{number}.1",
        "Refunded Amount": _money(Decimal(fate["refund"])),
        "Outstanding Balance": "0.00",
        "Id": str(5_600_000_000_000 + number * 32_768),
        "Risk Level": "Low",
        "Source": "web",
        "Tax 1 Name": "IT VAT 22%",
        "Tax 1 Value": _money(total * VAT_PART),
        "Payment ID": f"BP{number}.1",
        "Payment References": f"BP{number}.1",
        **_address(chance),
    }
    email = _email(order["Billing Name"])
    rows = [_line_row(number, email, created, line) for line in lines]
    rows[0] |= order
    return rows


def _line_row(number: int, email: str, created: datetime, line: Line) -> dict[str, str]:
    options = " / ".join(line.variant.options)
    digital = line.product.type == "Gift cards"
    return {
        "Name": f"#{number}",
        "Email": email,
        "Created at": _stamp(created),
        "Lineitem quantity": str(line.quantity),
        "Lineitem name": f"{line.product.title} - {options}",
        "Lineitem price": _money(line.variant.price),
        "Lineitem sku": line.variant.sku,
        "Lineitem requires shipping": "false" if digital else "true",
        "Lineitem taxable": "false" if digital else "true",
        "Lineitem fulfillment status": "fulfilled",
        "Vendor": "Bottega Pedalino",
        "Lineitem discount": "0.00",
    }


def _pick_lines(catalogue: Catalogue, chance: random.Random) -> list[Line]:
    count = 1 + int(3.2 * chance.random() ** 1.5)
    weights = [APPETITE.get(product.type, 1.0) for product in catalogue.products]
    chosen: dict[str, Line] = {}
    while len(chosen) < count:
        product = catalogue.products[_weighted(weights, chance)]
        variant = product.variants[int(chance.random() * len(product.variants))]
        dear = variant.price > 60
        quantity = 1 if dear else 1 + int(3 * chance.random() ** 2)
        chosen[variant.sku] = Line(product, variant, quantity)
    return list(chosen.values())


def _weighted(weights: list[float], chance: random.Random) -> int:
    at = chance.random() * sum(weights)
    for place, weight in enumerate(weights):
        at -= weight
        if at < 0:
            return place
    return len(weights) - 1


def _discount(subtotal: Decimal, chance: random.Random) -> tuple[str, Decimal]:
    luck = chance.random()
    if luck < 0.10:
        return "PEDALA10", (subtotal / 10).quantize(CENT, ROUND_HALF_UP)
    if luck < 0.16 and subtotal > 30:
        return "BENVENUTA5", Decimal(5)
    return "", Decimal(0)


def _fate(lines: list[Line], total: Decimal, chance: random.Random) -> dict[str, str]:
    """Most orders go well; a few are returned, in part or whole, and a few are called off."""
    luck = chance.random()
    if luck < 0.02:
        return {"status": "refunded", "refund": str(total), "cancelled": "yes"}
    if luck < 0.045:
        return {"status": "refunded", "refund": str(total), "cancelled": ""}
    if luck < 0.085 and len(lines) > 1:
        part = min(lines[-1].amount, total - 1)
        return {"status": "partially_refunded", "refund": str(part), "cancelled": ""}
    return {"status": "paid", "refund": "0", "cancelled": ""}


def _address(chance: random.Random) -> dict[str, str]:
    name = f"{_one_of(FIRST_NAMES, chance)} {_one_of(LAST_NAMES, chance)}"
    street = f"{_one_of(STREETS, chance)} {1 + int(chance.random() * 90)}"
    city, code, province, province_name, country = TOWNS[int(len(TOWNS) * chance.random())]
    fields = {
        "Name": name,
        "Street": street,
        "Address1": street,
        "City": city,
        "Zip": code,
        "Province": province,
        "Country": country,
        "Province Name": province_name,
    }
    return {
        f"{side} {key}": value for side in ("Billing", "Shipping") for key, value in fields.items()
    }


def _email(name: str) -> str:
    return name.lower().replace("'", "").replace(" ", ".") + "@example.com"


def _one_of(names: list[str], chance: random.Random) -> str:
    return names[int(len(names) * chance.random())]


def _stamp(moment: datetime) -> str:
    """A shop-local wall time; `moment` is local too, its zone is only a label."""
    offset = "+0100" if moment >= WINTER_TIME_FROM else "+0200"
    return f"{moment:%Y-%m-%d %H:%M:%S} {offset}"


def _money(amount: Decimal) -> str:
    return str(amount.quantize(CENT, ROUND_HALF_UP))
