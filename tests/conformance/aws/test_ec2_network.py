"""Networks, tags, key pairs, catalog and other accounts through boto3.

Expectations are those of the EC2 API reference at each operation.
"""

from __future__ import annotations

import uuid

import pytest
from botocore.exceptions import ClientError

HOST_IMAGE = "ami-00000000000005057"


@pytest.fixture
def ec2(volano):
    return volano.client("ec2")


@pytest.fixture
def stranger(volano):
    """The administrator of another account."""
    keys = volano.add_account()
    return volano.client(
        "ec2",
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
    )


def refused(call, **request) -> str:
    with pytest.raises(ClientError) as error:
        call(**request)
    return error.value.response["Error"]["Code"]


def test_default_vpc_has_a_subnet_in_every_zone(ec2):
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    assert (vpc["CidrBlock"], vpc["IsDefault"], vpc["State"]) == (
        "172.31.0.0/16",
        True,
        "available",
    )
    zones = ec2.describe_availability_zones()["AvailabilityZones"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])[
        "Subnets"
    ]
    assert {s["AvailabilityZone"] for s in subnets} == {z["ZoneName"] for z in zones}
    assert {s["AvailabilityZoneId"] for s in subnets} == {z["ZoneId"] for z in zones}
    assert all(s["DefaultForAz"] and s["MapPublicIpOnLaunch"] is False for s in subnets)
    assert all(0 < s["AvailableIpAddressCount"] <= 4091 for s in subnets)
    assert len({s["CidrBlock"] for s in subnets}) == len(subnets)


def test_default_vpc_leads_to_an_internet_gateway(ec2):
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    of_vpc = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
    (table,) = ec2.describe_route_tables(Filters=of_vpc)["RouteTables"]
    routes = {route["DestinationCidrBlock"]: route["GatewayId"] for route in table["Routes"]}
    attached = [{"Name": "attachment.vpc-id", "Values": [vpc["VpcId"]]}]
    (gateway,) = ec2.describe_internet_gateways(Filters=attached)["InternetGateways"]
    assert routes == {vpc["CidrBlock"]: "local", "0.0.0.0/0": gateway["InternetGatewayId"]}
    assert table["Associations"][0]["Main"] is True
    (acl,) = ec2.describe_network_acls(Filters=of_vpc)["NetworkAcls"]
    assert acl["IsDefault"] is True
    for name in ("enableDnsSupport", "enableDnsHostnames"):
        answer = ec2.describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute=name)
        assert answer[name[0].upper() + name[1:]]["Value"] is True


