"""The calls about groups, targets and instances that ministack answers with a constant, or not at all."""

import base64

from ministack.core.responses import now_iso
from ministack.services import alb, autoscaling, ec2
from ministack.services.autoscaling import _error, _member_xml, _p, _parse_member_list, _parse_nested, _xml

from ..cloudformation.walk import Stop, Stopped
from ..hooks import replace_in
from . import members, refresh

PLAIN = (
    "AutoScalingGroupName", "AutoScalingGroupARN", "MinSize", "MaxSize", "DesiredCapacity", "DefaultCooldown",
    "HealthCheckType", "HealthCheckGracePeriod", "CreatedTime", "VPCZoneIdentifier", "TerminationPolicies",
    "NewInstancesProtectedFromScaleIn", "AvailabilityZones", "TargetGroupARNs", "DefaultInstanceWarmup",
    "InstanceMaintenancePolicy", "AvailabilityZoneDistribution", "AvailabilityZoneImpairmentPolicy",
    "MaxInstanceLifetime", "DeletionProtection", "CapacityRebalance", "EnabledMetrics", "Tags", "LaunchTemplate",
)  # fmt: skip


def describe_groups(params):
    names = _parse_member_list(params, "AutoScalingGroupNames")
    found = ""
    for name, group in autoscaling._asgs.items():
        if names and name not in names:
            continue
        shown = {key: group[key] for key in PLAIN if group.get(key) not in (None, "", {}, [])}
        shown["Instances"] = [visible(it) for it in [*group["Instances"], *group.get("_leaving", [])]]
        shown["SuspendedProcesses"] = [
            {"ProcessName": it, "SuspensionReason": f"User suspended at {group['CreatedTime']}"}
            for it in group.get("SuspendedProcesses", [])
        ]
        found += f"<member>{_member_xml(shown)}</member>"
    return _xml(200, "DescribeAutoScalingGroupsResponse",
                f"<DescribeAutoScalingGroupsResult><AutoScalingGroups>{found}</AutoScalingGroups>"
                "</DescribeAutoScalingGroupsResult>")  # fmt: skip


def visible(member):
    return {key: it for key, it in member.items() if not key.startswith("_") and it != ""}


def describe_activities(params):
    name = _p(params, "AutoScalingGroupName")
    groups = [group for key, group in autoscaling._asgs.items() if not name or key == name]
    if name and not groups:
        return _error("ValidationError", f"Group name not found - AutoScalingGroup {name} not found")
    found = [it for group in groups for it in members.activities(group)]
    start, size = int(_p(params, "NextToken") or 0), int(_p(params, "MaxRecords") or 100)
    page = found[start : start + size]
    token = f"<NextToken>{start + size}</NextToken>" if len(found) > start + size else ""
    xml = "".join(f"<member>{_member_xml({k: it for k, it in one.items() if it not in (None, '')})}</member>" for one in page)
    return _xml(200, "DescribeScalingActivitiesResponse",
                f"<DescribeScalingActivitiesResult><Activities>{xml}</Activities>{token}"
                "</DescribeScalingActivitiesResult>")  # fmt: skip


def set_desired_capacity(params):
    group = autoscaling._asgs.get(_p(params, "AutoScalingGroupName"))
    wanted = _p(params, "DesiredCapacity")
    if group is not None and wanted and not group["MinSize"] <= int(wanted) <= group["MaxSize"]:
        # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetDesiredCapacity.html
        word = "above max value" if int(wanted) > group["MaxSize"] else "below min value"
        return _error("ValidationError", f"New SetDesiredCapacity value {wanted} is {word} "
                      f"{group['MaxSize' if 'above' in word else 'MinSize']} for the AutoScalingGroup.")  # fmt: skip
    return plain_set_desired_capacity(params)


def delete_group(params):
    group = autoscaling._asgs.get(_p(params, "AutoScalingGroupName"))
    force = _p(params, "ForceDelete").lower() == "true"
    if group is not None and group["Instances"]:
        if not force:
            return _error("ResourceInUse", "You cannot delete an AutoScalingGroup while there are instances or pending "
                          "Spot instance request(s) still in the group.")  # fmt: skip
        if group.get("DeletionProtection", "none") != "none":
            return _error("ResourceInUse", "The AutoScalingGroup is protected against a forced deletion.")
    if group is not None:
        from .groups import delete
        delete(_p(params, "AutoScalingGroupName"), {})
    return _xml(200, "DeleteAutoScalingGroupResponse", "<DeleteAutoScalingGroupResult/>")


