"""The metadata service of the lab's instances."""

import asyncio
import base64
import json
import time

import pytest
from lab import addresses, instance_credentials, instance_data
from lab.imds import MetadataService
from ministack.core.responses import request_scope
from ministack.services import autoscaling, ec2, iam, sts

PROGRAM = b"#!/bin/bash\necho \xff\n"
ADDRESS = "10.0.96.4"
TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}  # fmt: skip
STORES = (ec2._vpcs, ec2._subnets, ec2._instances, ec2._launch_templates, ec2._tags, ec2._addresses, iam._roles,
          iam._instance_profiles, autoscaling._asgs)  # fmt: skip


@pytest.fixture(autouse=True)
def cloud():
    """What ministack knows of one network and one role."""
    with request_scope(addresses.ACCOUNT, addresses.REGION):
        for store in STORES:
            store.clear()
        sts._sessions.clear()
        ec2._vpcs["vpc-1"] = {"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}
        ec2._subnets["subnet-1"] = {
            "SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.96.0/20", "AvailabilityZone": "eu-west-1a",
            "AvailabilityZoneId": "euw1-az1", "MapPublicIpOnLaunch": False,
        }  # fmt: skip
        iam._roles["server"] = {
            "RoleName": "server", "RoleId": "AROASERVER", "Arn": f"arn:aws:iam::{addresses.ACCOUNT}:role/server",
            "AssumeRolePolicyDocument": json.dumps(TRUST),
        }  # fmt: skip
        iam._instance_profiles["servers"] = {
            "InstanceProfileName": "servers", "InstanceProfileId": "AIPASERVERS", "Roles": ["server"],
            "Arn": f"arn:aws:iam::{addresses.ACCOUNT}:instance-profile/servers",
        }  # fmt: skip
        yield


@pytest.fixture
def service():
    return MetadataService()


def launch(name="i-0123456789abcdef0", address=ADDRESS, **data):
    """An instance of a launch template of its own."""
    data = {"MetadataOptions": {"HttpTokens": "required"}, **data}
    ec2._launch_templates[f"lt-{name}"] = {"Versions": [
        {"VersionNumber": 1, "LaunchTemplateData": {}}, {"VersionNumber": 2, "LaunchTemplateData": data}]}  # fmt: skip
    ec2._instances[name] = {
        "InstanceId": name, "ImageId": "ami-1", "InstanceType": "m7g.large", "State": {"Name": "running"},
        "SubnetId": "subnet-1", "VpcId": "vpc-1", "PrivateIpAddress": address, "PublicIpAddress": "54.1.2.3",
        "SecurityGroups": [{"GroupId": "sg-1", "GroupName": "one"}, {"GroupId": "sg-2", "GroupName": "two"}],
        "Architecture": "arm64", "RootDeviceName": "/dev/xvda", "Placement": {"AvailabilityZone": "eu-west-1a"},
        "UserData": base64.b64encode(PROGRAM).decode(), "LaunchTime": "2026-11-22T01:02:03.000Z",
        "IamInstanceProfile": {"Arn": f"arn:aws:iam::{addresses.ACCOUNT}:instance-profile/servers"},
        "_template": (f"lt-{name}", "2"),
    }  # fmt: skip
    return ec2._instances[name]


def ask(service, path, method="GET", address=ADDRESS, **headers):
    """(status, body, headers) as a client sees them."""
    sent = []
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "client": (address, 40000), "headers": pairs}

    async def send(message):
        sent.append(message)

    asyncio.run(service(scope, None, send))
    head, body = sent
    return head["status"], body["body"], {name.decode(): value.decode() for name, value in head["headers"]}


def token(service, seconds="300", **more):
    status, body, _ = ask(service, "/latest/api/token", "PUT", x_aws_ec2_metadata_token_ttl_seconds=seconds, **more)
    return body.decode() if status == 200 else status


def read(service, path, address=ADDRESS):
    return ask(service, path, address=address, x_aws_ec2_metadata_token=token(service, address=address))


def get(service, path, address=ADDRESS):
    status, body, _ = read(service, path, address)
    assert status == 200, (path, status)
    return body.decode()


def credentials(service, address=ADDRESS):
    return json.loads(get(service, "/latest/meta-data/iam/security-credentials/server", address))


# Tokens.


def test_without_a_token_nothing_is_told_where_one_is_required(service):
    launch()
    assert ask(service, "/latest/meta-data/instance-id")[0] == 401
    assert ask(service, "/latest/meta-data/instance-id", x_aws_ec2_metadata_token="made-up")[0] == 401
    assert get(service, "/latest/meta-data/instance-id") == "i-0123456789abcdef0"


