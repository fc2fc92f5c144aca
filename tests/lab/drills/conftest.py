"""The lab for the drills: one cloud, one deployment of `examples/production`, whole before each of them."""

import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import places  # noqa: E402, F401
from deployment import CERTIFICATE, DOMAIN, Deployment, production  # noqa: E402
from lab import addresses  # noqa: E402
from lab.process import Cloud  # noqa: E402
from lab.world import is_inside  # noqa: E402

# Seconds that one of AWS's minutes takes: warm-up, bake, deregistration and metrics go by faster.
MINUTE = float(os.environ.get("LAB_MINUTE", "10"))


def pytest_collection_modifyitems(items):
    assert is_inside(), "the drills run in the lab's sandbox: make lab"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    cloud = item.funcargs.get("cloud")
    if report.failed and cloud is not None:
        report.sections.append(("log of the control plane", cloud.log.read_text()[-8000:]))
        if keep := os.environ.get("LAB_KEEP"):
            target = Path(keep, re.sub(r"[^A-Za-z0-9_]+", "-", item.name))
            shutil.copytree(cloud.folder, target, symlinks=True, ignore=shutil.ignore_patterns("disk", "*.sock", "control"))


@pytest.fixture(scope="session")
def cloud():
    with Cloud(Path(os.environ["LAB_FOLDER"]), os.environ["LAB_BASE"], MINUTE) as running:
        yield running


@pytest.fixture(scope="session")
def fresh(cloud):
    """Nothing is deployed: an account with a certificate, a mail identity, and a deployer with the printed rights."""
    cloud.ask("stage/certificate", {"arn": CERTIFICATE, "name": DOMAIN})
    cloud.ask("stage/settings", {"quotas": {"L-1216C47A": 64}, "mail_identities": "verified", "pace_ms": 100})
    deployment = Deployment(cloud.folder / "acme", cloud, production(), "acme-sync")
    deployment.client("sesv2").create_email_identity(EmailIdentity="example.com")
    iam = deployment.client("iam")
    iam.create_user(UserName="deployer")
    for number, policy in enumerate(deployment.json("permissions")["policies"]):
        iam.put_user_policy(UserName="deployer", PolicyName=f"part{number}", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName="deployer")["AccessKey"]
    deployment.credentials = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
                              "AWS_REGION": addresses.REGION}  # fmt: skip
    deployment.note_what_is_there()
    return deployment


@pytest.fixture(scope="session")
def deployed(fresh):
    """`syncctl up`, once."""
    fresh.first = fresh.up()
    fresh.point_domain()
    return fresh


@pytest.fixture
def acme(deployed):
    """The deployment with all its servers in good health."""
    deployed.settle()
    return deployed
