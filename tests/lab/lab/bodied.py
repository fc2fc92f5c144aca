"""The life of instances that have bodies: in the place of `overlay.fleet.pretence`.

An instance is running once its system boots, in service once its own boot script completed the lifecycle hook,
healthy once the load balancer's probes say so, and terminated once its system has shut down.
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html
"""

import asyncio
import time

from ministack.services import alb, ec2
from overlay.fleet import members
from overlay.fleet.activities import moment

PENDING, RUNNING = {"Code": 0, "Name": "pending"}, {"Code": 16, "Name": "running"}
SHUTTING_DOWN, TERMINATED = {"Code": 32, "Name": "shutting-down"}, {"Code": 48, "Name": "terminated"}


class Bodied:
    """What `members.life` asks for, from what bodies and balancer do."""

    boots = True
    # EC2 Auto Scaling goes on launching until an alarm or an hour ends the refresh.
    launches_again = True

    def __init__(self, clock, machines, balancer):
        self.clock, self.machines, self.balancer = clock, machines, balancer
        self.in_service_since = {}

    def reset(self):
        self.in_service_since.clear()

    # From the launch to the end.

    def launched(self, group, member):
        members.start(self.boot(group, member))

    async def boot(self, group, member):
        instance = ec2._instances[member["InstanceId"]]
        try:
            await self.machines.start(instance)
        except Exception:
            # It is in the log already; for the group it is an instance that did not come up.
            members.abandoned(group, member)
            return
        if instance["State"]["Name"] == "pending":
            instance["State"] = dict(RUNNING)
        hook = members.hook(group, "LAUNCHING")
        if hook is None:
            members.in_service(group, member)
            return
        # https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html; the boot script counts the same
        # seconds, so they are not shortened.
        await asyncio.sleep(float(hook.get("HeartbeatTimeout") or 3600))
        if member["LifecycleState"] == "Pending:Wait" and members.is_here(group, member):
            result = members.in_service if hook.get("DefaultResult") == "CONTINUE" else members.abandoned
            result(group, member)

    def is_registered(self, member):
        self.in_service_since[member["InstanceId"]] = time.monotonic()

    def leaves(self, group, member, gone):
        group.setdefault("_leaving", []).append(member)
        member["LifecycleState"] = "Terminating"
        members.start(self.leave(group, member, gone))

    async def leave(self, group, member, gone):
        """Out of the balancer first, and ended when the requests in flight are answered.

        https://docs.aws.amazon.com/autoscaling/ec2/userguide/attach-load-balancer-asg.html
        """
        name = member["InstanceId"]
        instance = ec2._instances.get(name, {"State": dict(TERMINATED)})
        for target_group in group.get("TargetGroupARNs", []):
            registered = alb._targets.get(target_group, [])
            alb._targets[target_group] = [it for it in registered if it["Id"] != name]
        if instance["State"]["Name"] == "running":
            await self.balancer.drained(name)
        instance["State"] = dict(SHUTTING_DOWN)
        await self.machines.stop(name)
        instance["State"] = dict(TERMINATED)
        instance["_terminated_at"] = time.time()
        member["LifecycleState"] = "Terminated"
        if member in group["_leaving"]:
            group["_leaving"].remove(member)
        gone()

    def lost(self, group, member, how):
        """The replacement comes first where the maintenance policy keeps all of the capacity.

        https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-maintenance-policy.html
        """
        member["HealthStatus"] = "Unhealthy"
        member["_how"] = how
        if ec2._instances.get(member["InstanceId"], {}).get("State", {}).get("Name") == "terminated":
            members.start(self.end_past_its_group(group, member))
            return
        least = (group.get("InstanceMaintenancePolicy") or {}).get("MinHealthyPercentage")
        if least is None or int(least) < 100:
            self.dismiss(group, member)
        members.refill(group)

    async def end_past_its_group(self, group, member):
        """Terminated by somebody: its system shuts down, which nobody has told the load balancer, and the group notices
        with its next look at EC2's status checks, a minute later at most.

        https://docs.aws.amazon.com/autoscaling/ec2/userguide/health-checks-overview.html
        """
        ec2._instances[member["InstanceId"]]["State"] = dict(SHUTTING_DOWN)
        stopped = members.start(self.machines.stop(member["InstanceId"]))
        await asyncio.sleep(self.clock.seconds(60))
        if members.is_here(group, member):
            self.dismiss(group, member)
            members.refill(group)
        await stopped

    def dismiss(self, group, member):
        members.remove(group, member)
        members.terminate(group, member, f"At {moment()} an instance was taken out of service in response to "
                          f"{member['_how']}.")  # fmt: skip

    # What takes time, in seconds.

    def patience(self):
        # https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html: an hour
        return self.clock.seconds(3600)

    def pause_after_failure(self):
        return self.clock.seconds(10)

    def warmup(self, preferences):
        return self.clock.seconds(preferences.get("InstanceWarmup"))

    def bake(self, preferences):
        return self.clock.seconds(preferences.get("BakeTime"))

    # What is seen of it.

    def health(self, target_group, instance_id):
        return self.balancer.health(target_group, instance_id)

    def targets(self, target_group):
        return self.balancer.targets(target_group)

    def console(self, instance_id):
        return self.machines.console(instance_id)
