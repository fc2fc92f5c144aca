"""Previews: found, extended, and collected only when everything speaks for it (DP-3)."""

import json
import signal
import subprocess
import time
from collections import Counter

import pytest

from previews import GONE, LIVES, Standins, expire, moment, tags, template
from product import Product

PREVIEW = "ttl: 48h\ndatabase: { protect: false }"


@pytest.fixture
def acme(tmp_path, stage):
    return Product(tmp_path / "acme", stage)


@pytest.fixture
def pr(tmp_path, stage):
    """A real preview's folder."""
    return Product(tmp_path / "pr", stage, name="pr-7", more=PREVIEW)


@pytest.fixture
def standins(stage):
    return Standins(stage)


def gc(product, *arguments, **options):
    found = product.json("preview", "gc", "--region", "eu-west-1", *arguments, **options)
    return {it["name"]: it for it in found["deployments"]}


def outcomes(found):
    return {name: it["outcome"] for name, it in found.items()}


def expires(stage, name):
    """Of both stacks, which have to say the same."""
    found = {}
    for stack in (name, f"{name}-data"):
        described = stage.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        found |= {it["ParameterValue"]: stack for it in described["Parameters"] if it["ParameterKey"] == "Expires"}
    (value,) = found
    return value


def touched(stage, stack, since):
    events = stage.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack)
    fresh = [it for page in events for it in page["StackEvents"] if it["Timestamp"].timestamp() >= since]
    return {it["LogicalResourceId"] for it in fresh if it["ResourceType"] != "AWS::CloudFormation::Stack"}


def changed(name):
    """The app part of a stand-in with a change in it."""
    body = template(name, "app")
    body["Resources"]["Alarms"]["Properties"] = {"DisplayName": "x"}
    return body


def by_operation(stage):
    return dict(Counter(it["operation"] for it in stage.calls()).most_common())


def test_a_hundred_previews_are_listed_in_a_few_calls_and_sixty_collected_in_bounded_ones(acme, stage, standins):
    dead = [f"old-{number}" for number in range(60)]
    standins.many(dead, GONE)
    standins.many([f"new-{number}" for number in range(40)], LIVES)
    stage.forget_calls()
    begun = time.monotonic()
    listed = acme.json("preview", "list", "--region", "eu-west-1")["previews"]
    print(f"\nlist of 100: {len(stage.calls())} calls, {time.monotonic() - begun:.1f} s")
    assert len(listed) == 100 and len(stage.calls()) <= 5
    assert [it["state"] for it in listed] == ["expired"] * 60 + ["lives"] * 40, "what expires first in front"

    stage.forget_calls()
    begun = time.monotonic()
    looked = gc(acme)
    calls = len(stage.calls())
    print(f"gc, dry run: {calls} calls, {time.monotonic() - begun:.1f} s, {by_operation(stage)}")
    assert outcomes(looked) == {it["name"]: "would_collect" if it["name"] in dead else "skipped" for it in listed}
    assert calls <= 5 + 12 * 60
    assert len(standins.names()) == 200, "nothing was changed"

    stage.forget_calls()
    begun = time.monotonic()
    gone = gc(acme, "--yes", seconds=600)
    calls = len(stage.calls())
    print(f"gc --yes: {calls} calls, {time.monotonic() - begun:.1f} s, {by_operation(stage)}")
    assert {name for name, outcome in outcomes(gone).items() if outcome == "collected"} == set(dead)
    assert {name.removesuffix("-data") for name in standins.names()} == {f"new-{number}" for number in range(40)}
    assert calls <= 5 + 40 * 60


