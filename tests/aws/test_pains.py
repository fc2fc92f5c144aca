"""The twenty pains that users of other deployers suffer (facts/deployers.md section 2), each built, and what `syncctl` does."""

import json
import signal
import time

import pytest

from previews import expire
from product import Product


@pytest.fixture
def acme(tmp_path, stage):
    return Product(tmp_path / "acme", stage)


def group(stage):
    return stage.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]


def statuses(stage):
    found = stage.client("cloudformation").describe_stacks()["Stacks"]
    return {it["StackName"]: it["StackStatus"] for it in found}


def wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come about")


def test_01_a_failed_first_deploy_does_not_stand_in_the_way(acme, stage):
    stage.fail(resource="Metadata", action="create", message="Subscriber limit exceeded: too many tables")
    failed = acme.run("up", "--yes", code=1)
    assert "Subscriber limit exceeded" in failed.stderr
    assert "acme-data" not in statuses(stage), "nothing dead is left"
    acme.run("up", "--yes")


def test_01_a_dead_stack_of_an_earlier_tool_is_removed_on_the_way(acme, stage, stacks):
    stage.fail(resource="AWS::SNS::Topic", action="create", message="told to")
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    stacks.deploy("acme", template, "CREATE", tags={"syncctl:name": "acme"})
    assert statuses(stage)["acme"] == "ROLLBACK_COMPLETE"
    done = acme.run("up", "--yes")
    assert "ROLLBACK_COMPLETE" in done.stderr, "it says why"
    assert statuses(stage)["acme"] == "CREATE_COMPLETE"


def test_03_the_first_cause_comes_first_and_cascades_are_hidden(acme, stage):
    stage.fail(resource="LoadBalancer", action="create", message="The maximum number of load balancers has been reached")
    failed = acme.run("up", "--yes", code=1)
    told = failed.stderr
    assert "maximum number of load balancers has been reached" in told
    assert "cancelled" not in told.split("because")[-1]
    assert "quota" in told.lower(), "and what helps"


def test_04_versioned_buckets_are_counted_and_emptied(acme, stage):
    acme.run("up", "--yes")
    bucket = acme.json("outputs")["outputs"]["ContentBucket"]
    s3 = stage.client("s3")
    for number in range(1_100):
        s3.put_object(Bucket=bucket, Key=f"s/x/{number}", Body=b"x", IfNoneMatch="*")
    s3.delete_object(Bucket=bucket, Key="s/x/1")
    down = acme.run("down", "--yes", "--name", "acme")
    assert "1,099 objects" in down.stderr and "2 earlier versions" in down.stderr, down.stderr
    assert statuses(stage) == {}


def test_06_a_job_that_is_ended_leaves_and_another_machine_attaches(acme, stage):
    stage.set(pace_ms=150)
    job = acme.start("up", "--yes")
    wait_for(lambda: statuses(stage).get("acme") == "CREATE_IN_PROGRESS")
    job.send_signal(signal.SIGTERM)
    _, told = job.communicate(timeout=20)
    assert job.returncode == 143 and "syncctl attach" in told, told
    acme.run("attach")
    acme.run("up", "--yes")


def test_06_what_is_under_way_can_be_cancelled(acme, stage):
    acme.run("up", "--yes")
    stage.set(pace_ms=300)
    acme.write(more="entry: { health: { interval: 10s } }")
    job = acme.start("up", "--yes")
    wait_for(lambda: statuses(stage).get("acme") == "UPDATE_IN_PROGRESS")
    acme.run("cancel", "--yes")
    job.communicate(timeout=60)
    assert statuses(stage)["acme"] == "UPDATE_ROLLBACK_COMPLETE"


def test_07_the_second_of_two_pipelines_is_told_who_is_at_work(acme, stage):
    stage.set(pace_ms=150)
    job = acme.start("up", "--yes")
    wait_for(lambda: statuses(stage).get("acme") == "CREATE_IN_PROGRESS")
    second = acme.run("up", "--yes", code=75)
    assert "CREATE_IN_PROGRESS" in second.stderr and "syncctl attach" in second.stderr
    _, told = job.communicate(timeout=60)
    assert job.returncode == 0, told


