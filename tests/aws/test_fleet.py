"""Groups and their members: launching, health, rolling, giving up, replacing."""

import time

import pytest
from stage import REGION
from test_change_sets import refused
from test_stage import of

NEW = "6f" * 32


@pytest.fixture
def group(stage, stacks, production):
    """The group as it is now."""
    client = stage.client("autoscaling")

    def now():
        return client.describe_auto_scaling_groups(AutoScalingGroupNames=[stacks.outputs(production)["GroupName"]])["AutoScalingGroups"][0]

    return now


def activities(stage, group):
    return stage.client("autoscaling").describe_scaling_activities(
        AutoScalingGroupName=group()["AutoScalingGroupName"])["Activities"]  # fmt: skip


def newest_refresh(stage, group):
    return stage.client("autoscaling").describe_instance_refreshes(
        AutoScalingGroupName=group()["AutoScalingGroupName"])["InstanceRefreshes"][0]  # fmt: skip


def until(check, seconds=15):
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
    return found


def test_a_delay_is_seen(stage, stacks, data, app):
    stage.set(instance_ms=400, target_ms=300)
    stacks.deploy(data.name, data.text, "CREATE", data.parameters)
    found = stacks.begin(app.name, app.text, "CREATE", app.parameters, app.tags)
    client = stage.client("autoscaling")
    groups = until(lambda: client.describe_auto_scaling_groups()["AutoScalingGroups"])
    assert {it["LifecycleState"] for it in groups[0]["Instances"]} == {"Pending:Wait"}
    assert stacks.wait(found["StackId"])["StackStatus"] == "CREATE_COMPLETE"
    target = stacks.outputs(app.name)["TargetGroupArn"]

    def states():
        found = stage.client("elbv2").describe_target_health(TargetGroupArn=target)["TargetHealthDescriptions"]
        return {it["TargetHealth"]["State"] for it in found}

    until(lambda: states() == {"healthy"})


def test_a_release_replaces_members_one_by_one(stage, stacks, production, app, group):
    stage.set(instance_ms=60)
    old = {it["InstanceId"] for it in group()["Instances"]}
    new = app.release(NEW, "00000000abcd")
    stacks.begin(production, new.text, "UPDATE", new.parameters, new.tags)
    sizes, left = set(), set()
    while stacks.get(production)["StackStatus"] == "UPDATE_IN_PROGRESS":
        sizes.add(len(group()["Instances"]))
        if refreshes := stage.client("autoscaling").describe_instance_refreshes(
                AutoScalingGroupName=group()["AutoScalingGroupName"])["InstanceRefreshes"]:  # fmt: skip
            left.add(refreshes[0]["InstancesToUpdate"])
    assert stacks.wait(production)["StackStatus"] == "UPDATE_COMPLETE"
    assert sizes <= {3, 4} and 4 in sizes and len(left) > 1
    now = group()["Instances"]
    assert not old & {it["InstanceId"] for it in now} and len(now) == 3
    assert {it["LaunchTemplate"]["LaunchTemplateId"] for it in now} == {stacks.outputs(production)["LaunchTemplateId"]}
    assert sorted(it["AvailabilityZone"] for it in now) == [f"{REGION}{it}" for it in "abc"]
    refresh = newest_refresh(stage, group)
    assert (refresh["Status"], refresh["PercentageComplete"]) == ("Successful", 100)
    told = [it["Description"].split(":")[0] for it in activities(stage, group)]
    assert told.count("Launching a new EC2 instance") == 6 and told.count("Terminating EC2 instance") == 3


