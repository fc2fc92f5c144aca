"""What the lab adds to ministack's evaluation of policies."""

import json
from urllib.parse import urlencode

import pytest
from lab import addresses, policies
from ministack.core import iam_evaluator
from ministack.core.responses import request_scope
from ministack.services import iam, ses_v2, sts

BUCKET = "arn:aws:s3:::content"
REGION, ACCOUNT = addresses.REGION, addresses.ACCOUNT
SES, LOGS = f"arn:aws:ses:{REGION}:{ACCOUNT}", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group"


@pytest.fixture(autouse=True)
def cloud():
    policies.install()
    with request_scope(ACCOUNT, REGION):
        for store in (iam._roles, ses_v2._identities):
            store.clear()
        sts._sessions.clear()
        yield
    iam_evaluator._signed_request.set(None)


def may(action, resource, *statements, tags=(), body=b"", **context):
    """Whether a session of a role with these statements may do something, with a signature that is right."""
    iam._roles["role"] = {"RoleName": "role", "RoleId": "AROA", "Tags": [], "AttachedPolicies": [], "InlinePolicies": {
        "own": json.dumps({"Version": "2012-10-17", "Statement": list(statements)})}}  # fmt: skip
    sts._sessions["ASIA"] = {
        "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/role/session", "UserId": "AROA:session", "SecretAccessKey": "x",
        "SessionToken": "y", "AccountId": ACCOUNT, "PrincipalType": "AssumedRole",
        "SessionTags": [{"Key": key, "Value": value} for key, value in dict(tags).items()],
    }  # fmt: skip
    sent = iam_evaluator.SignedRequest("ASIA", "POST", "/", {}, {}, body=body)
    iam_evaluator._signed_request.set(sent)
    iam_evaluator._verified_key.set("ASIA")
    refused = iam_evaluator.enforce("ASIA", action, action.partition(":")[0], REGION, resource, context or None)
    assert not isinstance(refused, iam_evaluator.AuthError), refused
    return refused is None


def allow(action, *resources, **more):
    return {"Effect": "Allow", "Action": action, "Resource": list(resources), **more}


SPACE = allow("s3:PutObject", BUCKET + "/s/${aws:PrincipalTag/space}/*")


@pytest.fixture(autouse=True)
def trusted(monkeypatch):
    """Signatures are ministack's business."""
    monkeypatch.setattr(iam_evaluator, "authenticate",
                        lambda key, account: iam_evaluator.resolve_credential(key, account))  # fmt: skip


@pytest.mark.parametrize("key,tags,expected", [
    ("s/a/chunk", {"space": "a"}, True), ("s/b/chunk", {"space": "a"}, False), ("s/ab/chunk", {"space": "a"}, False),
    ("s/a/chunk", {}, False), ("s//chunk", {}, False), ("s//chunk", {"space": ""}, True),
    ("s/b/chunk", {"space": "*"}, False), ("s/b/chunk", {"space": "?"}, False),
    ("s/${aws:PrincipalTag/space}/chunk", {"space": "a"}, False),
])  # fmt: skip
def test_a_variable_in_a_resource_is_the_sessions_tag(key, tags, expected):
    assert may("s3:PutObject", f"{BUCKET}/{key}", SPACE, tags=tags) is expected


def test_a_variable_without_a_value_takes_only_its_resource_away():
    both = allow("s3:PutObject", BUCKET + "/s/${aws:PrincipalTag/space}/*", BUCKET + "/public/*")
    assert may("s3:PutObject", f"{BUCKET}/public/x", both)
    assert not may("s3:PutObject", f"{BUCKET}/s/x", both)


def test_defaults_and_other_keys():
    default = allow("s3:GetObject", BUCKET + "/${aws:PrincipalTag/space, 'common'}/*")
    assert may("s3:GetObject", f"{BUCKET}/common/x", default)
    assert not may("s3:GetObject", f"{BUCKET}/common/x", default, tags={"space": "a"})
    assert may("s3:GetObject", f"{BUCKET}/AROA:session/x", allow("s3:GetObject", BUCKET + "/${aws:userid}/*"))


