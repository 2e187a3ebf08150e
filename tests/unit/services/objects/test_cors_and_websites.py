"""CORS rules and static websites: which rule decides, and where a path leads."""

from __future__ import annotations

import pytest

from volano.services.objects.logic.cors import match_cors
from volano.services.objects.logic.errors import (
    InvalidArgument,
    InvalidRequest,
    MalformedXml,
    NoSuchSetting,
)
from volano.services.objects.logic.website import (
    Redirect,
    Rule,
    Website,
    find_rule,
    key_of,
    location,
)

RULES = [
    {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://*.example.com"], "ID": "one"},
    {
        "AllowedMethods": ["PUT", "POST"],
        "AllowedOrigins": ["*"],
        "AllowedHeaders": ["x-amz-*", "Content-Type"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 60,
    },
]


async def test_cors_rules_are_kept_as_they_were_sent(s3):
    with pytest.raises(NoSuchSetting) as caught:
        await s3("GetBucketCors", Bucket="shop")
    assert caught.value.wire_code == "NoSuchCORSConfiguration"
    await s3("PutBucketCors", Bucket="shop", CORSConfiguration={"CORSRules": RULES})
    found = (await s3("GetBucketCors", Bucket="shop"))["CORSRules"]
    assert [{k: v for k, v in rule.items() if v is not None} for rule in found] == RULES
    await s3("DeleteBucketCors", Bucket="shop")
    with pytest.raises(NoSuchSetting):
        await s3("GetBucketCors", Bucket="shop")


@pytest.mark.parametrize(
    ("origin", "method", "headers", "matches"),
    [
        ("https://a.example.com", "GET", (), True),
        ("https://example.com", "GET", (), False),
        ("http://a.example.com", "GET", (), False),
        ("https://other.org", "PUT", ("x-amz-acl", "content-type"), True),
        ("https://other.org", "PUT", ("authorization",), False),
        ("https://a.example.com", "GET", ("x-amz-acl",), False),
        ("https://other.org", "DELETE", (), False),
    ],
)
async def test_first_rule_that_fits_wholly_decides(s3, env, origin, method, headers, matches):
    await s3("PutBucketCors", Bucket="shop", CORSConfiguration={"CORSRules": RULES})
    known, rule = await match_cors(env, "shop", origin=origin, method=method, headers=headers)
    assert known
    assert (rule is not None) is matches


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ({"AllowedMethods": ["PATCH"], "AllowedOrigins": ["*"]}, InvalidRequest),
        ({"AllowedMethods": ["GET"], "AllowedOrigins": ["*.a.*"]}, InvalidRequest),
        (
            {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "AllowedHeaders": ["*a*"]},
            InvalidRequest,
        ),
        (
            {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "ExposeHeaders": ["x-*"]},
            InvalidRequest,
        ),
        (None, MalformedXml),
    ],
)
async def test_cors_rules_that_mean_nothing_are_refused(s3, rule, error):
    rules = {"CORSRules": [] if rule is None else [rule]}
    with pytest.raises(error):
        await s3("PutBucketCors", Bucket="shop", CORSConfiguration=rules)


async def test_website_is_kept_as_it_was_sent(s3):
    website = {
        "IndexDocument": {"Suffix": "index.html"},
        "ErrorDocument": {"Key": "error.html"},
        "RoutingRules": [
            {
                "Condition": {"KeyPrefixEquals": "old/"},
                "Redirect": {"ReplaceKeyPrefixWith": "new/", "HttpRedirectCode": "302"},
            }
        ],
    }
    await s3("PutBucketWebsite", Bucket="shop", WebsiteConfiguration=website)
    found = await s3("GetBucketWebsite", Bucket="shop")
    rule = found["RoutingRules"][0]
    assert rule["Condition"]["KeyPrefixEquals"] == "old/"
    assert {k: v for k, v in rule["Redirect"].items() if v} == website["RoutingRules"][0][
        "Redirect"
    ]
    assert found["ErrorDocument"] == website["ErrorDocument"]
    to = {"RedirectAllRequestsTo": {"HostName": "example.com", "Protocol": "https"}}
    await s3("PutBucketWebsite", Bucket="shop", WebsiteConfiguration=to)
    assert await s3("GetBucketWebsite", Bucket="shop") == to
    await s3("DeleteBucketWebsite", Bucket="shop")
    with pytest.raises(NoSuchSetting) as caught:
        await s3("GetBucketWebsite", Bucket="shop")
    assert caught.value.wire_code == "NoSuchWebsiteConfiguration"


@pytest.mark.parametrize(
    ("website", "error"),
    [
        ({}, InvalidArgument),
        ({"IndexDocument": {"Suffix": "a/b"}}, InvalidArgument),
        (
            {
                "IndexDocument": {"Suffix": "i"},
                "RedirectAllRequestsTo": {"HostName": "example.com"},
            },
            InvalidRequest,
        ),
        (
            {
                "IndexDocument": {"Suffix": "i"},
                "RoutingRules": [{"Redirect": {"HttpRedirectCode": "200"}}],
            },
            InvalidRequest,
        ),
        (
            {
                "IndexDocument": {"Suffix": "i"},
                "RoutingRules": [
                    {"Redirect": {"ReplaceKeyWith": "a", "ReplaceKeyPrefixWith": "b"}}
                ],
            },
            InvalidRequest,
        ),
        (
            {
                "IndexDocument": {"Suffix": "i"},
                "RoutingRules": [{"Redirect": {"HttpRedirectCode": "moved"}}],
            },
            MalformedXml,
        ),
    ],
)
async def test_websites_that_lead_nowhere_are_refused(s3, website, error):
    with pytest.raises(error):
        await s3("PutBucketWebsite", Bucket="shop", WebsiteConfiguration=website)


def test_folders_mean_their_index():
    website = Website(index="index.html")
    assert key_of(website, "") == "index.html"
    assert key_of(website, "docs/") == "docs/index.html"
    assert key_of(website, "docs") == "docs"


def test_rule_for_an_error_waits_for_the_error():
    gone = Rule(prefix="a/", error=404, redirect=Redirect(key="gone.html"))
    moved = Rule(prefix="b/", redirect=Redirect(key_prefix="c/", host="example.com"))
    website = Website(index="i", rules=(gone, moved))
    assert find_rule(website, "a/x", None) is None
    assert find_rule(website, "a/x", 404) is gone
    assert find_rule(website, "b/x", None) is moved
    to = location(moved, "b/x y", scheme="http", host="here")
    assert to == "http://example.com/c/x%20y"
    assert location(gone, "a/x", scheme="https", host="here") == "https://here/gone.html"
