"""GitHub's part, as far as the examples use it: events, jobs, expressions, environments, concurrency, its API."""

import json
import re
import shutil
import threading
from pathlib import Path

import boto3
import yaml
from botocore import UNSIGNED
from botocore.config import Config
from pipelines import Cancellation, Log, Repository, base_environment, python_script, run, token
from stage import REGION

BOT = "github-actions[bot]"
NAME = "acme/infrastructure"
ISSUER = "https://token.actions.githubusercontent.com"

# `gh api` against comments that are kept in a file. Whatever else is asked of it fails, so that the examples cannot move on
# without it.
GH = r"""
import json, os, re, subprocess, sys
arguments = sys.argv[1:]
assert arguments.pop(0) == "api", sys.argv
state = os.environ["PLAYED_GITHUB"]
with open(state) as file:
    world = json.load(file)
rights = world["tokens"].get(os.environ.get("GH_TOKEN", ""))
method, fields, query, pages, path = "GET", {}, None, False, None
while arguments:
    it = arguments.pop(0)
    if it == "--paginate": pages = True
    elif it == "--method": method = arguments.pop(0)
    elif it == "--jq": query = arguments.pop(0)
    elif it == "--field":
        name, value = arguments.pop(0).split("=", 1)
        fields[name] = open(value[1:]).read() if value.startswith("@") else value
    else:
        assert path is None and not it.startswith("-"), sys.argv
        path = it

def refuse(status, message):
    print(f"gh: {message} (HTTP {status})", file=sys.stderr)
    sys.exit(1)

if world.get("is_down"): refuse(502, "Server Error")
if rights is None: refuse(401, "Bad credentials")
listed = re.fullmatch(rf"repos/{world['name']}/issues/(\d+)/comments(\?per_page=100)?", path)
one = re.fullmatch(rf"repos/{world['name']}/issues/comments/(\d+)", path)
if method == "GET" and listed:
    found = [it for it in world["comments"] if it["issue"] == int(listed[1])]
    answers = [found[at:at + 100] for at in range(0, max(len(found), 1), 100)]
    answers = answers if pages else answers[:1]
elif rights.get("pull-requests") != "write":
    refuse(403, "Resource not accessible by integration")
elif method == "POST" and listed:
    number = len(world["comments"]) + 1
    made = {"id": number, "issue": int(listed[1]), "user": {"login": "github-actions[bot]"}, "body": fields["body"], "writes": 1,
            "html_url": f"https://github.com/{world['name']}/pull/{listed[1]}#issuecomment-{number}"}
    world["comments"].append(made)
    answers = [made]
elif method == "PATCH" and one:
    made = next(it for it in world["comments"] if it["id"] == int(one[1]))
    made["body"], made["writes"] = fields["body"], made["writes"] + 1
    answers = [made]
else:
    refuse(404, "Not Found")
for it in world["comments"]:
    if len(it["body"]) > 65536: refuse(422, "Body is too long (maximum is 65536 characters)")
with open(state, "w") as file:
    json.dump(world, file)
for answer in answers:
    if query:
        sys.stdout.write(subprocess.run(["jq", "--raw-output", query], input=json.dumps(answer), text=True, stdout=subprocess.PIPE, check=True).stdout)
    else:
        print(json.dumps(answer))
"""