def test_a_sick_release_goes_back(stage, stacks, production, app, group):
    stage.set(sick=[NEW], instance_timeout_ms=150)
    new = app.release(NEW, "00000000abcd")
    found = stacks.deploy(production, new.text, "UPDATE", new.parameters, new.tags)
    assert found["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    reason = next(reason for status, reason in of(stacks, production, "Group") if status == "UPDATE_FAILED")
    assert "Instance refresh" in reason and "did not become healthy" in reason
    now = group()["Instances"]
    assert len(now) == 3 and {it["LifecycleState"] for it in now} == {"InService"}
    assert {it["LaunchTemplate"]["LaunchTemplateId"] for it in now} == {stacks.outputs(production)["LaunchTemplateId"]}
    refreshes = stage.client("autoscaling").describe_instance_refreshes(
        AutoScalingGroupName=group()["AutoScalingGroupName"])["InstanceRefreshes"]  # fmt: skip
    assert [it["Status"] for it in refreshes] == ["Successful", "Failed"]


def test_an_alarm_stops_the_roll(stage, stacks, production, app, group):
    stage.set(bake_ms=3000)
    alarm = stacks.resources(production)["ServerErrors"]["PhysicalResourceId"]
    new = app.release(NEW, "00000000abcd")
    stacks.begin(production, new.text, "UPDATE", new.parameters, new.tags)
    name = group()["AutoScalingGroupName"]
    client = stage.client("autoscaling")
    until(lambda: [it for it in client.describe_instance_refreshes(AutoScalingGroupName=name)["InstanceRefreshes"]
                   if it["Status"] == "Baking"])  # fmt: skip
    stage.set(bake_ms=0)
    stage.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="test")
    until(lambda: stacks.get(production)["StackStatus"].startswith("UPDATE_ROLLBACK"))
    stage.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="test")
    found = stacks.wait(production)
    reason = next(reason for status, reason in of(stacks, production, "Group") if status == "UPDATE_FAILED")
    assert f"CloudWatch alarm {alarm} went into the ALARM state" in reason
    assert found["StackStatus"] in ("UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED")


def test_cancelling_a_roll(stage, stacks, production, app, group):
    stage.set(instance_ms=400, instance_timeout_ms=5000)
    new = app.release(NEW, "00000000abcd")
    stacks.begin(production, new.text, "UPDATE", new.parameters, new.tags)
    until(lambda: len(group()["Instances"]) == 4)
    stage.set(instance_ms=0)
    stacks.client.cancel_update_stack(StackName=production)
    assert stacks.wait(production)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert {it["LaunchTemplate"]["LaunchTemplateId"] for it in group()["Instances"]} == {
        stacks.outputs(production)["LaunchTemplateId"]}  # fmt: skip
    assert len(group()["Instances"]) == 3


def test_a_group_that_never_gets_ready_fails_its_stack(stage, stacks, data, app):
    stage.set(sick=["RELEASE="], instance_timeout_ms=200)
    stacks.deploy(data.name, data.text, "CREATE", data.parameters)
    assert stacks.deploy(app.name, app.text, "CREATE", app.parameters)["StackStatus"] == "ROLLBACK_COMPLETE"
    reason = next(reason for status, reason in of(stacks, app.name, "Group") if status == "CREATE_FAILED")
    assert "Group did not stabilize. {current/minSize/maxSize} group size = {0/3/9}." in reason
    assert "Lifecycle Action Completed with ABANDON Result" in reason


def test_no_capacity_in_one_zone(stage, stacks, data, app, request):
    stage.set(empty_zones=[f"{REGION}a"])
    stacks.deploy(data.name, data.text, "CREATE", data.parameters)
    stacks.deploy(app.name, app.text, "CREATE", app.parameters)
    client = stage.client("autoscaling")
    (group,) = client.describe_auto_scaling_groups()["AutoScalingGroups"]
    assert sorted({it["AvailabilityZone"] for it in group["Instances"]}) == [f"{REGION}b", f"{REGION}c"]
    failed = [it for it in client.describe_scaling_activities()["Activities"] if it["StatusCode"] == "Failed"]
    assert f"We currently do not have sufficient t3.small capacity in the Availability Zone you requested ({REGION}a)" in (
        failed[0]["StatusMessage"])  # fmt: skip


