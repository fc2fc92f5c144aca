"""What balancer, groups and machines did, minute by minute of AWS's: metrics, alarms, and the size of groups."""

import asyncio
import logging
import time

from ministack.services import alb, autoscaling
from overlay.fleet import members
from overlay.fleet.activities import activity

from .metrics import Metrics
from .scaling import Scaling

log = logging.getLogger("lab")
LOOKS_PER_MINUTE = 4
# Of t3.small, the default of blueprints.
PROCESSORS = 2


class Measuring:
    """Looks some times a minute, and closes the minute."""

    def __init__(self, clock, balancing, machines, life):
        self.clock, self.balancing, self.machines, self.life = clock, balancing, machines, life
        self.metrics = Metrics(lambda: clock.minute)
        self.scaling = Scaling(self.metrics, set_desired)
        self.body, self.counted = None, {}
        self.used = {}

    async def watch(self):
        closes = time.time() + self.metrics.until_close(time.time())
        while True:
            await asyncio.sleep(min(self.clock.minute / LOOKS_PER_MINUTE, max(0.05, closes - time.time())))
            groups = self.groups()
            self.metrics.observe(self.balancers(), groups)
            if time.time() >= closes:
                now = time.time()
                for name, before, after in self.metrics.close_minute(now):
                    log.warning("alarm %s: %s, it was %s", name, after, before)
                self.scaling.step(groups, now)
                closes = now + self.metrics.until_close(now)

    def balancers(self):
        """What happened since the last look."""
        if self.balancing.body is None or self.balancing.arn not in alb._lbs:
            return []
        if self.balancing.body is not self.body:
            # Another load balancer counts from nothing.
            self.body, self.counted = self.balancing.body, {}
        found = []
        for arn, counts in (self.balancing.body.state().get("target_group_counters") or {}).items():
            before = self.counted.get(arn, {})
            self.counted[arn] = counts
            states = [it["state"] for it in self.balancing.found(arn).values()]
            found.append({
                "balancer": self.balancing.arn.split(":loadbalancer/")[1], "target_group": arn.split(":")[-1],
                "requests": counts["requests"] - before.get("requests", 0),
                "target_codes": less(counts["target_codes"], before.get("target_codes", {})),
                "balancer_codes": less(counts["balancer_codes"], before.get("balancer_codes", {})),
                "response_times": [float(seconds) for seconds, count in less(counts["response_times"], before.get("response_times", {})).items()
                                   for _ in range(count)],
                "healthy": states.count("healthy"), "unhealthy": states.count("unhealthy"),
            })  # fmt: skip
        return found

    def groups(self):
        return [
            {
                "name": name, "minimum": it["MinSize"], "maximum": it["MaxSize"], "desired": it["DesiredCapacity"],
                "warmup": it.get("DefaultInstanceWarmup") or 0,
                "enabled": [metric["Metric"] for metric in it.get("EnabledMetrics") or []],
                "instances": [self.instance(member) for member in [*it["Instances"], *it.get("_leaving", [])]],
            }
            for name, it in autoscaling._asgs.items()
        ]  # fmt: skip

    def instance(self, member):
        name = member["InstanceId"]
        since = self.life.in_service_since.get(name)
        age = None if since is None else time.monotonic() - since
        return {"id": name, "state": member["LifecycleState"], "age": age, "cpu": self.cpu(name)}

    def cpu(self, name):
        """Percent of an instance's processors since the last look."""
        body = self.machines.bodies.get(name)
        if body is None or not body.running:
            self.used.pop(name, None)
            return None
        now, used = time.monotonic(), body.cpu_seconds()
        before = self.used.get(name)
        self.used[name] = (now, used)
        if before is None or now <= before[0]:
            return None
        return min(100.0, 100 * (used - before[1]) / (now - before[0]) / PROCESSORS)


def less(counts, before):
    return {key: count - before.get(key, 0) for key, count in counts.items() if count > before.get(key, 0)}


def set_desired(group, size, cause):
    """A policy changes the size; the group launches or ends instances for it, and says why."""
    before, group["DesiredCapacity"] = group["DesiredCapacity"], size
    known = len(members.activities(group))
    members.refill(group)
    fresh = members.activities(group)[: len(members.activities(group)) - known]
    for it in fresh:
        it["Cause"] = f"{cause}  {it['Cause']}"
    if not fresh:
        activity(group, f"Changed the desired capacity from {before} to {size}", cause, "Successful")
