"""The deployer beside its peers, on the same emulator and with the same two templates: wall time and processor time.

    python tests/bench/deployers.py BINARIES [--aws PATH] [--sam PATH] [--sceptre PATH] [--cdk PATH]

Needs the packages of tests/aws/requirements.txt. A peer that is not named is left out, never guessed. The emulator's
pace is 0, so what is measured is the client and the calls it makes, not AWS.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "aws"))

ROUNDS = int(os.environ.get("SYNCCTL_BENCH_ROUNDS", "5"))
QUICK = {"pace_ms": 0, "change_set_ms": 0, "quotas": {"L-1216C47A": 64}}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binaries", type=Path)
    for peer in ("aws", "sam", "sceptre", "cdk"):
        parser.add_argument(f"--{peer}", type=Path)
    options = parser.parse_args()
    os.environ["SYNCCTL_TEST_BINARIES"] = str(options.binaries.resolve())
    from product import Product
    from stage import Stage

    work = Path(tempfile.mkdtemp(prefix="syncctl-bench-"))
    stage = Stage(work / "stage")
    try:
        stage.set(**QUICK)
        product = Product(work / "acme", stage)
        rows = list(measure_ours(product, stage))
        templates = rendered(product)
        for name in ("aws", "sam", "sceptre", "cdk"):
            if path := getattr(options, name):
                rows += measure_peer(name, path, templates, product, stage)
    finally:
        stage.end()
        shutil.rmtree(work, ignore_errors=True)
    print(f"{platform.machine()}, {os.cpu_count()} cores, {platform.platform()}; {ROUNDS} rounds, medians\n")
    print("| tool | what | wall | processor | calls |\n|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def measure_ours(product, stage):
    ours = str(Path(os.environ["SYNCCTL_TEST_BINARIES"]) / "syncctl")
    version = subprocess.run([ours, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    environment, where = product.environment(), product.folder

    def run(*words):
        return lambda: timed([ours, *words], environment, where)

    yield row(version, "`--version`", [run("--version")() for _ in range(ROUNDS * 4)], stage, None)
    yield row(version, "`plan` of a new deployment", [run("plan")() for _ in range(ROUNDS)], stage, run("plan"))
    first, last = [], []
    for _ in range(ROUNDS):
        first.append(run("apply", "--yes")())
        last.append(run("down", "--yes", "--name", "acme")())
    yield row(version, "first `apply`, verified, protected", first, stage, None)
    yield row(version, "`down`", last, stage, None)
    run("apply", "--yes")()
    yield row(version, "`apply` with nothing to do, verified", [run("apply", "--yes")() for _ in range(ROUNDS)], stage, run("apply", "--yes"))
    yield row(version, "`plan --quick` with nothing to do", [run("plan", "--quick")() for _ in range(ROUNDS)], stage, run("plan", "--quick"))
    product.write(least=4)
    yield row(version, "`plan` of a change, with change sets and drift", [run("plan")() for _ in range(ROUNDS)], stage, run("plan"))
    yield row(version, "`plan --quick` of a change", [run("plan", "--quick")() for _ in range(ROUNDS)], stage, run("plan", "--quick"))
    product.write(least=3)
    run("down", "--yes", "--name", "acme")()


def rendered(product):
    """Both stacks as `syncctl render` writes them, data first, with values that the emulator takes."""
    product.run("render", "--out", "templates")
    folder = product.folder / "templates"
    found = []
    for name in ("acme-data", "acme"):
        values = json.loads((folder / f"{name}.parameters.json").read_text())
        if "Image" in values["Parameters"]:
            values["Parameters"]["Image"] = "ami-0c2023a1b2c3d4e5f"
        found.append((name, folder / f"{name}.template.json", values["Parameters"]))
    return found


def measure_peer(name, path, templates, product, stage):
    environment = product.environment(AWS_REGION="eu-west-1", AWS_DEFAULT_REGION="eu-west-1", SAM_CLI_TELEMETRY="0",
                                      CDK_DISABLE_CLI_TELEMETRY="true", PATH=os.environ["PATH"])  # fmt: skip
    where = product.folder / name
    where.mkdir()
    version = subprocess.run([str(path), "--version"], capture_output=True, text=True, env=environment).stdout.split("\n")[0].strip()
    version = version if name in version.lower() else f"{name} {version}"
    commands = PEERS[name](path, templates, where)

    def run():
        return [sum(times) for times in zip(*(timed(command, environment, where) for command in commands))]

    first = []
    for _ in range(ROUNDS):
        first.append(run())
        empty(stage, templates)
    run()
    again = [run() for _ in range(ROUNDS)]
    yield row(version, "first deploy of both stacks", first, stage, None)
    yield row(version, "deploy of both with nothing to do", again, stage, run)
    if name == "cdk":
        diff = lambda: timed([str(path), "diff", "--app", str(where)], environment, where)  # noqa: E731
        yield row(version, "`diff` of both with nothing to do", [diff() for _ in range(ROUNDS)], stage, diff)
    empty(stage, templates)


def deploy_with_aws(path, templates, where):
    return [
        [str(path), "cloudformation", "deploy", "--stack-name", name, "--template-file", str(file), "--capabilities",
         "CAPABILITY_IAM", "--no-fail-on-empty-changeset", "--parameter-overrides", *pairs(parameters)]
        for name, file, parameters in templates
    ]  # fmt: skip


def deploy_with_sam(path, templates, where):
    return [
        [str(path), "deploy", "--stack-name", name, "--template-file", str(file), "--capabilities", "CAPABILITY_IAM",
         "--no-fail-on-empty-changeset", "--no-confirm-changeset", "--region", "eu-west-1", "--parameter-overrides", *pairs(parameters)]
        for name, file, parameters in templates
    ]  # fmt: skip


def deploy_with_sceptre(path, templates, where):
    (where / "config").mkdir()
    (where / "templates").mkdir()
    (where / "config/config.yaml").write_text("project_code: bench\nregion: eu-west-1\n")
    for name, file, parameters in templates:
        shutil.copy(file, where / "templates" / f"{name}.json")
        stack = {"template": {"type": "file", "path": f"{name}.json"}, "stack_name": name, "parameters": parameters}
        (where / "config" / f"{name}.yaml").write_text(json.dumps(stack))
    return [[str(path), "--no-colour", "launch", "-y", f"{name}.yaml"] for name, _, _ in templates]


def deploy_with_cdk(path, templates, where):
    artifacts = {}
    for name, file, parameters in templates:
        shutil.copy(file, where / f"{name}.template.json")
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": "aws://123456789012/eu-west-1",
            "properties": {"templateFile": f"{name}.template.json", "stackName": name, "parameters": parameters},
        }
    (where / "manifest.json").write_text(json.dumps({"version": "36.0.0", "artifacts": artifacts}))
    flags = [word for name, _, parameters in templates for pair in pairs(parameters) for word in ("--parameters", f"{name}:{pair}")]
    return [[str(path), "deploy", "--all", "--app", str(where), "--require-approval", "never", "--ci", "--progress", "events", *flags]]


PEERS = {"aws": deploy_with_aws, "sam": deploy_with_sam, "sceptre": deploy_with_sceptre, "cdk": deploy_with_cdk}


def pairs(parameters):
    return [f"{key}={value}" for key, value in parameters.items()]


def empty(stage, templates):
    client = stage.client("cloudformation")
    for name, _, _ in reversed(templates):
        client.delete_stack(StackName=name)
        client.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def timed(command, environment, where):
    """Wall and processor seconds of one command, which has to succeed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    done = subprocess.run(command, env=environment, cwd=where, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    wall = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def row(tool, what, times, stage, once):
    calls = ""
    if once:
        stage.forget_calls()
        once()
        calls = str(len(stage.calls()))
    walls, processors = zip(*times)
    return [tool, what, *(f"{statistics.median(it) * 1000:.0f} ms" for it in (walls, processors)), calls]


if __name__ == "__main__":
    main()
