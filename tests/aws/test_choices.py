"""What a person can choose about an operation: a role, waiting, the image, express mode; and what guards a roll."""

import json

import pytest
from overlay import region

from product import Product


@pytest.fixture
def acme(tmp_path, stage):
    return Product(tmp_path / "acme", stage)


@pytest.fixture
def told(stage):
    """The newest change set of a stack, as CloudFormation tells it."""

    def newest(stack):
        client = stage.client("cloudformation")
        found = client.describe_stacks(StackName=stack)["Stacks"][0]["ChangeSetId"]
        return client.describe_change_set(ChangeSetName=found)

    return newest


def operations(stage):
    return [it["operation"] for it in stage.calls()]


def test_a_quick_plan_makes_two_calls(acme, stage):
    """DP-3: in front of every push, nobody waits for a plan."""
    acme.run("up", "--yes")
    stage.forget_calls()
    plan = acme.json("plan", "--quick", "--detailed-exitcode")
    assert operations(stage) == ["DescribeStacks", "DescribeStacks"]
    assert plan["stacks"][0]["operation"] == "nothing"

    acme.write(least=4)
    stage.forget_calls()
    plan = acme.json("plan", "--quick", "--detailed-exitcode", code=2)
    assert sorted(operations(stage)) == ["DescribeStacks", "DescribeStacks", "GetTemplate"]
    changed = [it["logical_id"] for stack in plan["stacks"] for it in stack["changes"]]
    assert "Group" in changed


def test_a_quick_plan_of_a_new_deployment_asks_who_asks_and_guesses_nothing(acme, stage):
    stage.forget_calls()
    done = acme.run("plan", "--quick")
    assert sorted(operations(stage)) == ["DescribeStacks", "DescribeStacks", "GetCallerIdentity"]
    assert "eu-west-1a" not in done.stdout, "which zones is looked up later"
    assert "(zone 1)" in done.stdout


def test_a_preview_is_made_in_express_mode_and_production_is_not(acme, stage, told):
    """The stacks end early; `up` waits until the servers serve."""
    stage.set(instance_ms=300)
    acme.write(more="ttl: 48h\ndatabase: { protect: false }")
    acme.run("up", "--yes")
    assert told("acme")["DeploymentConfig"]["Mode"] == "EXPRESS"
    health = stage.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"]
    assert {it["LifecycleState"] for it in health} == {"InService"}, "up has waited for them"
    acme.write(least=4)
    acme.run("up", "--yes")
    assert told("acme")["DeploymentConfig"]["Mode"] == "STANDARD", "an update can be undone"
    acme.run("down", "--yes", "--name", "acme")
    acme.write(least=3, more="")
    acme.run("up", "--yes")
    assert told("acme")["DeploymentConfig"]["Mode"] == "STANDARD"


def test_an_alarm_undoes_a_roll_and_leaves_other_changes_alone(acme, stage, told):
    """DP-2: the alarms of rollout.alarms guard the whole operation, and never the change that silences them."""
    acme.run("up", "--yes")
    alarms = stage.client("cloudwatch").describe_alarms()["MetricAlarms"]
    errors = next(it for it in alarms if "ServerErrors" in it["AlarmName"])
    stage.client("cloudwatch").set_alarm_state(AlarmName=errors["AlarmName"], StateValue="ALARM", StateReason="5xx")
    acme.write(least=4)
    acme.run("up", "--yes")
    assert "RollbackConfiguration" not in told("acme") or not told("acme")["RollbackConfiguration"].get("RollbackTriggers")

    acme.release("two")
    acme.write()
    undone = acme.run("up", "--yes", code=70)
    assert "ServerErrors" in undone.stderr
    triggers = told("acme")["RollbackConfiguration"]["RollbackTriggers"]
    assert errors["AlarmArn"] in {it["Arn"] for it in triggers}
    # What the message says helps.
    acme.run("up", "--yes", "--set", "rollout.alarms=[]")


def test_one_run_waits_for_the_other_and_then_does_what_is_left(acme, stage):
    """Pain 7: two pipelines on one stack."""
    acme.run("up", "--yes")
    stage.set(pace_ms=400)
    acme.write(least=4)
    first = acme.start("up", "--yes")
    busy = stage.client("cloudformation")
    while busy.describe_stacks(StackName="acme")["Stacks"][0]["StackStatus"] != "UPDATE_IN_PROGRESS":
        assert first.poll() is None, first.communicate()
    refused = acme.run("up", "--yes", code=75)
    assert "--wait-for-other" in refused.stderr
    second = acme.run("up", "--yes", "--wait-for-other", "1m")
    assert "acme is busy: UPDATE_IN_PROGRESS" in second.stderr
    assert first.wait(60) == 0, first.communicate()
    acme.run("plan", "--detailed-exitcode")