def test_nothing_that_is_not_a_preview_beyond_doubt_is_collected(acme, stage, standins):
    """Each of these is expired and would be gone, were it not for one thing."""
    unmarked = {"Parameters": {"Expires": {"Type": "String"}}, "Resources": {"Alarms": {"Type": "AWS::SNS::Topic"}}}
    plain = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    standins.preview("gone", GONE)

    # Tags copied by hand: to a stack with another name, and to one with the right name and nothing else of ours.
    standins.stack("billing", plain, tags("gone"))
    standins.stack("shop", plain, tags("shop", **{"syncctl:expires": GONE}))
    standins.stack("wiki", unmarked, tags("wiki"), GONE)
    # The template of a preview, deployed again under another name, with its tags and with tags that fit.
    standins.stack("clone", template("gone", "app"), tags("gone"), GONE)
    standins.stack("twin", template("gone", "app"), tags("twin"), GONE)
    standins.stack("twin2-data", template("twin2", "app"), tags("twin2"), GONE)
    # A stack of somebody else's that has the other name of the pair.
    standins.stack("half-data", template("half", "data"), tags("half"), GONE)
    standins.stack("half", plain, {})
    # Half a preview is tagged, half is not.
    standins.preview("lame", GONE, app={"tags": {"syncctl:name": "lame"}})
    # No end.
    standins.stack("prod", plain, {"syncctl:name": "prod", "syncctl:owner": "ann"})
    # Protected, at the stack and by the word of its template.
    for name in ("guarded", "guarded-data"):
        standins.stack(name, template("guarded", "data" if "-data" in name else "app"), tags("guarded"), GONE)
    standins.client.update_termination_protection(StackName="guarded-data", EnableTerminationProtection=True)
    standins.preview("keeper", GONE, data={"template": template("keeper", "data", policy="RetainExceptOnCreate")})
    standins.preview("mute", GONE, data={"template": template("mute", "data", preview=False)})
    # Times that say nothing, or not the same.
    standins.preview("vague", "soon")
    standins.preview("split", GONE, app={"expires": moment(hours=-3)})
    # A plan waits on it: anybody's, or one that was made just now.
    for name, change_set in (("planned", "theirs"), ("fresh", "syncctl-abc-app")):
        standins.preview(name, GONE)
        standins.client.create_change_set(
            StackName=name, ChangeSetName=change_set, TemplateBody=json.dumps(changed(name)),
            Parameters=[{"ParameterKey": "Expires", "ParameterValue": LIVES}],
        )  # fmt: skip
    standins.preview("alive", LIVES)

    before = standins.names()
    found = gc(acme, "--yes", seconds=300)
    assert {name for name, it in found.items() if it["outcome"] == "collected"} == {"gone"}
    assert {name: it.get("reason") for name, it in found.items() if name != "gone"} == {
        "alive": "lives", "billing": "name_differs", "clone": "name_differs", "fresh": "planned", "guarded": "protected",
        "half": "not_ours", "keeper": "keeps", "lame": "no_end", "mute": "not_ours", "planned": "planned", "prod": "no_end",
        "shop": "no_expiry", "split": "expiries_differ", "twin": "not_ours", "twin2": "not_ours", "vague": "no_expiry",
        "wiki": "not_ours",
    }  # fmt: skip
    assert standins.names() == {name: status for name, status in before.items() if name not in ("gone", "gone-data")}


def test_another_accounts_previews_are_another_accounts(acme, stage, standins):
    """A key of 12 digits is that account's on the stage."""
    standins.preview("ours", GONE)
    found = gc(acme, "--yes", AWS_ACCESS_KEY_ID="210987654321")
    assert found == {}
    assert set(standins.names()) == {"ours", "ours-data"}


def test_one_that_is_being_worked_on_is_left_alone(acme, stage, standins):
    standins.preview("busy", GONE)
    stage.set(pace_ms=3_000)
    standins.client.update_stack(
        StackName="busy", TemplateBody=json.dumps(changed("busy")),
        Parameters=[{"ParameterKey": "Expires", "ParameterValue": GONE}],
    )  # fmt: skip
    found = gc(acme, "--yes")
    assert found["busy"]["reason"] == "busy", found
    assert "UPDATE_IN_PROGRESS" in found["busy"]["why"]


def test_what_died_while_it_was_made_goes_only_when_it_holds_nothing(acme, stage, standins):
    stage.fail(resource="Alarms", action="create", message="told to", times=0)
    standins.stack("dead", template("dead", "app"), tags("dead"), GONE, wait=False)
    deadline = time.monotonic() + 20
    while standins.names()["dead"] != "ROLLBACK_COMPLETE" and time.monotonic() < deadline:
        time.sleep(0.05)
    stage.heal()
    # Only a change set, and nobody can say whose preview it would become.
    standins.stack("review-data", template("review", "data"), tags("review"), GONE)
    standins.client.create_change_set(
        StackName="review", ChangeSetName="syncctl-x-app", ChangeSetType="CREATE", TemplateBody=json.dumps(template("review", "app")),
        Parameters=[{"ParameterKey": "Expires", "ParameterValue": GONE}],
    )  # fmt: skip
    found = gc(acme, "--yes")
    assert found["dead"]["outcome"] == "collected", found
    assert found["review"]["reason"] == "stuck" and "syncctl recover" in found["review"]["why"]
    assert {"review", "review-data"} <= set(standins.names())


