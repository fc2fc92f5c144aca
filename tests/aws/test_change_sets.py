"""Change sets tell the truth: what changes, what replaces, what is refused before anything happens."""

import json

import pytest
from botocore.exceptions import ClientError
from stage import ACCOUNT, REGION

TOPIC = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "one"}}}}


def by_name(change_set):
    return {it["ResourceChange"]["LogicalResourceId"]: it["ResourceChange"] for it in change_set["Changes"]}


def refused(call, *arguments, **more):
    with pytest.raises(ClientError) as caught:
        call(*arguments, **more)
    return caught.value.response["Error"]


def test_a_first_change_set_leaves_a_stack_in_review(stacks, data):
    found = stacks.change_set(data.name, data.text, "CREATE", data.parameters, data.tags)
    assert found["Status"] == "CREATE_COMPLETE" and found["ExecutionStatus"] == "AVAILABLE"
    assert {it["Action"] for it in by_name(found).values()} == {"Add"} and len(found["Changes"]) == 9
    assert stacks.get(data.name)["StackStatus"] == "REVIEW_IN_PROGRESS"


def test_a_change_set_takes_its_time(stage, stacks, data):
    stage.set(change_set_ms=300)
    made = stacks.client.create_change_set(
        StackName=data.name, ChangeSetName="slow", ChangeSetType="CREATE", TemplateBody=data.text,
        Parameters=[{"ParameterKey": "TableProtection", "ParameterValue": "true"}], ClientToken="t1",
    )  # fmt: skip
    found = stacks.client.describe_change_set(ChangeSetName=made["Id"])
    assert found["Status"] in ("CREATE_PENDING", "CREATE_IN_PROGRESS") and not found["Changes"]
    error = refused(stacks.client.execute_change_set, ChangeSetName=made["Id"])
    assert error["Code"] == "InvalidChangeSetStatus"


def test_the_same_token_makes_no_second_change_set(stacks):
    arguments = {"StackName": "a", "ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": json.dumps(TOPIC)}
    first = stacks.client.create_change_set(**arguments, ClientToken="one")
    assert stacks.client.create_change_set(**arguments, ClientToken="one")["Id"] == first["Id"]
    assert refused(stacks.client.create_change_set, **arguments, ClientToken="two")["Code"] == "AlreadyExistsException"


def test_conditions_that_are_false_are_not_listed(stacks):
    template = {
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
        "Resources": {**TOPIC["Resources"], "Other": {"Type": "AWS::SNS::Topic", "Condition": "Never"}},
    }
    assert set(by_name(stacks.change_set("a", template, "CREATE"))) == {"Topic"}


def test_no_change_is_a_failure_with_awss_sentence(stacks, data):
    stacks.deploy(data.name, data.text, "CREATE", data.parameters, data.tags)
    found = stacks.change_set(data.name, data.text, "UPDATE", data.parameters, data.tags)
    assert found["Status"] == "FAILED"
    assert found["StatusReason"].startswith("The submitted information didn't contain changes.")
    error = refused(stacks.client.execute_change_set, ChangeSetName=found["ChangeSetId"])
    assert error["Code"] == "InvalidChangeSetStatus"


def test_replacement_comes_from_the_schemas(stacks, production, app):
    template = app.document
    resources = template["Resources"]
    resources["ServerLogs"]["Properties"]["RetentionInDays"] = 60
    resources["TargetGroup"]["Properties"]["Port"] = 8421
    resources["PublicSubnet1"]["Properties"]["CidrBlock"] = "10.20.240.0/20"
    resources["Group"]["Properties"]["DefaultInstanceWarmup"] = 90
    resources["Group"]["Properties"]["VPCZoneIdentifier"] = resources["Group"]["Properties"]["VPCZoneIdentifier"][:2]
    found = by_name(stacks.change_set(production, template, "UPDATE", app.parameters, app.tags))
    assert {name: found[name]["Replacement"] for name in ("ServerLogs", "TargetGroup", "PublicSubnet1", "Group")} == {
        "ServerLogs": "False", "TargetGroup": "True", "PublicSubnet1": "True", "Group": "Conditional"}  # fmt: skip
    assert found["TargetGroup"]["PolicyAction"] == "ReplaceAndDelete"
    # What refers to a replaced resource changes too.
    listener = found["HttpListener"]
    (detail,) = [it for it in listener["Details"] if it.get("CausingEntity") == "TargetGroup"]
    assert (detail["ChangeSource"], detail["Evaluation"], listener["Replacement"]) == ("ResourceReference", "Static", "False")
    association = found["PublicSubnet1Routes"]
    assert association["Replacement"] == "True"


