"""Stacks from nothing to nothing: production.yaml made, changed, deleted, with the events a poller sees."""

import time

from stage import ACCOUNT, REGION
from test_change_sets import refused

SLOW = {"pace_ms": 120}


def statuses(stacks, stack):
    """The statuses of the stack itself, oldest first."""
    return [it["ResourceStatus"] for it in stacks.events(stack) if it["PhysicalResourceId"] == it["StackId"]]


def of(stacks, stack, logical_id):
    return [(it["ResourceStatus"], it.get("ResourceStatusReason", "")) for it in stacks.events(stack)
            if it["LogicalResourceId"] == logical_id]  # fmt: skip


def test_create_update_delete(stage, stacks, data, app):
    for it in (data, app):
        assert stacks.deploy(it.name, it.text, "CREATE", it.parameters, it.tags)["StackStatus"] == "CREATE_COMPLETE"
    assert "Endpoint" in stacks.outputs(app.name)
    new = app.release("6f" * 32, "00000000abcd")
    assert stacks.deploy(app.name, new.text, "UPDATE", new.parameters, new.tags)["StackStatus"] == "UPDATE_COMPLETE"
    assert statuses(stacks, app.name)[-3:] == [
        "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"]  # fmt: skip
    assert "LaunchTemplate00000000abcd" in stacks.resources(app.name)
    assert stacks.deploy(app.name, new.text, "UPDATE", {**new.parameters, "MinServers": "2"}, new.tags)["StackStatus"] == "UPDATE_COMPLETE"
    assert stacks.delete(app.name)["StackStatus"] == "DELETE_COMPLETE"
    assert not stage.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    running = [{"Name": "instance-state-name", "Values": ["running"]}]
    assert not stage.client("ec2").describe_instances(Filters=running)["Reservations"]
    # What people's data lies in is retained.
    assert stacks.delete(data.name)["StackStatus"] == "DELETE_COMPLETE"
    assert len(stage.client("s3").list_buckets()["Buckets"]) == 3
    refusal = refused(stacks.client.describe_stacks, StackName=app.name)
    assert refusal["Message"] == f"Stack with id {app.name} does not exist"


def test_what_does_not_change_has_no_events(stacks, production, app):
    before = len(stacks.events(production))
    stacks.deploy(production, app.text, "UPDATE", {**app.parameters, "MinServers": "2"}, app.tags)
    touched = {it["LogicalResourceId"] for it in stacks.events(production)[before:]}
    assert touched == {production, "Group", "TooFewServers"}


def test_every_resource_is_in_progress_twice(stacks, data):
    stacks.deploy(data.name, data.text, "CREATE", data.parameters, data.tags)
    assert of(stacks, data.name, "ContentPolicy") == [
        ("CREATE_IN_PROGRESS", ""), ("CREATE_IN_PROGRESS", "Resource creation Initiated"), ("CREATE_COMPLETE", "")]  # fmt: skip
    details = [it.get("DetailedStatus") for it in stacks.events(data.name) if it["LogicalResourceId"] == "Content"]
    assert details == [None, None, "CONFIGURATION_COMPLETE", None]


def test_dependents_come_after_what_they_need(stacks, production):
    told = stacks.told(production)
    assert told.index("Network CREATE_COMPLETE") < told.index("PublicSubnet1 CREATE_IN_PROGRESS")
    assert told.index("HttpListener CREATE_COMPLETE") < told.index("Group CREATE_IN_PROGRESS")


def test_pace(stage, stacks, data):
    stage.set(**SLOW)
    begun = time.monotonic()
    stacks.begin(data.name, data.text, "CREATE", data.parameters, data.tags)
    seen = set()
    while stacks.get(data.name)["StackStatus"] == "CREATE_IN_PROGRESS":
        seen.add(frozenset(name for name, it in stacks.resources(data.name).items() if it["ResourceStatus"] == "CREATE_COMPLETE"))
    assert time.monotonic() - begun > 0.3 and len(seen) > 2
    assert stacks.get(data.name)["StackStatus"] == "CREATE_COMPLETE"


def test_a_slow_type(stage, stacks, data):
    stage.set(pace_ms=0, paces={"AWS::DynamoDB::Table": 400})
    begun = time.monotonic()
    stacks.deploy(data.name, data.text, "CREATE", data.parameters, data.tags)
    assert time.monotonic() - begun > 0.4


