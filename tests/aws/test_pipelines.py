"""The pipelines of examples/, run from their own files by somebody who plays the CI system (DP-3)."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import yaml
from pipelines import CERTIFICATE, EXAMPLES, QUICK_SCHEDULE, REAL_SCHEDULE, Cancellation, Log, Releases, Repository, Trace, base_environment, run
from pipelines_github import ISSUER, NAME, GitHub
from pipelines_gitlab import PROJECT, SERVER, GitLab
from previews import expire
from product import PROGRAMS, SOME_PROGRAM
from stage import Stacks


@pytest.fixture(scope="session")
def trace(tmp_path_factory):
    return Trace(tmp_path_factory.mktemp("trace"))


@pytest.fixture
def releases(tmp_path):
    return Releases(tmp_path / "releases")


def ready(stage):
    """An account with what production needs from outside."""
    stage.set(quotas={"L-1216C47A": 64}, pace_ms=5, change_set_ms=5)
    stage.ask("POST", "certificate", {"arn": CERTIFICATE, "name": "sync.example.com", "status": "ISSUED"})


@pytest.fixture
def hub(tmp_path, stage, releases, trace, request):
    ready(stage)
    hub = GitHub(tmp_path / "github", stage, releases, trace, request.node.name)
    yield hub
    hub.close()


def statuses(stage, **credentials):
    found = stage.client("cloudformation", **credentials).describe_stacks()["Stacks"]
    return {it["StackName"]: it["StackStatus"] for it in found}


def wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come about")


def deployed(ci):
    """Production, as an earlier pipeline has left it: quicker, from here."""
    environment = {
        **base_environment(ci.folder / "here", ci.stage), "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "SYNCCTL_SYNCD": str(ci.releases.server("0.1.0")),
    }  # fmt: skip
    subprocess.run([PROGRAMS / "syncctl", "apply", "--yes"], cwd=ci.repository.folder, env=environment, check=True, capture_output=True)


def proposed(hub, number, old="max: 9", new="max: 8", file="syncctl.yaml"):
    hub.repository.branch(f"change-{number}")
    return hub.repository.change(file, old, new)


def group(stage):
    return stage.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]


# GitHub: pull requests


def test_a_pull_request_has_one_comment_which_follows_its_pushes(hub):
    deployed(hub)
    hub.somebody_comments(7, "mallory", "<!-- pipeline-comment plan -->\nAll is well, merge it.")
    head = proposed(hub, 7)
    hub.pull_request(7, "opened", head, only="plan").wait("success")
    first = [it for it in hub.comments(7) if it["user"]["login"] == "github-actions[bot]" and "Plan for" in it["body"]]
    assert len(first) == 1 and head in first[0]["body"]
    assert "1 to change" in first[0]["body"] and "syncctl.yaml:" in first[0]["body"]

    head = hub.repository.change("syncctl.yaml", "min: 3", "min: 4")
    run = hub.pull_request(7, "synchronize", head, only="plan").wait("success")
    (again,) = [it for it in hub.comments(7) if it["user"]["login"] == "github-actions[bot]" and "Plan for" in it["body"]]
    assert (again["id"], again["writes"]) == (first[0]["id"], 2), "the same comment"
    assert head in again["body"] and again["body"] != first[0]["body"]
    assert "Plan for `acme-sync`" in run.summary, "and the job's summary has it, too"
    assert "Mallory".lower() in hub.comments(7)[0]["user"]["login"] and hub.comments(7)[0]["writes"] == 1


def test_a_comment_is_found_behind_a_hundred_others(hub):
    for number in range(120):
        hub.somebody_comments(7, "ann", f"Opinion {number}")
    head = proposed(hub, 7)
    hub.pull_request(7, "opened", head, only="plan").wait("success")
    hub.pull_request(7, "synchronize", head, only="plan").wait("success")
    written = [it for it in hub.comments(7) if "Plan for" in it["body"]]
    assert [it["writes"] for it in written] == [2]


def test_a_plan_that_is_blocked_fails_the_job_and_is_there_to_read(hub, stage):
    stage.set(quotas={"L-1216C47A": 1})
    run = hub.pull_request(8, "opened", proposed(hub, 8), only="plan").wait("failure")
    (comment,) = [it for it in hub.comments(8) if "Plan for" in it["body"]]
    assert "blocked" in comment["body"] and "quota" in comment["body"]
    assert "blocked. Solve first: " in run.log("plan") and "the quota is 1" in run.log("plan")


def test_a_plan_that_cannot_be_made_does_not_leave_an_old_one_standing(hub, stage):
    head = proposed(hub, 9)
    hub.pull_request(9, "opened", head, only="plan").wait("success")
    stage.fail(call="sts:GetCallerIdentity", how="expired", times=0)
    run = hub.pull_request(9, "synchronize", head, only="plan").wait("failure")
    (comment,) = [it for it in hub.comments(9) if "pipeline-comment plan" in it["body"]]
    assert "No plan" in comment["body"] and str(run.github()["run_id"]) in comment["body"]
    assert "credentials" in run.log("plan"), run.log()


def test_a_blueprint_that_is_wrong_never_meets_credentials(hub):
    run = hub.pull_request(10, "opened", proposed(hub, 10, "min: 3", "mim: 3"), only="plan").wait("failure")
    assert run.results == {"validate": "failure", "plan": "skipped"}
    assert "did you mean" in run.log() or "syncctl.yaml:7" in run.log(), run.log()


def test_a_fork_is_checked_and_gets_neither_credentials_nor_a_preview(hub, stage):
    runs = hub.pull_request(11, "opened", proposed(hub, 11), fork=True)
    plan, preview = runs["plan"].wait("success"), runs["preview"].wait("success")
    assert plan.results == {"validate": "success", "plan": "skipped"}
    assert set(preview.results.values()) == {"skipped"}
    assert statuses(stage) == {} and hub.comments(11) == []


def test_a_comment_that_may_not_be_written_is_no_failure(hub):
    """A repository whose tokens only read, whatever a workflow asks for."""
    workflow = hub.repository.folder / ".github/workflows/plan.yml"
    workflow.write_text(workflow.read_text().replace("pull-requests: write", "pull-requests: read"))
    run = hub.pull_request(12, "opened", proposed(hub, 12), only="plan").wait("success")
    assert "::warning::No comment" in run.log("plan") and "Plan for `acme-sync`" in run.summary


def test_a_comment_that_is_lost_for_another_reason_is_a_failure(hub):
    hub.goes_down()
    run = hub.pull_request(14, "opened", proposed(hub, 14), only="plan").wait("failure")
    assert "HTTP 502" in run.log("plan") and "::warning::" not in run.log("plan")


def test_a_newer_push_ends_the_older_plan(hub, stage):
    deployed(hub)
    stage.set(change_set_ms=2000)
    head = proposed(hub, 13)
    older = hub.pull_request(13, "opened", head, only="plan")
    wait_for(lambda: "Plan\n" in older.log("plan"))
    newer = hub.pull_request(13, "synchronize", head, only="plan")
    older.wait("cancelled")
    stage.set(change_set_ms=20)
    newer.wait("success")
    assert [it["writes"] for it in hub.comments(13) if "Plan for" in it["body"]] == [1]


# GitHub: production


def test_what_was_merged_is_sealed_approved_and_carried_out(hub, stage):
    run = hub.push(hub.repository.head()).wait("waits for approval")
    assert "58 to add" in run.log("plan") or "to add" in run.log("plan")
    assert "Plan for `acme-sync`" in run.summary, "who approves sees the plan"
    assert set(statuses(stage).values()) == {"REVIEW_IN_PROGRESS"}, "nothing is done yet"
    run.approve().wait("success")
    assert statuses(stage) == {"acme-sync": "CREATE_COMPLETE", "acme-sync-data": "UPDATE_COMPLETE"}, "made, then protected"
    last = run.log("apply").splitlines()
    assert any(re.match(r"acme-sync: changed in .* healthy servers at https://sync.example.com", line) for line in last), run.log()

    run.again("apply").wait("success")
    assert "as the plan says already" in run.log("apply"), "a job that is started again finds it done"

    nothing = hub.push(hub.repository.commit("Words only")).wait("success")
    assert nothing.results == {"plan": "success", "apply": "skipped"}, "nobody is asked to approve nothing"

    proposed(hub, 20)
    run = hub.push(hub.repository.merge("change-20")).approve().wait("success")
    assert group(stage)["MaxSize"] == 8
    assert "syncctl:owner" not in run.log("plan"), "who seals and who applies are two, and the owner's tag stays"


def test_two_merges_at_once_go_one_after_the_other(hub, stage):
    deployed(hub)
    proposed(hub, 21)
    first = hub.push(hub.repository.merge("change-21")).wait("waits for approval")
    second = hub.push(hub.repository.change("syncctl.yaml", "min: 3", "min: 4"))
    third = hub.push(hub.repository.change("syncctl.yaml", "min: 4", "min: 5"))
    assert (second.status, third.status) == ("cancelled", "queued"), "the newest waits; what it replaces is part of it"
    first.approve().wait("success")
    assert (group(stage)["MaxSize"], group(stage)["MinSize"]) == (8, 3)
    third.wait("waits for approval").approve().wait("success")
    assert (group(stage)["MaxSize"], group(stage)["MinSize"]) == (8, 5)


def test_a_plan_that_somebody_else_has_overtaken_is_stale_and_a_new_run_is_not(hub, stage, tmp_path):
    """Two repositories, or a person at a laptop: no concurrency group helps."""
    deployed(hub)
    proposed(hub, 22)
    run = hub.push(hub.repository.merge("change-22")).wait("waits for approval")
    hub.groups.clear()
    hub.push(hub.repository.change("syncctl.yaml", "min: 3", "min: 4")).approve().wait("success")
    run.approve().wait("failure")
    assert "stale" in run.log("apply") and "exit code 76" in run.log("apply")
    assert group(stage)["MinSize"] == 4, "nothing was undone"
    run.again().wait()


def cancelled_apply(hub, stage, schedule):
    deployed(hub)
    proposed(hub, 23, "min: 3", "min: 4")
    run = hub.push(hub.repository.merge("change-23")).wait("waits for approval")
    stage.set(pace_ms=700)
    run.approve()
    wait_for(lambda: statuses(stage)["acme-sync"] == "UPDATE_IN_PROGRESS")
    begun = time.monotonic()
    run.cancel(schedule).wait("cancelled")
    return run, time.monotonic() - begun


def test_a_cancelled_apply_leaves_at_once_and_the_next_job_finishes(hub, stage):
    run, _ = cancelled_apply(hub, stage, QUICK_SCHEDULE)
    log = run.log("apply")
    assert "syncctl attach" in log and "The operation was canceled" in log, log
    assert len(run.cancellation.signals) == 1, "the first signal was enough"
    stage.set(pace_ms=50)
    run.again("apply").wait("success")
    assert group(stage)["MinSize"] == 4
    hub.push(hub.repository.commit("Words only")).wait("success")


def test_with_the_runners_real_schedule_no_signal_is_wasted(hub, stage):
    """7.5 s, then 2.5 s: a step that ends only then would have been killed midway."""
    run, took = cancelled_apply(hub, stage, REAL_SCHEDULE)
    assert took < 7.5 and len(run.cancellation.signals) == 1, (took, run.log("apply"))


def test_a_job_that_is_killed_leaves_nothing_that_is_locked(hub, stage):
    """The machine goes away: no signal is heard."""
    deployed(hub)
    proposed(hub, 24, "min: 3", "min: 4")
    run = hub.push(hub.repository.merge("change-24")).wait("waits for approval")
    stage.set(pace_ms=300)
    run.approve()
    wait_for(lambda: statuses(stage)["acme-sync"] == "UPDATE_IN_PROGRESS")
    run.cancel((0, 0)).wait("cancelled")
    run.again("apply").wait("success")
    assert group(stage)["MinSize"] == 4


def test_credentials_that_end_midway_are_named_and_the_job_can_be_started_again(hub, stage):
    deployed(hub)
    proposed(hub, 25, "min: 3", "min: 4")
    run = hub.push(hub.repository.merge("change-25")).wait("waits for approval")
    stage.set(pace_ms=300)
    run.approve()
    wait_for(lambda: statuses(stage)["acme-sync"] == "UPDATE_IN_PROGRESS")
    stage.fail(call="*", how="expired", times=0)
    run.wait("failure")
    stage.heal()
    log = run.log("apply")
    assert "expired" in log and "syncctl attach" in log and "exit code 77" in log, log
    run.again("apply").wait("success")
    assert group(stage)["MinSize"] == 4


# GitHub: previews and nights


def test_a_preview_comes_with_a_pull_request_follows_it_and_goes_with_it(hub, stage):
    head = proposed(hub, 30, "max: 2", "max: 3", "preview.yaml")
    hub.pull_request(30, "opened", head, only="preview").wait("success")
    assert set(statuses(stage)) == {"pr-30", "pr-30-data"}
    (comment,) = [it for it in hub.comments(30) if "pipeline-comment preview" in it["body"]]
    address = stage.client("elbv2").describe_load_balancers()["LoadBalancers"][0]["DNSName"]
    assert address.lower() in comment["body"].lower()
    assert group(stage)["MaxSize"] == 3

    head = hub.repository.change("preview.yaml", "max: 3", "max: 2")
    hub.pull_request(30, "synchronize", head, only="preview").wait("success")
    assert group(stage)["MaxSize"] == 2
    assert [it["writes"] for it in hub.comments(30) if "pipeline-comment preview" in it["body"]] == [2]

    down = hub.pull_request(30, "closed", head, only="preview").wait("success")
    assert statuses(stage) == {} and "taken down in" in down.log("down")
    hub.pull_request(30, "closed", head, only="preview").wait("success")


def test_a_preview_that_fails_says_so_on_the_pull_request(hub, stage):
    stage.fail(resource="LoadBalancer", action="create", message="The maximum number of load balancers has been reached")
    head = proposed(hub, 31)
    run = hub.pull_request(31, "opened", head, only="preview").wait("failure")
    (comment,) = [it for it in hub.comments(31) if "pipeline-comment preview" in it["body"]]
    assert "No preview" in comment["body"] and "actions/runs" in comment["body"]
    assert "maximum number of load balancers" in run.log()
    hub.pull_request(31, "reopened", head, only="preview").wait("success")


def test_a_pull_request_that_is_closed_while_its_preview_comes_up_leaves_nothing(hub, stage):
    stage.set(pace_ms=100)
    head = proposed(hub, 32)
    up = hub.pull_request(32, "opened", head, only="preview")
    wait_for(lambda: "pr-32-data" in statuses(stage))
    down = hub.pull_request(32, "closed", head, only="preview")
    stage.set(pace_ms=0)
    up.wait("success")
    down.wait("success")
    assert statuses(stage) == {}


def test_a_night_finds_drift_and_collects(hub, stage):
    deployed(hub)
    calm = hub.night().wait("success")
    assert "Nothing was changed outside syncctl" in calm.log("drift")
    head = proposed(hub, 40)
    hub.pull_request(40, "opened", head, only="preview").wait("success")
    expire(stage, "pr-40")
    hub.repository.git("checkout", "--quiet", "main")
    bucket = next(it["Name"] for it in stage.client("s3").list_buckets()["Buckets"] if it["Name"].startswith("acme-sync-content"))
    stage.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    run = hub.night().wait("failure")
    assert run.results == {"drift": "failure", "collect": "success"}
    assert bucket in run.log("drift") and "Enabled → Suspended" in run.log("drift"), run.log()
    assert "exit code 2" in run.log("drift")
    assert set(statuses(stage)) == {"acme-sync", "acme-sync-data"}, "production stays"


def test_other_branches_neither_deploy_nor_collect(hub, stage):
    for workflow in ("apply", "nightly"):
        run = hub.by_hand(workflow, ref="refs/heads/change-1").wait("success")
        assert set(run.results.values()) == {"skipped"}
    assert statuses(stage) == {}


# GitHub: rights. The roles of roles.yaml with the policies that syncctl prints, in an AWS that checks both.


ROOT = {"key": "root", "secret": "rootsecret"}


def syncctl(folder, *arguments):
    done = subprocess.run([str(PROGRAMS / "syncctl"), *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def policies(example, role, printed, trace):
    """What `ci/policies` makes of what `syncctl permissions` has printed."""
    script = EXAMPLES / example / "ci/policies"
    environment = {**os.environ, **trace.environment()}
    done = subprocess.run([str(script), role], input=printed, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def make_roles(stage, example, repository, trace, **parameters):
    """As the README says: the roles first, then what each may do."""
    stacks = Stacks(stage, stage.client("cloudformation", **ROOT))
    named = {"Capabilities": ["CAPABILITY_NAMED_IAM"]}
    # The stage cannot make a provider by a template.
    url, audience = parameters.pop("issuer")
    iam = stage.client("iam", **ROOT)
    parameters["Provider"] = iam.create_open_id_connect_provider(Url=url, ClientIDList=[audience], ThumbprintList=["0" * 40])[
        "OpenIDConnectProviderArn"
    ]
    made = stacks.deploy("roles", (EXAMPLES / example / "roles.yaml").read_text(), "CREATE", parameters, **named)
    assert made["StackStatus"] == "CREATE_COMPLETE", stacks.told("roles")
    prefix = {"github-actions": "pr", "gitlab-ci": "mr"}[example]
    folder, permissions = repository.folder, ("permissions", "--format", "json")
    previews = syncctl(folder, *permissions, "--file", "preview.yaml", "--name", f"{prefix}-0").replace(f"{prefix}-0", f"{prefix}-*")
    for role, printed in {
        "plan": syncctl(folder, *permissions, "--for", "ci"),
        "deploy": syncctl(folder, *permissions),
        "preview": previews + syncctl(folder, *permissions, "--file", "preview.yaml", "--for", "gc"),
    }.items():
        template = policies(example, f"syncctl-{role}", printed, trace)
        made = stacks.deploy(f"{role}-policies", template, "CREATE", Capabilities=["CAPABILITY_IAM"])
        assert made["StackStatus"] == "CREATE_COMPLETE", stacks.told(f"{role}-policies")
    return stacks.outputs("roles")


@pytest.fixture
def guarded_hub(tmp_path, guarded, releases, trace, request):
    ready(guarded)
    guarded.set(pretend_tls=True)
    hub = GitHub(tmp_path / "github", guarded, releases, trace, request.node.name)
    outputs = make_roles(guarded, "github-actions", hub.repository, trace, Repository=NAME, issuer=(ISSUER, "sts.amazonaws.com"))
    hub.variables |= {f"AWS_{role.upper()}_ROLE": outputs[f"{role.title()}Role"] for role in ("plan", "deploy", "preview")}
    yield hub
    hub.close()


def names(stage):
    return {name for name in statuses(stage, **ROOT) if not name.endswith("-policies") and name != "roles"}


def test_the_roles_of_the_readme_are_enough_for_every_workflow(guarded_hub, guarded):
    hub = guarded_hub
    run = hub.push(hub.repository.head()).wait("waits for approval")
    run.approve().wait("success")
    head = proposed(hub, 50)
    hub.pull_request(50, "opened", head, only="plan").wait("success")
    hub.pull_request(50, "opened", head, only="preview").wait("success")
    assert names(guarded) == {"acme-sync", "acme-sync-data", "pr-50", "pr-50-data"}
    hub.pull_request(50, "closed", head, only="preview").wait("success")
    hub.pull_request(51, "opened", head, only="preview").wait("success")
    expire(guarded, "pr-51", **ROOT)
    hub.push(hub.repository.merge("change-50")).approve().wait("success")
    hub.night().wait("success")
    assert names(guarded) == {"acme-sync", "acme-sync-data"}


def test_a_role_is_for_its_place_only(guarded_hub, guarded):
    """A workflow that somebody writes on a branch of theirs."""
    hub = guarded_hub
    workflow = hub.repository.folder / ".github/workflows/preview.yml"
    text = workflow.read_text()
    # The role that deploys, without the environment.
    workflow.write_text(text.replace("AWS_PREVIEW_ROLE", "AWS_DEPLOY_ROLE"))
    run = hub.pull_request(52, "opened", hub.repository.head(), only="preview").wait("failure")
    assert "Not authorized to perform sts:AssumeRoleWithWebIdentity" in run.log()
    # The role that plans, to apply.
    workflow.write_text(
        text.replace("AWS_PREVIEW_ROLE", "AWS_PLAN_ROLE").replace('--file preview.yaml --name "$NAME" --ttl 48h', "--file syncctl.yaml")
    )
    run = hub.pull_request(53, "opened", hub.repository.head(), only="preview").wait("failure")
    assert "exit code 77" in run.log() and "syncctl permissions" in run.log(), run.log()
    # The role of previews, to touch production.
    workflow.write_text(text.replace('--file preview.yaml --name "$NAME" --ttl 48h', "--file syncctl.yaml"))
    run = hub.pull_request(54, "opened", hub.repository.head(), only="preview").wait("failure")
    assert "exit code 77" in run.log()
    assert set(statuses(guarded, **ROOT).values()) <= {"CREATE_COMPLETE", "REVIEW_IN_PROGRESS"}, "a plan at most"


# GitLab


def test_the_roles_of_gitlab_are_enough_as_well(tmp_path, guarded, releases, trace, request):
    ready(guarded)
    guarded.set(pretend_tls=True)
    lab = GitLab(tmp_path / "gitlab", guarded, releases, trace, request.node.name)
    make_roles(guarded, "gitlab-ci", lab.repository, trace, Project=PROJECT, issuer=(SERVER, SERVER))
    pipeline = lab.push(lab.repository.head()).wait(seal="success")
    pipeline.jobs["apply"].play().wait("success")
    lab.merge_request(50, proposed(lab, 50)).wait(plan="success", review="success")
    lab.merge_request_ends(50).wait("success")
    lab.night().wait(drift="success", collect="success")
    # A merge request's branch is not the branch that is deployed.
    lab.variables["AWS_PREVIEW_ROLE"] = lab.variables["AWS_DEPLOY_ROLE"]
    refused = lab.merge_request(51, lab.repository.head()).wait(review="failed")
    assert "sts:AssumeRoleWithWebIdentity" in refused.jobs["review"].log.text, refused.jobs["review"].log.text
    lab.close()


@pytest.fixture
def lab(tmp_path, stage, releases, trace, request):
    ready(stage)
    lab = GitLab(tmp_path / "gitlab", stage, releases, trace, request.node.name)
    yield lab
    lab.close()


def test_a_merge_request_has_one_note_a_review_app_and_an_end(lab, stage):
    deployed(lab)
    lab.notes[7] = [{"id": number + 1, "author": {"id": 1}, "body": "<!-- pipeline-note plan --> mine", "writes": 1} for number in range(120)]
    head = proposed(lab, 7)
    first = lab.merge_request(7, head).wait(validate="success", plan="success", review="success")
    (note,) = [it for it in lab.comments(7) if it["author"]["id"] == 42]
    assert head in note["body"] and "1 to change" in note["body"] and first.artifacts["plan"]["plan.md"].decode() in note["body"]
    assert {"mr-7", "mr-7-data"} < set(statuses(stage))
    assert "Environment review/mr-7: http://mr-7-" in first.jobs["review"].log.text

    head = lab.repository.change("syncctl.yaml", "min: 3", "min: 4")
    lab.merge_request(7, head).wait(plan="success", review="success")
    (note,) = [it for it in lab.comments(7) if it["author"]["id"] == 42]
    assert note["writes"] == 2 and head in note["body"]

    lab.merge_request_ends(7).wait("success")
    assert set(statuses(stage)) == {"acme-sync", "acme-sync-data"}


def test_a_blocked_plan_fails_the_merge_request_and_is_there_to_read(lab, stage):
    stage.set(quotas={"L-1216C47A": 1})
    pipeline = lab.merge_request(8, proposed(lab, 8)).wait(plan="failed")
    (note,) = lab.comments(8)
    assert "blocked" in note["body"]
    assert "blocked. Solve first: " in pipeline.jobs["plan"].log.text
    stage.fail(call="sts:GetCallerIdentity", how="expired", times=0)
    pipeline.jobs["plan"].retry().wait("failed")
    (note,) = lab.comments(8)
    assert "No plan" in note["body"] and note["writes"] == 2


def test_a_merge_request_of_a_fork_gets_no_credentials(lab, stage):
    pipeline = lab.merge_request(9, proposed(lab, 9), source_project="somebody/fork").wait(validate="success")
    assert set(pipeline.jobs) == {"validate"}


def test_without_a_token_there_is_an_artifact_instead_of_a_note(lab):
    del lab.variables["GITLAB_NOTES_TOKEN"]
    pipeline = lab.merge_request(10, proposed(lab, 10)).wait(plan="success")
    assert "No note" in pipeline.jobs["plan"].log.text and b"Plan for" in pipeline.artifacts["plan"]["plan.md"]


def test_what_was_merged_is_sealed_and_applied_by_hand_and_again(lab, stage):
    pipeline = lab.push(lab.repository.head()).wait(seal="success")
    pipeline.jobs["apply"].play().wait("success")
    pipeline.jobs["apply"].retry().wait("success")
    assert "as the plan says already" in pipeline.jobs["apply"].log.text

    # Two merges: the second plan knows nothing of the first, so it is stale, and a new one is not.
    proposed(lab, 21)
    first = lab.push(lab.repository.merge("change-21")).wait(seal="success")
    second = lab.push(lab.repository.change("syncctl.yaml", "min: 3", "min: 4")).wait(seal="success")
    first.jobs["apply"].play().wait("success")
    second.jobs["apply"].play().wait("failed")
    assert "the plan is stale" in second.jobs["apply"].log.text
    second.jobs["seal"].retry().wait("success")
    second.jobs["apply"].retry().wait("success")
    assert (group(stage)["MaxSize"], group(stage)["MinSize"]) == (8, 4)


def test_a_cancelled_job_of_gitlab_leaves_and_its_retry_finishes(lab, stage):
    deployed(lab)
    proposed(lab, 23, "min: 3", "min: 4")
    pipeline = lab.push(lab.repository.merge("change-23")).wait(seal="success")
    stage.set(pace_ms=700)
    apply = pipeline.jobs["apply"].play()
    wait_for(lambda: statuses(stage)["acme-sync"] == "UPDATE_IN_PROGRESS")
    apply.cancel(QUICK_SCHEDULE).wait("canceled")
    assert apply.cancellation.signals == [signal.SIGTERM] and "syncctl attach" in apply.log.text, apply.log.text
    stage.set(pace_ms=50)
    apply.retry().wait("success")
    assert group(stage)["MinSize"] == 4


def test_a_newer_push_ends_the_older_plan_of_a_merge_request_and_never_its_review_app(lab, stage):
    deployed(lab)
    stage.set(change_set_ms=2000)
    head = proposed(lab, 24)
    older = lab.merge_request(24, head)
    wait_for(lambda: older.jobs["plan"].log and "syncctl plan" in older.jobs["plan"].log.text)
    newer = lab.merge_request(24, head)
    older.wait(plan="canceled")
    stage.set(change_set_ms=20)
    newer.wait(plan="success", review="success")
    assert [it["writes"] for it in lab.comments(24)] == [1]


def test_a_night_at_gitlab_finds_drift_and_collects(lab, stage):
    deployed(lab)
    lab.merge_request(40, proposed(lab, 40)).wait(review="success")
    expire(stage, "mr-40")
    lab.repository.git("checkout", "--quiet", "main")
    bucket = next(it["Name"] for it in stage.client("s3").list_buckets()["Buckets"] if it["Name"].startswith("acme-sync-content"))
    stage.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    night = lab.night().wait(drift="failed", collect="success")
    assert "Enabled → Suspended" in night.jobs["drift"].log.text
    assert set(statuses(stage)) == {"acme-sync", "acme-sync-data"}


# A plain shell script


class Somewhere:
    """A machine of anybody's with the script on it: Jenkins, cron."""

    def __init__(self, folder, stage, trace, label):
        self.folder, self.stage, self.trace, self.label = Path(folder), stage, trace, label
        self.repository = Repository(self.folder / "repository", "shell")
        self.count = 0
        programs = self.folder / "programs"
        programs.mkdir()
        (programs / "syncctl").write_text(f'#!/bin/sh\nSYNCCTL_SYNCD={SOME_PROGRAM} exec {PROGRAMS / "syncctl"} "$@"\n')
        (programs / "syncctl").chmod(0o755)
        self.environment = {**base_environment(self.folder / "machine", stage, programs), **trace.environment(),
                            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}  # fmt: skip
        del self.environment["CI"]

    def deploy(self, *arguments, code=0, cancellation=None):
        self.count += 1
        log = Log(f"{self.label}/{self.count:02}-{'-'.join(arguments) or 'nothing'}")
        script = str(self.repository.folder / "deploy")
        found = run([script, *arguments], log, self.folder, self.environment, cancellation or Cancellation(), group=True, first=signal.SIGTERM)
        log.keep()
        log.check()
        assert code is None or found == code, f"exit code {found}\n{log.text}"
        return log.text


