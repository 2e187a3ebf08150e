"""Reads and checks a shop's two CSV files, telling file, row and column of each mistake.

Both of Shopify's product formats are read: the long-standing one (`Handle`, `Variant Price`) and
the one with plain names (`URL handle`, `Price`). Row numbers count lines as a spreadsheet shows
them, so the first row below the headings is row 2.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_MISTAKES_SHOWN = 10

PRODUCT_COLUMNS = {
    "handle": ("Handle", "URL handle"),
    "title": ("Title",),
    "type": ("Type",),
    "sku": ("Variant SKU", "SKU"),
    "price": ("Variant Price", "Price"),
}
ORDER_COLUMNS = {
    "order": ("Name",),
    "created": ("Created at",),
    "currency": ("Currency",),
    "quantity": ("Lineitem quantity",),
    "item": ("Lineitem name",),
    "price": ("Lineitem price",),
    "sku": ("Lineitem sku",),
    "discount": ("Discount Amount",),
    "refund": ("Refunded Amount",),
    "shipping": ("Shipping",),
    "cancelled": ("Cancelled at",),
}
_MONEY = re.compile(r"\d{1,12}(\.\d{1,2})?")
_COUNT = re.compile(r"[1-9]\d{0,8}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\b")


class InputError(Exception):
    """The user's files cannot be used; the message says where and what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRow:
    """One variant; `type` is filled from the first row of its handle."""

    handle: str
    title: str
    type: str
    sku: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One item of an order, amounts in cents; order-wide amounts stand on the first line only."""

    order: str
    day: str
    currency: str
    item: str
    sku: str
    quantity: int
    price_cents: int
    discount_cents: int
    refund_cents: int
    shipping_cents: int
    cancelled: bool


def read_products(path: Path) -> tuple[ProductRow, ...]:
    """The variants of a Shopify product file. Raises InputError."""
    table = _Table(path, PRODUCT_COLUMNS)
    firsts: dict[str, tuple[str, str]] = {}
    rows = []
    for number, cells in table.rows():
        handle = table.need(number, cells, "handle")
        if handle not in firsts:
            firsts[handle] = (table.need(number, cells, "title"), cells["type"])
        if not cells["sku"] and not cells["price"]:
            continue  # a row that only adds a picture
        table.match(number, cells, "price", _MONEY, "an amount like 12.50")
        title, kind = firsts[handle]
        rows.append(ProductRow(handle=handle, title=title, type=kind, sku=cells["sku"]))
    table.finish(bool(rows))
    return tuple(rows)


def read_orders(path: Path) -> tuple[OrderLine, ...]:
    """The lines of a Shopify order export. Raises InputError."""
    table = _Table(path, ORDER_COLUMNS)
    seen: set[str] = set()
    cancelled: set[str] = set()
    lines = []
    currency = ""
    for number, cells in table.rows():
        order = table.need(number, cells, "order")
        first = order not in seen
        seen.add(order)
        if first:
            table.need(number, cells, "currency")
            currency = currency or cells["currency"]
            if cells["currency"] not in ("", currency):
                table.mistake(
                    number,
                    "currency",
                    f"{cells['currency']!r} beside {currency!r}; one file, one currency",
                )
        if cells["cancelled"]:
            cancelled.add(order)
        table.match(
            number, cells, "created", _DAY, "a date like 2026-10-31 12:00:00 +0100", start=True
        )
        table.match(number, cells, "quantity", _COUNT, "a whole number above 0")
        table.match(number, cells, "price", _MONEY, "an amount like 12.50")
        for key in ("discount", "refund", "shipping"):
            table.match(number, cells, key, _MONEY, "an amount like 12.50, or nothing", empty=True)
        if not table.mistakes:
            lines.append(
                _order_line(order, currency, cells, first=first, cancelled=order in cancelled)
            )
    table.finish(bool(lines))
    return tuple(lines)


def _order_line(
    order: str, currency: str, cells: dict[str, str], *, first: bool, cancelled: bool
) -> OrderLine:
    whole: Callable[[str], int] = lambda key: _cents(cells[key]) if first else 0  # noqa: E731 -- three uses below
    return OrderLine(
        order=order,
        day=cells["created"][:10],
        currency=currency,
        item=cells["item"],
        sku=cells["sku"],
        quantity=int(cells["quantity"]),
        price_cents=_cents(cells["price"]),
        discount_cents=whole("discount"),
        refund_cents=whole("refund"),
        shipping_cents=whole("shipping"),
        cancelled=cancelled,
    )


def _cents(text: str) -> int:
    units, _, rest = text.partition(".")
    return int(units or "0") * 100 + int((rest + "00")[:2])


class _Table:
    """One CSV file being read; gathers its mistakes."""

    def __init__(self, path: Path, columns: Mapping[str, tuple[str, ...]]) -> None:
        self._path = path
        self._columns = columns
        self.mistakes: list[str] = []
        self._text = _read_text(path)
        self._headings = next(csv.reader(self._text.splitlines()[:1]), [])
        self._names = {key: self._find(names) for key, names in columns.items()}
        missing = [columns[key][0] for key, name in self._names.items() if name is None]
        if missing:
            raise InputError(
                f"{path.name} row 1: no column {', '.join(missing)}; export the file from Shopify "
                "again, or add the column"
            )

    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Row number and cells by our own names, spaces trimmed."""
        reader = csv.DictReader(self._text.splitlines(keepends=True), restval="")
        while True:
            before = reader.line_num
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise InputError(
                    f"{self._path.name} row {before + 1}: not CSV ({error})"
                ) from error
            number = max(before + 1, 2)
            if None in row:
                self.mistakes.append(
                    f"{self._path.name} row {number}: more cells than headings; quote cells that "
                    "contain a comma"
                )
                continue
            yield (
                number,
                {key: (row[name or ""] or "").strip() for key, name in self._names.items()},
            )

    def need(self, number: int, cells: dict[str, str], key: str) -> str:
        """The cell, which must not be empty."""
        if not cells[key]:
            self.mistake(number, key, "is empty")
        return cells[key]

    def match(
        self,
        number: int,
        cells: dict[str, str],
        key: str,
        pattern: re.Pattern[str],
        form: str,
        *,
        start: bool = False,
        empty: bool = False,
    ) -> None:
        """The cell must look like `pattern`, described as `form`."""
        cell = cells[key]
        if empty and not cell:
            return
        if not (pattern.match(cell) if start else pattern.fullmatch(cell)):
            self.mistake(number, key, f"{cell[:40]!r} is not {form}")

    def mistake(self, number: int, key: str, text: str) -> None:
        self.mistakes.append(f"{self._path.name} row {number}, column {self._names[key]}: {text}")

    def finish(self, has_rows: bool) -> None:  # noqa: FBT001 -- one caller per table
        """Raise InputError when there were mistakes or nothing to read."""
        if self.mistakes:
            shown = self.mistakes[:MAX_MISTAKES_SHOWN]
            more = len(self.mistakes) - len(shown)
            raise InputError("\n".join(shown + ([f"… and {more} more"] if more else [])))
        if not has_rows:
            raise InputError(f"{self._path.name}: no rows below the headings")

    def _find(self, names: tuple[str, ...]) -> str | None:
        return next((name for name in names if name in self._headings), None)


def _read_text(path: Path) -> str:
    if not path.is_file():
        raise InputError(f"{path.name} is missing in {path.parent}")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise InputError(f"{path.name} is larger than {MAX_FILE_BYTES // 1024 // 1024} MiB")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = error.object[: error.start].count(b"\n") + 1
        raise InputError(f"{path.name} row {row}: not UTF-8; save it as CSV UTF-8") from error