def test_waiting_ends(acme, stage):
    acme.run("up", "--yes")
    stage.set(pace_ms=3000)
    acme.write(least=4)
    first = acme.start("up", "--yes")
    busy = stage.client("cloudformation")
    while busy.describe_stacks(StackName="acme")["Stacks"][0]["StackStatus"] != "UPDATE_IN_PROGRESS":
        assert first.poll() is None, first.communicate()
    acme.run("plan", "--wait-for-other", "1s", code=75)
    stage.set(pace_ms=0)
    assert first.wait(60) == 0, first.communicate()


def test_a_newer_image_waits_until_somebody_asks_for_it(acme, stage):
    """What moves by itself is pinned: a plan is empty although Amazon has published an image."""
    acme.run("up", "--yes")
    stage.set(newest_images={"x86_64": "ami-0ffffffffffffffff"})
    plan = acme.run("plan", "--detailed-exitcode")
    assert "ami-0ffffffffffffffff" in plan.stdout and "syncctl image bump" in plan.stdout
    shown = acme.json("image", "show")
    assert (shown["deployed"], shown["newest"]) == (region.IMAGES["x86_64"], "ami-0ffffffffffffffff")
    acme.run("image", "bump", "--yes")
    instances = stage.client("ec2").describe_instances()["Reservations"]
    running = [it for found in instances for it in found["Instances"] if it["State"]["Name"] == "running"]
    assert {it["ImageId"] for it in running} == {"ami-0ffffffffffffffff"}
    acme.run("plan", "--detailed-exitcode")


def test_an_image_of_the_blueprint_moves_with_the_blueprint_only(acme):
    acme.run("up", "--yes", "--set", "servers.image=ami-0123456789abcdef0")
    refused = acme.run("image", "bump", "--yes", "--set", "servers.image=ami-0123456789abcdef0", code=1)
    assert "servers.image" in refused.stderr


def test_cloudformation_acts_as_the_role_that_was_named(acme, stage, told):
    role = "arn:aws:iam::123456789012:role/deployments"
    acme.run("up", "--yes", "--role-arn", role)
    stacks = stage.client("cloudformation").describe_stacks()["Stacks"]
    assert {it.get("RoleARN") for it in stacks} == {role}
    refused = acme.run("plan", "--role-arn", "deployments", code=64)
    assert "arn:aws:iam::" in refused.stderr


def test_credentials_that_end_before_a_roll_does_are_told(acme):
    """CloudFormation works with the credentials that an operation was begun with."""
    soon = {"AWS_SESSION_TOKEN": "t", "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z"}
    acme.run("up", "--yes")
    acme.release("two")
    acme.write()

    def warns(*flags, **env):
        plan = acme.run("--format", "json", "plan", *flags, **env)
        return any("--role-arn" in (it.get("advice") or "") for it in json.loads(plan.stdout)["notices"])

    assert warns(**soon)
    assert not warns(AWS_CREDENTIAL_EXPIRATION="2020-01-01T00:00:00Z"), "a stale line beside permanent keys"
    acme.run("up", "--yes")
    assert not warns("--set", "servers.max=12", **soon), "room for more servers replaces none"


def test_a_bucket_of_another_account_is_not_taken_for_ours(acme, stage):
    """Bucket names are one namespace for everybody."""
    stage.fail(call="HeadBucket", how="denied", times=0)
    refused = acme.run("plan", code=73)
    assert "another account" in refused.stderr and "--name" in refused.stderr


def test_a_profile_that_was_named_wins_over_keys_in_the_environment(acme, stage):
    """As with the AWS CLI: whoever names a profile means another account than the shell's."""
    (acme.folder / ".aws").mkdir()
    (acme.folder / ".aws/credentials").write_text(
        "[other]\naws_access_key_id = 222233334444\naws_secret_access_key = test\n"
    )
    plan = acme.json("plan", "--profile", "other", AWS_ACCESS_KEY_ID="test")
    assert plan["account"] == "222233334444"
    assert acme.json("plan")["account"] == "123456789012"
    refused = acme.run("plan", "--profile", "nobody", code=77)
    assert "no usable AWS credentials" in refused.stderr and "--profile" in refused.stderr


def test_a_roll_says_when_it_carries_out_more_than_the_release(acme):
    acme.run("up", "--yes", "--set", "servers.max=12")
    program = acme.release("two")
    rolled = acme.run("roll", "--release", str(program), "--yes")
    assert "more than the release" in rolled.stderr
    acme.write(release="./syncd-one")
    again = acme.run("roll", "--release", str(acme.release("three")), "--yes")
    acme.write(release="./syncd-one")
    assert "more than the release" not in again.stderr