@pytest.fixture
def somewhere(tmp_path, stage, trace, request):
    ready(stage)
    return Somewhere(tmp_path / "shell", stage, trace, request.node.name)


def test_the_script_plans_applies_and_finds_it_done(somewhere, stage):
    assert "deploy plan" in somewhere.deploy(code=64) and "NAME" in somewhere.deploy("preview", code=64)
    somewhere.deploy("teardown", code=64)
    assert "No such file" in somewhere.deploy("apply", code=66)
    planned = somewhere.deploy("plan")
    assert "61 to add. " in planned and "Next: `syncctl apply plan.json`" in planned
    somewhere.deploy("apply")
    assert "as the plan says already" in somewhere.deploy("apply")
    assert "nothing to change" in somewhere.deploy("plan")
    somewhere.repository.change("syncctl.yaml", "max: 9", "max: 8")
    somewhere.deploy("plan")
    somewhere.repository.change("syncctl.yaml", "max: 8", "max: 7")
    assert "stale" in somewhere.deploy("apply", code=76)
    assert group(stage)["MaxSize"] == 9


def test_the_script_brings_previews_and_takes_them_down(somewhere, stage):
    somewhere.deploy("preview", "7")
    assert set(statuses(stage)) == {"pr-7", "pr-7-data"}
    somewhere.deploy("teardown", "7")
    assert statuses(stage) == {}
    assert "not there" in somewhere.deploy("teardown", "7")


