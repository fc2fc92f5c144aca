"""The stage as a process of the tests', and clients for it."""

import functools
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import boto3
import requests
from botocore.config import Config

HERE = Path(__file__).resolve().parent
REGION = "eu-west-1"
ACCOUNT = "123456789012"
ROOT_KEY, ROOT_SECRET = "root", "rootsecret"


class Stage:
    """A running stage. It ends with the process that started it, however that ends."""

    def __init__(self, directory, *options):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.log = self.directory / "stage.log"
        command = [sys.executable, "-m", "overlay", "--port", str(self.port), "--region", REGION, "--account", ACCOUNT,
                   "--state", str(self.directory / "state"), *options]  # fmt: skip
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, cwd=HERE, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=clean_environment()
            )
        self.wait_until_ready()

    def wait_until_ready(self, seconds=30):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if requests.get(f"{self.endpoint}/_stage/ready", timeout=5).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.02)
        self.end()
        raise AssertionError(f"the stage did not start:\n{self.log.read_text()[-4000:]}")

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory / "state", ignore_errors=True)

    def ask(self, method, name, data=None):
        answer = requests.request(method, f"{self.endpoint}/_stage/{name}", json=data, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def reset(self):
        self.ask("POST", "reset")

    def set(self, **settings):
        return self.ask("POST", "settings", settings)

    def fail(self, **switch):
        return self.ask("POST", "fail", switch)

    def heal(self):
        return self.ask("DELETE", "fail")

    def calls(self):
        return self.ask("GET", "calls")

    def forget_calls(self):
        self.ask("DELETE", "calls")

    @functools.cache  # noqa: B019 - there are two stages, and they live as long as the tests
    def client(self, service, key="test", secret="test", token=None, retries=0, read_timeout=10):
        """Making one takes a tenth of a second, and threads can share it."""
        style = {"addressing_style": "path"} if service == "s3" else None
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id=key, aws_secret_access_key=secret,
            aws_session_token=token, verify=False,
            config=Config(retries={"total_max_attempts": retries + 1}, s3=style, read_timeout=read_timeout),
        )  # fmt: skip

    def environment(self, key="test", secret="test", **more):
        """What a program needs to talk to the stage."""
        return {"AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION,
                "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_EC2_METADATA_DISABLED": "true", **more}  # fmt: skip


def clean_environment():
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MINISTACK_", "S3_"))}


class Stacks:
    """CloudFormation through change sets, as the deployer uses it."""

    def __init__(self, stage, client=None):
        self.stage, self.client = stage, client or stage.client("cloudformation")

    def change_set(self, stack, template, kind="UPDATE", parameters=None, tags=None, **more):
        """Makes a change set and waits for it."""
        body = template if isinstance(template, str) else json.dumps(template)
        name = f"c{secrets.token_hex(6)}"
        made = self.client.create_change_set(
            StackName=stack, ChangeSetName=name, ChangeSetType=kind, TemplateBody=body,
            **{"Capabilities": ["CAPABILITY_IAM"], **more},
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in (parameters or {}).items()],
            Tags=[{"Key": key, "Value": value} for key, value in (tags or {}).items()],
        )  # fmt: skip
        while True:
            found = self.client.describe_change_set(ChangeSetName=made["Id"], IncludePropertyValues=True)
            if found["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
                return found
            time.sleep(0.01)

    def begin(self, stack, template, kind="UPDATE", parameters=None, tags=None, execute=None, **more):
        found = self.change_set(stack, template, kind, parameters, tags, **more)
        assert found["Status"] == "CREATE_COMPLETE", found.get("StatusReason")
        self.client.execute_change_set(ChangeSetName=found["ChangeSetId"], **(execute or {}))
        return found

    def deploy(self, stack, template, kind="UPDATE", *args, **more):
        return self.wait(self.begin(stack, template, kind, *args, **more)["StackId"])

    def delete(self, stack, **more):
        stack_id = self.get(stack)["StackId"]
        self.client.delete_stack(StackName=stack, **more)
        return self.wait(stack_id)

    def get(self, stack):
        return self.client.describe_stacks(StackName=stack)["Stacks"][0]

    def wait(self, stack, until=None, seconds=30):
        """Waits until nothing is in progress, or for a status."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.get(stack)
            status = found["StackStatus"]
            if status == until or (until is None and not status.endswith("_IN_PROGRESS")):
                return found
            time.sleep(0.01)
        raise AssertionError(f"{stack} is {status} after {seconds} s; events:\n" + "\n".join(self.told(stack)))

    def events(self, stack):
        """All events, oldest first."""
        pages = self.client.get_paginator("describe_stack_events").paginate(StackName=stack)
        return [event for page in pages for event in page["StackEvents"]][::-1]

    def told(self, stack):
        return [f"{it['LogicalResourceId']} {it['ResourceStatus']} {it.get('ResourceStatusReason', '')}".strip()
                for it in self.events(stack)]  # fmt: skip

    def resources(self, stack):
        pages = self.client.get_paginator("list_stack_resources").paginate(StackName=stack)
        return {it["LogicalResourceId"]: it for page in pages for it in page["StackResourceSummaries"]}

    def outputs(self, stack):
        return {it["OutputKey"]: it["OutputValue"] for it in self.get(stack).get("Outputs", [])}
