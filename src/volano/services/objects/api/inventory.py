"""S3: inventory configurations of a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.services.objects.api.facts import facts_of_bucket
from volano.services.objects.logic import inventory as logic
from volano.services.objects.logic.errors import InvalidArgument
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

BUCKET = "arn:aws:s3:::{Bucket}"
PARTIAL = "CSV only, and no access lists among the fields."
MAX_PAGE = 100
Request = dict[str, Any]
Result = dict[str, Any]


@action(
    "s3:PutBucketInventoryConfiguration",
    permission="s3:PutInventoryConfiguration",
    resource=BUCKET,
    facts=facts_of_bucket,
    partial=PARTIAL,
)
async def put_bucket_inventory_configuration(env: Env, call: Call, request: Request) -> Result:
    configuration = request["InventoryConfiguration"]
    if configuration.get("Id") != request["Id"]:
        raise InvalidArgument("The Id of the configuration is not that of the request.")
    wanted = _parse(configuration)
    await logic.put_inventory(env, request["Bucket"], wanted, request.get("ExpectedBucketOwner"))
    return {"_status": 204}


@action(
    "s3:GetBucketInventoryConfiguration",
    permission="s3:GetInventoryConfiguration",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def get_bucket_inventory_configuration(env: Env, call: Call, request: Request) -> Result:
    found = await logic.get_inventory(
        env, request["Bucket"], request["Id"], request.get("ExpectedBucketOwner")
    )
    return {"InventoryConfiguration": _shape(found)}


@action(
    "s3:ListBucketInventoryConfigurations",
    permission="s3:GetInventoryConfiguration",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def list_bucket_inventory_configurations(env: Env, call: Call, request: Request) -> Result:
    found = await logic.list_inventories(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    after = request.get("ContinuationToken") or ""
    left = [each for each in found if each.id > after]
    page = left[:MAX_PAGE]
    more = len(left) > len(page)
    return {
        "ContinuationToken": after or None,
        "InventoryConfigurationList": [_shape(each) for each in page],
        "IsTruncated": more,
        "NextContinuationToken": page[-1].id if more else None,
    }


@action(
    "s3:DeleteBucketInventoryConfiguration",
    permission="s3:PutInventoryConfiguration",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def delete_bucket_inventory_configuration(env: Env, call: Call, request: Request) -> Result:
    await logic.delete_inventory(
        env, request["Bucket"], request["Id"], request.get("ExpectedBucketOwner")
    )
    return {}


def _parse(configuration: Request) -> logic.Inventory:
    target = (configuration.get("Destination") or {}).get("S3BucketDestination") or {}
    encryption = target.get("Encryption") or {}
    kms = encryption.get("SSEKMS")
    mode = "aws:kms" if kms is not None else "AES256" if "SSES3" in encryption else ""
    chosen = configuration.get("Filter")
    return logic.Inventory(
        id=configuration["Id"],
        enabled=bool(configuration.get("IsEnabled")),
        target=target.get("Bucket") or "",
        target_account=target.get("AccountId") or "",
        target_prefix=(target.get("Prefix") or "").strip("/"),
        file_format=target.get("Format") or "",
        frequency=(configuration.get("Schedule") or {}).get("Frequency") or "",
        versions=configuration.get("IncludedObjectVersions") or "",
        prefix=None if chosen is None else chosen.get("Prefix") or "",
        fields=tuple(configuration.get("OptionalFields") or ()),
        encryption=mode,
        kms_key=(kms or {}).get("KeyId") or "",
    )


def _shape(found: logic.Inventory) -> Result:
    target: Result = {"Bucket": found.target, "Format": found.file_format}
    if found.target_account:
        target["AccountId"] = found.target_account
    if found.target_prefix:
        target["Prefix"] = found.target_prefix
    if found.encryption:
        name, members = ("SSEKMS", {"KeyId": found.kms_key}) if found.kms_key else ("SSES3", {})
        target["Encryption"] = {name: members}
    shape: Result = {
        "Destination": {"S3BucketDestination": target},
        "IsEnabled": found.enabled,
        "Id": found.id,
        "IncludedObjectVersions": found.versions,
        "Schedule": {"Frequency": found.frequency},
    }
    if found.prefix is not None:
        shape["Filter"] = {"Prefix": found.prefix}
    if found.fields:
        shape["OptionalFields"] = list(found.fields)
    return shape