def test_a_token_tells_how_long_it_lasts(service, monkeypatch):
    launch()
    status, body, headers = ask(service, "/latest/api/token", "PUT", x_aws_ec2_metadata_token_ttl_seconds="60")
    assert status == 200 and headers["x-aws-ec2-metadata-token-ttl-seconds"] == "60"
    known = {"x_aws_ec2_metadata_token": body.decode()}
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 59)
    assert ask(service, "/latest/meta-data/mac", **known)[0] == 200
    monkeypatch.setattr(time, "monotonic", lambda: now + 61)
    assert ask(service, "/latest/meta-data/mac", **known)[0] == 401
    token(service)
    assert body.decode() not in service.tokens


@pytest.mark.parametrize("seconds", ["", "0", "-1", "21601", "ten", "1.5", "²"])
def test_lifetimes_that_are_none_are_refused(service, seconds):
    launch()
    assert token(service, seconds) == 400
    assert ask(service, "/latest/api/token", "PUT")[0] == 400


def test_the_longest_and_the_shortest_lifetime(service):
    launch()
    assert len(token(service, "21600")) == len(token(service, "1")) == 56


def test_forwarded_requests_get_no_token(service):
    launch()
    assert token(service, x_forwarded_for="203.0.113.5") == 403


def test_a_token_is_good_for_its_instance_only(service):
    launch()
    launch("i-2", "10.0.96.5")
    theirs = token(service, address="10.0.96.5")
    assert ask(service, "/latest/meta-data/mac", x_aws_ec2_metadata_token=theirs)[0] == 401
    assert ask(service, "/latest/meta-data/mac", address="10.0.96.5", x_aws_ec2_metadata_token=theirs)[0] == 200


def test_without_a_requirement_a_token_is_optional_but_has_to_be_good(service):
    launch(MetadataOptions={})
    assert ask(service, "/latest/meta-data/mac")[0] == 200
    assert ask(service, "/latest/meta-data/mac", x_aws_ec2_metadata_token="made-up")[0] == 401


def test_a_service_that_is_switched_off_says_so(service):
    launch(MetadataOptions={"HttpEndpoint": "disabled"})
    assert token(service) == 403
    assert ask(service, "/latest/meta-data/mac")[0] == 403


def test_methods(service):
    launch()
    known = {"x_aws_ec2_metadata_token": token(service)}
    assert ask(service, "/latest/api/token", **known)[0] == 405
    assert ask(service, "/latest/meta-data/mac", "POST", **known)[0] == 405
    status, body, headers = ask(service, "/latest/meta-data/instance-id", "HEAD", **known)
    assert (status, body, headers["content-length"]) == (200, b"", "19")


# The tree.


def crawl(service, path):
    """Everything below a path, as cloud-init reads it."""
    found = {}
    for name in get(service, path).split("\n"):
        found[name] = crawl(service, path + name) if name.endswith("/") else get(service, path + name)
    return found


def test_the_whole_tree(service):
    instance = launch()
    mac = instance_data.mac(instance)
    name = "ip-10-0-96-4.eu-west-1.compute.internal"
    found = crawl(service, "/2021-03-23/meta-data/")
    assert found.pop("iam/")["security-credentials/"].keys() == {"server"}
    assert found == {
        "ami-id": "ami-1", "ami-launch-index": "0", "ami-manifest-path": "(unknown)",
        "block-device-mapping/": {"ami": "/dev/xvda", "root": "/dev/xvda"}, "hostname": name, "instance-action": "none",
        "instance-id": "i-0123456789abcdef0", "instance-life-cycle": "on-demand", "instance-type": "m7g.large",
        "local-hostname": name, "local-ipv4": ADDRESS, "mac": mac, "network/": {"interfaces/": {"macs/": {f"{mac}/": {
            "device-number": "0", "interface-id": "eni-0123456789abcdef0", "local-hostname": name,
            "local-ipv4s": ADDRESS, "mac": mac, "owner-id": addresses.ACCOUNT, "security-group-ids": "sg-1\nsg-2",
            "security-groups": "one\ntwo", "subnet-id": "subnet-1", "subnet-ipv4-cidr-block": "10.0.96.0/20",
            "vpc-id": "vpc-1",
            "vpc-ipv4-cidr-block": "10.0.0.0/16", "vpc-ipv4-cidr-blocks": "10.0.0.0/16"}}}},
        "placement/": {"availability-zone": "eu-west-1a", "availability-zone-id": "euw1-az1", "region": "eu-west-1"},
        "profile": "default-hvm", "reservation-id": "r-0123456789abcdef0", "security-groups": "one\ntwo",
        "services/": {"domain": "amazonaws.com", "partition": "aws"}, "system": "nitro",
    }  # fmt: skip


