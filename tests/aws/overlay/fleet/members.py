"""Members of groups: EC2 instances in the group's subnets, with the launch template's version, known to the targets.

Their life: https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html
No instance boots here. How long it takes and whether it works is what `settings` says.
"""

import asyncio
import base64
import ipaddress
import time

from ministack.core.responses import get_region, new_uuid, now_iso
from ministack.services import alb, autoscaling, ec2

from .. import settings

GONE = ("Terminating", "Terminated")

_activities = {}
_registered = {}
_tasks = set()


def reset():
    for task in list(_tasks):
        task.cancel()
    _activities.clear()
    _registered.clear()


def start(coroutine):
    """Lets something go on beside the call that began it."""
    task = asyncio.ensure_future(coroutine)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return task


# Activities.


def activity(group, description, cause, status="InProgress", message="", zone="", subnet=""):
    found = {
        "ActivityId": new_uuid(), "AutoScalingGroupName": group["AutoScalingGroupName"], "Description": description,
        "Cause": cause, "StartTime": now_iso(), "EndTime": None, "StatusCode": status, "StatusMessage": message,
        "Progress": 50, "Details": f'{{"Subnet ID":"{subnet}","Availability Zone":"{zone}"}}',
    }  # fmt: skip
    _activities.setdefault(group["AutoScalingGroupARN"], []).insert(0, found)
    if status in ("Successful", "Failed", "Cancelled"):
        end(found, status, message)
    return found


def end(found, status, message=""):
    found.update(StatusCode=status, StatusMessage=message, EndTime=now_iso(), Progress=100)


def activities(group):
    return _activities.get(group["AutoScalingGroupARN"], [])


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
        sg_ids=data.get("SecurityGroupIds"), requested_private_ip=address(subnet),
        iam_profile=data.get("IamInstanceProfile"),
    )[0]  # fmt: skip
    arm = any(str(data.get("InstanceType", "")).split(".")[0].endswith(it) for it in ("g", "gd", "gn", "gen"))
    instance.update(
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
    if settings.get("instance_ms"):
        start(boot(group, member))
    else:
        booted(group, member)
    return member


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


async def boot(group, member):
    await asyncio.sleep(settings.get("instance_ms") / 1000)
    if member["LifecycleState"].startswith("Pending") and is_here(group, member):
        booted(group, member)


def is_here(group, member):
    return autoscaling._asgs.get(group["AutoScalingGroupName"]) is group and member in group["Instances"]


def is_sick(member):
    template, version = member["LaunchTemplate"]["LaunchTemplateId"], member["LaunchTemplate"]["Version"]
    instance = ec2._instances.get(member["InstanceId"], {})
    try:
        program = base64.b64decode(instance.get("UserData") or "").decode(errors="replace")
    except ValueError:
        program = str(instance.get("UserData"))
    known = f"{template}:{version} {instance.get('ImageId')} {member['InstanceId']}\n{program}"
    return any(it in known for it in settings.get("sick"))


def booted(group, member):
    """The instance is up; its boot script tells the launching hook how it went."""
    if hook(group, "LAUNCHING") and is_sick(member):
        if not settings.get("instance_ms"):
            # Not at once, or launching and giving up would never end.
            start(later(lambda: abandoned(group, member), settings.get("instance_timeout_ms") / 4000))
            return
        abandoned(group, member)
        return
    in_service(group, member)


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
            _registered[member["InstanceId"]] = time.monotonic()


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
        start(later(lambda: refill(group), settings.get("instance_timeout_ms") / 4000))


def moment():
    return now_iso()[:19] + "Z"


def remove(group, member):
    if member in group["Instances"]:
        group["Instances"].remove(member)


def terminate(group, member, cause):
    """Ends a member that is out of the group already."""
    member["LifecycleState"] = "Terminated"
    for target_group in group.get("TargetGroupARNs", []):
        alb._targets[target_group] = [
            it for it in alb._targets.get(target_group, []) if it["Id"] != member["InstanceId"]
        ]
    instance = ec2._instances.get(member["InstanceId"])
    if instance is not None:
        instance["State"] = {"Code": 48, "Name": "terminated"}
        instance["_terminated_at"] = time.time()
    activity(group, f"Terminating EC2 instance: {member['InstanceId']}", cause, "Successful",
             zone=member["AvailabilityZone"])  # fmt: skip


# Keeping the size.


def refill(group):
    """Brings the group to its desired capacity."""
    if autoscaling._asgs.get(group["AutoScalingGroupName"]) is not group or group.get("_refreshing"):
        return
    suspended = set(group.get("SuspendedProcesses", []))
    while len(group["Instances"]) < group["DesiredCapacity"] and "Launch" not in suspended:
        before, after = len(group["Instances"]), group["DesiredCapacity"]
        cause = (f"At {moment()} an instance was started in response to a difference between desired and actual "
                 f"capacity, increasing the capacity from {before} to {after}.")  # fmt: skip
        if launch(group, cause) is None:
            return
    while len(group["Instances"]) > group["DesiredCapacity"] and "Terminate" not in suspended:
        before, after = len(group["Instances"]), group["DesiredCapacity"]
        member = oldest_in_fullest_zone(group)
        remove(group, member)
        terminate(group, member, f"At {moment()} an instance was taken out of service in response to a difference "
                  f"between desired and actual capacity, shrinking the capacity from {before} to {after}.")  # fmt: skip


def oldest_in_fullest_zone(group):
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html"""
    zones = [it["AvailabilityZone"] for it in group["Instances"]]
    fullest = max(sorted(set(zones)), key=zones.count)
    return next(it for it in group["Instances"] if it["AvailabilityZone"] == fullest)


def instance_lost(instance_id, how):
    """An instance was terminated past its group, or found unhealthy: the group replaces it."""
    for group in list(autoscaling._asgs.values()):
        for member in list(group["Instances"]):
            if member["InstanceId"] == instance_id:
                remove(group, member)
                terminate(group, member, f"At {moment()} an instance was taken out of service in response to {how}.")
                refill(group)


# Health.


def health(instance_id):
    """(state, reason, description) of a target.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """
    told = settings.get("target_health").get(instance_id)
    if told:
        return told["state"], told.get("reason", ""), told.get("description", "")
    if ec2._instances.get(instance_id, {}).get("State", {}).get("Name") != "running":
        return "unused", "Target.InvalidState", "Target is in the stopped state"
    age = time.monotonic() - _registered.get(instance_id, 0)
    for group in autoscaling._asgs.values():
        for member in group["Instances"]:
            if member["InstanceId"] == instance_id and is_sick(member):
                return "unhealthy", "Target.FailedHealthChecks", "Health checks failed"
    if age < settings.get("target_ms") / 1000:
        return "initial", "Elb.RegistrationInProgress", "Target registration is in progress"
    return "healthy", "", ""


def is_ready(group, member):
    if member["LifecycleState"] != "InService":
        return False
    return not group.get("TargetGroupARNs") or health(member["InstanceId"])[0] == "healthy"


def console(instance_id):
    """What an instance wrote to its console."""
    table = settings.get("console")
    if instance_id in table or "*" in table:
        return table.get(instance_id, table.get("*"))
    for group in autoscaling._asgs.values():
        for member in group["Instances"]:
            if member["InstanceId"] == instance_id and is_sick(member):
                return "[    4.211] boot.sh: http://127.0.0.1:8420/ready did not answer within 240 s\n"
    return f"[    0.000000] Linux version 6.12 ({get_region()})\n[    3.107] boot.sh: ready\n"