def test_sizes_that_scaling_made_survive_an_update(stage, stacks, production, app, group):
    client = stage.client("autoscaling")
    client.set_desired_capacity(AutoScalingGroupName=group()["AutoScalingGroupName"], DesiredCapacity=5)
    assert len(group()["Instances"]) == 5
    new = app.release(NEW, "00000000abcd")
    stacks.deploy(production, new.text, "UPDATE", new.parameters, new.tags)
    assert group()["DesiredCapacity"] == 5 and len(group()["Instances"]) == 5
    error = refused(client.set_desired_capacity, AutoScalingGroupName=group()["AutoScalingGroupName"], DesiredCapacity=10)
    assert "above max value 9" in error["Message"]


def test_a_lost_instance_is_replaced(stage, stacks, production, group):
    lost = group()["Instances"][0]
    stage.client("ec2").terminate_instances(InstanceIds=[lost["InstanceId"]])
    now = group()["Instances"]
    assert len(now) == 3 and lost["InstanceId"] not in {it["InstanceId"] for it in now}
    assert lost["AvailabilityZone"] in {it["AvailabilityZone"] for it in now}
    assert "EC2 health check" in activities(stage, group)[1]["Cause"]
    stage.client("autoscaling").terminate_instance_in_auto_scaling_group(
        InstanceId=now[0]["InstanceId"], ShouldDecrementDesiredCapacity=False)  # fmt: skip
    assert len(group()["Instances"]) == 3


def test_target_health_and_console_are_what_a_test_says(stage, stacks, production, group):
    instance, other = (it["InstanceId"] for it in group()["Instances"][:2])
    told = {"state": "unhealthy", "reason": "Target.Timeout", "description": "Request timed out"}
    stage.set(target_health={instance: told}, console={instance: "panic"})
    target = stacks.outputs(production)["TargetGroupArn"]
    found = {it["Target"]["Id"]: it["TargetHealth"]
             for it in stage.client("elbv2").describe_target_health(TargetGroupArn=target)["TargetHealthDescriptions"]}  # fmt: skip
    assert found[instance] == {"State": "unhealthy", "Reason": "Target.Timeout", "Description": "Request timed out"}
    assert found[other] == {"State": "healthy"}
    assert stage.client("ec2").get_console_output(InstanceId=instance)["Output"] == "panic"


def test_suspended_processes(stage, production, group):
    client, name = stage.client("autoscaling"), group()["AutoScalingGroupName"]
    client.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["Launch"])
    client.terminate_instance_in_auto_scaling_group(
        InstanceId=group()["Instances"][0]["InstanceId"], ShouldDecrementDesiredCapacity=False)  # fmt: skip
    assert len(group()["Instances"]) == 2
    assert [it["ProcessName"] for it in group()["SuspendedProcesses"]] == ["Launch"]
    client.resume_processes(AutoScalingGroupName=name)
    assert len(group()["Instances"]) == 3 and not group()["SuspendedProcesses"]


def test_one_refresh_at_a_time(stage, production, group):
    stage.set(instance_ms=150, instance_timeout_ms=5000)
    client, name = stage.client("autoscaling"), group()["AutoScalingGroupName"]
    client.start_instance_refresh(AutoScalingGroupName=name, Preferences={"MinHealthyPercentage": 100, "MaxHealthyPercentage": 134})
    assert refused(client.start_instance_refresh, AutoScalingGroupName=name)["Code"] == "InstanceRefreshInProgress"
    client.cancel_instance_refresh(AutoScalingGroupName=name)
    until(lambda: newest_refresh(stage, group)["Status"] == "Cancelled")
    assert refused(client.cancel_instance_refresh, AutoScalingGroupName=name)["Code"] == "ActiveInstanceRefreshNotFound"
    assert refused(client.delete_auto_scaling_group, AutoScalingGroupName=name)["Code"] == "ResourceInUse"
    assert refused(client.delete_auto_scaling_group, AutoScalingGroupName=name, ForceDelete=True)["Code"] == "ResourceInUse"
