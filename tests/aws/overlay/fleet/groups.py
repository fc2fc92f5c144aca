"""The group as CloudFormation makes it, with every property the template sets.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-autoscaling-autoscalinggroup.html
"""

import asyncio
import time

from ministack.services import autoscaling, ec2

from ..cloudformation.resources import HANDLERS, SETTLE, SLOW_DELETES, SLOW_UPDATES, HandlerFailed
from ..hooks import replace, replace_in
from ..resources.wrapping import is_true
from . import members, refresh

KIND = "AWS::AutoScaling::AutoScalingGroup"
# A change of one of these starts the update policy.
ROLLING = ("LaunchTemplate", "MixedInstancesPolicy", "VPCZoneIdentifier", "AvailabilityZones", "PlacementGroup")
SIZES = {"MinSize": "MinSize", "MaxSize": "MaxSize", "DesiredCapacity": "DesiredCapacity"}


def keep(name, properties):
    """What ministack drops."""
    group = autoscaling._asgs[name]
    zones = [ec2._subnets[it]["AvailabilityZone"] for it in group["VPCZoneIdentifier"].split(",") if it in ec2._subnets]
    group.update(
        TargetGroupARNs=list(properties.get("TargetGroupARNs", [])),
        AvailabilityZones=sorted(set(zones)) or group["AvailabilityZones"],
        DefaultInstanceWarmup=properties.get("DefaultInstanceWarmup"),
        InstanceMaintenancePolicy=properties.get("InstanceMaintenancePolicy"),
        AvailabilityZoneDistribution=properties.get("AvailabilityZoneDistribution"),
        AvailabilityZoneImpairmentPolicy=properties.get("AvailabilityZoneImpairmentPolicy"),
        MaxInstanceLifetime=properties.get("MaxInstanceLifetime"),
        DeletionProtection=properties.get("DeletionProtection", "none"),
        CapacityRebalance=is_true(properties.get("CapacityRebalance", False)),
        EnabledMetrics=[
            {"Metric": metric, "Granularity": collection.get("Granularity", "1Minute")}
            for collection in properties.get("MetricsCollection", []) for metric in collection.get("Metrics", [])
        ],
    )  # fmt: skip
    group.setdefault("SuspendedProcesses", [])
    autoscaling._delete_group_hooks(name)
    for it in properties.get("LifecycleHookSpecificationList", []):
        autoscaling._hooks[f"{name}/{it['LifecycleHookName']}"] = autoscaling._hook_record(name, it["LifecycleHookName"], it)
    return group


def create(logical_id, properties, stack_name):
    if int(properties["MinSize"]) > int(properties["MaxSize"]):
        raise HandlerFailed("Max bound must be greater than or equal to min bound", "InvalidRequest")
    name, attributes = plain["create"](logical_id, properties, stack_name)
    group = keep(name, properties)
    members.refill(group)
    return name, attributes


async def settles(stop, name, properties):
    """The resource is ready once the fewest members are in service."""
    group = autoscaling._asgs[name]
    deadline = time.monotonic() + members.life.patience()
    while sum(it["LifecycleState"] == "InService" for it in group["Instances"]) < group["DesiredCapacity"]:
        if time.monotonic() > deadline:
            current = sum(it["LifecycleState"] == "InService" for it in group["Instances"])
            sizes = f"{current}/{group['MinSize']}/{group['MaxSize']}"
            failed = [it for it in members.activities(group) if it["StatusCode"] in ("Failed", "Cancelled")]
            more = f" Failed Scaling Activity: {failed[0]['StatusMessage']}" if failed else ""
            raise HandlerFailed(f"Group did not stabilize. {{current/minSize/maxSize}} group size = {{{sizes}}}.{more}",
                                "NotStabilized")  # fmt: skip
        await stop.pause(0.01)


async def update(stop, name, before, after, policy):
    group = autoscaling._asgs.get(name)
    if group is None:
        raise HandlerFailed(f"AutoScalingGroup name not found - AutoScalingGroup {name} not found", "NotFound")
    sizes = {key: group[key] for key in SIZES.values()}
    plain["update"](name, before, after, "", name)
    scheduled = (policy or {}).get("AutoScalingScheduledAction") or {}
    if is_true(scheduled.get("IgnoreUnmodifiedGroupSizeProperties", False)):
        # Sizes that the template does not change stay what scaling made of them.
        for key in SIZES:
            if before.get(key) == after.get(key):
                group[key] = sizes[key]
        group["DesiredCapacity"] = min(max(group["DesiredCapacity"], group["MinSize"]), group["MaxSize"])
    keep(name, after)
    members.refill(group)
    changed = [key for key in ROLLING if before.get(key) != after.get(key)]
    rolling = (policy or {}).get("AutoScalingInstanceRefresh")
    if changed and rolling:
        await refresh.by_stack(stop, group, rolling.get("Preferences") or {})
    elif changed and (policy or {}).get("AutoScalingRollingUpdate") is not None:
        await refresh.by_stack(stop, group, {"SkipMatching": True})
    await settles(stop, name, after)
    return {}


async def empties(stop, name):
    """CloudFormation empties the group before it deletes it, and waits until its instances are terminated."""
    group = autoscaling._asgs.get(name)
    if group is None:
        return
    dismiss(group)
    while group.get("_leaving"):
        await asyncio.sleep(0.05)


def delete(name, properties):
    group = autoscaling._asgs.get(name)
    if group is not None:
        dismiss(group)
        plain["delete"](name, properties)


def dismiss(group):
    """Sends every member away; none comes back."""
    group["_refreshing"] = True
    for member in list(group["Instances"]):
        members.remove(group, member)
        members.terminate(group, member, f"At {members.moment()} an instance was taken out of service in response to the "
                          "deletion of the group.")  # fmt: skip


plain = dict(HANDLERS[KIND])
replace_in(HANDLERS[KIND], "create", create)
replace_in(HANDLERS[KIND], "delete", delete)
SLOW_UPDATES[KIND] = update
SETTLE[KIND] = settles
SLOW_DELETES[KIND] = empties
replace(autoscaling, "_reconcile_instances", members.refill)