def test_a_release_adds_a_launch_template_and_changes_the_group_in_place(stacks, production, app):
    new = app.release("6f" * 32, "00000000abcd")
    tags = {**new.tags, "team": "storage"}
    found = by_name(stacks.change_set(production, new.text, "UPDATE", new.parameters, tags))
    assert found["LaunchTemplate00000000abcd"]["Action"] == "Add"
    old = next(it for it in found.values() if it["Action"] == "Remove")
    assert (old["ResourceType"], old["PolicyAction"]) == ("AWS::EC2::LaunchTemplate", "Delete")
    group = found["Group"]
    assert set(group["Scope"]) == {"Properties", "Tags"}
    # What refers to the group may change with it, as long as nobody knows whether the group is replaced.
    uncertain = {name: it["Replacement"] for name, it in found.items() if it["Action"] == "Modify" and it["Scope"] != ["Tags"]}
    assert uncertain == {"Group": "Conditional", "ScaleByProcessor": "Conditional", "ScaleByRequests": "Conditional",
                         "TooFewServers": "False"}  # fmt: skip
    # Of everything else only the tags change, in place.
    others = {it["Replacement"] for it in found.values() if it["Action"] == "Modify" and it["Scope"] == ["Tags"]}
    assert others == {"False"}
    assert "PublicDefaultRoute" not in found


def test_property_values_are_a_switch(stage, stacks, production, app):
    template = app.document
    template["Resources"]["ServerLogs"]["Properties"]["RetentionInDays"] = 60
    found = by_name(stacks.change_set(production, template, "UPDATE", app.parameters, app.tags))["ServerLogs"]
    target = found["Details"][0]["Target"]
    assert (target["Path"], target["BeforeValue"], target["AfterValue"]) == ("/Properties/RetentionInDays", "30", "60")
    assert json.loads(found["BeforeContext"])["Properties"] == {"RetentionInDays": 30}
    assert json.loads(found["AfterContext"])["Properties"] == {"RetentionInDays": 60}
    stage.set(property_values=False)
    found = by_name(stacks.change_set(production, template, "UPDATE", app.parameters, app.tags))["ServerLogs"]
    assert "BeforeContext" not in found and "Path" not in found["Details"][0]["Target"]


def test_values_that_come_later_are_marked(stacks, data):
    found = by_name(stacks.change_set(data.name, data.text, "CREATE", data.parameters, data.tags))
    assert "{{changeSet:KNOWN_AFTER_APPLY}}" in found["ContentPolicy"]["AfterContext"]
    assert f"production-content-{ACCOUNT}-{REGION}" in found["Content"]["AfterContext"]


def test_a_changed_parameter_is_named_as_the_cause(stacks, production, app):
    parameters = {**app.parameters, "MinServers": "2"}
    found = by_name(stacks.change_set(production, app.text, "UPDATE", parameters, app.tags))
    assert set(found) == {"Group", "TooFewServers"}
    causes = [(it["ChangeSource"], it.get("CausingEntity")) for it in found["TooFewServers"]["Details"]]
    assert ("ParameterReference", "MinServers") in causes


def test_what_is_refused_at_once(stacks, data, app):
    def make(template=data.document, parameters=data.parameters, **more):
        return stacks.change_set("refused", template, "CREATE", parameters, **more)

    error = refused(make, app.text, app.parameters, Capabilities=[])
    assert (error["Code"], error["Message"]) == ("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]")
    error = refused(make, parameters={**data.parameters, "Colour": "red"})
    assert error["Message"] == "Parameters: [Colour] do not exist in the template"
    assert refused(make, parameters={})["Message"] == "Parameters: [TableProtection] must have values"
    document = data.document
    document["Resources"]["Content"]["Type"] = "AWS::S3::Pail"
    assert "Unrecognized resource types: [AWS::S3::Pail]" in refused(make, document)["Message"]
    assert "51200" in refused(make, data.text + " " * 51200)["Message"]
    with pytest.raises(ClientError, match="does not exist"):
        stacks.get("refused")


