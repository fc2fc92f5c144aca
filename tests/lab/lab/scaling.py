"""Target tracking of EC2 Auto Scaling.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-default-instance-warmup.html
The alarms that AWS makes for a policy say how long a metric has to be off: AlarmHigh, over the target for 3 minutes;
AlarmLow, under 90 % of it for 15. By how much a group changes is not documented beyond "in proportion" and "scales in
more gradually".
"""

import math
from datetime import UTC, datetime

from ministack.services import autoscaling
from overlay.hooks import replace

from .metric_math import Unsupported
from .observations import BALANCER, is_warming

HIGH_MINUTES, LOW_MINUTES, LOW = 3, 15, 0.9
CPU, REQUESTS = "ASGAverageCPUUtilization", "ALBRequestCountPerTarget"


def desired(policy, history, current, minimum, maximum, warming, settled=None):
    """The size that one policy wants for a group; the size it has where the policy wants no change.

    policy      as in DescribePolicies
    history     the metric's last values, one per minute, oldest first, `None` where there is none
    warming     how many of `current` count to the size and not yet to the metric
    settled     how many of the newest values were measured at this size; all of them without
    """
    tracking = policy["TargetTrackingConfiguration"]
    target = float(tracking["TargetValue"])
    last = history[-HIGH_MINUTES:]
    if len(last) == HIGH_MINUTES and all(it is not None and it > target for it in last):
        return max(current, min(needed(current - warming, last[-1], target), maximum))
    # What was measured at another size says nothing about this one: a group would go on shrinking by the same values.
    last = history[-LOW_MINUTES:] if settled is None or settled >= LOW_MINUTES else []
    low = len(last) == LOW_MINUTES and all(it is not None and it < LOW * target for it in last)
    if low and not warming and not tracking.get("DisableScaleIn"):
        # The busiest of these minutes decides: that is our "more gradually".
        return min(current, max(needed(current, max(last), target), minimum))
    return current


def needed(instances, metric, target):
    """Rounded up, so that never too few are added nor too many removed. Binary fractions of a product are not load."""
    return math.ceil(round(instances * metric / target, 6))


def together(wanted, current):
    """(policy, size) of several policies' wishes: [(policy, size)].

    Out if any wants to, to the largest; in only if all that may scale in want to, to the largest again.
    """
    most = max(wanted, key=lambda it: it[1], default=(None, current))
    if most[1] > current:
        return most
    may = [it for it in wanted if not it[0]["TargetTrackingConfiguration"].get("DisableScaleIn")]
    return max(may, key=lambda it: it[1], default=(None, current))


def cause(policy, before, after, moment):
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-verify-scaling-activity.html"""
    level = "-AlarmHigh-" if after > before else "-AlarmLow-"
    alarm = next(it["AlarmName"] for it in policy["Alarms"] if level in it["AlarmName"])
    return (f"At {moment} a monitor alarm {alarm} in state ALARM triggered policy {policy['PolicyName']} changing the "
            f"desired capacity from {before} to {after}.")  # fmt: skip


class Scaling:
    """Applies the policies of ministack's groups.

    metrics         `metrics.Metrics`, whose minute has just been closed
    set_desired     (group record, size, cause): makes it so
    """

    def __init__(self, metrics, set_desired):
        self.metrics, self.set_desired = metrics, set_desired
        # {group's ARN: (size, the first minute that is measured at this size)}
        self._sizes = {}

    def step(self, groups, now):
        """Once per minute of AWS's. `groups` as `Metrics.observe` takes them; `now` in seconds from the epoch."""
        for it in groups:
            group = autoscaling._asgs.get(it["name"])
            if group is not None:
                self.scale(group, it["instances"], now)

    def scale(self, group, instances, now):
        current, settled = group["DesiredCapacity"], self.settled(group)
        if "AlarmNotification" in group.get("SuspendedProcesses", []):
            return
        wanted = [(it, self.wish(it, group, instances, settled)) for it in tracking_policies(group)]
        policy, size = together(wanted, current)
        if size != current:
            moment = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%SZ}"
            self.set_desired(group, size, cause(policy, current, size, moment))

    def wish(self, policy, group, instances, settled):
        warmup = next((it for it in (policy.get("EstimatedInstanceWarmup"), group.get("DefaultInstanceWarmup"),
                                     group.get("DefaultCooldown")) if it is not None), 0)  # fmt: skip
        minute, current = self.metrics.minute(), group["DesiredCapacity"]
        warm = sum(it["state"] == "InService" and not is_warming(it, warmup, minute) for it in instances)
        # What is asked for and not launched yet is as if it were warming.
        warming = max(current - warm, 0)
        history = [value for _, value in self.metrics.points(*metric(policy), LOW_MINUTES)]
        return desired(policy, history, current, group["MinSize"], group["MaxSize"], warming, settled)

    def settled(self, group):
        """How many closed minutes a group has had this size; `None` for one that was not seen in another."""
        size, since = self._sizes.get(group["AutoScalingGroupARN"], (group["DesiredCapacity"], None))
        if size != group["DesiredCapacity"]:
            # The minute that is under way is the first that can be at this size in part only.
            size, since = group["DesiredCapacity"], self.metrics.open + 1
        self._sizes[group["AutoScalingGroupARN"]] = (size, since)
        return None if since is None else self.metrics.open - since


def tracking_policies(group):
    return [
        it for it in autoscaling._policies.values()
        if it["AutoScalingGroupName"] == group["AutoScalingGroupName"] and it.get("Enabled", True)
        and it["PolicyType"] == "TargetTrackingScaling"
    ]  # fmt: skip


def metric(policy):
    """(namespace, name, dimensions, statistic) that a policy tracks."""
    found = autoscaling._tracking_metric(policy["TargetTrackingConfiguration"], policy["AutoScalingGroupName"])
    dimensions = {it["Name"]: it["Value"] for it in found["Dimensions"]}
    return found["Namespace"], found["MetricName"], dimensions, found["Statistic"]


def tracking_metric(tracking, group):
    """What a policy's alarms watch. ministack has none for requests per target; the lab has no data for others."""
    predefined = tracking.get("PredefinedMetricSpecification") or {}
    kind, label = predefined.get("PredefinedMetricType"), predefined.get("ResourceLabel", "")
    if kind == REQUESTS and "/targetgroup/" in label:
        # app/name/id/targetgroup/name/id
        # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PredefinedMetricSpecification.html
        dimension = {"Name": "TargetGroup", "Value": label[label.index("targetgroup/") :]}
        return {
            "Namespace": BALANCER,
            "MetricName": "RequestCountPerTarget",
            "Statistic": "Sum",
            "Dimensions": [dimension],
        }
    if kind != CPU:
        raise Unsupported(f"the lab cannot track {tracking}")
    return plain_tracking_metric(tracking, group)


plain_tracking_metric = replace(autoscaling, "_tracking_metric", tracking_metric)
