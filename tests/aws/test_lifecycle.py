"""From nothing to a deployment and back, as a person runs it (DP-1 to DP-4)."""

import json

import pytest

from product import Product


@pytest.fixture
def acme(tmp_path, stage):
    return Product(tmp_path / "acme", stage)


def outputs(product):
    return product.json("outputs")["outputs"]


def test_a_deployment_is_planned_made_changed_sealed_and_taken_down(acme, stage):
    """DP-1, DP-2: plan, apply, change, plan --out, apply FILE, empty plan, drift, down."""
    plan = acme.json("plan", "--detailed-exitcode", code=2)
    assert plan["format"] == "syncctl/plan/1"
    assert {it["operation"] for it in plan["stacks"]} == {"create"}
    assert stage.client("cloudformation").describe_stacks()["Stacks"] == [], "a plan leaves nothing behind"

    done = acme.run("apply", "--yes")
    assert "acme is up to date" in done.stdout, done.stdout + done.stderr
    assert acme.json("plan", "--detailed-exitcode")["stacks"][0]["operation"] == "nothing"

    out = outputs(acme)
    objects = stage.client("s3").list_objects_v2(Bucket=out["ArtifactBucket"], Prefix="releases/")["Contents"]
    assert len(objects) == 1, "the release was shipped once"
    group = stage.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]
    assert len(group["Instances"]) == 3
    assert len({it["AvailabilityZone"] for it in group["Instances"]}) == 3, "three zones (HA-2)"

    acme.write(least=4)
    acme.run("plan", "--out", "plan.json", "--detailed-exitcode", code=2)
    acme.run("apply", "plan.json")
    group = stage.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]
    assert group["MinSize"] == 4
    again = acme.run("apply", "plan.json")
    assert "nothing changed" in again.stdout, "a job that is started again finds it done"
    acme.run("plan", "--detailed-exitcode")
    acme.write(least=5)
    acme.run("plan", "--out", "later.json")
    acme.run("up", "--yes", "--set", "servers.max=10")
    stale = acme.run("apply", "later.json", code=76)
    assert "stale" in stale.stderr
    acme.write(least=4)

    refused = acme.run("down", "--yes", code=1)
    assert "--yes --name acme" in refused.stderr, "losing data needs more than habit"
    acme.run("down", "--yes", "--name", "acme")
    assert stage.client("cloudformation").describe_stacks()["Stacks"] == []
    assert stage.client("s3").list_buckets()["Buckets"] == [], "what is disposable is gone"


def test_a_release_is_rolled_and_rolled_back(acme):
    """DP-2: the last release that passed its gate, without knowing its digest."""
    acme.run("up", "--yes")
    first = acme.json("releases")["deployed"]
    program = acme.release("two")
    acme.run("roll", "--release", str(program), "--yes")
    second = acme.json("releases")
    assert second["deployed"] != first
    assert [it["outcome"] for it in second["releases"]] == ["passed", "passed"]
    acme.run("rollback", "--yes")
    assert acme.json("releases")["deployed"] == first


def test_data_that_is_kept_is_taken_over_by_the_next_deployment(acme, stage):
    """Pain 14: after a retained destroy, re-creating fails with "already exists" elsewhere."""
    acme.write(retain="true")
    acme.run("up", "--yes")
    bucket = outputs(acme)["ContentBucket"]
    stage.client("s3").put_object(Bucket=bucket, Key="s/x/1", Body=b"precious", IfNoneMatch="*")
    down = acme.run("down", "--yes", "--name", "acme")
    assert bucket in down.stdout, "what stays is named"
    plan = acme.json("plan")
    imports = [it for stack in plan["stacks"] for it in stack["changes"] if it["action"] == "import"]
    assert bucket in {it["physical_id"] for it in imports}
    acme.run("up", "--yes")
    body = stage.client("s3").get_object(Bucket=bucket, Key="s/x/1")["Body"].read()
    assert body == b"precious"


def test_people_are_invited_with_the_deployers_credentials(acme):
    """FS-6: the first user and the next ones."""
    quiet = acme.run("up", "--yes")
    assert "syi_" not in quiet.stdout + quiet.stderr, "no invitation in a job's log"
    done = acme.run("up", "--yes", "--invitation-file", "invitation")
    assert "sync-agent login" in done.stderr
    assert (acme.folder / "invitation").read_text().startswith("syi_")
    acme.run("user", "add", "anna@example.com")
    listed = acme.json("user", "list")
    assert "anna@example.com" in json.dumps(listed)


def test_a_pipeline_reads_one_document_a_line(acme):
    """DP-3: what happens, the plan and the result on standard output, and nothing else."""
    lines = acme.stream("up", "--yes")
    formats = [it["format"] for it in lines]
    assert set(formats[:-1]) == {"syncctl/progress/1", "syncctl/plan/1"}
    assert formats.count("syncctl/plan/1") == 1
    assert (formats[-1], lines[-1]["outcome"]) == ("syncctl/up/1", "changed")
    ready = {it["logical_id"] for it in lines if it.get("progress") == "ready"}
    assert {"Content", "Group", "LoadBalancer"} <= ready
    lines = acme.stream("down", "--yes", "--name", "acme")
    assert lines[-1]["format"] == "syncctl/down/1"
    assert any(it.get("event") == "resource" and it["progress"] == "gone" for it in lines)


def test_the_last_line_of_a_jobs_log_says_it_all(acme):
    """What changed, how long it took, where it is, what to run next."""
    plan = acme.run("plan").stderr.splitlines()[-1]
    assert "acme in eu-west-1" in plan and "to add" in plan and "syncctl apply" in plan
    up = acme.run("up", "--yes").stderr.splitlines()
    last = up[-1]
    assert last.startswith("acme: changed in")
    assert "3 healthy servers" in last and "http" in last and "syncctl status" in last
    assert len(up) < 80, "steps and what went wrong, not every server and resource"
    down = acme.run("down", "--yes", "--name", "acme").stderr.splitlines()[-1]
    assert "taken down in" in down and "syncctl up" in down