def test_events_carry_the_token_and_the_operation(stacks, data):
    stacks.begin(data.name, data.text, "CREATE", data.parameters, data.tags, execute={"ClientRequestToken": "mine"})
    found = stacks.wait(data.name)
    events = [it for it in stacks.events(data.name) if it["ResourceStatus"] != "REVIEW_IN_PROGRESS"]
    assert {it["ClientRequestToken"] for it in events} == {"mine"}
    (operation,) = {it["OperationId"] for it in events}
    assert found["LastOperations"] == [{"OperationType": "CREATE_STACK", "OperationId": operation}]
    found = stacks.client.describe_events(OperationId=operation)["OperationEvents"]
    assert len(found) == len(events) and {it["OperationType"] for it in found} == {"CREATE_STACK"}
    assert not stacks.client.describe_events(OperationId=operation, Filters={"FailedEvents": True})["OperationEvents"]


def test_the_same_token_executes_once(stacks, data):
    found = stacks.begin(data.name, data.text, "CREATE", data.parameters, data.tags, execute={"ClientRequestToken": "t"})
    stacks.client.execute_change_set(ChangeSetName=found["ChangeSetId"], ClientRequestToken="t")
    error = refused(stacks.client.execute_change_set, ChangeSetName=found["ChangeSetId"], ClientRequestToken="u")
    assert error["Code"] == "InvalidChangeSetStatus"
    assert stacks.wait(data.name)["StackStatus"] == "CREATE_COMPLETE"


def test_a_stack_at_work_refuses_everything_else(stage, stacks, production, app):
    stage.set(pace_ms=300)
    parameters = {**app.parameters, "MinServers": "2"}
    stacks.begin(production, app.text, "UPDATE", parameters, app.tags)
    stack_id = stacks.get(production)["StackId"]
    error = refused(stacks.change_set, production, app.text, "UPDATE", app.parameters)
    assert error["Message"] == f"Stack:{stack_id} is in UPDATE_IN_PROGRESS state and can not be updated."
    error = refused(stacks.client.delete_stack, StackName=production)
    assert error["Message"] == f"Stack [{stack_id}] cannot be deleted while in status UPDATE_IN_PROGRESS"
    error = refused(stacks.client.update_stack, StackName=production, UsePreviousTemplate=True)
    assert "is in UPDATE_IN_PROGRESS state and can not be updated" in error["Message"]
    assert stacks.wait(production)["StackStatus"] == "UPDATE_COMPLETE"


def test_a_change_set_overtaken_by_another_is_gone(stacks, data):
    stacks.deploy(data.name, data.text, "CREATE", data.parameters, data.tags)
    parameters = {"TableProtection": "false"}
    first = stacks.change_set(data.name, data.text, "UPDATE", parameters, data.tags)
    second = stacks.change_set(data.name, data.text, "UPDATE", parameters, data.tags)
    listed = stacks.client.list_change_sets(StackName=stacks.get(data.name)["StackId"])["Summaries"]
    assert {first["ChangeSetId"], second["ChangeSetId"]} <= {it["ChangeSetId"] for it in listed}
    stacks.client.execute_change_set(ChangeSetName=second["ChangeSetId"])
    stacks.wait(data.name)
    assert refused(stacks.client.describe_change_set, ChangeSetName=first["ChangeSetId"])["Code"] == "ChangeSetNotFound"


def test_a_replacement_is_cleaned_up_after_the_update(stage, stacks, production, app):
    document = app.document
    document["Resources"]["TargetGroup"]["Properties"]["Port"] = 8421
    old = stacks.resources(production)["TargetGroup"]["PhysicalResourceId"]
    assert stacks.deploy(production, document, "UPDATE", app.parameters, app.tags)["StackStatus"] == "UPDATE_COMPLETE"
    reasons = [reason for _, reason in of(stacks, production, "TargetGroup")]
    assert "Requested update requires the creation of a new physical resource; hence creating one." in reasons
    told = stacks.told(production)
    assert told.index(f"{production} UPDATE_COMPLETE_CLEANUP_IN_PROGRESS") < told.index("TargetGroup DELETE_COMPLETE")
    (group,) = stage.client("elbv2").describe_target_groups()["TargetGroups"]
    assert group["TargetGroupArn"] != old and group["Port"] == 8421