def test_default_security_group_says_what_is_enforced(ec2):
    (group,) = ec2.describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"]
    (inwards,) = group["IpPermissions"]
    (outwards,) = group["IpPermissionsEgress"]
    assert inwards["UserIdGroupPairs"][0]["GroupId"] == group["GroupId"]
    assert inwards["IpRanges"] == []
    assert outwards["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]
    rules = ec2.describe_security_group_rules(
        Filters=[{"Name": "group-id", "Values": [group["GroupId"]]}]
    )
    assert [rule["IsEgress"] for rule in rules["SecurityGroupRules"]] == [False, True]
    assert (
        refused(ec2.describe_security_groups, GroupIds=["sg-0123456789abcdef0"])
        == "InvalidGroup.NotFound"
    )


def test_what_is_not_enforced_is_not_built(ec2):
    request = {"GroupName": "web", "Description": "x"}
    assert refused(ec2.create_security_group, **request) in {
        "NotImplemented",
        "UnsupportedOperation",
        "InvalidAction",
    }


def test_empty_answers_are_honest(ec2):
    assert ec2.describe_volumes()["Volumes"] == []
    assert ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"] == []
    assert ec2.describe_addresses()["Addresses"] == []
    assert (
        refused(ec2.describe_volumes, VolumeIds=["vol-0123456789abcdef0"])
        == "InvalidVolume.NotFound"
    )


def test_account_attributes(ec2):
    found = ec2.describe_account_attributes()["AccountAttributes"]
    values = {a["AttributeName"]: a["AttributeValues"][0]["AttributeValue"] for a in found}
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    assert values["default-vpc"] == vpc["VpcId"]
    assert values["supported-platforms"] == "VPC"
    assert int(values["max-instances"]) > 0


def test_catalog(ec2):
    (region,) = ec2.describe_regions()["Regions"]
    assert region["RegionName"] == "eu-home-1"
    pages = ec2.get_paginator("describe_instance_types").paginate(PaginationConfig={"PageSize": 5})
    kinds = [kind for page in pages for kind in page["InstanceTypes"]]
    assert len(kinds) == len({kind["InstanceType"] for kind in kinds}) >= 14
    (nano,) = ec2.describe_instance_types(InstanceTypes=["u1.nano"])["InstanceTypes"]
    assert (nano["VCpuInfo"]["DefaultVCpus"], nano["MemoryInfo"]["SizeInMiB"]) == (1, 512)
    assert refused(ec2.describe_instance_types, InstanceTypes=["x9.none"]) == "InvalidInstanceType"
    images = ec2.describe_images(
        Owners=["amazon"], Filters=[{"Name": "name", "Values": ["debian*"]}]
    )["Images"]
    assert [image["Name"] for image in images] == ["debian-12"]
    offered = ec2.describe_instance_type_offerings(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": ["u1.*"]}]
    )
    assert {o["Location"] for o in offered["InstanceTypeOfferings"]} == {
        "eu-home-1a",
        "eu-home-1b",
        "eu-home-1c",
    }


def test_tags_are_shown_on_what_they_are_on(ec2):
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    subnet = ec2.describe_subnets()["Subnets"][0]
    (group,) = ec2.describe_security_groups()["SecurityGroups"]
    ids = [vpc["VpcId"], subnet["SubnetId"], group["GroupId"]]
    mark = uuid.uuid4().hex
    ec2.create_tags(
        Resources=ids, Tags=[{"Key": "team", "Value": mark}, {"Key": "empty", "Value": ""}]
    )
    tagged = [{"Name": "tag:team", "Values": [mark]}]
    assert [v["VpcId"] for v in ec2.describe_vpcs(Filters=tagged)["Vpcs"]] == [vpc["VpcId"]]
    assert [s["SubnetId"] for s in ec2.describe_subnets(Filters=tagged)["Subnets"]] == [
        subnet["SubnetId"]
    ]
    (shown,) = ec2.describe_security_groups(Filters=tagged)["SecurityGroups"]
    assert {"Key": "team", "Value": mark} in shown["Tags"]
    found = ec2.describe_tags(Filters=[{"Name": "value", "Values": [mark]}])["Tags"]
    assert {tag["ResourceType"] for tag in found} == {"vpc", "subnet", "security-group"}
    ec2.delete_tags(Resources=ids, Tags=[{"Key": "team", "Value": "another"}])
    assert ec2.describe_vpcs(Filters=tagged)["Vpcs"]
    ec2.delete_tags(Resources=ids, Tags=[{"Key": "team"}, {"Key": "empty"}])
    assert ec2.describe_vpcs(Filters=tagged)["Vpcs"] == []


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        ("i-0123456789abcdef0", "InvalidInstanceID.NotFound"),
        ("vpc-0123456789abcdef0", "InvalidVpcID.NotFound"),
        ("subnet-0123456789abcdef0", "InvalidSubnetID.NotFound"),
        ("sg-0123456789abcdef0", "InvalidGroup.NotFound"),
        ("key-0123456789abcdef0", "InvalidKeyPair.NotFound"),
        ("nonsense", "InvalidID"),
    ],
)
def test_tags_need_a_resource(ec2, resource, code):
    assert refused(ec2.create_tags, Resources=[resource], Tags=[{"Key": "a", "Value": "b"}]) == code


def test_tag_limits(ec2):
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    many = [{"Key": f"k{n}", "Value": "v"} for n in range(51)]
    assert refused(ec2.create_tags, Resources=[vpc["VpcId"]], Tags=many) == "TagLimitExceeded"
    for key in ("aws:x", "k" * 128):
        assert (
            refused(ec2.create_tags, Resources=[vpc["VpcId"]], Tags=[{"Key": key, "Value": "v"}])
            == "InvalidParameterValue"
        )