def test_early_validation_finds_unknown_properties(stage, stacks, data):
    document = data.document
    document["Resources"]["Metadata"]["Properties"]["Colour"] = "red"
    del document["Resources"]["KeyAlias"]["Properties"]["TargetKeyId"]
    found = stacks.change_set(data.name, document, "CREATE", data.parameters)
    assert found["Status"] == "FAILED" and "[AWS::EarlyValidation::PropertyValidation]" in found["StatusReason"]
    events = stacks.client.describe_events(ChangeSetName=found["ChangeSetId"], Filters={"FailedEvents": True})
    told = {it["ValidationPath"]: it["ValidationStatusReason"] for it in events["OperationEvents"]}
    assert told == {
        "/Resources/Metadata/Properties": "Unsupported property [Colour]",
        "/Resources/KeyAlias/Properties": "Required property [TargetKeyId] not found",
    }
    stage.set(early_validation=False)
    assert stacks.change_set(data.name, document, "CREATE", data.parameters)["Status"] == "CREATE_COMPLETE"


def test_early_validation_finds_names_that_are_taken(stage, stacks, data):
    name = f"production-content-{ACCOUNT}-{REGION}"
    stage.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    found = stacks.change_set(data.name, data.text, "CREATE", data.parameters)
    assert found["Status"] == "FAILED" and "[AWS::EarlyValidation::ResourceExistenceCheck]" in found["StatusReason"]
    (event,) = stacks.client.describe_events(ChangeSetName=found["ChangeSetId"])["OperationEvents"]
    assert (event["LogicalResourceId"], event["ValidationName"]) == ("Content", "NAME_CONFLICT_VALIDATION")
    assert event["ValidationStatusReason"] == f"Resource of type 'AWS::S3::Bucket' with identifier '{name}' already exists."


def test_a_full_bucket_that_goes_is_a_warning(stage, stacks):
    template = {"Resources": {**TOPIC["Resources"], "Bucket": {"Type": "AWS::S3::Bucket"}}}
    stacks.deploy("a", template, "CREATE")
    bucket = stacks.resources("a")["Bucket"]["PhysicalResourceId"]
    stage.client("s3").put_object(Bucket=bucket, Key="k", Body=b"x")
    found = stacks.change_set("a", TOPIC)
    assert found["Status"] == "CREATE_COMPLETE"
    (event,) = stacks.client.describe_events(ChangeSetName=found["ChangeSetId"])["OperationEvents"]
    assert (event["ValidationName"], event["ValidationFailureMode"]) == ("BUCKET_EMPTINESS_VALIDATION", "WARN")


def test_existing_resources_are_imported_by_literal_names_only(stage, stacks, data):
    stacks.deploy(data.name, data.text, "CREATE", {"TableProtection": "false"}, data.tags)
    stage.client("s3").put_object(Bucket=f"production-content-{ACCOUNT}-{REGION}", Key="k", Body=b"x")
    stacks.delete(data.name)
    # Names made with Fn::Sub are not looked up: the change set meets a name that is taken.
    found = stacks.change_set(data.name, data.text, "CREATE", data.parameters, ImportExistingResources=True)
    assert found["Status"] == "FAILED" and "ResourceExistenceCheck" in found["StatusReason"]
    literal = data.text.replace("${AWS::AccountId}", ACCOUNT).replace("${AWS::Region}", REGION)
    document = json.loads(literal, object_hook=lambda it: it["Fn::Sub"] if set(it) == {"Fn::Sub"} and "$" not in it["Fn::Sub"] else it)
    found = stacks.change_set(data.name, document, "CREATE", data.parameters, ImportExistingResources=True)
    actions = {name: it["Action"] for name, it in by_name(found).items()}
    assert {name for name, it in actions.items() if it == "Import"} == {"Content", "Artifacts", "Logs", "Metadata", "KeyAlias"}
    stacks.client.execute_change_set(ChangeSetName=found["ChangeSetId"])
    assert stacks.wait(data.name)["StackStatus"] == "CREATE_COMPLETE"
    assert "Content IMPORT_COMPLETE Resource import completed." in stacks.told(data.name)
    body = stage.client("s3").get_object(Bucket=f"production-content-{ACCOUNT}-{REGION}", Key="k")["Body"].read()
    assert body == b"x"


def test_an_import_needs_a_retaining_policy(stage, stacks):
    stage.client("sns")
    stage.client("s3").create_bucket(Bucket="literal-name", CreateBucketConfiguration={"LocationConstraint": REGION})
    template = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "literal-name"}}}}
    found = stacks.change_set("a", template, "CREATE", ImportExistingResources=True)
    assert found["Status"] == "FAILED" and "must have the DeletionPolicy attribute" in found["StatusReason"]
