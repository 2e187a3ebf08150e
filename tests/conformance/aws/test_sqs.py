"""SQS with unmodified boto3. Expectations are those of the SQS API reference, per operation."""

import hashlib
import json
import threading
import urllib.error
import urllib.parse
import urllib.request
import uuid

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError


def code_of(caught) -> str:
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def sqs(volano):
    return volano.client("sqs")


@pytest.fixture
def name():
    return "q" + uuid.uuid4().hex[:12]


@pytest.fixture
def url(sqs, name):
    return sqs.create_queue(QueueName=name)["QueueUrl"]


def test_a_message_is_sent_received_and_deleted(sqs, url):
    attributes = {
        "colour": {"DataType": "String", "StringValue": "blau"},
        "size": {"DataType": "Number", "StringValue": "7"},
        "blob": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
    }
    # boto3 compares the digests of body and attributes itself and raises when one is wrong.
    sent = sqs.send_message(QueueUrl=url, MessageBody="grüße", MessageAttributes=attributes)
    assert sent["MD5OfMessageBody"] == hashlib.md5("grüße".encode()).hexdigest()
    got = sqs.receive_message(
        QueueUrl=url, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"]
    )["Messages"][0]
    assert (got["MessageId"], got["Body"]) == (sent["MessageId"], "grüße")
    assert got["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert got["MessageAttributes"]["blob"]["BinaryValue"] == b"\x00\x01"
    assert got["Attributes"]["ApproximateReceiveCount"] == "1"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"])
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_queues_are_found_by_name_prefix_and_page(sqs, name):
    made = {sqs.create_queue(QueueName=f"{name}-{n}")["QueueUrl"] for n in range(3)}
    assert set(sqs.list_queues(QueueNamePrefix=name)["QueueUrls"]) == made
    pages = sqs.get_paginator("list_queues").paginate(
        QueueNamePrefix=name, PaginationConfig={"PageSize": 2}
    )
    assert {found for page in pages for found in page["QueueUrls"]} == made
    assert sqs.get_queue_url(QueueName=f"{name}-0")["QueueUrl"] in made
    with pytest.raises(sqs.exceptions.QueueDoesNotExist) as caught:
        sqs.get_queue_url(QueueName=name + "-none")
    assert code_of(caught) == "AWS.SimpleQueueService.NonExistentQueue"


def test_attributes_are_kept_checked_and_shown(sqs, name):
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "5"})["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "0"})
    shown = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert shown["VisibilityTimeout"] == "5"
    assert shown["QueueArn"].endswith(f":{name}")
    assert shown["SqsManagedSseEnabled"] == "true"
    for attributes, code in (
        ({"VisibilityTimeout": "43201"}, "InvalidAttributeValue"),
        ({"Nonsense": "1"}, "InvalidAttributeName"),
    ):
        with pytest.raises(ClientError) as caught:
            sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
        assert code_of(caught) == code
    with pytest.raises(sqs.exceptions.QueueNameExists):
        sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "6"})


def test_batches_tell_of_each_entry(sqs, url):
    entries = [{"Id": str(n), "MessageBody": str(n)} for n in range(9)]
    entries.append({"Id": "bad", "MessageBody": "x", "DelaySeconds": 901})
    sent = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert len(sent["Successful"]) == 9
    assert [(one["Id"], one["SenderFault"]) for one in sent["Failed"]] == [("bad", True)]
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert len(got) == 9
    handles = [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(got)]
    hidden = [entry | {"VisibilityTimeout": 60} for entry in handles]
    assert len(sqs.change_message_visibility_batch(QueueUrl=url, Entries=hidden)["Successful"]) == 9
    assert len(sqs.delete_message_batch(QueueUrl=url, Entries=handles)["Successful"]) == 9
    with pytest.raises(sqs.exceptions.TooManyEntriesInBatchRequest):
        sqs.send_message_batch(QueueUrl=url, Entries=[*entries, {"Id": "11", "MessageBody": "x"}])
    with pytest.raises(sqs.exceptions.BatchEntryIdsNotDistinct):
        sqs.send_message_batch(QueueUrl=url, Entries=[entries[0], entries[0]])


def test_long_polling_is_woken_by_a_message(sqs, url, volano):
    got = []
    waiting = threading.Thread(
        target=lambda: got.append(
            volano.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)
        )
    )
    waiting.start()
    sqs.send_message(QueueUrl=url, MessageBody="now")
    waiting.join(15)
    assert not waiting.is_alive()
    assert got[0]["Messages"][0]["Body"] == "now"