def test_directories_and_versions(service):
    launch()
    assert get(service, "/").splitlines()[-1] == "latest" and "2009-04-04" in get(service, "/")
    assert get(service, "/latest") == get(service, "/2021-03-23/") == "dynamic\nmeta-data\nuser-data"
    assert get(service, "/latest/dynamic/") == "instance-identity/"
    assert get(service, "/latest/dynamic/instance-identity") == "document"
    assert get(service, "/latest/meta-data/placement") == get(service, "/latest/meta-data/placement/")
    for path in ("/2021-01-01/meta-data/", "/latest/nothing", "/latest/meta-data/public-ipv4",
                 "/latest/meta-data/tags/", "/latest/meta-data/mac/more",
                 "/latest/meta-data/iam/security-credentials-extended/",
                 "/latest/meta-data/autoscaling/target-lifecycle-state"):  # fmt: skip
        assert read(service, path)[0] == 404, path


def test_the_identity_document(service):
    launch()
    found = json.loads(get(service, "/latest/dynamic/instance-identity/document"))
    assert found.pop("kernelId") is None
    assert {name: value for name, value in found.items() if value} == {
        "accountId": addresses.ACCOUNT, "architecture": "arm64", "availabilityZone": "eu-west-1a", "imageId": "ami-1",
        "instanceId": "i-0123456789abcdef0", "instanceType": "m7g.large", "pendingTime": "2026-11-22T01:02:03Z",
        "privateIp": ADDRESS, "region": "eu-west-1", "version": "2017-09-30",
    }  # fmt: skip


def test_user_data_are_the_bytes_that_were_given(service):
    instance = launch()
    assert read(service, "/latest/user-data")[1] == PROGRAM
    instance["UserData"] = ""
    assert read(service, "/latest/user-data")[0] == 404


@pytest.mark.parametrize("subnet,wanted,public", [
    (False, None, False), (True, None, True), (True, False, False), (False, "true", True)])  # fmt: skip
def test_a_public_address_only_where_one_was_asked_for(service, subnet, wanted, public):
    ec2._subnets["subnet-1"]["MapPublicIpOnLaunch"] = subnet
    interface = {} if wanted is None else {"AssociatePublicIpAddress": wanted}
    mac = instance_data.mac(launch(NetworkInterfaces=[interface]))
    macs = f"/latest/meta-data/network/interfaces/macs/{mac}/"
    for path in ("/latest/meta-data/public-ipv4", macs + "public-ipv4s"):
        status, body, _ = read(service, path)
        assert (status, body) == ((200, b"54.1.2.3") if public else (404, b"404 - Not Found"))
    if public:
        assert get(service, macs + "ipv4-associations/54.1.2.3") == ADDRESS
        assert get(service, "/latest/meta-data/public-hostname") == "ec2-54-1-2-3.eu-west-1.compute.amazonaws.com"


def test_an_elastic_address_counts(service):
    launch()
    ec2._addresses["eipalloc-1"] = {"PublicIp": "192.0.2.99", "InstanceId": "i-0123456789abcdef0"}
    assert get(service, "/latest/meta-data/public-ipv4") == "192.0.2.99"


def test_tags_where_they_are_switched_on(service):
    launch(MetadataOptions={"InstanceMetadataTags": "enabled"})
    ec2._tags["i-0123456789abcdef0"] = [{"Key": "Name", "Value": "production"}]
    assert crawl(service, "/latest/meta-data/tags/") == {"instance/": {"Name": "production"}}


@pytest.mark.parametrize(
    "state,bound_for",
    [("Pending:Wait", "InService"), ("InService", "InService"), ("Terminating", "Terminated"), (None, "Terminated")],
)
def test_where_a_member_is_bound_for(service, state, bound_for):
    launch()["_group"] = "servers"
    member = {"InstanceId": "i-0123456789abcdef0", "LifecycleState": state}
    leaving = state == "Terminating"
    autoscaling._asgs["servers"] = {"Instances": [member] if state and not leaving else [],
                                    "_leaving": [member] if leaving else []}  # fmt: skip
    assert get(service, "/latest/meta-data/autoscaling/target-lifecycle-state") == bound_for


def test_options_outlive_their_launch_template(service):
    launch()
    token(service)
    ec2._launch_templates.clear()
    assert ask(service, "/latest/meta-data/mac")[0] == 401


def test_nobody_else_is_told_anything(service):
    launch(MetadataOptions={})
    assert ask(service, "/latest/meta-data/mac", address="10.0.96.9")[0] == 404