def test_two_of_the_same_at_once_come_to_the_same_end(somewhere, stage):
    stage.set(pace_ms=50)
    found = []
    first = threading.Thread(target=lambda: found.append(somewhere.deploy("preview", "8")))
    first.start()
    wait_for(lambda: statuses(stage).get("pr-8-data") == "CREATE_IN_PROGRESS")
    second = somewhere.deploy("preview", "8")
    first.join()
    assert len(found) == 1, "the first one is not disturbed"
    assert "is busy: " in second and "30 min at most" in second, second
    assert statuses(stage) == {"pr-8": "CREATE_COMPLETE", "pr-8-data": "CREATE_COMPLETE"}


def test_an_ended_script_leaves_and_the_next_one_finishes(somewhere, stage):
    stage.set(pace_ms=300)
    cancellation = Cancellation()
    found = []
    job = threading.Thread(target=lambda: found.append(somewhere.deploy("preview", "9", code=143, cancellation=cancellation)))
    job.start()
    wait_for(lambda: statuses(stage).get("pr-9-data") == "CREATE_IN_PROGRESS")
    cancellation.press()
    job.join()
    assert cancellation.signals == [signal.SIGTERM] and "syncctl attach" in found[0]
    stage.set(pace_ms=20)
    somewhere.deploy("preview", "9")
    assert statuses(stage) == {"pr-9": "CREATE_COMPLETE", "pr-9-data": "CREATE_COMPLETE"}


