"""The life of instances where nothing boots: how long it takes and whether it works is what `settings` says.

Whoever has bodies for them puts something with the same methods in `members.life`.
"""

import asyncio
import base64
import time

from ministack.core.responses import get_region
from ministack.services import alb, autoscaling, ec2

from .. import settings
from . import members


class Pretence:
    """Instances that exist in the records only."""

    # Whether an instance takes its time from pending to running.
    boots = False
    # Whether a refresh tries again with another instance when one gives up while it boots.
    launches_again = False

    def __init__(self):
        self.registered = {}

    def reset(self):
        self.registered.clear()

    # From the launch to the end.

    def launched(self, group, member):
        """A member was launched; its lifecycle hook, if it has one, waits for it already."""
        if settings.get("instance_ms"):
            members.start(self.boot(group, member))
        else:
            self.booted(group, member)

    async def boot(self, group, member):
        await asyncio.sleep(settings.get("instance_ms") / 1000)
        if member["LifecycleState"].startswith("Pending") and members.is_here(group, member):
            self.booted(group, member)

    def booted(self, group, member):
        """The instance is up; its boot script tells the launching hook how it went."""
        if not (members.hook(group, "LAUNCHING") and is_sick(member)):
            members.in_service(group, member)
        elif settings.get("instance_ms"):
            members.abandoned(group, member)
        else:
            # Not at once, or launching and giving up would never end.
            members.start(members.later(lambda: members.abandoned(group, member), self.pause_after_failure()))

    def is_registered(self, member):
        """A member was registered with its target groups."""
        self.registered[member["InstanceId"]] = time.monotonic()

    def leaves(self, group, member, gone):
        """A member left its group. `gone` is called once the instance is terminated."""
        for target_group in group.get("TargetGroupARNs", []):
            alb._targets[target_group] = [
                it for it in alb._targets.get(target_group, []) if it["Id"] != member["InstanceId"]
            ]
        member["LifecycleState"] = "Terminated"
        instance = ec2._instances.get(member["InstanceId"])
        if instance is not None:
            instance["State"] = {"Code": 48, "Name": "terminated"}
            instance["_terminated_at"] = time.time()
        gone()

    def lost(self, group, member, how):
        """An instance was terminated past its group, or found unhealthy: the group replaces it."""
        members.remove(group, member)
        members.terminate(group, member, f"At {members.moment()} an instance was taken out of service in response to {how}.")
        members.refill(group)

    # What takes time, in seconds.

    def patience(self):
        return settings.get("instance_timeout_ms") / 1000

    def pause_after_failure(self):
        return settings.get("instance_timeout_ms") / 4000

    def warmup(self, preferences):
        return 0

    def bake(self, preferences):
        return settings.get("bake_ms") / 1000

    # What is seen of it.

    def health(self, target_group, instance_id):
        """(state, reason, description) of a target.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
        """
        told = settings.get("target_health").get(instance_id)
        if told:
            return told["state"], told.get("reason", ""), told.get("description", "")
        if ec2._instances.get(instance_id, {}).get("State", {}).get("Name") != "running":
            return "unused", "Target.InvalidState", "Target is in the stopped state"
        age = time.monotonic() - self.registered.get(instance_id, 0)
        for group in autoscaling._asgs.values():
            for member in group["Instances"]:
                if member["InstanceId"] == instance_id and is_sick(member):
                    return "unhealthy", "Target.FailedHealthChecks", "Health checks failed"
        if age < settings.get("target_ms") / 1000:
            return "initial", "Elb.RegistrationInProgress", "Target registration is in progress"
        return "healthy", "", ""

    def targets(self, target_group):
        """The registered targets, and those that are still leaving."""
        return alb._targets.get(target_group, [])

    def console(self, instance_id):
        """What an instance wrote to its console."""
        table = settings.get("console")
        if instance_id in table or "*" in table:
            return table.get(instance_id, table.get("*"))
        for group in autoscaling._asgs.values():
            for member in group["Instances"]:
                if member["InstanceId"] == instance_id and is_sick(member):
                    return "[    4.211] boot.sh: http://127.0.0.1:8420/ready did not answer within 240 s\n"
        return f"[    0.000000] Linux version 6.12 ({get_region()})\n[    3.107] boot.sh: ready\n"


def is_sick(member):
    template, version = member["LaunchTemplate"]["LaunchTemplateId"], member["LaunchTemplate"]["Version"]
    instance = ec2._instances.get(member["InstanceId"], {})
    try:
        program = base64.b64decode(instance.get("UserData") or "").decode(errors="replace")
    except ValueError:
        program = str(instance.get("UserData"))
    known = f"{template}:{version} {instance.get('ImageId')} {member['InstanceId']}\n{program}"
    return any(it in known for it in settings.get("sick"))


members.life = Pretence()