def test_termination_protection(stacks, data):
    stacks.deploy(data.name, data.text, "CREATE", data.parameters, data.tags)
    stacks.client.update_termination_protection(StackName=data.name, EnableTerminationProtection=True)
    assert "TerminationProtection is enabled" in refused(stacks.client.delete_stack, StackName=data.name)["Message"]
    stacks.client.update_termination_protection(StackName=data.name, EnableTerminationProtection=False)
    assert stacks.delete(data.name)["StackStatus"] == "DELETE_COMPLETE"


def test_deleting_a_stack_in_the_making(stage, stacks, data):
    stage.set(**SLOW)
    found = stacks.begin(data.name, data.text, "CREATE", data.parameters, data.tags)
    stacks.client.delete_stack(StackName=data.name)
    assert stacks.wait(found["StackId"], "DELETE_COMPLETE")
    assert "CREATE_COMPLETE" not in statuses(stacks, found["StackId"])


def drifted(client, stack):
    detection = client.detect_stack_drift(StackName=stack)["StackDriftDetectionId"]
    found = client.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
    assert found["DetectionStatus"] == "DETECTION_COMPLETE"
    drifts = client.describe_stack_resource_drifts(
        StackName=stack, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"])["StackResourceDrifts"]  # fmt: skip
    assert found["DriftedStackResourceCount"] == len(drifts)
    return {it["LogicalResourceId"]: (it["StackResourceDriftStatus"], [
        (diff["PropertyPath"], diff["ExpectedValue"], diff["ActualValue"]) for diff in it.get("PropertyDifferences", [])
    ]) for it in drifts}  # fmt: skip


def test_drift_of_data(stage, stacks, data):
    stacks.deploy(data.name, data.text, "CREATE", data.parameters, data.tags)
    assert drifted(stacks.client, data.name) == {}
    content, table = f"production-content-{ACCOUNT}-{REGION}", f"production-metadata-{ACCOUNT}-{REGION}"
    stage.client("s3").put_bucket_versioning(Bucket=content, VersioningConfiguration={"Status": "Suspended"})
    stage.client("dynamodb").update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False})  # fmt: skip
    assert drifted(stacks.client, data.name) == {
        "Content": ("MODIFIED", [("/VersioningConfiguration/Status", "Enabled", "Suspended")]),
        "Metadata": ("MODIFIED", [("/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled", "true", "false")]),
    }


def test_drift_of_servers(stage, stacks, production):
    assert drifted(stacks.client, production) == {}
    resources = stacks.resources(production)
    ec2, group = stage.client("ec2"), stacks.outputs(production)["GroupName"]
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=resources["BalancerFirewall"]["PhysicalResourceId"], IpPermissions=[rule])
    stage.client("autoscaling").set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=4)
    stage.client("cloudwatch").delete_alarms(AlarmNames=[resources["SlowAnswers"]["PhysicalResourceId"]])
    found = drifted(stacks.client, production)
    assert found["Group"] == ("MODIFIED", [("/DesiredCapacity", "3", "4")]) and found["SlowAnswers"][0] == "DELETED"
    ((path, _, actual),) = found["BalancerFirewall"][1]
    assert path.startswith("/SecurityGroupIngress/") and '"FromPort": 22' in actual
    assert set(found) == {"Group", "SlowAnswers", "BalancerFirewall"}


def test_create_and_update_without_change_sets(stacks, data):
    parameters = [{"ParameterKey": "TableProtection", "ParameterValue": "false"}]
    stacks.client.create_stack(StackName="plain", TemplateBody=data.text, Parameters=parameters)
    assert stacks.wait("plain")["StackStatus"] == "CREATE_COMPLETE"
    error = refused(stacks.client.update_stack, StackName="plain", TemplateBody=data.text, Parameters=parameters)
    assert error["Message"] == "No updates are to be performed."
    parameters[0]["ParameterValue"] = "true"
    stacks.client.update_stack(StackName="plain", TemplateBody=data.text, Parameters=parameters)
    assert stacks.wait("plain")["StackStatus"] == "UPDATE_COMPLETE"
    assert stacks.get("plain")["LastOperations"][0]["OperationType"] == "UPDATE_STACK"


def test_a_reset_forgets_everything(stage, stacks, production):
    stage.set(pace_ms=7)
    stage.fail(call="*", how="500")
    stage.reset()
    assert not stacks.client.describe_stacks()["Stacks"] and not stage.client("s3").list_buckets()["Buckets"]
    assert stage.ask("GET", "settings")["pace_ms"] == 20 and stage.ask("GET", "fail") == []
