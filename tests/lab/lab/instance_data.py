"""What EC2 knows of an instance, as its metadata service tells it.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html
"""

import base64
import copy

from ministack.services import autoscaling, ec2, iam

# Those in which the metadata service answers; a stopped instance has nothing to ask it with.
ALIVE = ("pending", "running", "stopping", "shutting-down")


def is_alive(instance):
    return instance["State"]["Name"] in ALIVE


def at_address(address):
    """The instance with this private address, which an earlier one may have had too."""
    found = (it for it in ec2._instances.values() if it["PrivateIpAddress"] == address and is_alive(it))
    return next(found, None)


def launch_data(instance):
    """What the instance was launched with, kept with it: its launch template may be deleted before it."""
    if "_launch_data" not in instance:
        template, number = instance.get("_template", ("", ""))
        versions = ec2._launch_templates.get(template, {}).get("Versions", [])
        found = (it["LaunchTemplateData"] for it in versions if str(it["VersionNumber"]) == number)
        instance["_launch_data"] = copy.deepcopy(next(found, {}))
    return instance["_launch_data"]


def options(instance):
    """Of the metadata service itself.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_LaunchTemplateInstanceMetadataOptionsRequest.html
    """
    given = launch_data(instance).get("MetadataOptions") or {}
    defaults = {"HttpEndpoint": "enabled", "HttpTokens": "optional", "InstanceMetadataTags": "disabled"}
    return {name: given.get(name) or default for name, default in defaults.items()}


def user_data(instance):
    """The bytes that a launch template or a call carried in base64; `None` where there are none."""
    encoded = instance.get("UserData")
    return base64.b64decode(encoded, validate=True) if encoded else None


def private_name(instance, region):
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-naming.html"""
    domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return f"ip-{instance['PrivateIpAddress'].replace('.', '-')}.{domain}"


def mac(instance):
    """Of the instance's only interface, as `cable` gives it to the machine: cloud-init tells interfaces by it."""
    return "0a:01:" + ":".join(f"{int(it):02x}" for it in instance["PrivateIpAddress"].split("."))


def public_address(instance):
    """Only where one was asked for; ministack gives every instance one.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-instance-addressing.html
    """
    for it in ec2._addresses.values():
        if it.get("InstanceId") == instance["InstanceId"]:
            return it["PublicIp"]
    interfaces = launch_data(instance).get("NetworkInterfaces") or [{}]
    wanted = interfaces[0].get("AssociatePublicIpAddress")
    if wanted is None:
        wanted = ec2._subnets.get(instance["SubnetId"], {}).get("MapPublicIpOnLaunch", False)
    return instance.get("PublicIpAddress") if str(wanted).lower() == "true" else None


def profile(instance):
    """The instance profile in IAM, if there is one by that name or ARN still."""
    wanted = instance.get("IamInstanceProfile") or {}
    name = wanted.get("Name") or wanted.get("Arn", "").rsplit("/", 1)[-1]
    return iam._instance_profiles.get(name)


def role(instance):
    """The role of the profile."""
    roles = (profile(instance) or {}).get("Roles") or [None]
    return iam._roles.get(roles[0]) if roles[0] else None


# Where the member of a group is bound for.
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/retrieving-target-lifecycle-state-through-imds.html
BOUND_FOR = {"Pending": "InService", "InService": "InService", "EnteringStandby": "Standby", "Standby": "Standby",
             "Terminating": "Terminated", "Terminated": "Terminated", "Detaching": "Detached",
             "Detached": "Detached"}  # fmt: skip


def target_lifecycle_state(instance):
    """`None` outside of groups."""
    if "_group" not in instance:
        return None
    group = autoscaling._asgs.get(instance["_group"], {})
    for member in (*group.get("Instances", []), *group.get("_leaving", [])):
        if member["InstanceId"] == instance["InstanceId"]:
            return BOUND_FOR[member["LifecycleState"].partition(":")[0]]
    # The group let go of it, to end it.
    return "Terminated"
