"""Failures, rollbacks, and the four states a stack can be stuck in."""

import json

import pytest
from stage import ACCOUNT, REGION
from test_change_sets import refused
from test_stage import of, statuses

UNPROTECTED = {"TableProtection": "false"}
CONTENT = f"production-content-{ACCOUNT}-{REGION}"


@pytest.fixture
def deployed(stacks, data):
    """The data stack without retention, so that deletion can fail."""
    document = data.document
    for it in document["Resources"].values():
        it.pop("DeletionPolicy", None)
        it.pop("UpdateReplacePolicy", None)
    stacks.deploy(data.name, document, "CREATE", {"TableProtection": "false"}, data.tags)
    return document


def test_a_failed_creation_rolls_back(stage, stacks, data):
    stage.fail(resource="Metadata", action="create", message="Subscriber limit exceeded")
    found = stacks.deploy(data.name, data.text, "CREATE", data.parameters, data.tags)
    assert found["StackStatus"] == "ROLLBACK_COMPLETE"
    assert ("CREATE_FAILED", "Subscriber limit exceeded") in of(stacks, data.name, "Metadata")
    reason = next(it["ResourceStatusReason"] for it in stacks.events(data.name) if it["ResourceStatus"] == "ROLLBACK_IN_PROGRESS")
    assert reason == "The following resource(s) failed to create: [Metadata]. Rollback requested by user."
    # RetainExceptOnCreate: what this very operation made goes.
    assert not stage.client("s3").list_buckets()["Buckets"]
    failed = stacks.client.describe_events(StackName=data.name, Filters={"FailedEvents": True})["OperationEvents"]
    assert {it["LogicalResourceId"] for it in failed if it["EventType"] == "PROVISIONING_ERROR"} >= {"Metadata"}


def test_those_under_way_are_cancelled(stage, stacks, data):
    stage.set(pace_ms=90, paces={"AWS::DynamoDB::Table": 15})
    stage.fail(resource="Metadata", message="no")
    stacks.deploy(data.name, data.text, "CREATE", data.parameters, data.tags)
    assert ("CREATE_FAILED", "Resource creation cancelled") in of(stacks, data.name, "Key")


def test_a_dead_stack_can_only_be_deleted(stage, stacks, data):
    stage.fail(resource="Metadata")
    stacks.deploy(data.name, data.text, "CREATE", data.parameters, data.tags)
    error = refused(stacks.change_set, data.name, data.text, "UPDATE", data.parameters)
    assert "is in ROLLBACK_COMPLETE state and can not be updated" in error["Message"]
    assert "already exists and cannot be created again" in refused(
        stacks.change_set, data.name, data.text, "CREATE", data.parameters)["Message"]  # fmt: skip
    assert stacks.delete(data.name)["StackStatus"] == "DELETE_COMPLETE"
    assert stacks.deploy(data.name, data.text, "CREATE", data.parameters)["StackStatus"] == "CREATE_COMPLETE"


def test_delete_on_failure(stage, stacks, data):
    stage.fail(resource="Metadata")
    found = stacks.begin(data.name, data.text, "CREATE", data.parameters, data.tags, OnStackFailure="DELETE")
    assert stacks.wait(found["StackId"], "DELETE_COMPLETE")


def test_keep_on_failure(stage, stacks, data):
    stage.fail(resource="ContentPolicy")
    stacks.begin(data.name, data.text, "CREATE", UNPROTECTED, execute={"DisableRollback": True})
    assert stacks.wait(data.name)["StackStatus"] == "CREATE_FAILED"
    assert CONTENT in {it["Name"] for it in stage.client("s3").list_buckets()["Buckets"]}
    stacks.client.rollback_stack(StackName=data.name)
    assert stacks.wait(data.name, "ROLLBACK_COMPLETE")


