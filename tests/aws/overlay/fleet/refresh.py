"""Instance refreshes, by the stack's update policy and by the API: members are replaced a few at a time.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-maintenance-policy.html (how many at a time)
New before old where MaxHealthyPercentage allows it. A failed refresh leaves what it replaced; the stack's rollback
sends the group back, which is a second refresh. The words of a failure are ours, AWS documents none.
"""

import asyncio
import math
import time

from ministack.core.responses import new_uuid, now_iso
from ministack.services import cloudwatch

from ..cloudformation.resources import HandlerFailed
from ..cloudformation.walk import Stopped
from . import members
from .activities import activities

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
    before, at_once = room(group, preferences)
    done = 0
    while done < len(old):
        some = old[done : done + at_once]
        await asyncio.gather(*(replace_one(stop, group, entry, member, before) for member in some))
        done += len(some)
        entry.update(PercentageComplete=100 * done // len(old), InstancesToUpdate=len(old) - done)
        check_alarms(entry)


def room(group, preferences):
    """(whether the new ones come first, how many are replaced at a time).

    Percentages are of the desired capacity: the greatest is rounded down, the least up.
    """
    desired = group["DesiredCapacity"]
    most = math.floor(desired * int(preferences.get("MaxHealthyPercentage") or 100) / 100)
    if most > desired:
        return True, most - desired
    least = math.ceil(desired * int(preferences.get("MinHealthyPercentage") or 90) / 100)
    # At least one, or nothing would ever be replaced.
    extra = int(preferences.get("MaxHealthyPercentage") or 100) > 100
    return extra, max(1, desired - least)


async def replace_one(stop, group, entry, member, new_first):
    if not new_first:
        retire(group, member)
    while True:
        cause = f"At {members.moment()} an instance was launched in response to an instance refresh."
        new = members.launch(group, cause, leaving=member)
        if await becomes_ready(stop, group, entry, new):
            break
    if new_first:
        await enough_without(stop, group, entry, member)
        retire(group, member)


async def enough_without(stop, group, entry, member):
    """Waits until a healthy member can go: "the capacity that must remain in service, healthy and ready to use".

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html
    """
    share = int(entry["Preferences"].get("MinHealthyPercentage") or 90)
    least = math.ceil(group["DesiredCapacity"] * share / 100)
    while members.is_here(group, member) and members.is_ready(group, member):
        others = sum(members.is_ready(group, it) for it in members.healthy(group) if it is not member)
        if others >= least:
            return
        await stop.pause(0.05)
        check_alarms(entry)


def retire(group, member):
    if member not in group["Instances"]:
        return
    members.remove(group, member)
    members.terminate(group, member, f"At {members.moment()} an instance was taken out of service in response to an "
                      "instance refresh.")  # fmt: skip


async def becomes_ready(stop, group, entry, member):
    """Whether a new member came up and stayed for its warm-up; raises where nothing will come of it."""
    if member is None:
        raise RefreshFailed(activities(group)[0]["StatusMessage"] or "No instance could be launched")
    deadline = time.monotonic() + members.life.patience()
    warm = None
    while members.is_here(group, member):
        now = time.monotonic()
        ready = members.is_ready(group, member)
        warm = (warm or now + members.life.warmup(entry["Preferences"])) if ready else None
        if warm is not None and now >= warm:
            return True
        if now > deadline:
            members.remove(group, member)
            members.terminate(group, member, f"At {members.moment()} an instance was taken out of service in response "
                              "to an ELB system health check failure.")  # fmt: skip
            break
        await stop.pause(0.01)
        check_alarms(entry)
    if not members.life.launches_again:
        raise RefreshFailed(f"Instance {member['InstanceId']} did not become healthy within the time allowed")
    await stop.pause(members.life.pause_after_failure())
    check_alarms(entry)
    return False


async def bake(stop, group, entry):
    entry["Status"] = "Baking"
    deadline = time.monotonic() + members.life.bake(entry["Preferences"])
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
