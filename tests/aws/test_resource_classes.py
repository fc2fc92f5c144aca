"""Everything of DP-1, made by a deployer with exactly the printed policies and seen through Amazon's own command line."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from product import REPOSITORY, Product
from test_deployer_rights import user

AWS = Path(os.environ.get("SYNCCTL_TEST_AWS", REPOSITORY / ".venv-awscli/bin/aws"))


@pytest.fixture
def acme(tmp_path, guarded):
    guarded.set(pretend_tls=True)
    return Product(tmp_path / "acme", guarded, more="email: { identity: example.com, manage: create }")


@pytest.fixture
def aws(tmp_path, guarded):
    """One call of the `aws` command as root; its answer."""
    environment = {
        **guarded.environment("root", "rootsecret"),
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_PAGER": "",
    }

    def call(*words):
        done = subprocess.run([AWS, *words, "--output", "json"], env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (words, done.stderr)
        return json.loads(done.stdout or "{}")

    return call


def test_every_resource_class_is_there_for_amazons_own_command_line(acme, guarded, aws):
    """DP-1, HA-3, HA-4, HA-5, FS-3: asked for one by one, not taken from CloudFormation's word."""
    acme.run("up", "--yes", **user(guarded, "deployer", acme.json("permissions")["policies"]))
    out = acme.json("outputs", AWS_ACCESS_KEY_ID="root", AWS_SECRET_ACCESS_KEY="rootsecret")["outputs"]
    held = {}
    for stack in ("acme", "acme-data"):
        for it in aws("cloudformation", "list-stack-resources", "--stack-name", stack)["StackResourceSummaries"]:
            held.setdefault(it["ResourceType"], []).append(it["PhysicalResourceId"])

    (vpc,) = held["AWS::EC2::VPC"]
    assert aws("ec2", "describe-vpcs", "--vpc-ids", vpc)["Vpcs"][0]["CidrBlock"] == "10.20.0.0/16"

    (balancer,) = aws("elbv2", "describe-load-balancers")["LoadBalancers"]
    assert (balancer["Type"], balancer["Scheme"]) == ("application", "internet-facing")
    subnets = {it["SubnetId"] for it in aws("ec2", "describe-subnets", "--filters", f"Name=vpc-id,Values={vpc}")["Subnets"]}
    # The emulator knows no other VPC of a load balancer than the default one; its subnets are told truly.
    assert len(balancer["AvailabilityZones"]) == 3 and {it["SubnetId"] for it in balancer["AvailabilityZones"]} <= subnets
    (group,) = aws("elbv2", "describe-target-groups")["TargetGroups"]
    health = {name: group[name] for name in ("HealthCheckPath", "HealthCheckIntervalSeconds", "HealthCheckTimeoutSeconds")}
    assert health == {"HealthCheckPath": "/health", "HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 2}
    assert (group["HealthyThresholdCount"], group["UnhealthyThresholdCount"]) == (2, 2)

    (servers,) = aws("autoscaling", "describe-auto-scaling-groups")["AutoScalingGroups"]
    assert (servers["MinSize"], servers["MaxSize"], len(servers["AvailabilityZones"])) == (3, 9, 3)
    assert servers["TargetGroupARNs"] == [group["TargetGroupArn"]]
    template = servers["LaunchTemplate"]
    assert template["LaunchTemplateId"] == out["LaunchTemplateId"] and template["Version"].isdigit()
    (version,) = aws(
        "ec2", "describe-launch-template-versions", "--launch-template-id", out["LaunchTemplateId"], "--versions", template["Version"]
    )["LaunchTemplateVersions"]  # fmt: skip
    assert version["LaunchTemplateData"]["MetadataOptions"]["HttpTokens"] == "required"

    names = {it["Name"] for it in aws("s3api", "list-buckets")["Buckets"]}
    assert names == {out["ContentBucket"], out["ArtifactBucket"], out["LogBucket"]}
    for bucket in names:
        block = aws("s3api", "get-public-access-block", "--bucket", bucket)["PublicAccessBlockConfiguration"]
        assert set(block.values()) == {True}
    assert aws("s3api", "get-bucket-versioning", "--bucket", out["ContentBucket"])["Status"] == "Enabled"

    table = aws("dynamodb", "describe-table", "--table-name", out["Table"])["Table"]
    assert table["TableStatus"] == "ACTIVE" and table["DeletionProtectionEnabled"]

    # The STS roles: what clients get is assumed by the servers' role alone.
    roles = {name: aws("iam", "get-role", "--role-name", name)["Role"] for name in held["AWS::IAM::Role"]}
    clients = [it for it in roles.values() if "sts:TagSession" in json.dumps(it["AssumeRolePolicyDocument"])]
    assert len(clients) == 2, sorted(roles)
    (instance,) = (it for it in roles.values() if "ec2.amazonaws.com" in json.dumps(it["AssumeRolePolicyDocument"]))
    for role in clients:
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"AWS": instance["Arn"]}

    identity = aws("sesv2", "get-email-identity", "--email-identity", "example.com")
    assert identity["IdentityType"] == "DOMAIN"