def test_variables_in_conditions_and_denials():
    own = allow("s3:ListBucket", BUCKET, Condition={"StringLike": {"s3:prefix": "s/${aws:PrincipalTag/space}/*"}})
    assert may("s3:ListBucket", BUCKET, own, tags={"space": "a"}, **{"s3:prefix": "s/a/x"})
    assert not may("s3:ListBucket", BUCKET, own, tags={"space": "a"}, **{"s3:prefix": "s/b/x"})
    assert not may("s3:ListBucket", BUCKET, own, **{"s3:prefix": "s//x"})
    denied = {"Effect": "Deny", "Action": "s3:*", "NotResource": BUCKET + "/s/${aws:PrincipalTag/space}/*"}
    everything = allow("s3:*", "*")
    assert may("s3:GetObject", f"{BUCKET}/s/a/x", everything, denied, tags={"space": "a"})
    assert not may("s3:GetObject", f"{BUCKET}/s/b/x", everything, denied, tags={"space": "a"})


METRIC = allow("cloudwatch:PutMetricData", "*", Condition={"StringEquals": {"cloudwatch:namespace": "syncctl"}})


@pytest.mark.parametrize("body,expected", [
    (urlencode({"Action": "PutMetricData", "Namespace": "syncctl"}).encode(), True),
    (json.dumps({"Namespace": "syncctl"}).encode(), True), (b"Action=PutMetricData&Namespace=other", False),
    (b"Action=PutMetricData", False), (b"\xbf\x69Namespace\x67syncctl\xff", False), (b"", False),
])  # fmt: skip
def test_metrics_of_a_namespace(body, expected):
    assert may("cloudwatch:PutMetricData", "*", METRIC, body=body) is expected


def mail(sender, **more):
    return json.dumps({"FromEmailAddress": sender, "Destination": {}, "Content": {}, **more}).encode()


def test_mail_of_an_address_and_with_its_configuration_set():
    sender = {"Condition": {"StringEquals": {"ses:FromAddress": "sync@example.com"}}}
    whole = allow("ses:SendEmail", f"{SES}:identity/example.com", f"{SES}:configuration-set/*", **sender)
    identity = allow("ses:SendEmail", f"{SES}:identity/example.com", **sender)
    assert may("ses:SendEmail", "*", identity, body=mail("Sync <sync@example.com>"))
    assert not may("ses:SendEmail", "*", identity, body=mail("other@example.com"))
    ses_v2._identities["example.com"] = {"ConfigurationSetName": "mail"}
    assert not may("ses:SendEmail", "*", identity, body=mail("sync@example.com"))
    assert may("ses:SendEmail", "*", whole, body=mail("sync@example.com"))
    assert may("ses:SendEmail", "*", whole, body=mail("sync@example.com", ConfigurationSetName="another"))
    ses_v2._identities["sync@example.com"] = {}
    assert not may("ses:SendEmail", "*", whole, body=mail("sync@example.com"))


def test_log_streams_of_a_group():
    streams = allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"{LOGS}:servers:*")
    sent = json.dumps({"logGroupName": "servers", "logStreamName": "i-1/boot"}).encode()
    assert may("logs:CreateLogStream", f"{LOGS}:servers", streams, body=sent)
    assert not may("logs:CreateLogStream", f"{LOGS}:others", streams, body=sent)
    assert not may("logs:PutLogEvents", f"{LOGS}:servers", allow("logs:*", f"{LOGS}:servers"), body=sent)
    assert may("logs:TagResource", f"{LOGS}:servers", allow("logs:*", f"{LOGS}:servers"), body=b"{}")


def test_it_is_put_in_place_once():
    before = iam_evaluator.enforce
    policies.install()
    assert iam_evaluator.enforce is before
