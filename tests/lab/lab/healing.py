"""What a group does by itself: replaces what is unhealthy, and evens the zones out.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-health-checks.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html (rebalancing)
"""

import asyncio
import time

from ministack.services import autoscaling, ec2
from overlay import settings
from overlay.fleet import members
from overlay.fleet.activities import moment

IN_SERVICE = "InService"
# How often a group looks, in AWS's seconds. AWS documents no figure.
EVERY = 5
# How long EC2 needs to notice that a machine is dead, in AWS's seconds: two failed status checks of a minute.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html
STATUS_CHECKS = 120


class Healing:
    """Looks at every group again and again."""

    def __init__(self, life, machines, clock):
        self.life, self.machines, self.clock = life, machines, clock
        self.off_since = {}

    async def watch(self):
        while True:
            await asyncio.sleep(max(0.2, self.clock.seconds(EVERY)))
            for group in list(autoscaling._asgs.values()):
                self.look_after(group)

    def look_after(self, group):
        suspended = set(group.get("SuspendedProcesses", []))
        if "HealthCheck" not in suspended:
            for member in self.unhealthy(group):
                members.instance_lost(member["InstanceId"], member["_found"])
        if "ReplaceUnhealthy" not in suspended:
            self.finish_replacements(group)
        members.refill(group)
        if not group.get("_refreshing") and "AZRebalance" not in suspended:
            rebalance(group)

    def unhealthy(self, group):
        """In-service members whose grace period is over and that the checks found unhealthy."""
        found = []
        for member in group["Instances"]:
            since = self.life.in_service_since.get(member["InstanceId"])
            if member["LifecycleState"] != IN_SERVICE or member["HealthStatus"] != "Healthy" or since is None:
                continue
            if self.is_dead(member["InstanceId"]):
                # The grace period does not hold for instances that do not run.
                member["_found"] = "an EC2 health check indicating that the instance is impaired"
                found.append(member)
            elif time.monotonic() - since >= self.clock.seconds(group.get("HealthCheckGracePeriod")):
                states = [self.life.health(it, member["InstanceId"])[0] for it in group.get("TargetGroupARNs", [])]
                if "unhealthy" in states and "ELB" in group.get("HealthCheckType", ""):
                    member["_found"] = "an ELB system health check failure"
                    found.append(member)
        return found

    def is_dead(self, name):
        """Whether a machine has been off for as long as EC2 needs to notice."""
        if self.machines.is_running(name):
            self.off_since.pop(name, None)
            return False
        return time.monotonic() - self.off_since.setdefault(name, time.monotonic()) >= self.clock.seconds(STATUS_CHECKS)

    def finish_replacements(self, group):
        """Ends unhealthy members whose replacements are there."""
        ready = [it for it in members.healthy(group) if members.is_ready(group, it)]
        for member in [it for it in group["Instances"] if it["HealthStatus"] == "Unhealthy"]:
            if len(ready) >= group["DesiredCapacity"] or not self.machines.is_running(member["InstanceId"]):
                self.life.dismiss(group, member)


def rebalance(group):
    """One instance moves into a zone that has too few: the new one first."""
    usable = {ec2._subnets[it]["AvailabilityZone"] for it in group["VPCZoneIdentifier"].split(",")}
    usable -= set(settings.get("empty_zones"))
    moving = group.get("_moving")
    if moving is not None:
        new, old = moving
        if not members.is_here(group, new):
            del group["_moving"]
        elif members.is_ready(group, new):
            del group["_moving"]
            if members.is_here(group, old):
                members.remove(group, old)
                members.terminate(group, old, f"At {moment()} an instance was taken out of service in response to a "
                                  "rebalancing of the zones.")  # fmt: skip
        return
    counts = {zone: 0 for zone in usable}
    for member in group["Instances"]:
        if not members.is_ready(group, member):
            return
        counts[member["AvailabilityZone"]] = counts.get(member["AvailabilityZone"], 0) + 1
    if not counts or len(group["Instances"]) != group["DesiredCapacity"] or group.get("_leaving"):
        return
    fullest = max(sorted(counts), key=counts.get)
    emptiest = min((zone for zone in sorted(usable)), key=counts.get)
    if counts[fullest] - counts[emptiest] < 2:
        return
    old = next(it for it in group["Instances"] if it["AvailabilityZone"] == fullest)
    cause = (f"At {moment()} instances were launched to balance instances in zones {' '.join(sorted(usable))} with other "
             "zones resulting in more than desired number of instances in the group.")  # fmt: skip
    new = members.launch(group, cause, leaving=old)
    if new is not None:
        group["_moving"] = (new, old)