def test_what_is_extended_between_the_look_and_the_removal_stays(acme, stage, standins):
    """The app stack goes slowly; meanwhile somebody gives the data stack, and with it the preview, more time."""
    standins.preview("late", GONE, content=3)
    stage.set(paces={"AWS::SNS::Topic": 3_000})
    job = acme.start("preview", "gc", "--yes", "--region", "eu-west-1")
    deadline = time.monotonic() + 20
    while standins.names()["late"] != "DELETE_IN_PROGRESS" and time.monotonic() < deadline:
        time.sleep(0.05)
    standins.client.update_stack(
        StackName="late-data", TemplateBody=json.dumps(template("late", "data")),
        Parameters=[{"ParameterKey": "Expires", "ParameterValue": LIVES}],
        Tags=[{"Key": key, "Value": value} for key, value in tags("late", team="new").items()],
    )  # fmt: skip
    told, _ = job.communicate(timeout=60)
    assert job.returncode == 1 and "changed while it was collected" in told, told
    assert "late-data" in standins.names()
    assert stage.client("s3").list_objects_v2(Bucket="late-content-123456789012-eu-west-1")["KeyCount"] == 3, "nothing was emptied"


def test_a_collection_that_is_ended_midway_is_finished_by_the_next(acme, stage, standins):
    for name in ("one", "two"):
        standins.preview(name, GONE, content=3)
    stage.set(paces={"AWS::SNS::Topic": 1_500})
    job = acme.start("preview", "gc", "--yes", "--region", "eu-west-1")
    deadline = time.monotonic() + 20
    while standins.names().get("one") != "DELETE_IN_PROGRESS" and time.monotonic() < deadline:
        time.sleep(0.05)
    job.send_signal(signal.SIGTERM)
    job.communicate(timeout=20)
    assert job.returncode == 143
    time.sleep(2)
    assert set(standins.names()) == {"one-data", "two-data"}, "AWS has gone on"
    assert outcomes(gc(acme, "--yes")) == {"one": "collected", "two": "collected"}
    assert standins.names() == {} and stage.client("s3").list_buckets()["Buckets"] == []


@pytest.mark.parametrize("how", ["lost-reply", "expired", "throttle"])
def test_a_fault_at_any_kind_of_call_is_told_and_the_next_collection_finishes(acme, stage, standins, how):
    quiet = ["GetCallerIdentity", "DescribeStacks", "GetTemplate", "ListStackResources", "ListChangeSets", "DescribeStackEvents",
             "DeleteStack", "ListObjectVersions", "DeleteObjects"]  # fmt: skip
    for number, call in enumerate(quiet):
        name = f"pr-{number}"
        standins.preview(name, GONE, content=2)
        stage.fail(call=call, nth=1, how=how, times=1)
        done = acme.run("preview", "gc", "--yes", "--region", "eu-west-1", code=None)
        stage.heal()
        assert done.returncode in (0, 1, 77), (call, done.stderr)
        if done.returncode:
            assert "failed" in done.stdout or "error:" in done.stderr, (call, done.stdout, done.stderr)
        acme.run("preview", "gc", "--yes", "--region", "eu-west-1")
        assert standins.names() == {}, call


def test_a_name_limits_a_collection_to_it(acme, standins):
    standins.preview("one", GONE)
    standins.preview("two", GONE)
    assert outcomes(gc(acme, "--yes", "--name", "one")) == {"one": "collected"}
    assert set(standins.names()) == {"two", "two-data"}


def test_one_that_fails_stops_no_other_and_is_told(acme, stage, standins):
    stuck = template("b", "app")
    stuck["Resources"] = {"Stuck": stuck["Resources"]["Alarms"]}
    standins.preview("a", moment(hours=-3), content=2)
    standins.preview("b", moment(hours=-4), app={"template": stuck})
    standins.preview("c", GONE)
    stage.fail(resource="Stuck", action="delete", message="told to", times=0)
    found = gc(acme, "--yes", "--max", "2", code=1)
    assert outcomes(found) == {"a": "collected", "b": "failed", "c": "skipped"}
    assert "told to" in found["b"]["error"] and found["c"]["reason"] == "too_many"
    stage.heal()
    later = gc(acme, "--yes")
    assert outcomes(later) == {"b": "skipped", "c": "collected"}
    assert "DELETE_FAILED" in later["b"]["why"] and "syncctl recover" in later["b"]["why"], "a person has to look"
    shown = acme.run("preview", "list", "--region", "eu-west-1")
    assert "stuck" in shown.stdout