def test_key_pairs(ec2):
    name = f"key-{uuid.uuid4().hex[:8]}"
    tags = [{"ResourceType": "key-pair", "Tags": [{"Key": "for", "Value": name}]}]
    made = ec2.create_key_pair(KeyName=name, TagSpecifications=tags)
    assert made["KeyMaterial"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    (shown,) = ec2.describe_key_pairs(KeyNames=[name], IncludePublicKey=True)["KeyPairs"]
    assert (shown["KeyPairId"], shown["KeyType"]) == (made["KeyPairId"], "rsa")
    assert shown["Tags"] == [{"Key": "for", "Value": name}]
    assert shown["PublicKey"].startswith("ssh-rsa ")
    assert refused(ec2.create_key_pair, KeyName=name) == "InvalidKeyPair.Duplicate"
    copy = ec2.import_key_pair(
        KeyName=f"{name}-copy", PublicKeyMaterial=shown["PublicKey"].encode()
    )
    assert (
        copy["KeyFingerprint"].count(":") == 15
    )  # MD5 of the public half, not SHA-1 of the private
    assert (
        refused(ec2.import_key_pair, KeyName=f"{name}-bad", PublicKeyMaterial=b"not a key")
        == "InvalidKey.Format"
    )
    both = ec2.describe_key_pairs(Filters=[{"Name": "key-name", "Values": [f"{name}*"]}])[
        "KeyPairs"
    ]
    assert len(both) == 2
    ec2.delete_key_pair(KeyName=name)
    ec2.delete_key_pair(KeyPairId=copy["KeyPairId"])
    ec2.delete_key_pair(KeyName=name)
    assert refused(ec2.describe_key_pairs, KeyNames=[name]) == "InvalidKeyPair.NotFound"


def test_other_accounts_see_nothing(ec2, stranger):
    (it,) = ec2.run_instances(ImageId=HOST_IMAGE, InstanceType="u1.nano", MinCount=1, MaxCount=1)[
        "Instances"
    ]
    name = f"key-{uuid.uuid4().hex[:8]}"
    ec2.create_key_pair(KeyName=name, KeyType="ed25519")
    try:
        ids = {"InstanceIds": [it["InstanceId"]]}
        for call in (
            stranger.describe_instances,
            stranger.describe_instance_status,
            stranger.start_instances,
            stranger.stop_instances,
            stranger.reboot_instances,
            stranger.terminate_instances,
        ):
            assert refused(call, **ids) == "InvalidInstanceID.NotFound"
        one = {"InstanceId": it["InstanceId"]}
        assert refused(stranger.get_console_output, **one) == "InvalidInstanceID.NotFound"
        assert (
            refused(stranger.describe_instance_attribute, Attribute="userData", **one)
            == "InvalidInstanceID.NotFound"
        )
        assert (
            refused(stranger.modify_instance_metadata_options, HttpTokens="required", **one)
            == "InvalidInstanceID.NotFound"
        )
        assert (
            refused(
                stranger.create_tags,
                Resources=[it["InstanceId"]],
                Tags=[{"Key": "a", "Value": "b"}],
            )
            == "InvalidInstanceID.NotFound"
        )
        assert (
            refused(stranger.describe_subnets, SubnetIds=[it["SubnetId"]])
            == "InvalidSubnetID.NotFound"
        )
        launch = {"ImageId": HOST_IMAGE, "InstanceType": "u1.nano", "MinCount": 1, "MaxCount": 1}
        assert (
            refused(stranger.run_instances, **launch, SubnetId=it["SubnetId"])
            == "InvalidSubnetID.NotFound"
        )
        assert refused(stranger.run_instances, **launch, KeyName=name) == "InvalidKeyPair.NotFound"
        assert stranger.describe_instances()["Reservations"] == []
        assert stranger.describe_network_interfaces()["NetworkInterfaces"] == []
        assert stranger.describe_key_pairs()["KeyPairs"] == []
        (vpc,) = stranger.describe_vpcs()["Vpcs"]
        assert vpc["VpcId"] != it["VpcId"]
        (interface,) = ec2.describe_network_interfaces(
            Filters=[{"Name": "attachment.instance-id", "Values": [it["InstanceId"]]}]
        )["NetworkInterfaces"]
        assert interface["PrivateIpAddress"] == it["PrivateIpAddress"]
    finally:
        ec2.terminate_instances(InstanceIds=[it["InstanceId"]])
        ec2.get_waiter("instance_terminated").wait(
            InstanceIds=[it["InstanceId"]], WaiterConfig={"Delay": 1}
        )
