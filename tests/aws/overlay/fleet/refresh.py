"""Instance refreshes, by the stack's update policy and by the API: members are replaced one by one.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html
New before old where MaxHealthyPercentage allows it. A failed refresh leaves what it replaced; the stack's rollback
sends the group back, which is a second refresh. The words of a failure are ours, AWS documents none.
"""

import time

from ministack.core.responses import new_uuid, now_iso
from ministack.services import cloudwatch

from .. import settings
from ..cloudformation.resources import HandlerFailed
from ..cloudformation.walk import Stopped
from . import members

ACTIVE = ("Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress")


class RefreshFailed(Exception):
    """An instance refresh failed."""


def newest(group):
    found = group.get("InstanceRefreshes") or []
    return found[0] if found else None


def is_active(group):
    return bool(newest(group)) and newest(group)["Status"] in ACTIVE


def begin(group, preferences, desired=None):
    entry = {
        "InstanceRefreshId": new_uuid(), "AutoScalingGroupName": group["AutoScalingGroupName"], "Status": "Pending",
        "StatusReason": "", "StartTime": now_iso(), "EndTime": None, "PercentageComplete": 0,
        "InstancesToUpdate": 0, "Preferences": preferences, "DesiredConfiguration": desired,
    }  # fmt: skip
    group.setdefault("InstanceRefreshes", []).insert(0, entry)
    return entry


async def run(stop, group, entry):
    """Carries a refresh out; raises where it fails."""
    group["_refreshing"] = True
    try:
        await replace_all(stop, group, entry)
        await bake(stop, group, entry)
        entry.update(Status="Successful", PercentageComplete=100, InstancesToUpdate=0, EndTime=now_iso())
    except Stopped:
        entry.update(Status="Cancelled", StatusReason="Cancelled because the stack operation was cancelled",
                     EndTime=now_iso())  # fmt: skip
        raise
    except RefreshFailed as failure:
        entry.update(Status="Failed", StatusReason=str(failure), EndTime=now_iso())
        raise
    finally:
        group["_refreshing"] = False
        members.refill(group)


def matches(group, member):
    template, version = members.template_version(group)
    return version is not None and member["LaunchTemplate"] == {
        "LaunchTemplateId": template["LaunchTemplateId"], "LaunchTemplateName": template["LaunchTemplateName"],
        "Version": str(version["VersionNumber"]),
    } and member["_subnet"] in group["VPCZoneIdentifier"].split(",")  # fmt: skip


async def replace_all(stop, group, entry):
    preferences = entry["Preferences"]
    skip = str(preferences.get("SkipMatching", False)).lower() == "true"
    old = [it for it in group["Instances"] if not (skip and matches(group, it))]
    entry.update(Status="InProgress", InstancesToUpdate=len(old))
    extra = int(preferences.get("MaxHealthyPercentage") or 100) > 100
    for number, member in enumerate(old):
        cause = f"At {members.moment()} an instance was launched in response to an instance refresh."
        if not extra:
            retire(group, member)
        new = members.launch(group, cause, leaving=member)
        await becomes_ready(stop, group, entry, new)
        if extra:
            retire(group, member)
        entry.update(PercentageComplete=100 * (number + 1) // len(old), InstancesToUpdate=len(old) - number - 1)
        check_alarms(entry)


def retire(group, member):
    members.remove(group, member)
    members.terminate(group, member, f"At {members.moment()} an instance was taken out of service in response to an "
                      "instance refresh.")  # fmt: skip


async def becomes_ready(stop, group, entry, member):
    deadline = time.monotonic() + settings.get("instance_timeout_ms") / 1000
    while member is not None and members.is_here(group, member) and not members.is_ready(group, member):
        await stop.pause(0.01)
        check_alarms(entry)
        if time.monotonic() > deadline:
            break
    if member is not None and members.is_here(group, member) and members.is_ready(group, member):
        return
    if member is None:
        raise RefreshFailed(members.activities(group)[0]["StatusMessage"] or "No instance could be launched")
    if members.is_here(group, member):
        members.remove(group, member)
        members.terminate(group, member, f"At {members.moment()} an instance was taken out of service in response to an "
                          "ELB system health check failure.")  # fmt: skip
    raise RefreshFailed(f"Instance {member['InstanceId']} did not become healthy within the time allowed")


async def bake(stop, group, entry):
    entry["Status"] = "Baking"
    deadline = time.monotonic() + settings.get("bake_ms") / 1000
    while time.monotonic() < deadline:
        await stop.pause(0.01)
        check_alarms(entry)
    check_alarms(entry)


def check_alarms(entry):
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-rollback.html"""
    names = (entry["Preferences"].get("AlarmSpecification") or {}).get("Alarms", [])
    for name in names:
        alarm = cloudwatch._alarms.get(name)
        if alarm is not None and alarm.get("StateValue") == "ALARM":
            raise RefreshFailed(f"CloudWatch alarm {name} went into the ALARM state")


async def by_stack(stop, group, preferences):
    """The refresh of a stack update."""
    entry = begin(group, preferences)
    try:
        await run(stop, group, entry)
    except RefreshFailed as failure:
        raise HandlerFailed(f"Instance refresh {entry['InstanceRefreshId']} failed: {failure}", "NotStabilized") from None