def test_a_preview_from_its_first_push_to_its_collection(pr, stage):
    pr.run("up", "--yes")
    first = expires(stage, "pr-7")
    pr.run("plan", "--detailed-exitcode", code=0)
    listed = pr.json("preview", "list")["previews"]
    assert [it["name"] for it in listed] == ["pr-7"] and listed[0]["state"] == "lives" and listed[0]["endpoint"]
    assert pr.json("status")["expires"] == first

    # More time touches one tag of each stack, and no server.
    servers = {it["instance"] for it in pr.json("status")["servers"]}
    since = time.time()
    pr.run("preview", "extend", "--ttl", "9d")
    extended = expires(stage, "pr-7")
    assert extended > first
    assert touched(stage, "pr-7", since) == {"Alarms"} and touched(stage, "pr-7-data", since) == {"Artifacts"}
    assert {it["instance"] for it in pr.json("status")["servers"]} == servers
    pr.run("plan", "--detailed-exitcode", code=0)

    # A push takes none of it away; once most of the time is used up, a push gives it anew although nothing else changed.
    pr.run("up", "--yes")
    assert expires(stage, "pr-7") == extended
    pr.run("preview", "extend", "--ttl", "1h")
    assert expires(stage, "pr-7") < first
    since = time.time()
    pr.run("up", "--yes")
    assert expires(stage, "pr-7") >= first
    assert touched(stage, "pr-7", since) == {"Alarms"} and touched(stage, "pr-7-data", since) == {"Artifacts"}

    # From another folder, without its blueprint.
    elsewhere = Product(pr.folder / "elsewhere", stage)
    (elsewhere.folder / "syncctl.yaml").unlink()
    elsewhere.run("preview", "extend", "--name", "pr-7", "--ttl", "5d", "--region", "eu-west-1")
    bucket = pr.json("outputs")["outputs"]["ContentBucket"]
    for number in range(30):
        stage.client("s3").put_object(Bucket=bucket, Key=f"s/x/{number}", Body=b"x", IfNoneMatch="*")
    assert outcomes(gc(elsewhere, "--yes")) == {"pr-7": "skipped"}

    expire(stage, "pr-7")
    assert outcomes(gc(elsewhere)) == {"pr-7": "would_collect"}
    stage.forget_calls()
    assert outcomes(gc(elsewhere, "--yes")) == {"pr-7": "collected"}
    print(f"\ngc of one real preview: {len(stage.calls())} calls, {by_operation(stage)}")
    assert stage.client("s3").list_buckets()["Buckets"] == []
    assert stage.client("cloudformation").describe_stacks()["Stacks"] == []
    assert gc(elsewhere, "--yes") == {}


def test_down_takes_a_preview_with_everything_in_it(pr, stage):
    pr.run("up", "--yes")
    pr.run("down", "--yes", "--name", "pr-7")
    assert stage.client("s3").list_buckets()["Buckets"] == []


def test_a_flag_makes_a_preview_and_is_refused_where_it_contradicts_the_blueprint(acme, stage):
    acme.write(more="database: { protect: false }")
    acme.run("plan", "--ttl", "2h")
    acme.run("up", "--yes", "--ttl", "2h", "--name", "pr-8")
    assert moment(minutes=110) < expires(stage, "pr-8") <= moment(minutes=121)
    too_short = acme.run("up", "--yes", "--ttl", "5m", code=65)
    assert "--ttl" in too_short.stderr and "1h" in too_short.stderr
    acme.write(more="protect: true\ndatabase: { protect: false }")
    refused = acme.run("up", "--yes", "--ttl", "2h", code=65)
    assert "protect: true" in refused.stderr and "could not be torn down" in refused.stderr


def test_what_has_no_end_is_not_made_a_preview_by_a_name_that_it_shares(acme, stage):
    """A branch called like production, and `--name auto`."""
    acme.write(more="database: { protect: false }")
    acme.run("up", "--yes")
    refused = acme.run("up", "--yes", "--ttl", "48h", code=1)
    assert "is no preview" in refused.stderr
    assert gc(acme, "--yes")["acme"]["reason"] == "no_end"
    acme.write(more="protect: true")
    no_end = acme.run("preview", "extend", "--ttl", "2h", code=1)
    assert "it is no preview" in no_end.stderr


def test_a_sealed_plan_of_a_preview_is_carried_out_later(pr, stage):
    pr.run("plan", "--out", "plan.json")
    time.sleep(1.1)
    pr.run("apply", "plan.json")
    pr.run("plan", "--detailed-exitcode", code=0)


