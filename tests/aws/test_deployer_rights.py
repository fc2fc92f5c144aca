"""The policies that `syncctl permissions` prints are enough, and nothing else is granted (GL, DP-1)."""

import json

import pytest

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


def test_without_credentials_it_says_so(acme):
    refused = acme.run("plan", code=77, AWS_ACCESS_KEY_ID="AKIAUNKNOWN0000000000", AWS_SECRET_ACCESS_KEY="x")
    assert "credentials" in refused.stderr.lower()
