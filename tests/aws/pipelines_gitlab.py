"""GitLab's part, as far as the examples use it: pipelines, rules, jobs, environments, artifacts, its API."""

import json
import re
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import yaml
from pipelines import Cancellation, Log, Repository, base_environment, deep_merge, run, token
from stage import REGION

PROJECT = "acme/infrastructure"
SERVER = "https://gitlab.com"
NOTES_TOKEN = "glpat-0123456789abcdefghij"

# How the runner wraps a job for bash: one text for `eval`, whose standard input is empty.
WRAPPED = """\
#!/usr/bin/env bash
if set -o | grep pipefail > /dev/null; then set -o pipefail; fi; set -o errexit
set +o noclobber
: | eval '{lines}'
exit 0
"""


class Loader(yaml.SafeLoader):
    """With `!reference`, which is resolved once everything is read."""


Loader.add_constructor("!reference", lambda loader, node: Reference(loader.construct_sequence(node)))


class Reference(list):
    pass


class GitLab:
    """One project, its merge requests, its runners."""

    def __init__(self, folder, stage, releases, trace, label):
        self.folder, self.stage, self.trace, self.label = Path(folder), stage, trace, label
        self.releases = releases
        self.repository = Repository(self.folder / "repository", "gitlab-ci")
        self.variables = {
            "SYNCCTL_DOWNLOADS": releases.address, "AWS_REGION": REGION, "GITLAB_NOTES_TOKEN": NOTES_TOKEN,
            **{f"AWS_{role.upper()}_ROLE": f"arn:aws:iam::123456789012:role/syncctl-{role}" for role in ("plan", "deploy", "preview")},
        }  # fmt: skip
        self.notes, self.pipelines, self.environments, self.groups = {}, [], {}, {}
        self.machines = 0
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.api = f"http://127.0.0.1:{self.server.server_address[1]}/api/v4"

    def close(self):
        for pipeline in self.pipelines:
            for job in pipeline.jobs.values():
                job.cancellation.schedule = (0, 0)
                job.cancel()
        self.server.shutdown()

    def definition(self):
        """The file with `extends` and `!reference` resolved."""
        text = (self.repository.folder / ".gitlab-ci.yml").read_text()
        whole = yaml.load(text, Loader)
        jobs = {name: _extended(whole, name) for name in whole if name not in ("workflow", "stages")}
        return whole, {name: job for name, job in jobs.items() if not name.startswith(".")}

    def merge_request(self, number, commit, source_project=PROJECT):
        known = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": str(number),
                 "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1" if source_project == PROJECT else "2",
                 "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": f"change-{number}", "CI_COMMIT_REF_NAME": f"change-{number}"}  # fmt: skip
        for pipeline in self.pipelines:
            if pipeline.variables.get("CI_MERGE_REQUEST_IID") == str(number):
                pipeline.give_way()
        return self.begin(commit, known)

    def push(self, commit):
        return self.begin(commit, {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main", "CI_COMMIT_REF_NAME": "main"})

    def night(self):
        known = {"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BRANCH": "main", "CI_COMMIT_REF_NAME": "main"}
        return self.begin(self.repository.head(), known)

    def begin(self, commit, known):
        pipeline = Pipeline(self, commit, known)
        self.pipelines.append(pipeline)
        pipeline.start()
        return pipeline

    def merge_request_ends(self, number):
        """GitLab starts the job that `on_stop` names, in the newest pipeline."""
        environment = f"review/mr-{number}"
        pipeline, job = self.environments.pop(environment)
        return pipeline.jobs[job].play()

    def comments(self, number):
        return [it for it in self.notes.get(number, []) if "pipeline-note" in it["body"]]


class Pipeline:
    def __init__(self, lab, commit, known):
        self.lab, self.commit = lab, commit
        self.number = len(lab.pipelines) + 1
        self.variables = {
            "CI": "true", "GITLAB_CI": "true", "CI_PROJECT_ID": "1", "CI_PROJECT_PATH": PROJECT, "CI_DEFAULT_BRANCH": "main",
            "CI_SERVER_URL": SERVER, "CI_API_V4_URL": lab.api, "CI_PIPELINE_ID": str(2000 + self.number), "CI_COMMIT_SHA": commit,
            **lab.variables, **known,
        }  # fmt: skip
        whole, jobs = lab.definition()
        self.artifacts, self.jobs = {}, {}
        assert any(_rule(rule["if"], self.variables) for rule in whole["workflow"]["rules"]), "no pipeline for this"
        self.gives_way = whole["workflow"]["auto_cancel"]["on_new_commit"] == "interruptible"
        self.stages = whole["stages"]
        for name, definition in jobs.items():
            rule = next((it for it in definition["rules"] if _rule(it["if"], self.variables)), None)
            if rule:
                self.jobs[name] = Job(self, name, definition, rule.get("when", "on_success"), rule.get("allow_failure", False))

    def start(self):
        threading.Thread(target=self.work, daemon=True).start()

    def work(self):
        """Stage after stage; what is to be started by hand waits."""
        failed = False
        for stage in self.stages:
            jobs = [it for it in self.jobs.values() if it.definition["stage"] == stage and it.when == "on_success"]
            for job in jobs:
                job.status = "skipped" if failed else job.status
                if not failed:
                    job.start()
            for job in jobs:
                job.ended.wait(120) if not failed else job.ended.set()
            failed = failed or any(job.status in ("failed", "canceled") for job in jobs)

    def give_way(self):
        for job in self.jobs.values():
            if self.gives_way and job.definition.get("interruptible") and job.status in ("created", "running"):
                job.cancel()

    def wait(self, **wanted):
        """For jobs, by name and status; `-` is written `_`."""
        for name, status in wanted.items():
            self.jobs[name.replace("_", "-")].wait(status)
        return self

    def log(self):
        return "".join(job.log.text for job in self.jobs.values() if job.log)


class Job:
    def __init__(self, pipeline, name, definition, when, may_fail):
        self.pipeline, self.lab, self.name, self.definition = pipeline, pipeline.lab, name, definition
        self.when, self.may_fail = when, may_fail
        self.status = "manual" if when == "manual" else "created"
        self.attempt, self.log, self.cancellation = 0, None, Cancellation()
        self.ended = threading.Event()

    def play(self):
        for needed in self.definition.get("needs", []):
            assert self.pipeline.jobs[needed].status == "success", f"{needed} has to succeed first"
        return self.start()

    def retry(self):
        assert self.ended.wait(120)
        self.cancellation = Cancellation(self.cancellation.schedule)
        return self.start()

    def start(self):
        self.attempt += 1
        self.ended.clear()
        self.status = "pending"
        threading.Thread(target=self.work, daemon=True).start()
        return self

    def cancel(self, schedule=None):
        if schedule:
            self.cancellation.schedule = schedule
        self.cancellation.press()
        if self.status in ("created", "manual"):
            self.status = "canceled"
            self.ended.set()
        return self

    def wait(self, status, seconds=120):
        assert self.ended.wait(seconds), f"{self.name} is {self.status}\n{self.log and self.log.text}"
        assert self.status == status, f"{self.name}: {self.status}\n{self.log and self.log.text}"
        return self

    def work(self):
        try:
            group = _expand(self.definition.get("resource_group", ""), self.variables())
            with self.lab.lock:
                lock = self.lab.groups.setdefault(group, threading.Lock()) if group else threading.Lock()
            with lock:
                self.status = "running"
                self.status = self.script()
        finally:
            self.ended.set()

    def variables(self):
        known = {**self.pipeline.variables, "CI_JOB_ID": f"{self.pipeline.number}{self.attempt:03}", "CI_JOB_NAME": self.name,
                 "CI_JOB_URL": f"{SERVER}/{PROJECT}/-/jobs/{self.pipeline.number}{self.attempt:03}"}  # fmt: skip
        return known | {name: _expand(value, known) for name, value in self.definition.get("variables", {}).items()}

    def script(self):
        lab, definition = self.lab, self.definition
        with lab.lock:
            lab.machines += 1
            machine = lab.folder / f"machine-{lab.machines}"
        machine.mkdir(parents=True)
        self.log = Log(f"{lab.label}/{self.pipeline.number:02}-{self.name}-{self.attempt}", [NOTES_TOKEN])
        builds = machine / "builds"
        lab.repository.clone(builds, self.pipeline.commit)
        variables = self.variables()
        for name, claims in definition.get("id_tokens", {}).items():
            subject = f"project_path:{PROJECT}:ref_type:branch:ref:{variables['CI_COMMIT_REF_NAME']}"
            variables[name] = token(SERVER, subject, _expand(claims["aud"], variables))
            self.log.secrets.append(variables[name])
        for needed in definition.get("needs", []):
            for path, body in self.pipeline.artifacts.get(needed, {}).items():
                (builds / path).write_bytes(body)
        environment = {**base_environment(machine, lab.stage), **lab.trace.environment(), **variables, "CI_PROJECT_DIR": str(builds)}
        lines = [*definition.get("before_script", []), *definition["script"]]
        assert all(isinstance(line, str) for line in lines)
        text = "\n".join(f"echo {_quoted('$ ' + line.splitlines()[0])}\n{line}" for line in lines)
        script = machine / f"gitlab.{self.name}.sh"
        script.write_text(WRAPPED.format(lines=text.replace("'", "'\\''")))
        # The runner sends SIGTERM to the whole group and kills it after a while.
        code = run(["bash", str(script)], self.log, builds, environment, self.cancellation, group=True, first=signal.SIGTERM)
        status = "canceled" if self.cancellation.asked.is_set() else "success" if code == 0 else "failed"
        self.keep(builds, variables, status)
        self.log.write(
            {"success": "Job succeeded\n", "failed": f"ERROR: Job failed: exit code {code}\n", "canceled": "ERROR: Job failed: canceled\n"}[status]
        )
        # What was echoed was begun.
        lab.trace.blocks |= {("gitlab", self.name, number) for number, line in enumerate(lines) if f"$ {line.splitlines()[0]}\n" in self.log.text}
        self.log.keep()
        self.log.check()
        return status

    def keep(self, builds, variables, status):
        artifacts = self.definition.get("artifacts", {})
        if status == "success" or artifacts.get("when") == "always":
            paths = [builds / path for path in artifacts.get("paths", [])]
            self.pipeline.artifacts[self.name] = {path.name: path.read_bytes() for path in paths if path.exists()}
        environment = self.definition.get("environment")
        if status == "success" and environment and environment.get("action") != "stop":
            dotenv = artifacts.get("reports", {}).get("dotenv")
            known = dict(variables)
            if dotenv:
                known |= dict(line.split("=", 1) for line in (builds / dotenv).read_text().splitlines())
            name = _expand(environment["name"], known)
            self.lab.environments[name] = (self.pipeline, environment.get("on_stop"))
            if "url" in environment:
                self.log.write(f"Environment {name}: {_expand(environment['url'], known)}\n")


def _quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def _extended(whole, name):
    job = whole[name]
    base = _extended(whole, job["extends"]) if "extends" in job else {}
    own = {key: _resolved(whole, value) for key, value in job.items() if key != "extends"}
    return deep_merge(base, own)


def _resolved(whole, value):
    """Lists of commands may hold references to other lists."""
    if not isinstance(value, list):
        return value
    found = []
    for item in value:
        if isinstance(item, Reference):
            job, key = item
            found += whole[job][key]
        else:
            found.append(item)
    return found


def _expand(text, variables):
    return re.sub(r"\$(\w+)|\$\{(\w+)\}", lambda it: variables.get(it[1] or it[2], ""), str(text))


def _rule(condition, variables):
    """`==`, `!=` and `&&` between variables and texts."""

    def value(source):
        source = source.strip()
        if source.startswith('"'):
            return source[1:-1]
        assert re.fullmatch(r"\$\w+", source), condition
        return variables.get(source[1:])

    def holds(part):
        for sign in ("==", "!="):
            if sign in part:
                left, right = part.split(sign)
                return (value(left) == value(right)) == (sign == "==")
        raise AssertionError(f"no rule: {part}")

    return all(holds(part) for part in condition.split("&&"))


def _handler(lab):
    """Notes of merge requests, for whoever has the token."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self, body, status=200, **headers):
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def route(self):
            if self.headers.get("PRIVATE-TOKEN") != NOTES_TOKEN:
                return self.answer({"message": "401 Unauthorized"}, 401)
            url = urlparse(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            fields = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
            if self.command == "GET" and url.path == "/api/v4/user":
                return self.answer({"id": 42})
            found = re.fullmatch(r"/api/v4/projects/1/merge_requests/(\d+)/notes(?:/(\d+))?", url.path)
            if not found:
                return self.answer({"message": "404 Not Found"}, 404)
            with lab.lock:
                notes = lab.notes.setdefault(int(found[1]), [])
                if self.command == "GET":
                    asked = parse_qs(url.query)
                    page, size = int(asked["page"][0]), int(asked["per_page"][0])
                    more = str(page + 1) if page * size < len(notes) else ""
                    return self.answer(notes[(page - 1) * size : page * size], X_Next_Page=more)
                if self.command == "POST" and not found[2]:
                    note = {"id": len(notes) + 1, "author": {"id": 42}, "body": fields["body"], "writes": 1}
                    notes.append(note)
                    return self.answer(note, 201)
                note = notes[int(found[2]) - 1]
                note["body"], note["writes"] = fields["body"], note["writes"] + 1
                return self.answer(note)

        do_GET = do_POST = do_PUT = route

        def log_message(self, *_):
            pass

    return Handler
