"""Cost Explorer as stock boto3 reads it.

Source: the API reference's GetCostAndUsage, "Request Parameters" and "Response Syntax", and the
service model in botocore.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from botocore.exceptions import ClientError

TODAY = datetime.now(UTC).date()
PERIOD = {"Start": TODAY.isoformat(), "End": (TODAY + timedelta(days=1)).isoformat()}


@pytest.fixture(scope="module")
def ce(volano):
    s3 = volano.client("s3")
    s3.create_bucket(Bucket="ce-bucket")
    for number in range(5):
        s3.put_object(Bucket="ce-bucket", Key=f"k{number}", Body=b"x")
        s3.get_object(Bucket="ce-bucket", Key=f"k{number}")["Body"].read()
    volano.openai().embeddings.create(model="all-minilm-l6-v2", input="one two three")
    client = volano.client("ce")
    wanted = {"s3.requests.write", "s3.requests.read", "embed.tokens.input"}
    deadline = time.monotonic() + 120
    while not wanted <= _meters(client):  # requests are counted in memory for a few seconds
        assert time.monotonic() < deadline, _meters(client)
        time.sleep(0.2)
    return client


def _meters(client):
    page = _ask(client, GroupBy=[{"Type": "DIMENSION", "Key": "USAGE_TYPE"}])
    return {group["Keys"][0] for group in page["ResultsByTime"][0]["Groups"]}


def _ask(client, **words):
    asked = {"TimePeriod": PERIOD, "Granularity": "DAILY", "Metrics": ["UnblendedCost"]} | words
    return client.get_cost_and_usage(**asked)


def _is(key, *values, **more):
    return {"Dimensions": {"Key": key, "Values": list(values)} | more}


def _amount(metrics, name="UnblendedCost"):
    return Decimal(metrics[name]["Amount"])


def test_a_day_in_all_and_by_service_agrees_with_the_bill(ce, volano):
    both = _ask(ce, GroupBy=[{"Type": "DIMENSION", "Key": "SERVICE"}])["ResultsByTime"]
    assert [step["TimePeriod"] for step in both] == [PERIOD]
    groups = {group["Keys"][0]: _amount(group["Metrics"]) for group in both[0]["Groups"]}
    assert {"Objects", "Models"} <= set(groups)
    (day,) = [
        day for day in volano.rest("GET", "/bill")[1]["days"] if day["day"] == PERIOD["Start"]
    ]
    assert groups["Models"] == Decimal(day["services"]["Models"])


def test_quantity_and_unit_of_one_meter(ce):
    only = _ask(
        ce,
        Metrics=["UsageQuantity", "BlendedCost", "AmortizedCost"],
        Filter=_is("USAGE_TYPE", "s3.requests.write"),
    )
    total = only["ResultsByTime"][0]["Total"]
    assert total["UsageQuantity"]["Unit"] == "1,000 requests"
    assert Decimal(total["UsageQuantity"]["Amount"]) >= Decimal("0.005")
    assert total["BlendedCost"] == total["AmortizedCost"]
    assert total["BlendedCost"]["Unit"] == "USD"


def test_two_groups_and_resources(ce):
    page = _ask(
        ce,
        GroupBy=[
            {"Type": "DIMENSION", "Key": "SERVICE"},
            {"Type": "DIMENSION", "Key": "RESOURCE_ID"},
        ],
    )
    keys = [tuple(group["Keys"]) for group in page["ResultsByTime"][0]["Groups"]]
    assert ("Models", "all-minilm-l6-v2") in keys
    assert page["GroupDefinitions"] == [
        {"Type": "DIMENSION", "Key": "SERVICE"},
        {"Type": "DIMENSION", "Key": "RESOURCE_ID"},
    ]
    assert page["ResultsByTime"][0]["Total"] == {}


def test_filters_join_and_negate(ce):
    objects, models = _is("SERVICE", "Objects"), _is("SERVICE", "Models")

    def cost(wanted):
        return _amount(_ask(ce, Filter=wanted)["ResultsByTime"][0]["Total"])

    assert cost({"And": [objects, models]}) == 0
    assert cost({"Not": {"Or": [objects, models]}}) == 0
    assert cost(_is("SERVICE", "Objects", "Models", MatchOptions=["EQUALS"])) > 0
    assert cost({"And": [objects, {"Not": models}]}) > 0


def test_a_day_without_use_costs_nothing(ce):
    past = {"Start": "2020-01-01", "End": "2020-01-03"}
    steps = _ask(ce, TimePeriod=past)["ResultsByTime"]
    assert [step["Total"]["UnblendedCost"] for step in steps] == [
        {"Amount": "0", "Unit": "USD"}
    ] * 2


def test_months_are_cut_by_the_period(ce):
    steps = _ask(
        ce, Granularity="MONTHLY", TimePeriod={"Start": "2025-11-15", "End": "2026-02-03"}
    )["ResultsByTime"]
    assert [(s["TimePeriod"]["Start"], s["TimePeriod"]["End"]) for s in steps] == [
        ("2025-11-15", "2025-12-01"),
        ("2025-12-01", "2026-01-01"),
        ("2026-01-01", "2026-02-01"),
        ("2026-02-01", "2026-02-03"),
    ]


@pytest.mark.parametrize(
    "words",
    [
        {"Metrics": ["Cost"]},
        {"Granularity": "HOURLY"},
        {"TimePeriod": {"Start": "2026-02-01", "End": "2026-02-01"}},
        {"TimePeriod": {"Start": "2026-02-01", "End": "2020-02-01"}},
        {"TimePeriod": {"Start": "2020-01-01", "End": "2026-01-01"}},
        {"TimePeriod": {"Start": "yesterday", "End": "2026-01-01"}},
        {"GroupBy": [{"Type": "TAG", "Key": "team"}]},
        {"GroupBy": [{"Type": "DIMENSION", "Key": "COLOUR"}]},
        {"GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}] * 3},
        {"Filter": {"Tags": {"Key": "team", "Values": ["a"]}}},
        {"Filter": _is("AZ", "eu-home-1a")},
        {"Filter": {"Dimensions": {"Key": "SERVICE"}}},
        {"Filter": _is("SERVICE", "Objects") | {"Not": _is("SERVICE", "Models")}},
        {"Filter": _is("SERVICE", "Obj", MatchOptions=["STARTS_WITH"])},
    ],
)
def test_what_is_wrong_or_not_built_is_a_validation_exception(ce, words):
    with pytest.raises(ClientError) as caught:
        _ask(ce, **words)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_filter_nested_without_end_is_refused(ce):
    nested = _is("SERVICE", "Objects")
    for _ in range(40):
        nested = {"Not": nested}
    with pytest.raises(ClientError) as caught:
        _ask(ce, Filter=nested)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_another_operation_of_the_service_is_said_not_to_be_built(ce):
    with pytest.raises(ClientError) as caught:
        ce.get_cost_forecast(TimePeriod=PERIOD, Metric="UNBLENDED_COST", Granularity="MONTHLY")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
