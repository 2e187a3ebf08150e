"""Reads products.toml and writes it as Shopify's product CSV.

Columns as in Shopify's help page "Using CSV files to import and export products": one row per
variant, product columns filled on the first row of a handle only.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from itertools import product as combinations
from pathlib import Path

COLUMNS_TEXT = (
    "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,"
    "Option1 Name,Option1 Value,Option1 Linked To,Option2 Name,Option2 Value,Option2 Linked To,"
    "Option3 Name,Option3 Value,Option3 Linked To,Variant SKU,Variant Grams,"
    "Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,"
    "Variant Fulfillment Service,Variant Price,Variant Compare At Price,"
    "Variant Requires Shipping,Variant Taxable,Unit Price Total Measure,"
    "Unit Price Total Measure Unit,Unit Price Base Measure,Unit Price Base Measure Unit,"
    "Variant Barcode,Image Src,Image Position,Image Alt Text,Gift Card,SEO Title,SEO Description,"
    "Variant Image,Variant Weight Unit,Variant Tax Code,Cost per item,Status"
)
COLUMNS = COLUMNS_TEXT.split(",")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One thing on the shelf; `options` are the values in the order of the product's options."""

    sku: str
    options: tuple[str, ...]
    price: Decimal
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    handle: str
    title: str
    type: str
    category: str
    tags: str
    text: str
    grams: int
    option_names: tuple[str, ...]
    variants: tuple[Variant, ...]
    draw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    shop: str
    domain: str
    products: tuple[Product, ...]


def read_catalogue() -> Catalogue:
    """What products.toml beside this file says."""
    raw = tomllib.loads(Path(__file__).with_name("products.toml").read_text(encoding="utf-8"))
    products = tuple(
        _to_product(place, item, raw["categories"]) for place, item in enumerate(raw["product"])
    )
    return Catalogue(shop=raw["shop"]["name"], domain=raw["shop"]["domain"], products=products)


def products_csv(catalogue: Catalogue) -> str:
    """The catalogue in Shopify's format."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for product in catalogue.products:
        for place, variant in enumerate(product.variants):
            row = _variant_row(product, variant)
            if place == 0:
                row |= _product_row(catalogue, product)
            writer.writerow(row)
    return out.getvalue()


def _to_product(place: int, item: dict[str, object], categories: dict[str, str]) -> Product:
    options: dict[str, list[str]] = item["options"]  # type: ignore[assignment]  # TOML table
    extra: dict[str, str] = item.get("extra", {})  # type: ignore[assignment]  # TOML table
    variants = []
    for number, values in enumerate(combinations(*options.values())):
        price = Decimal(str(item["price"])) + sum(Decimal(extra.get(v, "0")) for v in values)
        quantity = (place * 7 + number * 5) % 23 + (3 if price > 200 else 12)
        sku = f"{item['sku']}-{number + 1:02d}"
        variants.append(Variant(sku=sku, options=values, price=price, quantity=quantity))
    title, kind = str(item["title"]), str(item["type"])
    return Product(
        handle=_slug(title),
        title=title,
        type=kind,
        category=categories[kind],
        tags=str(item["tags"]),
        text=str(item["text"]),
        grams=int(str(item["grams"])),
        option_names=tuple(options),
        variants=tuple(variants),
        draw=str(item["draw"]),
    )


def _variant_row(product: Product, variant: Variant) -> dict[str, str]:
    digital = product.type == "Gift cards"
    row = {
        "Handle": product.handle,
        "Variant SKU": variant.sku,
        "Variant Grams": str(product.grams),
        "Variant Inventory Tracker": "" if digital else "shopify",
        "Variant Inventory Qty": "0" if digital else str(variant.quantity),
        "Variant Inventory Policy": "continue" if digital else "deny",
        "Variant Fulfillment Service": "manual",
        "Variant Price": f"{variant.price:.2f}",
        "Variant Requires Shipping": "false" if digital else "true",
        "Variant Taxable": "false" if digital else "true",
        "Variant Weight Unit": "g",
        "Cost per item": "" if digital else f"{variant.price * Decimal('0.54'):.2f}",
    }
    for number, value in enumerate(variant.options, 1):
        row[f"Option{number} Value"] = value
    return row


def _product_row(catalogue: Catalogue, product: Product) -> dict[str, str]:
    row = {
        "Title": product.title,
        "Body (HTML)": f"<p>{product.text}</p>",
        "Vendor": catalogue.shop,
        "Product Category": product.category,
        "Type": product.type,
        "Tags": product.tags,
        "Published": "true",
        "Image Src": f"https://{catalogue.domain}/pictures/{product.handle}.png",
        "Image Position": "1",
        "Image Alt Text": f"Drawing of the {product.title}",
        "Gift Card": "true" if product.type == "Gift cards" else "false",
        "SEO Title": f"{product.title} | {catalogue.shop}",
        "SEO Description": product.text.split(". ")[0].rstrip(".") + ".",
        "Status": "active",
    }
    for number, name in enumerate(product.option_names, 1):
        row[f"Option{number} Name"] = name
    return row


def _slug(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "")).strip("-")
