"""A deployment in the lab: the real programs, AWS's real names, and a deployer with the printed rights only."""

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import boto3
from account import data_names, inventory, left_behind, named
from client import Api
from places import PROGRAMS, REPOSITORY
from lab import addresses
from machine import Machine

DOMAIN = "sync.example.com"
CERTIFICATE = f"arn:aws:acm:{addresses.REGION}:{addresses.ACCOUNT}:certificate/00000000-0000-0000-0000-000000000000"
PASSWORD = "correct horse battery staple"


class Deployment:
    """A folder with a blueprint, and `syncctl` run there."""

    def __init__(self, folder, cloud, blueprint, name):
        self.folder, self.cloud, self.name = Path(folder), cloud, name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.programs = self.folder / "programs"
        self.programs.mkdir(exist_ok=True)
        for program in ("syncctl", "syncd", "sync-agent"):
            # As they are shipped: without what only a debugger reads.
            subprocess.run(["strip", "-o", self.programs / program, PROGRAMS / program], check=True)
        (self.folder / "syncctl.yaml").write_text(blueprint)
        self.credentials, self.before = {}, {}
        self.url = f"https://{DOMAIN}"

    # The program.

    def environment(self, **more):
        kept = {it: os.environ[it] for it in ("PATH", "LANG", "SSL_CERT_FILE", "TMPDIR") if it in os.environ}
        return {**kept, "HOME": str(self.folder), "AWS_EC2_METADATA_DISABLED": "true",
                # Mail goes out soon after a change, and only the drill that is about it changes the number of servers.
                "SYNCCTL_SET_EMAIL__DIGEST": "5s", "SYNCCTL_SET_SERVERS__SCALE__REQUESTS": "100000",
                "SYNCCTL_SET_SERVERS__SCALE__CPU": "none",
                **self.credentials, **broken(), **more}  # fmt: skip

    def start(self, *arguments, **environment):
        return subprocess.Popen(
            [str(self.programs / "syncctl"), *arguments], cwd=self.folder, env=self.environment(**environment),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *arguments, code=0, seconds=1200, **environment):
        """Runs one command; what it printed, once the exit code is the expected one."""
        process = self.start(*arguments, **environment)
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"{arguments} took longer than {seconds} s\n{out}\n{err}") from None
        told = f"syncctl {' '.join(arguments)}: exit code {process.returncode}\n{out}\n{err}"
        with (self.folder / "commands.log").open("a") as log:
            log.write(f"{time.strftime('%H:%M:%S')} {told}\n")
        assert code is None or process.returncode == code, told
        assert "panicked" not in err, told
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def json(self, *arguments, **options):
        return json.loads(self.run("--format", "json", *arguments, **options).stdout)

    def up(self, *more, **options):
        return self.run("up", "--yes", *more, **options)

    def roll(self, release, *more, **options):
        return self.run("roll", "--yes", "--release", str(release), *more, **options)

    def unprotect(self):
        """What a person does first who means to take it down: `protect: false` in the blueprint, and `up`."""
        self.up("--set", "protect=false", "--wait-for-other", "15m")

    def down(self, **options):
        return self.run(*self.down_command(), **options)

    def down_command(self):
        return ("down", "--yes", "--name", self.name, "--set", "protect=false", "--wait-for-other", "15m")

    def point_domain(self):
        """What the operator does at the DNS provider, with what `outputs` says."""
        balancer = self.json("outputs")["outputs"]["LoadBalancerName"]
        self.cloud.ask("lab/name", {"name": DOMAIN, "to": balancer})

    # AWS, with all rights, for looking.

    def client(self, service):
        return boto3.client(service, region_name=addresses.REGION, aws_access_key_id="root", aws_secret_access_key="rootsecret")

    def group(self):
        found = self.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        return found[0] if found else None

    def activities(self):
        return self.client("autoscaling").describe_scaling_activities()["Activities"]

    def machines(self, state="InService"):
        """The members of the group that are in a state, as machines."""
        group = self.group()
        members = group["Instances"] if group else []
        return [Machine(self.cloud, it["InstanceId"], it["AvailabilityZone"]) for it in members if state in ("", it["LifecycleState"])]

    def health(self):
        """{instance: state of the target}"""
        balancing = self.client("elbv2")
        arns = [it["TargetGroupArn"] for it in balancing.describe_target_groups()["TargetGroups"]]
        found = [it for arn in arns for it in balancing.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]]
        return {it["Target"]["Id"]: it["TargetHealth"]["State"] for it in found}

    def data_names(self):
        return data_names(self)

    def left_behind(self):
        return left_behind(self)

    def inventory(self):
        return inventory(self)

    def note_what_is_there(self):
        """Before anything is deployed."""
        self.before = named(self)

    def knock(self, address, port, seconds=3):
        """What somebody on the internet hears: answers, refused or silence."""
        with socket.socket() as knocker:
            knocker.bind((addresses.CLIENT, 0))
            knocker.settimeout(seconds)
            try:
                knocker.connect((address, port))
            except ConnectionRefusedError:
                return "refused"
            except (TimeoutError, OSError):
                return "silence"
            return "answers"

    def wait_for(self, what, seconds, told=""):
        """Until it is true; answers how many seconds that took."""
        begun = time.monotonic()
        while not what():
            if time.monotonic() - begun > seconds:
                raise AssertionError(f"not within {seconds} s: {told}\n{self.picture()}")
            time.sleep(0.2)
        return time.monotonic() - begun

    def is_whole(self):
        """As many healthy servers as wanted, nobody coming, nobody leaving."""
        group = self.group()
        if group is None:
            return False
        names = {it["InstanceId"] for it in group["Instances"] if it["LifecycleState"] == "InService" and it["HealthStatus"] == "Healthy"}
        health = self.health()
        return (len(group["Instances"]) == group["DesiredCapacity"] == len(names)
                and {it for it, state in health.items() if state == "healthy"} == names == set(health))  # fmt: skip

    def settle(self, seconds=180):
        return self.wait_for(self.is_whole, seconds, "the group is not whole")

    def picture(self):
        """For people who read why a drill failed."""
        group = self.group() or {}
        lines = [f"group: {json.dumps(group.get('Instances'), default=str)}", f"health: {self.health()}"]
        lines += [f"{it['StartTime']:%H:%M:%S} {it['StatusCode']} {it['Description']} {it.get('StatusMessage', '')}" for it in self.activities()[:12]]
        return "\n".join(lines)

    # People.

    def invitation(self, login):
        path = self.folder / f"invitation-{login.split('@')[0]}-{time.monotonic_ns()}"
        self.run("user", "add", login, "--invitation-file", str(path))
        return path

    def user(self, login):
        """Somebody with an account and one device, through the documented API."""
        api = Api(self.url)
        api.redeem(self.invitation(login).read_text().strip(), PASSWORD)
        return api

    def agent(self, login, name):
        """A person's machine with `sync-agent` logged in."""
        home = Home(self.folder / name, self.programs)
        home.run("sync-agent", "login", self.url, "--invitation-file", home.secret("invitation", self.invitation(login).read_text()),
                 "--password-file", home.secret("password", PASSWORD))  # fmt: skip
        return home


def broken():
    """Settings from outside, to see drills fail: SYNCCTL_SET_ENTRY__HEALTH__INTERVAL=30s makes ejection too slow."""
    return {name: value for name, value in os.environ.items() if name.startswith("SYNCCTL_SET_")}


class Home:
    """A person's home on a machine."""

    def __init__(self, path, programs):
        self.path = Path(path)
        self.path.mkdir(parents=True)
        self.env = {"HOME": str(self.path), "PATH": f"{programs}:/usr/bin:/bin", "LANG": "C.UTF-8", "NO_COLOR": "1",
                    "SSL_CERT_FILE": os.environ["SSL_CERT_FILE"], "TMPDIR": str(self.path)}  # fmt: skip

    def run(self, *command, check=True, timeout=300):
        done = subprocess.run([str(it) for it in command], env=self.env, cwd=self.path, text=True, capture_output=True, timeout=timeout)
        assert not check or done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def secret(self, name, text):
        path = self.path / name
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def leave(self):
        shutil.rmtree(self.path, ignore_errors=True)


def production():
    """`examples/production`, as it is."""
    return (REPOSITORY / "examples/production/syncctl.yaml").read_text()