def test_a_rollback_is_not_undone_by_the_alarm_that_made_it_necessary(acme, stage):
    """HA-8: the release that goes is what rings."""
    acme.run("up", "--yes")
    first = acme.json("releases")["deployed"]
    acme.run("roll", "--release", str(acme.release("two")), "--yes")
    alarms = stage.client("cloudwatch").describe_alarms()["MetricAlarms"]
    errors = next(it for it in alarms if "ServerErrors" in it["AlarmName"])
    stage.client("cloudwatch").set_alarm_state(AlarmName=errors["AlarmName"], StateValue="ALARM", StateReason="5xx")
    done = acme.run("rollback", "--yes")
    assert "Alarms do not undo a rollback" in done.stderr
    assert acme.json("releases")["deployed"] == first


def test_an_alarm_that_somebody_has_deleted_is_named_with_a_way_out(acme, stage):
    acme.run("up", "--yes")
    alarms = stage.client("cloudwatch").describe_alarms()["MetricAlarms"]
    boot = next(it["AlarmName"] for it in alarms if "BootFailed" in it["AlarmName"])
    stage.client("cloudwatch").delete_alarms(AlarmNames=[boot])
    undone = acme.run("roll", "--release", str(acme.release("two")), "--yes", code=70)
    assert "rollout.alarms" in undone.stderr and "--revert-drift" in undone.stderr, undone.stderr


def test_an_image_is_bumped_where_there_is_a_deployment(acme, stage):
    refused = acme.run("image", "bump", "--yes", "--name", "typo", code=66)
    assert "there is no deployment typo" in refused.stderr
    assert stage.client("cloudformation").describe_stacks()["Stacks"] == []


def test_a_sealed_change_of_the_tables_protection_is_carried_out(acme, stage):
    """Not taken for what an `up` does by itself after a creation."""
    acme.run("up", "--yes")
    acme.write(more="database: { protect: false }")
    acme.run("plan", "--out", "open.json", "--detailed-exitcode", code=2)
    acme.run("apply", "open.json")
    table = acme.json("outputs")["outputs"]["Table"]
    described = stage.client("dynamodb").describe_table(TableName=table)["Table"]
    assert not described.get("DeletionProtectionEnabled")
    acme.run("plan", "--detailed-exitcode", code=0)


def test_a_sealed_plan_carries_out_no_other_change_set_than_its_own(acme, stage):
    """A job that may only plan must not make the job that deploys carry out something else (DP-3)."""
    acme.run("up", "--yes")
    acme.write(least=4)
    acme.run("plan", "--out", "plan.json", "--detailed-exitcode", code=2)
    sealed = json.loads((acme.folder / "plan.json").read_text())
    client = stage.client("cloudformation")
    stack = client.describe_stacks(StackName="acme")["Stacks"][0]
    values = {it["ParameterKey"]: it["ParameterValue"] for it in stack["Parameters"]} | {"MaxServers": "8"}
    for name in ("evil", "syncctl-evil-app"):
        other = client.create_change_set(
            StackName="acme", ChangeSetName=name, UsePreviousTemplate=True, Capabilities=["CAPABILITY_IAM"], Tags=stack["Tags"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        )  # fmt: skip
        sealed["stacks"]["app"]["change_set"] = other["Id"]
        (acme.folder / "edited.json").write_text(json.dumps(sealed))
        refused = acme.run("apply", "edited.json", code=76)
        assert "is not the one of this plan" in refused.stderr
    group = stage.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]
    assert (group["MinSize"], group["MaxSize"]) == (3, 9)
    acme.run("apply", "plan.json")


def test_a_damaged_plan_is_refused_in_words(acme):
    acme.run("up", "--yes")
    acme.write(least=4)
    acme.run("plan", "--out", "plan.json", "--detailed-exitcode", code=2)
    sealed = json.loads((acme.folder / "plan.json").read_text())
    sealed["plan"]["account"] = "a" + "é" * 31 + "b"
    (acme.folder / "odd.json").write_text(json.dumps(sealed))
    assert "stale" in acme.run("apply", "odd.json", code=76).stderr
    assert "is no plan" in acme.run("apply", "/dev/zero", code=78).stderr


def test_protection_that_somebody_took_off_is_told(acme, stage):
    """DP-1: a plan that says nothing is believed."""
    acme.write(more="protect: true")
    acme.run("up", "--yes")
    stage.client("cloudformation").update_termination_protection(StackName="acme-data", EnableTerminationProtection=False)
    plan = acme.run("plan")
    assert "Nothing keeps acme-data from being deleted" in plan.stdout
    acme.run("up", "--yes")
    assert "Nothing keeps" not in acme.run("plan").stdout


def test_data_that_was_to_be_kept_is_not_taken_over_as_disposable(acme, stage):
    acme.write(retain="true")
    acme.run("up", "--yes")
    acme.run("down", "--yes", "--name", "acme")
    acme.write(retain="false")
    refused = acme.run("up", "--yes", code=1)
    assert "storage.content.retain" in refused.stderr
    assert stage.client("cloudformation").describe_stacks()["Stacks"] == [], "no stack in review is left"