def test_a_retained_resource_stays_unless_told(stage, stacks):
    template = {"Resources": {
        "Kept": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"},
        "Broken": {"Type": "AWS::SNS::Topic", "DependsOn": "Kept"},
    }}  # fmt: skip
    for number, told in enumerate((False, True)):
        stage.fail(resource="Broken")
        name = f"a{number}"
        stacks.begin(name, template, "CREATE", execute={"RetainExceptOnCreate": told})
        assert stacks.wait(name)["StackStatus"] == "ROLLBACK_COMPLETE"
        assert ("DELETE_SKIPPED" in {it for it, _ in of(stacks, name, "Kept")}) is not told


def test_a_failed_rollback_of_a_creation(stage, stacks, data):
    stage.fail(resource="ContentPolicy")
    stage.fail(resource="Content", action="delete", message="stuck")
    found = stacks.deploy(data.name, data.text, "CREATE", UNPROTECTED)
    assert found["StackStatus"] == "ROLLBACK_FAILED"
    assert found["StackStatusReason"] == "The following resource(s) failed to delete: [Content]. "
    assert stacks.delete(data.name)["StackStatus"] == "DELETE_COMPLETE"


def test_a_protected_table_blocks_the_rollback_that_would_delete_it(stage, stacks, data):
    stage.set(paces={"AWS::S3::BucketPolicy": 200})
    stage.fail(resource="ContentPolicy")
    found = stacks.deploy(data.name, data.text, "CREATE", {"TableProtection": "true"})
    assert found["StackStatus"] == "ROLLBACK_FAILED"
    assert found["StackStatusReason"] == "The following resource(s) failed to delete: [Metadata]. "


def test_a_failed_update_goes_back(stage, stacks, production, app):
    stage.fail(resource="TooFewServers", action="update", message="no")
    document = app.document
    document["Resources"]["Extra"] = {"Type": "AWS::SNS::Topic"}
    before = {name: it["PhysicalResourceId"] for name, it in stacks.resources(production).items()}
    found = stacks.deploy(production, document, "UPDATE", {**app.parameters, "MinServers": "2"}, app.tags)
    assert found["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert statuses(stacks, production)[-4:] == [
        "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE"]  # fmt: skip
    assert {name: it["PhysicalResourceId"] for name, it in stacks.resources(production).items()} == before
    (group,) = stage.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert group["MinSize"] == 3
    assert {it["ParameterKey"]: it["ParameterValue"] for it in found["Parameters"]}["MinServers"] == "3"
    assert len(stage.client("sns").list_topics()["Topics"]) == 1
    # And the next update goes through.
    found = stacks.deploy(production, app.text, "UPDATE", {**app.parameters, "MinServers": "2"}, app.tags)
    assert found["StackStatus"] == "UPDATE_COMPLETE"


def test_cancel(stage, stacks, production, app):
    stage.set(pace_ms=200)
    error = refused(stacks.client.cancel_update_stack, StackName=production)
    assert error["Message"] == "CancelUpdateStack cannot be called from current stack status"
    stacks.begin(production, app.text, "UPDATE", {**app.parameters, "MinServers": "2"}, app.tags)
    while "Group UPDATE_IN_PROGRESS" not in stacks.told(production):
        assert stacks.get(production)["StackStatus"] == "UPDATE_IN_PROGRESS"
    stacks.client.cancel_update_stack(StackName=production, ClientRequestToken="stop")
    assert stacks.wait(production)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    reason = next(it["ResourceStatusReason"] for it in stacks.events(production)
                  if it["ResourceStatus"] == "UPDATE_ROLLBACK_IN_PROGRESS")  # fmt: skip
    assert reason == "User Initiated"
    assert any("Resource update cancelled" in it for it in stacks.told(production))


@pytest.fixture
def stuck(stage, stacks, production, app):
    """An update whose rollback failed."""
    stage.fail(resource="TooFewServers", action="update", message="no")
    stage.fail(resource="Group", action="update", nth=2, times=1, message="neither")
    parameters = {**app.parameters, "MinServers": "2"}
    stage.set(pace_ms=5)
    found = stacks.deploy(production, app.text, "UPDATE", parameters, app.tags)
    assert found["StackStatus"] == "UPDATE_ROLLBACK_FAILED", stacks.told(production)[-20:]
    return production


