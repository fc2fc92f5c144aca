"""Members of groups: EC2 instances in the group's subnets, with the launch template's version, known to the targets.

Their life: https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html
What becomes of an instance once it is launched is `life`'s business.
"""

import asyncio
import ipaddress
import time

from ministack.core.responses import new_uuid
from ministack.services import alb, autoscaling, ec2

from .. import settings
from . import activities as history
from .activities import activities, activity, end, moment

# What instances do: `pretence.Pretence`, or bodies.
life = None

_tasks = set()


def reset():
    for task in list(_tasks):
        task.cancel()
    history.reset()
    life.reset()


def start(coroutine):
    """Lets something go on beside the call that began it."""
    task = asyncio.ensure_future(coroutine)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return task


# Launching.


def template_version(group):
    """The launch template, and the version a new member gets."""
    wanted = group.get("LaunchTemplate") or {}
    template = ec2._launch_templates.get(wanted.get("LaunchTemplateId"))
    if template is None:
        return None, None
    number = str(wanted.get("Version", "$Default"))
    number = {"$Latest": str(template["LatestVersionNumber"]),
              "$Default": str(template["DefaultVersionNumber"])}.get(number, number)  # fmt: skip
    for version in template["Versions"]:
        if str(version["VersionNumber"]) == number:
            return template, version
    return template, None


def subnets(group, leaving):
    """The group's subnets, those first whose zones have fewest members: the group balances zones."""
    found = [ec2._subnets[it] for it in group["VPCZoneIdentifier"].split(",") if it in ec2._subnets]
    load = {it["SubnetId"]: 0 for it in found}
    for member in group["Instances"]:
        if member.get("_subnet") in load and member is not leaving:
            load[member["_subnet"]] += 1
    return sorted(found, key=lambda it: (load[it["SubnetId"]], it["AvailabilityZone"]))


def launch(group, cause, leaving=None):
    """Launches one member, in the place of one that is leaving if there is one; `None` where no zone has capacity."""
    template, version = template_version(group)
    if version is None:
        activity(group, "Launching a new EC2 instance.  Status Reason: The specified launch template version does not "
                 "exist. Launching EC2 instance failed.", cause, "Failed",
                 "The specified launch template version does not exist. Launching EC2 instance failed.")  # fmt: skip
        return None
    data = version["LaunchTemplateData"]
    for subnet in subnets(group, leaving):
        zone = subnet["AvailabilityZone"]
        if zone in settings.get("empty_zones"):
            # https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-capacity.html
            reason = (f"We currently do not have sufficient {data.get('InstanceType')} capacity in the Availability Zone "
                      f"you requested ({zone}). Our system will be working on provisioning additional capacity. "
                      "Launching EC2 instance failed.")  # fmt: skip
            activity(group, f"Launching a new EC2 instance.  Status Reason: {reason}", cause, "Failed", reason, zone)
            continue
        return make(group, template, version, subnet, cause)
    return None


def make(group, template, version, subnet, cause):
    data, zone = version["LaunchTemplateData"], subnet["AvailabilityZone"]
    instance = ec2._launch_instances_internal(
        data.get("ImageId"), data.get("InstanceType"), subnet["SubnetId"], 1, user_data=data.get("UserData", ""),
        sg_ids=firewalls(data), requested_private_ip=address(subnet),
        iam_profile=data.get("IamInstanceProfile"),
    )[0]  # fmt: skip
    arm = any(str(data.get("InstanceType", "")).split(".")[0].endswith(it) for it in ("g", "gd", "gn", "gen"))
    instance.update(
        State={"Code": 0, "Name": "pending"} if life.boots else {"Code": 16, "Name": "running"},
        Placement={"AvailabilityZone": zone, "Tenancy": "default"}, VpcId=subnet["VpcId"], _launched=time.monotonic(),
        Architecture="arm64" if arm else "x86_64", _group=group["AutoScalingGroupName"],
        _template=(template["LaunchTemplateId"], str(version["VersionNumber"])),
    )  # fmt: skip
    tags = [{"Key": it["Key"], "Value": it["Value"]} for it in group.get("Tags", []) if it.get("PropagateAtLaunch")]
    for specification in data.get("TagSpecifications") or []:
        if specification.get("ResourceType") == "instance":
            tags += [it for it in specification["Tags"] if it["Key"] not in {tag["Key"] for tag in tags}]
    tags.append({"Key": "aws:autoscaling:groupName", "Value": group["AutoScalingGroupName"]})
    ec2._tags[instance["InstanceId"]] = tags
    member = {
        "InstanceId": instance["InstanceId"], "LifecycleState": "Pending", "HealthStatus": "Healthy",
        "AvailabilityZone": zone, "InstanceType": data.get("InstanceType", ""), "LaunchConfigurationName": "",
        "ProtectedFromScaleIn": bool(group.get("NewInstancesProtectedFromScaleIn")), "_subnet": subnet["SubnetId"],
        "LaunchTemplate": {"LaunchTemplateId": template["LaunchTemplateId"],
                           "LaunchTemplateName": template["LaunchTemplateName"],
                           "Version": str(version["VersionNumber"])},
    }  # fmt: skip
    group["Instances"].append(member)
    told = activity(group, f"Launching a new EC2 instance: {instance['InstanceId']}", cause, zone=zone,
                    subnet=subnet["SubnetId"])  # fmt: skip
    member["_activity"] = told
    if hook(group, "LAUNCHING"):
        member["LifecycleState"] = "Pending:Wait"
    life.launched(group, member)
    return member