class GitHub:
    """One repository, its pull requests, its runners."""

    def __init__(self, folder, stage, releases, trace, label, variables=()):
        self.folder, self.stage, self.trace, self.label = Path(folder), stage, trace, label
        self.releases = releases
        self.repository = Repository(self.folder / "repository", "github-actions")
        self.variables = {
            "SYNCCTL_DOWNLOADS": releases.address,
            "AWS_REGION": REGION,
            **{f"AWS_{role.upper()}_ROLE": f"arn:aws:iam::123456789012:role/syncctl-{role}" for role in ("plan", "deploy", "preview")},
            **dict(variables),
        }
        self.programs = self.folder / "programs"
        python_script(self.programs / "gh", GH)
        self.state = self.folder / "github.json"
        self.state.write_text(json.dumps({"name": NAME, "comments": [], "tokens": {}}))
        self.runs, self.groups, self.machines = [], {}, 0
        self.sts = boto3.client("sts", endpoint_url=stage.endpoint, region_name=REGION, config=Config(signature_version=UNSIGNED))
        self._lock = threading.Lock()

    def world(self):
        return json.loads(self.state.read_text())

    def comments(self, number):
        return [it for it in self.world()["comments"] if it["issue"] == number]

    def somebody_comments(self, number, login, body):
        world = self.world()
        world["comments"].append({"id": len(world["comments"]) + 1, "issue": number, "user": {"login": login}, "body": body, "writes": 1,
                                  "html_url": "https://github.com/x"})  # fmt: skip
        self.state.write_text(json.dumps(world))

    def goes_down(self):
        self.state.write_text(json.dumps({**self.world(), "is_down": True}))

    def workflows(self):
        """By the name of the file. YAML takes the key `on` for a truth."""
        found = {}
        for path in sorted((self.repository.folder / ".github/workflows").glob("*.yml")):
            workflow = yaml.safe_load(path.read_text())
            workflow["on"] = workflow.pop(True, None)
            found[path.stem] = workflow
        return found

    def pull_request(self, number, action, head, fork=False, only=None):
        """An event of a pull request; what it starts, by workflow, or one of them."""
        origin = "somebody/fork" if fork else NAME
        request = {"number": number, "head": {"sha": head, "ref": f"change-{number}", "repo": {"full_name": origin}}}
        event = {"action": action, "pull_request": request}
        started = self.happens("pull_request", event, f"refs/pull/{number}/merge", head, fork=fork, only=only)
        return started[only] if only else started

    def push(self, commit):
        return self.happens("push", {}, "refs/heads/main", commit)["apply"]

    def night(self):
        return self.happens("schedule", {}, "refs/heads/main", self.repository.head())["nightly"]

    def by_hand(self, workflow, ref="refs/heads/main"):
        return self.happens("workflow_dispatch", {}, ref, self.repository.head(), only=workflow)[workflow]

    def close(self):
        """Nobody's job outlives its test."""
        for it in self.runs:
            it.cancel((0, 0))
            if it.thread:
                it.thread.join(60)

    def happens(self, event_name, event, ref, commit, fork=False, only=None):
        started = {}
        for name, workflow in self.workflows().items():
            if only in (None, name) and _is_triggered(workflow["on"], event_name, event, ref):
                started[name] = Run(self, name, workflow, event_name, event, ref, commit, fork)
                self.runs.append(started[name])
        for it in started.values():
            it.queue()
        return started


def _is_triggered(on, event_name, event, ref):
    if event_name not in on:
        return False
    wanted = on[event_name] or {}
    if event_name == "pull_request":
        return event["action"] in wanted.get("types", ["opened", "synchronize", "reopened"])
    if event_name == "push":
        return ref.removeprefix("refs/heads/") in wanted.get("branches", [ref.removeprefix("refs/heads/")])
    return True