def test_a_fifo_queue_keeps_order_and_drops_repeats(sqs, name):
    url = sqs.create_queue(
        QueueName=f"{name}.fifo",
        Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"},
    )["QueueUrl"]
    for body in ("a", "b", "a", "c"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g")
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [one["Body"] for one in got] == ["a", "b", "c"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_a_queue_is_shared_by_its_policy(sqs, url, volano):
    other = volano.add_account()
    keys = {
        "aws_access_key_id": other["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": other["AWS_SECRET_ACCESS_KEY"],
    }
    theirs = volano.client("sqs", **keys)
    with pytest.raises(ClientError) as caught:
        theirs.send_message(QueueUrl=url, MessageBody="x")
    assert "AccessDenied" in code_of(caught)
    sqs.add_permission(
        QueueUrl=url, Label="them", AWSAccountIds=[other["ACCOUNT"]], Actions=["SendMessage"]
    )
    theirs.send_message(QueueUrl=url, MessageBody="x")
    with pytest.raises(ClientError):
        theirs.receive_message(QueueUrl=url)
    sqs.remove_permission(QueueUrl=url, Label="them")
    with pytest.raises(ClientError):
        theirs.send_message(QueueUrl=url, MessageBody="x")


def test_tags_and_purge_and_delete(sqs, url):
    sqs.tag_queue(QueueUrl=url, Tags={"a": "1", "b": "2"})
    sqs.untag_queue(QueueUrl=url, TagKeys=["a"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"b": "2"}
    sqs.send_message(QueueUrl=url, MessageBody="x")
    sqs.purge_queue(QueueUrl=url)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    sqs.delete_queue(QueueUrl=url)
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.send_message(QueueUrl=url, MessageBody="x")


def test_older_clients_speak_the_query_protocol(volano, name):
    """Names and shapes are those of the API version 2012-11-05 before it spoke JSON."""
    import xml.etree.ElementTree as ElementTree

    namespace = "{http://queue.amazonaws.com/doc/2012-11-05/}"

    def ask(path: str, **parameters: str):
        body = urllib.parse.urlencode({"Version": "2012-11-05", **parameters})
        request = AWSRequest(
            "POST",
            volano.aws_url + path,
            data=body,
            headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
        )
        keys = volano.credentials
        SigV4Auth(
            Credentials(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"]),
            "sqs",
            keys["AWS_DEFAULT_REGION"],
        ).add_auth(request)
        sent = urllib.request.Request(
            request.url, data=body.encode(), headers=dict(request.headers), method="POST"
        )
        try:
            with urllib.request.urlopen(sent, timeout=30) as reply:
                return ElementTree.fromstring(reply.read())
        except urllib.error.HTTPError as error:
            return ElementTree.fromstring(error.read())

    def text(tree, path: str) -> str:
        found = tree.find("./" + "/".join(namespace + part for part in path.split("/")))
        assert found is not None, ElementTree.tostring(tree)
        return found.text or ""

    made = ask(
        "/",
        Action="CreateQueue",
        QueueName=name,
        **{"Attribute.1.Name": "VisibilityTimeout", "Attribute.1.Value": "9"},
    )
    url = text(made, "CreateQueueResult/QueueUrl")
    path = urllib.parse.urlsplit(url).path
    sent = ask(
        path,
        Action="SendMessage",
        MessageBody="hello",
        **{
            "MessageAttribute.1.Name": "a",
            "MessageAttribute.1.Value.DataType": "String",
            "MessageAttribute.1.Value.StringValue": "b",
        },
    )
    assert text(sent, "SendMessageResult/MD5OfMessageBody") == hashlib.md5(b"hello").hexdigest()
    shown = ask(path, Action="GetQueueAttributes", **{"AttributeName.1": "VisibilityTimeout"})
    assert text(shown, "GetQueueAttributesResult/Attribute/Value") == "9"
    got = ask(
        path,
        Action="ReceiveMessage",
        **{"MessageAttributeName.1": "All", "AttributeName.1": "SentTimestamp"},
    )
    message = "ReceiveMessageResult/Message"
    assert text(got, f"{message}/Body") == "hello"
    assert text(got, f"{message}/Attribute/Name") == "SentTimestamp"
    assert text(got, f"{message}/MessageAttribute/Value/StringValue") == "b"
    batch = {
        "DeleteMessageBatchRequestEntry.1.Id": "x",
        "DeleteMessageBatchRequestEntry.1.ReceiptHandle": text(got, f"{message}/ReceiptHandle"),
    }
    done = ask(path, Action="DeleteMessageBatch", **batch)
    assert text(done, "DeleteMessageBatchResult/DeleteMessageBatchResultEntry/Id") == "x"
    gone = ask("/", Action="GetQueueUrl", QueueName=name + "none")
    assert text(gone, "Error/Code") == "AWS.SimpleQueueService.NonExistentQueue"
    assert text(gone, "Error/Message").endswith("does not exist for this wsdl version.")
    none = ask(path, Action="SendMessageBatch")
    assert text(none, "Error/Code") == "AWS.SimpleQueueService.EmptyBatchRequest"
    wrong = ask(path, Action="FooBar")
    assert text(wrong, "Error/Message") == "The action FooBar is not valid for this endpoint."


def test_errors_have_the_codes_of_both_protocols(sqs, url):
    """As LocalStack's suite of 2026 recorded them of AWS."""
    with pytest.raises(ClientError) as caught:
        sqs.send_message(QueueUrl=url, MessageBody="")
    error = caught.value.response["Error"]
    assert (error["Code"], error["QueryErrorCode"]) == (
        "MissingParameter",
        "MissingRequiredParameterException",
    )
    with pytest.raises(ClientError) as caught:
        sqs.receive_message(QueueUrl=url, WaitTimeSeconds=-1)
    error = caught.value.response["Error"]
    assert (error["Code"], error["QueryErrorCode"]) == (
        "InvalidParameterValue",
        "InvalidParameterValueException",
    )
    with pytest.raises(ClientError) as caught:
        sqs.remove_permission(QueueUrl=url, Label="none")
    assert caught.value.response["Error"]["Message"].endswith("Reason: can't find label.")


def test_the_aws_cli_sends_and_receives(volano, sqs, url):
    import subprocess
    import sys
    from pathlib import Path

    program = Path(sys.executable).with_name("aws")
    keys = {key: volano.credentials[key] for key in volano.credentials if key.startswith("AWS_")}
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(volano.data_dir), **keys}
    environment["AWS_ENDPOINT_URL"] = volano.aws_url
    for arguments in (
        ["send-message", "--message-body", "from the command line"],
        ["receive-message"],
    ):
        done = subprocess.run(
            [program, "sqs", arguments[0], "--queue-url", url, *arguments[1:]],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Messages"][0]["Body"] == "from the command line"
