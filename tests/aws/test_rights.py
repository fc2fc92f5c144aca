"""Signatures and rights: the caller's own calls, and what CloudFormation does in the caller's name."""

import json
import subprocess
import sys
import textwrap
import time

import pytest
from botocore.exceptions import ClientError
from stage import ACCOUNT, HERE, REGION, ROOT_KEY, ROOT_SECRET, Stacks
from test_change_sets import refused
from test_stage import of


class User:
    """Somebody with a policy."""

    def __init__(self, stage, name, *statements):
        self.stage = stage
        iam = stage.client("iam", ROOT_KEY, ROOT_SECRET)
        iam.create_user(UserName=name)
        policy = {"Version": "2012-10-17", "Statement": list(statements)}
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
        made = iam.create_access_key(UserName=name)["AccessKey"]
        self.key, self.secret = made["AccessKeyId"], made["SecretAccessKey"]

    def client(self, service, **more):
        return self.stage.client(service, self.key, self.secret, **more)


def allow(*actions, resource="*"):
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


STACKS = allow("cloudformation:*")
DATA = allow("s3:*", "dynamodb:*", "kms:*")


def test_who_is_nobody_gets_nothing(guarded):
    assert refused(guarded.client("cloudformation", "AKIANOBODY", "x").describe_stacks)["Code"] == "InvalidClientTokenId"
    somebody = User(guarded, "somebody", STACKS)
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        guarded.client("cloudformation", somebody.key, "wrong").describe_stacks()
    quotas = guarded.client("service-quotas", "AKIANOBODY", "x")
    assert refused(quotas.get_service_quota, ServiceCode="ec2", QuotaCode="L-1216C47A")["Code"] == "AccessDeniedException"


def test_the_callers_own_calls(guarded):
    user = User(guarded, "reader", allow("cloudformation:DescribeStacks"))
    assert user.client("cloudformation").describe_stacks()["Stacks"] == []
    error = refused(user.client("cloudformation").list_stacks)
    assert error["Code"] == "AccessDenied" and "cloudformation:ListStacks" in error["Message"]
    assert refused(user.client("service-quotas").get_service_quota, ServiceCode="ec2", QuotaCode="L-1216C47A")["Code"] == (
        "AccessDeniedException")  # fmt: skip
    assert user.client("sts").get_caller_identity()["Arn"].endswith(":user/reader")


def test_cloudformation_acts_with_the_callers_rights(guarded, data):
    user = User(guarded, "half", STACKS, allow("s3:*"))
    stacks = Stacks(guarded, user.client("cloudformation"))
    found = stacks.deploy(data.name, data.text, "CREATE", {"TableProtection": "false"}, data.tags)
    assert found["StackStatus"].startswith("ROLLBACK")
    reasons = [reason for name in ("Metadata", "Key") for status, reason in of(stacks, data.name, name) if status == "CREATE_FAILED"]
    assert any("is not authorized to perform: dynamodb:CreateTable" in it or "kms:CreateKey" in it for it in reasons), reasons
    # Somebody who may all of it can.
    other = Stacks(guarded, User(guarded, "whole", STACKS, DATA).client("cloudformation"))
    assert other.delete(data.name)["StackStatus"] == "DELETE_COMPLETE"
    assert other.deploy(data.name, data.text, "CREATE", data.parameters, data.tags)["StackStatus"] == "CREATE_COMPLETE"


def test_rights_on_one_resource_only(guarded, data):
    buckets = allow("s3:*", resource="arn:aws:s3:::other-*")
    stacks = Stacks(guarded, User(guarded, "narrow", STACKS, buckets, allow("dynamodb:*", "kms:*")).client("cloudformation"))
    found = stacks.deploy(data.name, data.text, "CREATE", {"TableProtection": "false"}, data.tags)
    assert found["StackStatus"].startswith("ROLLBACK")
    assert any("s3:CreateBucket on resource: \"arn:aws:s3:::production-" in it for it in stacks.told(data.name))


def test_a_service_role_stands_in_for_the_caller(guarded, data):
    iam = guarded.client("iam", ROOT_KEY, ROOT_SECRET)
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"}]}  # fmt: skip
    role = iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    policy = {"Version": "2012-10-17", "Statement": [DATA]}
    iam.put_role_policy(RoleName="deployer", PolicyName="own", PolicyDocument=json.dumps(policy))
    user = User(guarded, "caller", STACKS, allow("iam:PassRole", resource=role))
    stacks = Stacks(guarded, user.client("cloudformation"))
    found = stacks.deploy(data.name, data.text, "CREATE", data.parameters, data.tags, RoleARN=role)
    assert found["StackStatus"] == "CREATE_COMPLETE" and found["RoleARN"] == role


def test_bucket_policies_count(guarded, data):
    root = Stacks(guarded, guarded.client("cloudformation", ROOT_KEY, ROOT_SECRET))
    root.deploy(data.name, data.text, "CREATE", data.parameters)
    s3 = User(guarded, "writer", allow("s3:*", "kms:*")).client("s3")
    put = {"Bucket": f"production-artifacts-{ACCOUNT}-{REGION}", "Key": "releases/a", "Body": b"x"}
    assert refused(s3.put_object, **put, IfNoneMatch="*")["Code"] == "AccessDenied"
    guarded.set(pretend_tls=True)
    assert refused(s3.put_object, **put)["Code"] == "AccessDenied"
    s3.put_object(**put, IfNoneMatch="*")
    assert refused(s3.put_object, **put, IfNoneMatch="*")["Code"] == "PreconditionFailed"


def test_root_deploys_everything(guarded, data, app):
    stacks = Stacks(guarded, guarded.client("cloudformation", ROOT_KEY, ROOT_SECRET))
    for it in (data, app):
        assert stacks.deploy(it.name, it.text, "CREATE", it.parameters, it.tags)["StackStatus"] == "CREATE_COMPLETE"
    assert stacks.delete(app.name)["StackStatus"] == "DELETE_COMPLETE"


def test_the_stage_ends_with_its_parent(tmp_path):
    """However a test run ends, nothing of it is left."""
    program = textwrap.dedent(f"""
        import os, signal, sys
        sys.path.insert(0, {str(HERE)!r})
        from stage import Stage
        stage = Stage({str(tmp_path)!r})
        print(stage.process.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == -9, done.stderr
    pid = int(done.stdout)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            state = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0]
        except OSError:
            return
        if state == "Z":
            return
        time.sleep(0.02)
    raise AssertionError(f"{pid} is still there")