def test_the_name_comes_from_the_branch(acme, stage):
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]

    def checkout(*command):
        subprocess.run([*git, *command], cwd=acme.folder, check=True, capture_output=True, env=acme.environment())

    none = acme.run("--name", "auto", "plan", code=64)
    assert "none is checked out" in none.stderr
    checkout("init")
    checkout("checkout", "-b", "feature/JIRA-1234-a-very-long-branch-name")
    checkout("commit", "--allow-empty", "-m", "one")
    shown = acme.json("--name", "auto", "plan", "--quick")
    assert shown["name"].startswith("feature-jira-1234") and len(shown["name"]) <= 24
    checkout("checkout", "--detach")
    of_pipeline = acme.json("--name", "auto", "plan", "--quick",
                            GITHUB_HEAD_REF="feature/JIRA-1234-a-very-long-branch-name", GITHUB_REF_NAME="7/merge")  # fmt: skip
    assert of_pipeline["name"] == shown["name"], "the same branch, the same preview"
    acme.run("--name", "auto", "plan", "--quick", code=64)
    acme.write(more=PREVIEW)
    acme.run("--name", "auto", "up", "--yes", CI_COMMIT_BRANCH="fix-1")
    acme.run("--name", "auto", "down", "--yes", CI_COMMIT_BRANCH="fix-1")
    assert stage.client("cloudformation").describe_stacks()["Stacks"] == []


def test_a_preview_that_is_brought_up_anew_while_it_is_collected_is_whole_or_refused(pr, stage):
    """Emptying takes minutes: by then CloudFormation itself has to keep everybody away."""
    pr.run("up", "--yes")
    expire(stage, "pr-7")
    bucket = pr.json("outputs")["outputs"]["ContentBucket"]
    for number in range(5):
        stage.client("s3").put_object(Bucket=bucket, Key=f"s/x/{number}", Body=b"x", IfNoneMatch="*")
    stage.fail(call="DeleteObjects", how="throttle", times=3)
    job = pr.start("preview", "gc", "--yes")
    cloudformation = stage.client("cloudformation")

    def status():
        found = {it["StackName"]: it["StackStatus"] for it in cloudformation.describe_stacks()["Stacks"]}
        return found.get("pr-7-data")

    deadline = time.monotonic() + 60
    while status() != "DELETE_FAILED" and job.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert status() == "DELETE_FAILED", "buckets are emptied only once the removal has begun"
    revived = pr.run("up", "--yes", code=None)
    assert revived.returncode != 0 and "DELETE_FAILED" in revived.stderr, revived.stderr
    told, _ = job.communicate(timeout=90)
    assert job.returncode == 0 and "pr-7" in told, told
    assert cloudformation.describe_stacks()["Stacks"] == []
    pr.run("up", "--yes")


def test_a_collection_that_stopped_at_full_buckets_is_finished_by_the_next(pr, stage):
    pr.run("up", "--yes")
    expire(stage, "pr-7")
    bucket = pr.json("outputs")["outputs"]["ContentBucket"]
    stage.client("s3").put_object(Bucket=bucket, Key="s/x/1", Body=b"x", IfNoneMatch="*")
    stage.fail(call="DeleteObjects", how="denied", times=0)
    assert outcomes(gc(pr, "--yes", code=1)) == {"pr-7": "failed"}
    stage.heal()
    assert outcomes(gc(pr, "--yes")) == {"pr-7": "collected"}
    assert stage.client("s3").list_buckets()["Buckets"] == []


def test_what_stays_takes_no_ones_place(acme, standins):
    """`--max` counts what goes, not what is looked at."""
    for name, hours in (("a", -9), ("b", -8)):
        body = template(name, "data")
        body["Resources"]["Content"]["DeletionPolicy"] = "Retain"
        standins.preview(name, moment(hours=hours), data={"template": body})
    standins.preview("c", GONE)
    assert outcomes(gc(acme, "--yes", "--max", "1")) == {"a": "skipped", "b": "skipped", "c": "collected"}


def test_data_that_a_deployment_has_left_is_no_previews(acme, stage):
    """Taken over by a preview, it would be collected with it one day."""
    acme.write(retain="true")
    acme.run("up", "--yes")
    acme.run("down", "--yes", "--name", "acme")
    acme.write(retain="true", more=PREVIEW)
    refused = acme.run("up", "--yes", code=1)
    assert "has left data" in refused.stderr, refused.stderr
    assert stage.client("cloudformation").describe_stacks()["Stacks"] == []