def test_the_scripts_night_does_both_whatever_comes_of_the_first(somewhere, stage):
    somewhere.deploy("plan")
    somewhere.deploy("apply")
    somewhere.deploy("nightly")
    somewhere.deploy("preview", "10")
    expire(stage, "pr-10")
    bucket = next(it["Name"] for it in stage.client("s3").list_buckets()["Buckets"] if it["Name"].startswith("acme-sync-content"))
    stage.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    told = somewhere.deploy("nightly", code=2)
    assert "Enabled → Suspended" in told and "collected      pr-10" in told
    assert set(statuses(stage)) == {"acme-sync", "acme-sync-data"}


# What is installed


def install(folder, releases, code=0, address=None, version="0.1.0", trace=None):
    ci = folder / "ci"
    ci.mkdir(parents=True, exist_ok=True)
    (ci / "install-syncctl").write_text((EXAMPLES / "github-actions/ci/install-syncctl").read_text())
    (ci / "install-syncctl").chmod(0o755)
    (ci / "syncctl-version").write_text(f"# The release\n{version}\n")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "SYNCCTL_DOWNLOADS": address or releases.address,
        **trace.environment(),
    }
    done = subprocess.run([str(ci / "install-syncctl")], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code or (code is None and done.returncode != 0), done.stderr
    return done


def test_a_release_is_installed_only_when_its_digest_is_right(tmp_path, releases, trace):
    done = install(tmp_path / "good", releases, trace=trace)
    assert (Path(done.stdout.strip()) / "syncctl").exists() and "Installed syncctl" in done.stderr
    digest = next(releases.folder.glob("*.sha256")).read_text().split()[0]
    install(tmp_path / "pinned", releases, version=f"0.1.0 {digest}", trace=trace)
    wrong = install(tmp_path / "wrong", releases, code=None, version=f"0.1.0 {'0' * 64}", trace=trace)
    assert "FAILED" in wrong.stdout + wrong.stderr and wrong.stdout == ""
    next(releases.folder.glob("*.tar.gz")).open("ab").write(b"more")
    changed = install(tmp_path / "changed", releases, code=None, trace=trace)
    assert changed.stdout == "" and not list((tmp_path / "changed").glob("**/syncctl-*/syncctl"))


def test_what_has_no_secure_address_is_not_downloaded(tmp_path, releases, trace):
    for address in ("http://downloads.example.com", "downloads", "file://elsewhere/x"):
        done = install(tmp_path, releases, code=64, address=address, trace=trace)
        assert "https://" in done.stderr


def test_a_new_version_in_the_repository_is_rolled_out_by_the_pipeline(hub, stage, releases):
    deployed(hub)
    releases.publish("0.2.0")
    head = proposed(hub, 60, "0.1.0", "0.2.0", "ci/syncctl-version")
    hub.pull_request(60, "opened", head, only="plan").wait("success")
    (comment,) = hub.comments(60)
    assert "replaces servers" in comment["body"].lower() or "one by one" in comment["body"], comment["body"]
    hub.push(hub.repository.merge("change-60")).approve().wait("success")


# What the files say


def test_the_files_are_what_the_ci_systems_take():
    """Against the JSON schemas of both."""
    checker = Path(sys.executable).with_name("check-jsonschema")
    workflows = sorted((EXAMPLES / "github-actions/.github/workflows").glob("*.yml"))
    assert [it.stem for it in workflows] == ["apply", "nightly", "plan", "preview"]
    subprocess.run([checker, "--builtin-schema", "vendor.github-workflows", *workflows], check=True)
    pipeline = EXAMPLES / "gitlab-ci/.gitlab-ci.yml"
    subprocess.run([checker, "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", pipeline], check=True)


def test_the_scripts_are_clean(tmp_path):
    """shellcheck: of the scripts, and of every block in the files."""
    scripts = [path for path in EXAMPLES.glob("*/**/*") if path.is_file() and path.read_bytes().startswith(b"#!")]
    assert len(scripts) == 7
    for path in (EXAMPLES / "github-actions/.github/workflows").glob("*.yml"):
        for name, job in yaml.safe_load(path.read_text())["jobs"].items():
            for number, step in enumerate(job["steps"]):
                if "run" in step:
                    block = tmp_path / f"{path.stem}-{name}-{number}"
                    block.write_text("#!/bin/bash -e\n" + step["run"])
                    scripts.append(block)
    checker = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([checker, *scripts], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_what_two_examples_share_is_the_same():
    for name in ("install-syncctl", "policies", "syncctl-version"):
        one, other = (EXAMPLES / example / "ci" / name for example in ("github-actions", "gitlab-ci"))
        assert one.read_bytes() == other.read_bytes(), name


def test_workflows_grant_little_and_trust_nobody():
    for path in (EXAMPLES / "github-actions/.github/workflows").glob("*.yml"):
        workflow = yaml.safe_load(path.read_text())
        assert workflow["permissions"] == {}, "nothing unless a job says so"
        on = workflow[True]
        assert "pull_request_target" not in on and "workflow_run" not in on
        deploys = path.stem in ("apply", "preview", "nightly")
        assert workflow["concurrency"]["cancel-in-progress"] is not deploys
        for name, job in workflow["jobs"].items():
            # Whoever gets credentials on a pull request has a branch of the repository.
            if "pull_request" in on and "id-token" in job["permissions"]:
                assert "github.event.pull_request.head.repo.full_name == github.repository" in job["if"], name
            assert job["permissions"].get("contents") == "read"
            # The runner tells the first process of a step and nobody else that the job is cancelled.
            for step in job["steps"]:
                for line in step.get("run", "").splitlines():
                    if re.search(r"syncctl (up|apply|down|drift|preview gc|roll)\b", line):
                        assert line.startswith("exec syncctl"), line


@pytest.mark.skipif("-k" in sys.argv or any("::" in it for it in sys.argv), reason="needs all the others")
def test_every_command_of_the_examples_was_run(trace):
    """The last one. What nobody runs is what does not work."""
    missing = []
    for path in (EXAMPLES / "github-actions/.github/workflows").glob("*.yml"):
        for name, job in yaml.safe_load(path.read_text())["jobs"].items():
            blocks = [number for number, step in enumerate(job["steps"]) if "run" in step]
            missing += [(path.stem, name, number) for number in blocks if (path.stem, name, number) not in trace.blocks]
    lab = GitLab.__new__(GitLab)
    lab.repository = type("Files", (), {"folder": EXAMPLES / "gitlab-ci"})
    for name, job in lab.definition()[1].items():
        lines = [*job.get("before_script", []), *job["script"]]
        missing += [("gitlab", name, number) for number in range(len(lines)) if ("gitlab", name, number) not in trace.blocks]
    assert missing == []
    run = trace.lines()
    for script in (
        "github-actions/ci/install-syncctl",
        "github-actions/ci/comment",
        "github-actions/ci/policies",
        "gitlab-ci/ci/note",
        "shell/deploy",
    ):
        path = EXAMPLES / script
        left = [f"{script}:{number}: {line}" for number, line in commands(path.read_text()) if number not in run.get(path.name, ())]
        assert left == [], "\n".join(left)


def commands(text):
    """Lines at which a command of a script begins, roughly: no comments, no words of the shell, no continuations."""
    words = r"(fi|done|esac|else|then|do|;;|\{|\}|\)|in)"
    goes_on, quoted = False, False
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        begins = not (goes_on or quoted) and stripped and not stripped.startswith("#")
        quoted ^= line.count("'") % 2 == 1
        goes_on = line.endswith("\\")
        ends_later = quoted or goes_on or stripped.endswith(("{", " then"))
        is_label = re.fullmatch(r"[^()]*\)( ;;)?", stripped) or re.fullmatch(r"\w+\(\) \{", stripped)
        is_word = re.match(words + r"( |;|$|>)", stripped) or re.match(r"(if|case|while|local|set|exec \S+$) ?", stripped)
        if begins and not is_label and not is_word and not ends_later:
            yield number, stripped