def terminate_in_group(params):
    instance = _p(params, "InstanceId")
    for group in autoscaling._asgs.values():
        for member in list(group["Instances"]):
            if member["InstanceId"] == instance:
                members.remove(group, member)
                members.terminate(group, member, f"At {members.moment()} instance {instance} was taken out of service in "
                                  "response to a user request.")  # fmt: skip
                if _p(params, "ShouldDecrementDesiredCapacity").lower() == "true":
                    group["DesiredCapacity"] -= 1
                members.refill(group)
                told = _member_xml({k: it for k, it in members.activities(group)[0].items() if it not in (None, "")})
                return _xml(200, "TerminateInstanceInAutoScalingGroupResponse",
                            "<TerminateInstanceInAutoScalingGroupResult>"
                            f"<Activity>{told}</Activity></TerminateInstanceInAutoScalingGroupResult>")  # fmt: skip
    return _error("ValidationError", f"Instance Id not found - No managed instance found for instance ID: {instance}")


def set_instance_health(params):
    instance, status = _p(params, "InstanceId"), _p(params, "HealthStatus")
    if status == "Unhealthy":
        members.instance_lost(instance, "a user health-check")
    return _xml(200, "SetInstanceHealthResponse", "")


def processes(suspend):
    every = ["Launch", "Terminate", "AddToLoadBalancer", "AlarmNotification", "AZRebalance", "HealthCheck",
             "InstanceRefresh", "ReplaceUnhealthy", "ScheduledActions"]  # fmt: skip

    def call(params):
        group = autoscaling._asgs.get(_p(params, "AutoScalingGroupName"))
        if group is None:
            return _error("ValidationError", "AutoScalingGroup name not found")
        named = _parse_member_list(params, "ScalingProcesses") or every
        now = set(group.get("SuspendedProcesses", []))
        group["SuspendedProcesses"] = sorted(now | set(named) if suspend else now - set(named))
        members.refill(group)
        return _xml(200, f"{'Suspend' if suspend else 'Resume'}ProcessesResponse", "")

    return call


def complete_lifecycle_action(params):
    instance, result = _p(params, "InstanceId"), _p(params, "LifecycleActionResult")
    for group in autoscaling._asgs.values():
        for member in list(group["Instances"]):
            if member["InstanceId"] == instance and member["LifecycleState"].startswith("Pending"):
                members.abandoned(group, member) if result == "ABANDON" else members.in_service(group, member)
    return _xml(200, "CompleteLifecycleActionResponse", "<CompleteLifecycleActionResult/>")


def start_refresh(params):
    group = autoscaling._asgs.get(_p(params, "AutoScalingGroupName"))
    if group is None:
        return _error("ValidationError", "AutoScalingGroup name not found")
    if refresh.is_active(group):
        return _error("InstanceRefreshInProgress", "An Instance Refresh is already in progress and blocks the execution "
                      "of this Instance Refresh.")  # fmt: skip
    entry = refresh.begin(group, _parse_nested(params, "Preferences"))
    entry["_stop"] = Stop()
    members.start(by_call(group, entry))
    return _xml(200, "StartInstanceRefreshResponse", "<StartInstanceRefreshResult>"
                f"<InstanceRefreshId>{entry['InstanceRefreshId']}</InstanceRefreshId></StartInstanceRefreshResult>")  # fmt: skip


async def by_call(group, entry):
    try:
        await refresh.run(entry["_stop"], group, entry)
    except (Stopped, refresh.RefreshFailed):
        pass


