"""Reading a shop's CSV files: every mistake is told with file, row and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from volano.cli.tour.tables import InputError, read_orders, read_products

PRODUCTS = "Handle,Title,Type,Variant SKU,Variant Price\n"
ORDERS = (
    "Name,Created at,Currency,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,"
    "Discount Amount,Refunded Amount,Shipping,Cancelled at\n"
)


def write(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_products_take_their_type_from_the_first_row_of_the_handle(tmp_path):
    path = write(tmp_path, "products.csv", PRODUCTS + "mug,Mug,Ceramics,M-1,9.00\nmug,,,M-2,9.50\n")
    assert [(row.sku, row.title, row.type) for row in read_products(path)] == [
        ("M-1", "Mug", "Ceramics"),
        ("M-2", "Mug", "Ceramics"),
    ]


def test_products_are_read_in_shopifys_plain_column_names_too(tmp_path):
    path = write(tmp_path, "products.csv", "URL handle,Title,Type,SKU,Price\nmug,Mug,Clay,M-1,9\n")
    assert read_products(path)[0].type == "Clay"


def test_a_product_row_that_only_adds_a_picture_is_no_variant(tmp_path):
    path = write(tmp_path, "products.csv", PRODUCTS + "mug,Mug,Clay,M-1,9\nmug,,,,\n")
    assert len(read_products(path)) == 1


def test_a_wrong_price_is_named_by_file_row_and_column(tmp_path):
    path = write(
        tmp_path, "products.csv", PRODUCTS + "mug,Mug,Clay,M-1,9.00\ncup,Cup,Clay,C-1,abc\n"
    )
    with pytest.raises(InputError, match=r"products.csv row 3, column Variant Price: 'abc'"):
        read_products(path)


def test_rows_are_counted_as_a_spreadsheet_does_when_a_cell_spans_lines(tmp_path):
    text = PRODUCTS + 'mug,"Mug\nof clay",Clay,M-1,9.00\ncup,Cup,Clay,C-1,x\n'
    with pytest.raises(InputError, match="row 4, column Variant Price"):
        read_products(write(tmp_path, "products.csv", text))


def test_a_missing_column_is_named(tmp_path):
    path = write(tmp_path, "products.csv", "Handle,Title,Type,Variant SKU\nmug,Mug,Clay,M-1\n")
    with pytest.raises(InputError, match="row 1: no column Variant Price"):
        read_products(path)


def test_a_row_with_too_many_cells_is_refused(tmp_path):
    path = write(tmp_path, "products.csv", PRODUCTS + "mug,Mug,Clay,M-1,9,00\n")
    with pytest.raises(InputError, match="row 2: more cells than headings"):
        read_products(path)


def test_a_file_without_rows_is_refused(tmp_path):
    with pytest.raises(InputError, match="no rows below the headings"):
        read_products(write(tmp_path, "products.csv", PRODUCTS))


def test_an_empty_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="no column Handle"):
        read_products(write(tmp_path, "products.csv", ""))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"products\.csv is missing in"):
        read_products(tmp_path / "products.csv")


def test_bytes_that_are_not_utf8_are_named_by_row(tmp_path):
    path = tmp_path / "products.csv"
    path.write_bytes(PRODUCTS.encode() + b"mug,M\xfcg,Clay,M-1,9\n")
    with pytest.raises(InputError, match="row 2: not UTF-8"):
        read_products(path)


def test_a_byte_order_mark_is_no_part_of_the_first_heading(tmp_path):
    path = tmp_path / "products.csv"
    path.write_bytes(b"\xef\xbb\xbf" + PRODUCTS.encode() + b"mug,Mug,Clay,M-1,9\n")
    assert read_products(path)[0].handle == "mug"


def test_order_wide_amounts_count_once_for_an_order_of_several_lines(tmp_path):
    text = ORDERS + (
        "#1,2026-10-01 09:00:00 +0200,EUR,2,Mug,9.00,M-1,1.50,0.00,6.90,\n"
        "#1,2026-10-01 09:00:00 +0200,,1,Cup,4.5,C-1,,,,\n"
    )
    first, second = read_orders(write(tmp_path, "orders.csv", text))
    assert (first.price_cents, first.discount_cents, first.shipping_cents) == (900, 150, 690)
    assert (second.price_cents, second.discount_cents, second.currency) == (450, 0, "EUR")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("#1,1 Oct 2026,EUR,1,Mug,9.00,M-1,,,,", "row 2, column Created at: '1 Oct 2026'"),
        ("#1,2026-10-01,EUR,0,Mug,9.00,M-1,,,,", "row 2, column Lineitem quantity: '0'"),
        ("#1,2026-10-01,EUR,1,Mug,-9,M-1,,,,", "row 2, column Lineitem price: '-9'"),
        ("#1,2026-10-01,EUR,1,Mug,9.999,M-1,,,,", "row 2, column Lineitem price: '9.999'"),
        ("#1,2026-10-01,,1,Mug,9,M-1,,,,", "row 2, column Currency: is empty"),
        (",2026-10-01,EUR,1,Mug,9,M-1,,,,", "row 2, column Name: is empty"),
        ("#1,2026-10-01,EUR,1,Mug,9,M-1,free,,,", "row 2, column Discount Amount: 'free'"),
    ],
)
def test_a_wrong_order_cell_is_named_by_file_row_and_column(tmp_path, line, message):
    with pytest.raises(InputError) as caught:
        read_orders(write(tmp_path, "orders.csv", ORDERS + line + "\n"))
    assert f"orders.csv {message}" in str(caught.value)


def test_two_currencies_in_one_file_are_refused(tmp_path):
    text = ORDERS + "#1,2026-10-01,EUR,1,Mug,9,M-1,,,,\n#2,2026-10-01,CHF,1,Mug,9,M-1,,,,\n"
    with pytest.raises(InputError, match="row 3, column Currency: 'CHF' beside 'EUR'"):
        read_orders(write(tmp_path, "orders.csv", text))


def test_at_most_ten_mistakes_are_shown(tmp_path):
    text = ORDERS + "#1,2026-10-01,EUR,x,Mug,9,M-1,,,,\n" * 25
    with pytest.raises(InputError) as caught:
        read_orders(write(tmp_path, "orders.csv", text))
    assert str(caught.value).count("Lineitem quantity") == 10
    assert "and 15 more" in str(caught.value)
