"""The tree of an instance's metadata: dictionaries are directories, texts are what is read.

What nothing in the lab has a use for is left out: signatures of the identity document, SSH keys, events.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html
"""

import json
import time

from ministack.core.responses import get_account_id, get_region
from ministack.services import ec2

from . import instance_data as data

# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
VERSIONS = (
    "1.0", "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10", "2007-12-15", "2008-02-01", "2008-09-01",
    "2009-04-04", "2011-01-01", "2011-05-01", "2012-01-12", "2014-02-25", "2014-11-05", "2015-10-20", "2016-04-19",
    "2016-06-30", "2016-09-02", "2018-03-28", "2018-08-17", "2018-09-24", "2019-10-01", "2020-10-27", "2021-01-03",
    "2021-03-23", "2021-07-15", "2022-09-24", "2024-04-11", "latest",
)  # fmt: skip


def tree(instance, credentials):
    """Of one version, which all serve the same here; `credentials` answers the text for a role's name."""
    found = {"dynamic": {"instance-identity": {"document": identity(instance)}},
             "meta-data": metadata(instance, credentials)}  # fmt: skip
    program = data.user_data(instance)
    return found if program is None else {**found, "user-data": program}


def identity(instance):
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-identity-documents.html"""
    return json.dumps({
        "accountId": get_account_id(), "architecture": instance["Architecture"], "availabilityZone": zone(instance),
        "billingProducts": None, "devpayProductCodes": None, "marketplaceProductCodes": None,
        "imageId": instance["ImageId"], "instanceId": instance["InstanceId"], "instanceType": instance["InstanceType"],
        "kernelId": None, "pendingTime": instance["LaunchTime"][:19] + "Z", "privateIp": instance["PrivateIpAddress"],
        "ramdiskId": None, "region": get_region(), "version": "2017-09-30",
    }, indent=2)  # fmt: skip


def zone(instance):
    return instance["Placement"]["AvailabilityZone"]


def metadata(instance, credentials):
    name = data.private_name(instance, get_region())
    found = {
        "ami-id": instance["ImageId"], "ami-launch-index": "0", "ami-manifest-path": "(unknown)",
        "block-device-mapping": {"ami": instance["RootDeviceName"], "root": instance["RootDeviceName"]},
        "hostname": name, "instance-action": "none", "instance-id": instance["InstanceId"],
        "instance-life-cycle": "on-demand", "instance-type": instance["InstanceType"], "local-hostname": name,
        "local-ipv4": instance["PrivateIpAddress"], "mac": data.mac(instance),
        "network": {"interfaces": {"macs": {data.mac(instance): interface(instance, name)}}},
        "placement": {"availability-zone": zone(instance), "availability-zone-id": zone_id(instance),
                      "region": get_region()},
        "profile": "default-hvm", "reservation-id": "r-" + instance["InstanceId"].removeprefix("i-"),
        "security-groups": "\n".join(it["GroupName"] for it in instance["SecurityGroups"]),
        "services": {"domain": "amazonaws.com", "partition": "aws"}, "system": "nitro",
    }  # fmt: skip
    public = data.public_address(instance)
    if public:
        found |= {"public-hostname": public_name(public), "public-ipv4": public}
    bound_for = data.target_lifecycle_state(instance)
    if bound_for:
        found["autoscaling"] = {"target-lifecycle-state": bound_for}
    if instance.get("IamInstanceProfile"):
        found["iam"] = roles(instance, credentials)
    if data.options(instance)["InstanceMetadataTags"] == "enabled":
        # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/work-with-tags-in-IMDS.html
        tags = ec2._tags.get(instance["InstanceId"], [])
        found["tags"] = {"instance": {it["Key"]: it["Value"] for it in tags}}
    return found


def interface(instance, name):
    subnet, vpc = ec2._subnets[instance["SubnetId"]], ec2._vpcs[instance["VpcId"]]
    found = {
        "device-number": "0", "interface-id": "eni-" + instance["InstanceId"].removeprefix("i-"),
        "local-hostname": name, "local-ipv4s": instance["PrivateIpAddress"], "mac": data.mac(instance),
        "owner-id": get_account_id(),
        "security-group-ids": "\n".join(it["GroupId"] for it in instance["SecurityGroups"]),
        "security-groups": "\n".join(it["GroupName"] for it in instance["SecurityGroups"]),
        "subnet-id": subnet["SubnetId"], "subnet-ipv4-cidr-block": subnet["CidrBlock"], "vpc-id": vpc["VpcId"],
        "vpc-ipv4-cidr-block": vpc["CidrBlock"], "vpc-ipv4-cidr-blocks": vpc["CidrBlock"],
    }  # fmt: skip
    public = data.public_address(instance)
    if public:
        found |= {"ipv4-associations": {public: instance["PrivateIpAddress"]}, "public-hostname": public_name(public),
                  "public-ipv4s": public}  # fmt: skip
    return found


def zone_id(instance):
    return ec2._subnets[instance["SubnetId"]]["AvailabilityZoneId"]


def public_name(address):
    region = get_region()
    place = "compute-1" if region == "us-east-1" else f"{region}.compute"
    return f"ec2-{address.replace('.', '-')}.{place}.amazonaws.com"


def roles(instance, credentials):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html"""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    profile, role = data.profile(instance), data.role(instance)
    if profile is None:
        wanted = instance["IamInstanceProfile"]
        info = {"Code": "InstanceProfileNotFound", "LastUpdated": now,
                "Message": f"Instance Profile {wanted.get('Arn') or wanted.get('Name')} cannot be found."}  # fmt: skip
    else:
        info = {"Code": "Success", "LastUpdated": now, "InstanceProfileArn": profile["Arn"],
                "InstanceProfileId": profile["InstanceProfileId"]}  # fmt: skip
    found = {"info": json.dumps(info, indent=2)}
    if role is not None:
        found["security-credentials"] = {role["RoleName"]: lambda: credentials(instance, role)}
    return found