def describe_refreshes(params):
    group = autoscaling._asgs.get(_p(params, "AutoScalingGroupName"))
    if group is None:
        return _error("ValidationError", "AutoScalingGroup name not found")
    wanted = _parse_member_list(params, "InstanceRefreshIds")
    xml = "".join(
        f"<member>{_member_xml({k: it for k, it in visible(one).items() if it not in (None, '', {}, [])})}</member>"
        for one in group.get("InstanceRefreshes", []) if not wanted or one["InstanceRefreshId"] in wanted
    )
    return _xml(200, "DescribeInstanceRefreshesResponse", "<DescribeInstanceRefreshesResult>"
                f"<InstanceRefreshes>{xml}</InstanceRefreshes></DescribeInstanceRefreshesResult>")  # fmt: skip


def cancel_refresh(params):
    group = autoscaling._asgs.get(_p(params, "AutoScalingGroupName"))
    if group is None or not refresh.is_active(group):
        return _error("ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh found for Auto Scaling "
                      f"group {_p(params, 'AutoScalingGroupName')}")  # fmt: skip
    entry = refresh.newest(group)
    if "_stop" not in entry:
        return _error("ValidationError", "The instance refresh was started by CloudFormation")
    entry["_stop"].set()
    return _xml(200, "CancelInstanceRefreshResponse", "<CancelInstanceRefreshResult>"
                f"<InstanceRefreshId>{entry['InstanceRefreshId']}</InstanceRefreshId></CancelInstanceRefreshResult>")  # fmt: skip


def describe_target_health(params):
    arn = alb._p(params, "TargetGroupArn")
    if arn not in alb._tgs:
        return alb._error("TargetGroupNotFound", "One or more target groups not found")
    wanted = {it["Id"] for it in alb._parse_targets_param(params)}
    xml = ""
    for target in members.life.targets(arn):
        if wanted and target["Id"] not in wanted:
            continue
        state, reason, description = members.life.health(arn, target["Id"])
        more = f"<Reason>{reason}</Reason><Description>{description}</Description>" if reason else ""
        port = target.get("Port", alb._tgs[arn].get("Port", 80))
        xml += (f"<member><Target><Id>{target['Id']}</Id><Port>{port}</Port></Target>"
                f"<HealthCheckPort>{port}</HealthCheckPort>"
                f"<TargetHealth><State>{state}</State>{more}</TargetHealth></member>")  # fmt: skip
    return alb._xml(200, "DescribeTargetHealth", f"<TargetHealthDescriptions>{xml}</TargetHealthDescriptions>")


def terminate_instances(params):
    answer = plain_terminate_instances(params)
    if answer[0] == 200:
        for instance in ec2._parse_member_list(params, "InstanceId"):
            members.instance_lost(instance, "an EC2 health check indicating it has been terminated or stopped")
    return answer


def console_output(params):
    instance = ec2._p(params, "InstanceId")
    if instance not in ec2._instances:
        return ec2._error("InvalidInstanceID.NotFound", f"The instance ID '{instance}' does not exist", 400)
    text = members.life.console(instance) or ""
    output = base64.b64encode(text[-65536:].encode()).decode()
    return ec2._xml(200, "GetConsoleOutputResponse",
                    f"<instanceId>{instance}</instanceId><timestamp>{now_iso()}</timestamp><output>{output}</output>")  # fmt: skip


TABLE = autoscaling._ACTION_MAP
replace_in(TABLE, "DescribeAutoScalingGroups", describe_groups)
replace_in(TABLE, "DescribeScalingActivities", describe_activities)
plain_set_desired_capacity = replace_in(TABLE, "SetDesiredCapacity", set_desired_capacity)
replace_in(TABLE, "DeleteAutoScalingGroup", delete_group)
replace_in(TABLE, "CompleteLifecycleAction", complete_lifecycle_action)
replace_in(TABLE, "StartInstanceRefresh", start_refresh)
replace_in(TABLE, "DescribeInstanceRefreshes", describe_refreshes)
replace_in(TABLE, "CancelInstanceRefresh", cancel_refresh)
TABLE.update(
    TerminateInstanceInAutoScalingGroup=terminate_in_group, SetInstanceHealth=set_instance_health,
    SuspendProcesses=processes(True), ResumeProcesses=processes(False),
)  # fmt: skip
replace_in(alb._ACTION_MAP, "DescribeTargetHealth", describe_target_health)
plain_terminate_instances = replace_in(ec2._ACTION_MAP, "TerminateInstances", terminate_instances)
ec2._ACTION_MAP["GetConsoleOutput"] = console_output
