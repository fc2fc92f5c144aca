"""Failure switches and the count of calls."""

import time

import pytest
import requests
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from stage import ACCOUNT, REGION
from test_change_sets import refused

HOWS = {
    "cloudformation": ("describe_stacks", {}, {"throttle": "Throttling", "expired": "ExpiredToken", "denied": "AccessDenied"}),
    "ec2": ("describe_vpcs", {}, {"throttle": "RequestLimitExceeded", "expired": "RequestExpired", "denied": "UnauthorizedOperation"}),
    "s3": ("list_buckets", {}, {"throttle": "SlowDown", "expired": "ExpiredToken", "denied": "AccessDenied"}),
    "dynamodb": ("list_tables", {}, {"throttle": "ThrottlingException", "expired": "ExpiredTokenException", "denied": "AccessDeniedException"}),
    "ssm": ("describe_parameters", {}, {"throttle": "ThrottlingException", "expired": "ExpiredTokenException", "denied": "AccessDeniedException"}),
    "sts": ("get_caller_identity", {}, {"throttle": "Throttling", "expired": "ExpiredToken", "denied": "AccessDenied"}),
    "sesv2": ("get_account", {}, {"throttle": "TooManyRequestsException", "expired": "ExpiredTokenException", "denied": "AccessDeniedException"}),
    "service-quotas": ("get_service_quota", {"ServiceCode": "ec2", "QuotaCode": "L-1216C47A"},
                       {"throttle": "ThrottlingException", "expired": "ExpiredTokenException", "denied": "AccessDeniedException"}),
}  # fmt: skip


@pytest.mark.parametrize("service", HOWS)
def test_errors_look_like_the_services(stage, service):
    name, arguments, codes = HOWS[service]
    call = getattr(stage.client(service), name)
    for how, code in codes.items():
        stage.fail(call="*", how=how)
        assert refused(call, **arguments)["Code"] == code
        call(**arguments)
    stage.fail(call="*", how="500")
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


def test_the_nth_call_of_an_operation(stage):
    client = stage.client("cloudformation")
    stage.fail(call="DescribeStacks", nth=2, how="throttle")
    client.describe_stacks()
    client.list_stacks()
    assert refused(client.describe_stacks)["Code"] == "Throttling"
    client.describe_stacks()
    stage.fail(call="cloudformation:ListStacks", how="error", code="LimitExceededException", message="too many", times=2)
    for _ in range(2):
        assert refused(client.list_stacks) == {"Type": "Sender", "Code": "LimitExceededException", "Message": "too many"}
    client.list_stacks()


def test_retries_are_seen(stage):
    stage.fail(call="DescribeStacks", how="throttle", times=2)
    stage.client("cloudformation", retries=3).describe_stacks()
    assert [it["status"] for it in stage.calls() if it["operation"] == "DescribeStacks"] == ["throttle", "throttle", 200]


def test_a_lost_reply_is_done(stage):
    stage.fail(call="CreateBucket", how="lost-reply")
    s3 = stage.client("s3")
    with pytest.raises(ConnectionClosedError):
        s3.create_bucket(Bucket="lost", CreateBucketConfiguration={"LocationConstraint": REGION})
    assert [it["Name"] for it in s3.list_buckets()["Buckets"]] == ["lost"]
    assert stage.calls()[0]["status"] == "200 lost"


def test_a_refused_connection_does_nothing(stage):
    stage.fail(call="CreateBucket", how="refused")
    s3 = stage.client("s3")
    with pytest.raises((ConnectionClosedError, EndpointConnectionError)):
        s3.create_bucket(Bucket="never", CreateBucketConfiguration={"LocationConstraint": REGION})
    assert not s3.list_buckets()["Buckets"]


def test_a_timeout(stage):
    stage.fail(call="ListBuckets", how="timeout", seconds=60)
    begun = time.monotonic()
    with pytest.raises(ReadTimeoutError):
        stage.client("s3", read_timeout=0.3).list_buckets()
    assert time.monotonic() - begun < 5
    stage.client("s3").list_buckets()


def test_calls_are_counted_with_their_callers(stage, stacks, data):
    stage.forget_calls()
    stacks.deploy(data.name, data.text, "CREATE", data.parameters)
    s3 = stage.client("s3", key="210987654321")
    s3.list_buckets()
    calls = stage.calls()
    assert [it["number"] for it in calls] == list(range(1, len(calls) + 1))
    assert {it["service"] for it in calls} == {"cloudformation", "s3"}
    operations = [it["operation"] for it in calls]
    assert operations.count("CreateChangeSet") == operations.count("ExecuteChangeSet") == 1
    assert [it["key"] for it in calls][-1] == "210987654321" and operations[-1] == "ListBuckets"


def test_s3_operations_have_names(stage):
    s3 = stage.client("s3")
    s3.create_bucket(Bucket="a-bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.head_bucket(Bucket="a-bucket")
    s3.put_object(Bucket="a-bucket", Key="k", Body=b"x", IfNoneMatch="*")
    s3.head_object(Bucket="a-bucket", Key="k")
    s3.list_objects_v2(Bucket="a-bucket")
    s3.list_object_versions(Bucket="a-bucket")
    s3.list_multipart_uploads(Bucket="a-bucket")
    s3.get_bucket_versioning(Bucket="a-bucket")
    s3.delete_objects(Bucket="a-bucket", Delete={"Objects": [{"Key": "k"}]})
    s3.delete_bucket(Bucket="a-bucket")
    assert [it["operation"] for it in stage.calls()] == [
        "CreateBucket", "HeadBucket", "PutObject", "HeadObject", "ListObjectsV2", "ListObjectVersions",
        "ListMultipartUploads", "GetBucketVersioning", "DeleteObjects", "DeleteBucket"]  # fmt: skip


def test_only_one_caller_can_be_hit(stage):
    stage.fail(call="ListBuckets", how="throttle", key="210987654321", times=0)
    stage.client("s3").list_buckets()
    assert refused(stage.client("s3", key="210987654321").list_buckets)["Code"] == "SlowDown"


def test_a_switch_that_makes_no_sense_is_refused(stage):
    for wrong in ({}, {"call": "A", "resource": "B"}, {"call": "A", "how": "softly"}, {"resource": "A", "colour": 1}):
        answer = requests.post(f"{stage.endpoint}/_stage/fail", json=wrong, timeout=5)
        assert answer.status_code == 400, wrong
    assert requests.post(f"{stage.endpoint}/_stage/settings", json={"colour": 1}, timeout=5).status_code == 400
    assert requests.get(f"{stage.endpoint}/_stage/nothing", timeout=5).status_code == 404


def test_a_failing_upload_leaves_nothing(stage, stacks, data):
    stacks.deploy(data.name, data.text, "CREATE", data.parameters)
    s3, bucket = stage.client("s3"), f"production-artifacts-{ACCOUNT}-{REGION}"
    stage.fail(call="PutObject", how="503")
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"x")["Code"] == "ServiceUnavailable"
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
