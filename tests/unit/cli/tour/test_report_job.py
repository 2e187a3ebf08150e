"""The job that runs inside the instance: its signature and its figures, against other code."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from volano.cli.tour.sales import count_sales, differences
from volano.cli.tour.shop import USER_DATA_LIMIT_BYTES, example_folder
from volano.cli.tour.tables import read_orders, read_products

SHOP = example_folder()
SECRET = {"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "secret/key", "Token": "to+ken=="}


@pytest.fixture
def job():
    spec = importlib.util.spec_from_file_location("report_job", SHOP / "report_job.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.SETTINGS = {
        "catalogue": "c",
        "office": "o",
        "region": "eu-south-1",
        "reports": "reports",
    }
    return module


@pytest.mark.parametrize(
    ("method", "key", "body"),
    [("GET", "products.csv", b""), ("PUT", "reports/a file (1)+é.json", b'{"a": 1}')],
)
def test_the_jobs_signature_is_botocores(job, method, key, body):
    request = job.signed(method, "http://10.0.0.1:9000", "office", key, body, SECRET)
    given = {name.lower(): value for name, value in request.header_items()}
    expected = AWSRequest(
        method=method,
        url=request.full_url,
        data=body,
        headers={name: given[name] for name in given if name.startswith("x-amz-")},
    )
    expected.headers["host"] = "10.0.0.1:9000"
    expected.context["timestamp"] = given["x-amz-date"]
    credentials = Credentials(SECRET["AccessKeyId"], SECRET["SecretAccessKey"], SECRET["Token"])
    auth = S3SigV4Auth(credentials, "s3", "eu-south-1")
    text = auth.string_to_sign(expected, auth.canonical_request(expected))
    assert given["authorization"].endswith(f"Signature={auth.signature(text, expected)}")
    assert (
        "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,"
        in given["authorization"]
    )


def figures(job, folder: Path):
    products, orders = folder / "products.csv", folder / "orders.csv"
    sales = count_sales(read_products(products), read_orders(orders))
    return sales, job.sales(
        products.read_text(encoding="utf-8"), orders.read_text(encoding="utf-8")
    )


def test_the_jobs_figures_equal_those_of_other_code_on_the_example_shop(job):
    sales, report = figures(job, SHOP)
    assert differences(sales, report) == []
    assert report["totals"]["gross"] == "29333.30"
    assert (report["orders"], report["cancelled_orders"]) == (216, 4)


def test_cancelled_orders_and_unknown_products_are_counted_apart(job, tmp_path):
    (tmp_path / "products.csv").write_text(
        "Handle,Title,Type,Variant SKU,Variant Price\nmug,Mug,Clay,M-1,9.00\n"
    )
    (tmp_path / "orders.csv").write_text(
        "Name,Created at,Currency,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,"
        "Discount Amount,Refunded Amount,Shipping,Cancelled at\n"
        "#1,2026-10-01,EUR,2,Mug - Blue,9.00,M-1,1.00,9.00,6.90,\n"
        "#1,2026-10-01,,1,Jug,20.05,J-1,,,,\n"
        "#2,2026-10-02,EUR,1,Mug - Red,9.00,M-1,,9.00,,2026-10-03\n"
        "#2,2026-10-02,,1,Jug,20.05,J-1,,,,\n"
    )
    sales, report = figures(job, tmp_path)
    assert differences(sales, report) == []
    assert report["by_type"] == {"Clay": "18.00", "(not in the catalogue)": "20.05"}
    assert report["totals"]["net"] == "28.05"
    assert report["by_day"] == {"2026-10-01": "38.05"}


def test_a_wrong_figure_is_found(job):
    sales, report = figures(job, SHOP)
    report["totals"]["refunds"] = "0.00"
    assert [line.split(":")[0] for line in differences(sales, report)] == ["totals"]


def test_the_report_is_readable_as_markdown(job):
    _, report = figures(job, SHOP)
    page = job.markdown(report)
    assert page.startswith("# Sales report")
    assert "| gross | 29333.30 |" in page


def test_the_job_fits_into_user_data_and_can_be_filled_in():
    text = (SHOP / "report_job.py").read_text()
    assert len(text.encode()) < USER_DATA_LIMIT_BYTES - 512
    assert text.startswith("#!/usr/bin/env python3\n")
    assert text.count("\nSETTINGS = {}") == 1
