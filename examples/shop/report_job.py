#!/usr/bin/env python3
"""The job inside the instance: reads the month's orders from S3, writes a sales report back.

This is the user data of the instance that `volano tour` starts, and it needs nothing but Python:
credentials of the instance's role come from the metadata service (version 2, with a token), and
the S3 requests are signed here with Signature Version 4. Money is counted in Decimal, never in
floating point. The one line that starts with SETTINGS is filled in by the tour.
"""

import csv
import hashlib
import hmac
import io
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal

SETTINGS = {}  # catalogue, office: buckets; region; reports: key prefix of the report

METADATA = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254").rstrip("/")
ATTEMPTS = 5
UNKNOWN_TYPE = "(not in the catalogue)"


def say(text):
    """One line on the instance's console."""
    print(f"sales-report: {text}", flush=True)


def fetch(request):
    """The body of a request, tried again while the network of a young instance settles."""
    for attempt in range(ATTEMPTS):
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            if error.code < 500 or attempt == ATTEMPTS - 1:
                raise
        except OSError:
            if attempt == ATTEMPTS - 1:
                raise
        time.sleep(0.3 * 2**attempt)
    raise AssertionError("the last attempt returns or raises")


def metadata(path):
    """A page of the metadata service, asked for with a session token."""
    ask = urllib.request.Request(METADATA + "/latest/api/token", method="PUT")
    ask.add_header("X-aws-ec2-metadata-token-ttl-seconds", "300")
    token = fetch(ask).decode()
    page = urllib.request.Request(f"{METADATA}/latest/meta-data/{path}")
    page.add_header("X-aws-ec2-metadata-token", token)
    return fetch(page).decode().strip()


def role_credentials():
    role = metadata("iam/security-credentials/").splitlines()[0]
    say(f"role {role}")
    return json.loads(metadata(f"iam/security-credentials/{role}"))


def endpoint():
    """Where S3 is: the environment's word, else the cloud's own, else Amazon's."""
    given = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if given:
        return given.rstrip("/")
    try:
        return metadata("services/volano-endpoint").rstrip("/")
    except urllib.error.HTTPError:
        return f"https://s3.{SETTINGS['region']}.amazonaws.com"


def signed(method, base, bucket, key, body, credentials):
    """A request to S3 with Signature Version 4 in its headers."""
    path = "/" + urllib.parse.quote(f"{bucket}/{key}", safe="/-_.~")
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {
        "host": urllib.parse.urlsplit(base).netloc,
        "x-amz-content-sha256": hashlib.sha256(body).hexdigest(),
        "x-amz-date": now,
        "x-amz-security-token": credentials["Token"],
    }
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = f"{method}\n{path}\n\n{lines}\n{names}\n{headers['x-amz-content-sha256']}"
    scope = f"{now[:8]}/{SETTINGS['region']}/s3/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key_bytes = ("AWS4" + credentials["SecretAccessKey"]).encode()
    for part in scope.split("/"):
        key_bytes = hmac.new(key_bytes, part.encode(), hashlib.sha256).digest()
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{digest}"
    signature = hmac.new(key_bytes, text.encode(), hashlib.sha256).hexdigest()
    del headers["host"]
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials['AccessKeyId']}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    if method == "PUT":
        headers["content-type"] = "application/json" if key.endswith(".json") else "text/markdown"
    data = body if method == "PUT" else None
    return urllib.request.Request(base + path, data=data, headers=headers, method=method)


def first(row, *names):
    """The first of the columns that is there and filled; Shopify has renamed some."""
    return next((row[name].strip() for name in names if (row.get(name) or "").strip()), "")


def types_by_sku(text):
    """The product type of each SKU; type stands on the first row of a handle only."""
    found, by_handle = {}, {}
    for row in csv.DictReader(io.StringIO(text)):
        handle = first(row, "Handle", "URL handle")
        by_handle.setdefault(handle, first(row, "Type") or UNKNOWN_TYPE)
        found[first(row, "Variant SKU", "SKU")] = by_handle[handle]
    return found