def test_08_no_lock_outlives_a_killed_job(acme, stage):
    stage.set(pace_ms=60)
    job = acme.start("up", "--yes")
    wait_for(lambda: "acme-data" in statuses(stage))
    job.kill()
    job.communicate()
    wait_for(lambda: not any(it.endswith("_IN_PROGRESS") for it in statuses(stage).values() if it != "REVIEW_IN_PROGRESS"))
    acme.run("up", "--yes")


def test_09_apply_does_what_was_shown_or_nothing(acme, stage):
    acme.run("up", "--yes")
    acme.write(least=4)
    acme.run("plan", "--out", "plan.json")
    acme.write(least=5)
    stale = acme.run("apply", "plan.json", code=76)
    assert "blueprint" in stale.stderr
    assert group(stage)["MinSize"] == 3, "nothing was done"


def test_10_a_replacement_that_loses_data_is_the_first_line_and_needs_its_name(acme, stage):
    acme.run("up", "--yes")
    before = acme.json("plan")
    assert before["summary"]
    acme.write(more="database: { point_in_time_recovery: false }")
    refused = acme.run("apply", "--yes", code=1)
    assert "Destroys data" in refused.stderr and "--allow-data-loss" in refused.stderr
    assert "the backup of the last 35 days is discarded" in refused.stderr
    acme.run("apply", "--yes", "--allow-data-loss", "Metadata")


def test_10_whatever_takes_something_from_somebody_is_not_called_safe(acme):
    mail = "email: { identity: example.com, manage: create, from: sync@example.com }"
    acme.write(more=mail)
    acme.run("up", "--yes")
    acme.write(more="")
    plan = acme.run("plan").stdout
    assert "nobody can send as example.com until the identity is made and verified again" in plan
    acme.write(more=f"{mail}\nentry: {{ allow: [10.0.0.0/8] }}")
    assert "clients outside 10.0.0.0/8 lose access" in acme.run("plan").stdout


def test_11_a_plan_is_json_and_nothing_else_is_on_standard_output(acme):
    done = acme.run("--format", "json", "plan")
    assert json.loads(done.stdout)["format"] == "syncctl/plan/1"


def test_12_a_plan_fits_a_comment(acme, tmp_path):
    summary = tmp_path / "summary.md"
    done = acme.run("--format", "markdown", "plan", GITHUB_STEP_SUMMARY=str(summary))
    assert len(done.stdout.encode()) <= 60_000
    assert "<!-- syncctl-plan" in done.stdout
    assert summary.read_text().strip() == done.stdout.strip()


def test_13_nothing_to_do_is_no_failure(acme):
    acme.run("up", "--yes")
    again = acme.run("up", "--yes")
    assert "nothing changed" in again.stdout
    acme.run("plan", "--detailed-exitcode", code=0)


def test_15_a_new_release_replaces_every_instance_and_leaves_the_capacity_alone(acme, stage):
    acme.run("up", "--yes")
    stage.client("autoscaling").set_desired_capacity(AutoScalingGroupName=group(stage)["AutoScalingGroupName"], DesiredCapacity=5)
    before = {it["InstanceId"] for it in group(stage)["Instances"]}
    acme.release("two")
    acme.write()
    acme.run("up", "--yes")
    after = group(stage)
    assert after["DesiredCapacity"] == 5
    assert not before & {it["InstanceId"] for it in after["Instances"]}


def test_16_a_release_that_does_not_become_healthy_is_undone_and_says_why(acme, stage):
    acme.run("up", "--yes")
    first = acme.json("status")["release"]
    program = acme.release("sick")
    import hashlib

    stage.set(sick=[hashlib.sha256(program.read_bytes()).hexdigest()])
    acme.write()
    undone = acme.run("up", "--yes", code=70)
    assert "Group" in undone.stderr or "server group" in undone.stderr
    assert acme.json("status")["release"] == first
    assert acme.json("releases")["releases"][0]["outcome"] == "undone"


def test_18_drift_is_shown_before_it_is_overwritten(acme, stage):
    acme.run("up", "--yes")
    table = acme.json("outputs")["outputs"]["ContentBucket"]
    stage.client("s3").put_bucket_versioning(Bucket=table, VersioningConfiguration={"Status": "Suspended"})
    acme.run("drift", "--detailed-exitcode", code=2)
    plan = acme.run("plan")
    assert "Changed outside syncctl" in plan.stdout