class Run:
    """One run of a workflow. It goes on until somebody has to approve."""

    def __init__(self, hub, name, workflow, event_name, event, ref, commit, fork):
        self.hub, self.name, self.workflow, self.fork = hub, name, workflow, fork
        self.event_name, self.event, self.ref, self.commit = event_name, event, ref, commit
        self.number, self.attempt = len(hub.runs) + 1, 1
        self.results, self.outputs, self.artifacts, self.logs = {}, {}, {}, {}
        self.status, self.approved, self.cancellation = "queued", False, Cancellation()
        self.thread = None
        concurrency = workflow.get("concurrency") or {}
        contexts = {"github": self.github()}
        self.group = _fill(concurrency.get("group"), contexts)
        self.gives_way = bool(concurrency.get("cancel-in-progress"))
        self.summary = ""

    def github(self):
        return {
            "event_name": self.event_name, "event": self.event, "ref": self.ref, "sha": self.commit, "repository": NAME,
            "run_id": 1000 + self.number, "run_attempt": self.attempt,
        }  # fmt: skip

    def queue(self):
        """At most one run of a group is at work and one waits; a newer one takes the place of the one that waits."""
        with self.hub._lock:
            group = self.hub.groups.setdefault(self.group, {"active": None, "waiting": None})
            active = group["active"]
            if active is None:
                group["active"] = self
            else:
                if group["waiting"]:
                    group["waiting"].status = "cancelled"
                group["waiting"] = self
                if self.gives_way:
                    active.cancellation.press()
        if active is None:
            self.start()

    def start(self):
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def work(self):
        self.status = "at work"
        jobs = self.workflow["jobs"]
        for name, job in jobs.items():
            if name in self.results:
                continue
            verdict = self.verdict(job)
            if verdict is not None:
                self.results[name] = verdict
                continue
            if job.get("environment") and not self.approved:
                self.status = "waits for approval"
                return
            self.results[name] = Job(self, name, job).work()
        outcomes = set(self.results.values())
        self.status = next((it for it in ("cancelled", "failure") if it in outcomes), "success")
        self.leave()

    def leave(self):
        with self.hub._lock:
            group = self.hub.groups[self.group]
            following = group["waiting"] if group["active"] is self else None
            if group["active"] is self:
                group["active"], group["waiting"] = following, None
        if following:
            following.start()

    def verdict(self, job):
        """Why a job does not run."""
        needs = job.get("needs", [])
        needs = [needs] if isinstance(needs, str) else needs
        outcomes = {self.results[it] for it in needs}
        if self.cancellation.asked.is_set():
            return "cancelled"
        contexts = {"github": self.github(), "needs": {it: {"outputs": self.outputs.get(it, {}), "result": self.results[it]} for it in needs},
                    "vars": self.hub.variables}  # fmt: skip
        status = "failure" if outcomes & {"failure", "cancelled"} else "success" if outcomes <= {"success"} else "skipped"
        return None if _holds(job.get("if"), contexts, status) else "skipped"

    def approve(self):
        self.wait()
        assert self.status == "waits for approval", self.status
        self.approved = True
        self.start()
        return self

    def reject(self):
        self.wait()
        assert self.status == "waits for approval", self.status
        self.status = "failure"
        self.leave()

    def cancel(self, schedule=None):
        """What the button does."""
        if schedule:
            self.cancellation.schedule = schedule
        self.cancellation.press()
        return self

    def again(self, *jobs):
        """ "Re-run": of the jobs named, or of all; what the others have left stays."""
        self.wait()
        self.attempt += 1
        self.cancellation = Cancellation(self.cancellation.schedule)
        for name in jobs or list(self.workflow["jobs"]):
            self.results.pop(name, None)
        self.approved = bool(jobs)
        self.queue()
        return self

    def wait(self, status=None, seconds=120):
        """Until it is over, or waits for a person."""
        while (thread := self.thread) is None or thread.is_alive():
            if self.status == "cancelled" and thread is None:
                break
            assert thread is not None, f"{self.name} is {self.status}"
            thread.join(seconds)
            assert not thread.is_alive(), f"{self.name} did not end:\n{self.log()}"
        if status:
            assert self.status == status, f"{self.name}: {self.status}\n{self.log()}"
        return self

    def log(self, job=None):
        return "".join(log.text for (name, _), log in self.logs.items() if job in (None, name))