def sales(products, orders):
    """Revenue by type, product and day, and what discounts and refunds took away."""
    kinds = types_by_sku(products)
    by_type, by_product, by_day = (defaultdict(Decimal) for _ in range(3))
    totals = defaultdict(Decimal)
    counted, cancelled, currency = set(), set(), ""
    for row in csv.DictReader(io.StringIO(orders)):
        name = row["Name"]
        if first(row, "Cancelled at"):
            cancelled.add(name)
        if name in cancelled:
            continue
        if name not in counted:
            counted.add(name)
            currency = currency or first(row, "Currency")
            for total, column in (
                ("discounts", "Discount Amount"),
                ("refunds", "Refunded Amount"),
                ("shipping", "Shipping"),
            ):
                totals[total] += Decimal(first(row, column) or "0")
        amount = Decimal(first(row, "Lineitem price")) * int(first(row, "Lineitem quantity"))
        totals["gross"] += amount
        by_type[kinds.get(first(row, "Lineitem sku"), UNKNOWN_TYPE)] += amount
        by_product[first(row, "Lineitem name").split(" - ")[0]] += amount
        by_day[first(row, "Created at")[:10]] += amount
    totals["net"] = totals["gross"] - totals["discounts"] - totals["refunds"]
    top = sorted(by_product.items(), key=lambda item: (-item[1], item[0]))[:10]
    return {
        "currency": currency,
        "orders": len(counted),
        "cancelled_orders": len(cancelled),
        "totals": {name: f"{value:.2f}" for name, value in sorted(totals.items())},
        "by_type": {name: f"{value:.2f}" for name, value in sorted(by_type.items())},
        "by_day": {name: f"{value:.2f}" for name, value in sorted(by_day.items())},
        "top_products": [[name, f"{value:.2f}"] for name, value in top],
    }


def markdown(report):
    """The report as a page to read."""
    money = report["currency"]
    lines = [
        "# Sales report",
        "",
        f"{report['orders']} orders, {report['cancelled_orders']} more were cancelled.",
        "",
    ]
    for title, rows in (
        ("Totals", report["totals"].items()),
        ("Revenue by type", report["by_type"].items()),
        ("Top products", report["top_products"]),
        ("Revenue by day", report["by_day"].items()),
    ):
        lines += [f"## {title}", "", f"| | {money} |", "|---|---:|"]
        lines += [f"| {name} | {value} |" for name, value in rows] + [""]
    return "\n".join(lines)


def write_elsewhere(base, credentials):
    """Try what the role must not do; the answer belongs into the report."""
    probe = signed("PUT", base, SETTINGS["catalogue"], "reports/not-allowed.txt", b"x", credentials)
    try:
        fetch(probe)
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def main():
    say(f"python {sys.version.split()[0]} started")
    base, credentials = endpoint(), role_credentials()
    say(f"reading from {base}")
    products, orders = (
        fetch(signed("GET", base, SETTINGS[bucket], key, b"", credentials)).decode("utf-8-sig")
        for bucket, key in (("catalogue", "products.csv"), ("office", "orders.csv"))
    )
    report = sales(products, orders)
    report["forbidden_write_status"] = write_elsewhere(base, credentials)
    say(f"{report['orders']} orders, gross {report['totals']['gross']} {report['currency']}")
    files = {"sales.md": markdown(report), "sales.json": json.dumps(report, indent=1)}
    for name, text in files.items():
        key = f"{SETTINGS['reports']}/{name}"
        fetch(signed("PUT", base, SETTINGS["office"], key, text.encode(), credentials))
        say(f"wrote {key}")
    say("done")


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        detail = error.read().decode(errors="replace")[:500] if hasattr(error, "read") else ""
        say(f"failed: {error!r} {detail}")
        raise
