"""The policies that `syncctl permissions` prints are enough, and nothing else is granted (GL, DP-1)."""

import json

import pytest
from botocore.exceptions import ClientError

from previews import Standins, expire, template
from product import Product


@pytest.fixture
def acme(tmp_path, guarded):
    guarded.set(pretend_tls=True)
    return Product(tmp_path / "acme", guarded)


def user(stage, name, policies):
    """An IAM user with exactly these policies, and its key."""
    iam = stage.client("iam", "root", "rootsecret")
    iam.create_user(UserName=name)
    for number, policy in enumerate(policies):
        iam.put_user_policy(UserName=name, PolicyName=f"part{number}", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def test_a_deployer_with_exactly_the_printed_policies_does_everything(acme, guarded):
    policies = acme.json("permissions")["policies"]
    deployer = user(guarded, "deployer", policies)
    acme.run("plan", **deployer)
    acme.run("up", "--yes", **deployer)
    acme.run("plan", "--detailed-exitcode", code=0, **deployer)
    acme.run("user", "add", "anna@example.com", **deployer)
    acme.release("two")
    acme.write(least=4)
    acme.run("plan", "--out", "plan.json", **deployer)
    acme.run("apply", "plan.json", **deployer)
    acme.run("drift", **deployer)
    acme.run("rollback", "--yes", **deployer)
    for command in ("status", "outputs", "releases", "events", "doctor", "logs"):
        acme.run(command, **deployer)
    acme.run("down", "--yes", "--name", "acme", **deployer)


def test_a_pipeline_that_only_plans_cannot_apply(acme, guarded):
    deployer = user(guarded, "deployer", acme.json("permissions")["policies"])
    acme.run("up", "--yes", **deployer)
    planner = user(guarded, "planner", acme.json("permissions", "--for", "ci")["policies"])
    acme.write(least=4)
    acme.run("plan", "--detailed-exitcode", code=2, **planner)
    refused = acme.run("apply", "--yes", code=77, **planner)
    assert "syncctl permissions" in refused.stderr


def test_a_job_with_exactly_the_printed_policies_collects_previews_of_any_name_and_deletes_nothing_else(acme, guarded, tmp_path):
    preview = Product(tmp_path / "preview", guarded, name="pr-1", more="ttl: 1h\ndatabase: { protect: false }")
    deployer = user(guarded, "deployer", preview.json("permissions")["policies"] + acme.json("permissions")["policies"])
    preview.run("up", "--yes", **deployer)
    root = {"key": "root", "secret": "rootsecret"}
    expire(guarded, "pr-1", **root)
    other = Product(tmp_path / "other", guarded, name="any", more="ttl: 1h\ndatabase: { protect: false }")
    collector = user(guarded, "collector", other.json("permissions", "--for", "gc")["policies"])
    other.run("preview", "list", **collector)
    assert "would collect  pr-1" in other.run("preview", "gc", **collector).stdout
    other.run("preview", "gc", "--yes", **collector)
    assert guarded.client("cloudformation", **root).describe_stacks()["Stacks"] == []
    Standins(guarded, **root).stack("acme", template("acme", "app"), {"syncctl:name": "acme"}, "2020-01-01T00:00:00Z")
    with pytest.raises(ClientError, match="not authorized"):
        guarded.client("cloudformation", *collector.values()).delete_stack(StackName="acme")


def test_without_credentials_it_says_so(acme):
    refused = acme.run("plan", code=77, AWS_ACCESS_KEY_ID="AKIAUNKNOWN0000000000", AWS_SECRET_ACCESS_KEY="x")
    assert "credentials" in refused.stderr.lower()