class Job:
    """A fresh machine and the steps on it."""

    def __init__(self, of, name, job):
        self.run, self.hub, self.name, self.job = of, of.hub, name, job
        with self.hub._lock:
            self.hub.machines += 1
            self.machine = self.hub.folder / f"machine-{self.hub.machines}"
        self.workspace, self.temp = self.machine / "work", self.machine / "temp"
        for folder in (self.workspace, self.temp):
            folder.mkdir(parents=True)
        self.secret = f"ghs_{name}{self.hub.machines:08}"
        self.log = Log(f"{self.hub.label}/{of.number:02}-{of.name}-{name}-{of.attempt}", [self.secret])
        of.logs[name, of.attempt] = self.log
        self.permissions = job.get("permissions", of.workflow.get("permissions", {}))
        if of.fork:
            # Whatever the workflow says: a fork only reads.
            self.permissions = {right: "read" for right in self.permissions if right != "id-token"}
        self.steps, self.path, self.added = {}, [], {}
        self.status = "success"

    def work(self):
        with self.hub._lock:
            world = self.hub.world()
            world["tokens"][self.secret] = self.permissions
            self.hub.state.write_text(json.dumps(world))
        assert self.job["timeout-minutes"] and self.job["runs-on"], "every job has an end and a machine"
        for number, step in enumerate(self.job["steps"]):
            self.step(number, step)
        contexts = self.contexts()
        self.run.outputs[self.name] = {name: _fill(value, contexts) for name, value in self.job.get("outputs", {}).items()}
        self.log.write(f"\nJob {self.name}: {self.status}\n")
        self.log.keep()
        self.log.check()
        return self.status

    def contexts(self):
        return {
            "github": {**self.run.github(), "token": self.secret}, "vars": self.hub.variables, "steps": self.steps,
            "needs": {name: {"outputs": outputs} for name, outputs in self.run.outputs.items()},
            "runner": {"temp": str(self.temp)},
        }  # fmt: skip

    def step(self, number, step):
        contexts = self.contexts()
        contexts["env"] = {**self.run.workflow.get("env", {}), **self.job.get("env", {})}
        if not _holds(step.get("if"), contexts, self.status):
            self.steps[step.get("id", number)] = {"outputs": {}, "outcome": "skipped"}
            return
        self.log.write(f"\n##[group]{step.get('name', step.get('uses'))}\n")
        outputs, outcome = {}, "success"
        try:
            if "uses" in step:
                self.uses(step, contexts)
            else:
                outputs, outcome = self.shell(number, step, contexts)
        except ActionFailed as failed:
            self.log.write(f"Error: {failed}\n")
            outcome = "failure"
        self.steps[step.get("id", number)] = {"outputs": outputs, "outcome": outcome}
        if outcome != "success" and self.status == "success":
            self.status = outcome

    def environment(self):
        run = self.run
        branch = run.ref.removeprefix("refs/heads/").removeprefix("refs/pull/")
        return {
            **base_environment(self.machine, self.hub.stage, self.hub.programs),
            **self.hub.trace.environment(),
            "PLAYED_GITHUB": str(self.hub.state),
            "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": run.event_name, "GITHUB_REPOSITORY": NAME,
            "GITHUB_SERVER_URL": "https://github.com", "GITHUB_RUN_ID": str(run.github()["run_id"]), "GITHUB_RUN_ATTEMPT": str(run.attempt),
            "GITHUB_SHA": run.commit, "GITHUB_REF": run.ref, "GITHUB_REF_NAME": branch, "GITHUB_ACTOR": "ann",
            "GITHUB_HEAD_REF": run.event.get("pull_request", {}).get("head", {}).get("ref", ""),
            "GITHUB_WORKSPACE": str(self.workspace), "GITHUB_JOB": self.name,
            "RUNNER_TEMP": str(self.temp), "RUNNER_OS": "Linux", "RUNNER_ARCH": "X64",
            **self.added,
        }  # fmt: skip

    def shell(self, number, step, contexts):
        assert "${{" not in step["run"], "what others can write never becomes part of a script"
        files = {name: self.temp / f"{name}-{number}" for name in ("OUTPUT", "ENV", "PATH", "STEP_SUMMARY")}
        for file in files.values():
            file.touch()
        environment = self.environment()
        environment["PATH"] = ":".join([*self.path, environment["PATH"]])
        for more in (self.run.workflow.get("env", {}), self.job.get("env", {}), step.get("env", {})):
            environment |= {name: str(_fill(value, contexts)) for name, value in more.items()}
        environment |= {f"GITHUB_{name}": str(file) for name, file in files.items()}
        script = self.temp / f"{self.run.name}.{self.name}.{number}.sh"
        script.write_text(step["run"])
        shells = {None: ["bash", "-e"], "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"]}
        self.hub.trace.blocks.add((self.run.name, self.name, number))
        code = run([*shells[step.get("shell")], str(script)], self.log, self.workspace, environment, self.run.cancellation)
        self.path[:0] = reversed(files["PATH"].read_text().split())
        self.added |= _assignments(files["ENV"].read_text())
        self.run.summary += files["STEP_SUMMARY"].read_text()
        if self.run.cancellation.asked.is_set():
            self.log.write("Error: The operation was canceled.\n")
            return {}, "cancelled"
        if code != 0:
            self.log.write(f"Error: Process completed with exit code {code}.\n")
        return _assignments(files["OUTPUT"].read_text()), "success" if code == 0 else "failure"

    def uses(self, step, contexts):
        action, version = step["uses"].split("@")
        assert re.fullmatch("[0-9a-f]{40}", version), f"{action} can change behind our back"
        given = {name: _fill(value, contexts) for name, value in step.get("with", {}).items()}
        {
            "actions/checkout": self.checkout,
            "aws-actions/configure-aws-credentials": self.credentials,
            "actions/upload-artifact": self.upload,
            "actions/download-artifact": self.download,
        }[action](**{name.replace("-", "_"): value for name, value in given.items()})

    def checkout(self, persist_credentials, ref=None):
        assert self.permissions.get("contents") == "read" and persist_credentials is False
        shutil.rmtree(self.workspace)
        self.hub.repository.clone(self.workspace, ref or self.run.commit)

    def credentials(self, role_to_assume, aws_region, role_session_name, role_duration_seconds=3600):
        if self.permissions.get("id-token") != "write":
            raise ActionFailed("Credentials could not be loaded, please check your action inputs: Could not load credentials from any providers")
        repository = f"repo:{NAME}"
        place = f"environment:{self.job['environment']}" if "environment" in self.job else None
        kind = "pull_request" if self.run.event_name == "pull_request" else f"ref:{self.run.ref}"
        sts = self.hub.sts
        try:
            found = sts.assume_role_with_web_identity(
                RoleArn=role_to_assume, RoleSessionName=role_session_name, DurationSeconds=int(role_duration_seconds),
                WebIdentityToken=token(ISSUER, f"{repository}:{place or kind}", "sts.amazonaws.com"),
            )["Credentials"]  # fmt: skip
        except sts.exceptions.ClientError as error:
            raise ActionFailed(f"Could not assume role with OIDC: {error.response['Error']['Message']}") from error
        self.log.secrets += [found["SecretAccessKey"], found["SessionToken"]]
        self.added |= {"AWS_REGION": aws_region, "AWS_DEFAULT_REGION": aws_region, "AWS_ACCESS_KEY_ID": found["AccessKeyId"],
                       "AWS_SECRET_ACCESS_KEY": found["SecretAccessKey"], "AWS_SESSION_TOKEN": found["SessionToken"]}  # fmt: skip

    def upload(self, name, path, if_no_files_found, retention_days):
        if not (self.workspace / path).exists():
            raise ActionFailed(f"No files were found with the provided path: {path}")
        if name in self.run.artifacts:
            raise ActionFailed("Failed to CreateArtifact: Received non-retryable error: (409) Conflict: an artifact with this name already exists")
        self.run.artifacts[name] = (path, (self.workspace / path).read_bytes())

    def download(self, name):
        if name not in self.run.artifacts:
            raise ActionFailed(f"Unable to download artifact(s): Artifact not found for name: {name}")
        path, body = self.run.artifacts[name]
        (self.workspace / path).write_bytes(body)