def test_20_protection_follows_the_blueprint_and_no_flag_overrides_it(acme, stage):
    acme.write(more="protect: true")
    acme.run("up", "--yes")
    found = stage.client("cloudformation").describe_stacks()["Stacks"]
    assert all(it["EnableTerminationProtection"] for it in found)
    acme.run("plan", "--detailed-exitcode", code=0)
    refused = acme.run("down", "--yes", "--name", "acme", code=1)
    assert "protected" in refused.stderr
    assert set(statuses(stage)) == {"acme", "acme-data"}
    acme.write(more="protect: false")
    acme.run("up", "--yes")
    acme.run("down", "--yes", "--name", "acme")
    assert statuses(stage) == {}


def test_02_a_rollback_that_failed_is_taken_further(acme, stage):
    acme.run("up", "--yes")
    acme.write(more="entry: { health: { interval: 10s } }", least=4)
    stage.fail(resource="Group", action="update", message="told to", times=2)
    acme.run("up", "--yes", code=None)
    assert statuses(stage)["acme"] == "UPDATE_ROLLBACK_FAILED"
    stuck = acme.run("up", "--yes", code=1)
    assert "syncctl recover" in stuck.stderr
    recovered = acme.run("recover", "--yes")
    assert "Group" in recovered.stderr, "the resource in the way is named"
    assert statuses(stage)["acme"] == "UPDATE_ROLLBACK_COMPLETE"
    acme.run("up", "--yes")


def test_05_a_removal_that_stops_is_gone_on_with_and_leftovers_are_named(acme, stage):
    acme.run("up", "--yes")
    message = "Network interface eni-1 is in use"
    stage.fail(resource="Network", action="delete", message=message, times=0)
    stopped = acme.run("down", "--yes", "--name", "acme", code=1)
    assert message in stopped.stderr
    assert statuses(stage)["acme"] == "DELETE_FAILED"
    forced = acme.run("recover", "--yes", "--force")
    assert "Network" in forced.stderr, "what is left is named"
    stage.heal()
    acme.run("down", "--yes", "--name", "acme")
    assert statuses(stage) == {}


def test_14_a_failed_creation_leaves_nothing_that_stands_in_the_way_of_the_next(acme, stage):
    acme.write(retain="true")
    stage.fail(resource="Metadata", action="create", message="told to")
    acme.run("up", "--yes", code=1)
    assert stage.client("s3").list_buckets()["Buckets"] == [], "retain except on create"
    acme.run("up", "--yes")


def test_17_going_back_needs_no_version(acme):
    acme.run("up", "--yes")
    first = acme.json("status")["release"]
    acme.run("roll", "--release", str(acme.release("two")), "--yes")
    acme.run("rollback", "--yes")
    assert acme.json("status")["release"] == first
    listed = acme.run("releases").stdout
    assert listed.count("passed") + listed.count("serving") == 3


def test_19_a_forgotten_preview_goes_and_production_never_does(acme, stage, tmp_path):
    """test_previews.py tries harder."""
    acme.run("up", "--yes")
    preview = Product(tmp_path / "preview", stage, name="pr-1", more="ttl: 1h\ndatabase: { protect: false }")
    preview.run("up", "--yes")
    expire(stage, "pr-1")
    looked = acme.run("preview", "gc")
    assert "would collect  pr-1" in looked.stdout and "acme-data has no end: it is no preview" in looked.stdout
    assert "pr-1" in statuses(stage)
    acme.run("preview", "gc", "--yes")
    assert set(statuses(stage)) == {"acme", "acme-data"}


def test_20_protection_that_somebody_took_off_comes_back(acme, stage):
    acme.write(more="protect: true")
    acme.run("up", "--yes")
    table = acme.json("outputs")["outputs"]["Table"]
    dynamodb, cloudformation = stage.client("dynamodb"), stage.client("cloudformation")
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    everything = '{"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}'
    cloudformation.set_stack_policy(StackName="acme-data", StackPolicyBody=everything)
    acme.run("up", "--yes")
    assert dynamodb.describe_table(TableName=table)["Table"]["DeletionProtectionEnabled"]
    assert "Deny" in cloudformation.get_stack_policy(StackName="acme-data")["StackPolicyBody"]