def test_an_address_belongs_to_whoever_has_it_now(service):
    launch("i-1")["State"]["Name"] = "terminated"
    launch("i-2")
    assert get(service, "/latest/meta-data/instance-id") == "i-2"
    ec2._instances["i-2"]["State"]["Name"] = "shutting-down"
    assert get(service, "/latest/meta-data/instance-id") == "i-2"


# Credentials.


def test_credentials_are_a_session_of_the_role(service):
    launch()
    found = credentials(service)
    session = sts._sessions[found["AccessKeyId"]]
    assert session["Arn"] == f"arn:aws:sts::{addresses.ACCOUNT}:assumed-role/server/i-0123456789abcdef0"
    assert session["UserId"] == "AROASERVER:i-0123456789abcdef0" and session["PrincipalType"] == "AssumedRole"
    assert (session["SecretAccessKey"], session["SessionToken"]) == (found["SecretAccessKey"], found["Token"])
    assert (found["Code"], found["Type"]) == ("Success", "AWS-HMAC")
    assert found["Expiration"] == instance_credentials.moment(session["Expiration"])
    assert 21590 < session["Expiration"] - time.time() <= 21600
    assert get(service, "/latest/meta-data/iam/security-credentials/") == "server"
    told = json.loads(get(service, "/latest/meta-data/iam/info"))
    assert told["InstanceProfileArn"].endswith(":instance-profile/servers")
    assert read(service, "/latest/meta-data/iam/security-credentials/other")[0] == 404


def test_credentials_stay_until_a_third_of_their_life_is_left(monkeypatch):
    service = MetadataService(credential_seconds=90)
    launch()
    first, now = credentials(service), int(time.time())
    monkeypatch.setattr(time, "time", lambda: now + 59)
    assert credentials(service) == first
    monkeypatch.setattr(time, "time", lambda: now + 62)
    second = credentials(service)
    assert second["AccessKeyId"] != first["AccessKeyId"]
    # Whoever has the first one still may use it for the rest of its life.
    assert {first["AccessKeyId"], second["AccessKeyId"]} <= sts._sessions.keys()


def test_every_instance_has_its_own(service):
    launch()
    launch("i-2", "10.0.96.5")
    assert credentials(service)["AccessKeyId"] != credentials(service, "10.0.96.5")["AccessKeyId"]


@pytest.mark.parametrize(
    "gone",
    [lambda: ec2._instances.clear(), lambda: ec2._instances["i-0123456789abcdef0"]["State"].update(Name="terminated")],
)
def test_credentials_end_with_their_instance(service, gone):
    launch()
    key = credentials(service)["AccessKeyId"]
    gone()
    service.forget_the_gone()
    assert key not in sts._sessions
    assert ask(service, "/latest/meta-data/iam/security-credentials/server")[0] == 404


def test_a_reset_of_the_emulator_is_noticed(service):
    launch()
    first = credentials(service)
    sts.reset()
    assert credentials(service)["AccessKeyId"] != first["AccessKeyId"]


OTHER = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
DENIED = {"Effect": "Deny", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:*"}


@pytest.mark.parametrize("document", [
    {"Statement": [OTHER]}, {"Statement": OTHER}, {"Statement": []}, {"Statement": [*TRUST["Statement"], DENIED]},
    {"Statement": {**TRUST["Statement"][0], "Action": "sts:TagSession"}},
    {"Statement": {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{addresses.ACCOUNT}:root"},
                   "Action": "sts:AssumeRole"}}])  # fmt: skip
def test_a_role_that_does_not_trust_ec2_gets_none(service, document):
    iam._roles["server"]["AssumeRolePolicyDocument"] = json.dumps(document)
    launch()
    found = credentials(service)
    assert found["Code"] == "AssumeRoleUnauthorizedAccess" and "EC2 cannot assume the role server" in found["Message"]
    assert not sts._sessions


@pytest.mark.parametrize("document", [TRUST, {"Statement": {
    "Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]},
    "Action": ["sts:AssumeRole", "sts:TagSession"]}}])  # fmt: skip
def test_a_role_that_trusts_ec2_gets_some(service, document):
    iam._roles["server"]["AssumeRolePolicyDocument"] = json.dumps(document)
    launch()
    assert credentials(service)["Code"] == "Success"


def test_profiles_that_are_missing_or_empty(service):
    instance = launch()
    iam._instance_profiles["servers"]["Roles"] = []
    assert get(service, "/latest/meta-data/iam/") == "info"
    iam._instance_profiles.clear()
    assert json.loads(get(service, "/latest/meta-data/iam/info"))["Code"] == "InstanceProfileNotFound"
    assert read(service, "/latest/meta-data/iam/security-credentials/")[0] == 404
    instance["IamInstanceProfile"] = None
    assert read(service, "/latest/meta-data/iam/info")[0] == 404