class ActionFailed(Exception):
    """As an action says why it failed."""


def _assignments(text):
    found = dict(line.split("=", 1) for line in text.splitlines())
    assert all(re.fullmatch("[A-Za-z_]+", name) for name in found), text
    return found


def _fill(value, contexts):
    if not isinstance(value, str):
        return value
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: _text(_evaluate(found[1], contexts)), value)


def _text(value):
    return "" if value is None else str(value)


def _holds(condition, contexts, status):
    if condition is None:
        return status == "success"
    condition = str(condition).strip()
    condition = condition[3:-2].strip() if condition.startswith("${{") and condition.endswith("}}") else condition
    functions = {"success": status == "success", "failure": status == "failure", "cancelled": status == "cancelled", "always": True}
    names_status = any(f"{name}()" in condition for name in functions)
    holds = bool(_evaluate(condition, {**contexts, "()": functions}))
    return holds and (names_status or status == "success")


TOKENS = re.compile(r"\s*(?:(?P<text>'[^']*')|(?P<call>[a-z]+)\(\)|(?P<name>[A-Za-z_][\w.-]*)|(?P<number>\d+)|(?P<sign>==|!=|&&|\|\||!|\(|\)))")


def _evaluate(source, contexts):
    """The expressions that the examples have: names, texts, == != && || ! and parentheses."""
    tokens, at = [], 0
    source = source.strip()
    while at < len(source):
        found = TOKENS.match(source, at)
        assert found, f"no expression: {source}"
        tokens.append((found.lastgroup, found[found.lastgroup]))
        at = found.end()

    def one():
        kind, value = tokens.pop(0)
        if value == "!" and kind == "sign":
            return not one()
        if value == "(" and kind == "sign":
            found = either()
            assert tokens.pop(0)[1] == ")"
            return found
        return {
            "text": lambda: value[1:-1],
            "number": lambda: int(value),
            "call": lambda: contexts["()"][value],
            "name": lambda: _look_up(value, contexts),
        }[kind]()

    def compared():
        left = one()
        while tokens and tokens[0][1] in ("==", "!="):
            sign, right = tokens.pop(0)[1], one()
            left = (_text(left) == _text(right)) == (sign == "==")
        return left

    def both():
        left = compared()
        while tokens and tokens[0][1] == "&&":
            tokens.pop(0)
            right = compared()
            left = left and right
        return left

    def either():
        left = both()
        while tokens and tokens[0][1] == "||":
            tokens.pop(0)
            right = both()
            left = left or right
        return left

    found = either()
    assert not tokens, f"no expression: {source}"
    return found


def _look_up(name, contexts):
    """What is not there is nothing, as on GitHub; only the contexts themselves have to exist."""
    first, *rest = name.split(".")
    found = contexts[first]
    for part in rest:
        found = found.get(part) if isinstance(found, dict) else None
    return found