def test_a_failed_rollback_goes_on(stage, stacks, stuck, app):
    assert stacks.get(stuck)["StackStatusReason"] == "The following resource(s) failed to update: [Group]. "
    error = refused(stacks.change_set, stuck, app.text, "UPDATE", app.parameters)
    assert "is in UPDATE_ROLLBACK_FAILED state and can not be updated" in error["Message"]
    stacks.client.continue_update_rollback(StackName=stuck, ClientRequestToken="on")
    assert stacks.wait(stuck, "UPDATE_ROLLBACK_COMPLETE")
    (group,) = stage.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert group["MinSize"] == 3
    assert stacks.get(stuck)["LastOperations"][0]["OperationType"] == "CONTINUE_ROLLBACK"


def test_a_failed_rollback_fails_again_or_skips(stage, stacks, stuck):
    stage.fail(resource="Group", action="update", message="still not")
    stacks.client.continue_update_rollback(StackName=stuck)
    assert stacks.wait(stuck)["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    error = refused(stacks.client.continue_update_rollback, StackName=stuck, ResourcesToSkip=["Network"])
    assert error["Code"] == "ValidationError"
    stacks.client.continue_update_rollback(StackName=stuck, ResourcesToSkip=["Group"])
    assert stacks.wait(stuck)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert ("UPDATE_COMPLETE", "Resource rollback skipped by user") in of(stacks, stuck, "Group")


def test_a_full_bucket_is_not_deleted(stage, stacks, data, deployed):
    s3 = stage.client("s3")
    s3.put_object(Bucket=CONTENT, Key="k", Body=b"x")
    found = stacks.delete(data.name)
    assert found["StackStatus"] == "DELETE_FAILED"
    assert found["StackStatusReason"] == "The following resource(s) failed to delete: [Content]. "
    reasons = [reason for status, reason in of(stacks, data.name, "Content") if status == "DELETE_FAILED"]
    assert "The bucket you tried to delete is not empty (Service: S3, Status Code: 409" in reasons[0]
    # What it needs stays with it.
    assert {"Content", "Key"} <= set(stacks.resources(data.name))
    # A deleted object leaves its version and a marker behind.
    s3.delete_object(Bucket=CONTENT, Key="k")
    assert stacks.delete(data.name)["StackStatus"] == "DELETE_FAILED"
    listed = s3.list_object_versions(Bucket=CONTENT)
    gone = [{"Key": it["Key"], "VersionId": it["VersionId"]} for it in listed["Versions"] + listed["DeleteMarkers"]]
    s3.delete_objects(Bucket=CONTENT, Delete={"Objects": gone})
    assert stacks.delete(data.name)["StackStatus"] == "DELETE_COMPLETE"


def test_a_failed_deletion_can_retain_or_be_forced(stage, stacks, data, deployed):
    stage.client("s3").put_object(Bucket=CONTENT, Key="k", Body=b"x")
    error = refused(stacks.client.delete_stack, StackName=data.name, DeletionMode="FORCE_DELETE_STACK")
    assert "DELETE_FAILED" in error["Message"]
    stacks.delete(data.name)
    stage_id = stacks.get(data.name)["StackId"]
    assert stacks.delete(data.name, DeletionMode="FORCE_DELETE_STACK")["StackStatus"] == "DELETE_COMPLETE"
    assert "DELETE_SKIPPED" in {it for it, _ in of(stacks, stage_id, "Content")}
    assert stage.client("s3").get_object(Bucket=CONTENT, Key="k")["Body"].read() == b"x"


def test_retain_resources(stage, stacks, data, deployed):
    stage.client("s3").put_object(Bucket=CONTENT, Key="k", Body=b"x")
    assert refused(stacks.client.delete_stack, StackName=data.name, RetainResources=["Content"])["Code"] == "ValidationError"
    stacks.delete(data.name)
    assert stacks.delete(data.name, RetainResources=["Content"])["StackStatus"] == "DELETE_COMPLETE"
    assert [it["Name"] for it in stage.client("s3").list_buckets()["Buckets"]] == [CONTENT]


def test_a_protected_table_is_not_deleted(stage, stacks, data, deployed):
    stacks.deploy(data.name, deployed, "UPDATE", {"TableProtection": "true"}, data.tags)
    assert stacks.delete(data.name)["StackStatus"] == "DELETE_FAILED"
    reasons = [reason for status, reason in of(stacks, data.name, "Metadata") if status == "DELETE_FAILED"]
    assert "Resource cannot be deleted as it is currently protected against deletion" in reasons[0]
    table = f"production-metadata-{ACCOUNT}-{REGION}"
    stage.client("dynamodb").update_table(TableName=table, DeletionProtectionEnabled=False)
    assert stacks.delete(data.name)["StackStatus"] == "DELETE_COMPLETE"


def test_a_name_that_is_taken_fails_the_resource(stage, stacks, data):
    stage.set(early_validation=False)
    stage.client("logs").create_log_group(logGroupName="taken")
    template = {"Resources": {"Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "taken"}}}}
    assert stacks.deploy("a", template, "CREATE")["StackStatus"] == "ROLLBACK_COMPLETE"
    reason = next(reason for status, reason in of(stacks, "a", "Logs") if status == "CREATE_FAILED")
    assert "\"Resource of type 'AWS::Logs::LogGroup' with identifier 'taken' already exists.\"" in reason
    assert "HandlerErrorCode: AlreadyExists" in reason
    stage.client("dynamodb").create_table(
        TableName=f"production-metadata-{ACCOUNT}-{REGION}", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )  # fmt: skip
    assert stacks.deploy(data.name, data.text, "CREATE", data.parameters)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "CREATE_FAILED" in {it for it, _ in of(stacks, data.name, "Metadata")}


def test_a_named_resource_is_not_replaced(stage, stacks, data, deployed):
    deployed["Resources"]["Metadata"]["Properties"]["KeySchema"][1]["AttributeName"] = "other"
    deployed["Resources"]["Metadata"]["Properties"]["AttributeDefinitions"][1]["AttributeName"] = "other"
    found = stacks.deploy(data.name, deployed, "UPDATE", {"TableProtection": "false"}, data.tags)
    assert found["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    reason = next(reason for status, reason in of(stacks, data.name, "Metadata") if status == "UPDATE_FAILED")
    assert reason.startswith("CloudFormation cannot update a stack when a custom-named resource requires replacing.")


def test_the_stack_policy_is_obeyed(stacks, production, app):
    policy = {"Statement": [
        {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": ["Update:Replace", "Update:Delete"], "Principal": "*", "Resource": "*",
         "Condition": {"StringEquals": {"ResourceType": ["AWS::ElasticLoadBalancingV2::TargetGroup", "AWS::SNS::Topic"]}}},
    ]}  # fmt: skip
    stacks.client.set_stack_policy(StackName=production, StackPolicyBody=json.dumps(policy))
    document = app.document
    document["Resources"]["TargetGroup"]["Properties"]["Port"] = 8421
    assert stacks.deploy(production, document, "UPDATE", app.parameters, app.tags)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    reason = next(reason for status, reason in of(stacks, production, "TargetGroup") if status == "UPDATE_FAILED")
    assert reason.startswith("Action denied by stack policy")
    found = stacks.deploy(production, app.text, "UPDATE", {**app.parameters, "MinServers": "2"}, app.tags)
    assert found["StackStatus"] == "UPDATE_COMPLETE"


def test_the_stack_policy_keeps_what_an_update_takes_out(stacks, data):
    stacks.deploy(data.name, data.text, "CREATE", UNPROTECTED)
    policy = {"Statement": [
        {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "Update:Delete", "Principal": "*", "Resource": "LogicalResourceId/KeyAlias"},
    ]}  # fmt: skip
    stacks.client.set_stack_policy(StackName=data.name, StackPolicyBody=json.dumps(policy))
    document = data.document
    del document["Resources"]["KeyAlias"]
    assert stacks.deploy(data.name, document, "UPDATE", UNPROTECTED)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "KeyAlias" in stacks.resources(data.name)