def firewalls(data):
    """Security groups stand at the network interface where a template has one."""
    interfaces = data.get("NetworkInterfaces") or [{}]
    return data.get("SecurityGroupIds") or interfaces[0].get("Groups")


def address(subnet):
    network = ipaddress.ip_network(subnet["CidrBlock"])
    used = {it["PrivateIpAddress"] for it in ec2._instances.values()}
    # The first four and the last address of a subnet are AWS's.
    return next(str(network[number]) for number in range(4, network.num_addresses - 1) if str(network[number]) not in used)


def hook(group, moment):
    for it in autoscaling._hooks.values():
        if it["AutoScalingGroupName"] == group["AutoScalingGroupName"] and it["LifecycleTransition"].endswith(moment):
            return it
    return None


def is_here(group, member):
    return autoscaling._asgs.get(group["AutoScalingGroupName"]) is group and member in group["Instances"]


async def later(what, seconds):
    await asyncio.sleep(seconds)
    what()


def in_service(group, member):
    if not member["LifecycleState"].startswith("Pending"):
        return
    member["LifecycleState"] = "InService"
    end(member["_activity"], "Successful")
    for target_group in group.get("TargetGroupARNs", []):
        targets = alb._targets.setdefault(target_group, [])
        if member["InstanceId"] not in {it["Id"] for it in targets}:
            targets.append({"Id": member["InstanceId"]})
    life.is_registered(member)


def abandoned(group, member):
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html"""
    if not is_here(group, member) or member["LifecycleState"] == "InService":
        return
    reason = (f"Instance failed to complete user's Lifecycle Action: Lifecycle Action with token {new_uuid()} was "
              "abandoned: Lifecycle Action Completed with ABANDON Result")  # fmt: skip
    end(member["_activity"], "Cancelled", reason)
    remove(group, member)
    terminate(group, member, f"At {moment()} an instance was taken out of service in response to a lifecycle action "
              "that was abandoned.")  # fmt: skip
    if not group.get("_refreshing"):
        start(later(lambda: refill(group), life.pause_after_failure()))


def remove(group, member):
    if member in group["Instances"]:
        group["Instances"].remove(member)


def terminate(group, member, cause):
    """Ends a member that is out of the group already."""
    told = activity(group, f"Terminating EC2 instance: {member['InstanceId']}", cause, zone=member["AvailabilityZone"])
    life.leaves(group, member, lambda: end(told, "Successful"))


# Keeping the size.


def refill(group):
    """Brings the group to its desired capacity."""
    if autoscaling._asgs.get(group["AutoScalingGroupName"]) is not group or group.get("_refreshing"):
        return
    suspended = set(group.get("SuspendedProcesses", []))
    while (before := len(healthy(group))) < (after := group["DesiredCapacity"]) and "Launch" not in suspended:
        cause = (f"At {moment()} an instance was started in response to a difference between desired and actual "
                 f"capacity, increasing the capacity from {before} to {after}.")  # fmt: skip
        if launch(group, cause) is None:
            return
    # One more while an instance moves to another zone.
    extra = 1 if group.get("_moving") else 0
    while (before := len(healthy(group))) > extra + (after := group["DesiredCapacity"]) and "Terminate" not in suspended:
        member = oldest_in_fullest_zone(group)
        remove(group, member)
        terminate(group, member, f"At {moment()} an instance was taken out of service in response to a difference "
                  f"between desired and actual capacity, shrinking the capacity from {before} to {after}.")  # fmt: skip


def healthy(group):
    """What counts as capacity: a member that is being replaced does not."""
    return [it for it in group["Instances"] if it["HealthStatus"] == "Healthy"]


def oldest_in_fullest_zone(group):
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html"""
    zones = [it["AvailabilityZone"] for it in healthy(group)]
    fullest = max(sorted(set(zones)), key=zones.count)
    return next(it for it in healthy(group) if it["AvailabilityZone"] == fullest)


def instance_lost(instance_id, how):
    """An instance was terminated past its group, or found unhealthy."""
    for group in list(autoscaling._asgs.values()):
        for member in list(group["Instances"]):
            if member["InstanceId"] == instance_id:
                life.lost(group, member, how)


def is_ready(group, member):
    if member["LifecycleState"] != "InService":
        return False
    return all(life.health(it, member["InstanceId"])[0] == "healthy" for it in group.get("TargetGroupARNs", []))
