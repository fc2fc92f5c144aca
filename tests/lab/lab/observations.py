"""What happened in one of AWS's minutes, and the data points that AWS makes of it.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html
Left out: everything by zone, image and type.
"""

from collections import Counter
from statistics import fmean

BALANCER, GROUP, MACHINE = "AWS/ApplicationELB", "AWS/AutoScaling", "AWS/EC2"
# Error answers of the balancer's own that have a metric each.
OWN_ERRORS = (500, 502, 503, 504)


class Observations:
    """Of a minute that is not over.

    balancers   one for each target group; what is counted is counted since the last observation:
                {"balancer": "app/name/id", "target_group": "targetgroup/name/id",
                 "requests": those a target was chosen for, "target_codes": {200: count},
                 "balancer_codes": {503: count}, "response_times": [seconds until a target's response began],
                 "healthy": targets now, "unhealthy": targets now}
    groups      {"name": …, "minimum": …, "maximum": …, "desired": …, "warmup": AWS's seconds of DefaultInstanceWarmup,
                 "enabled": names of the metrics it collects, "instances": [instance]}
    instance    {"id": …, "state": LifecycleState, "age": real seconds since InService or `None`,
                 "cpu": percent since the last observation or `None`}
    """

    def __init__(self):
        self.balancers = {}
        self.groups = {}
        self.cpu = {}

    def add(self, balancers, groups, minute):
        for it in balancers:
            self.balancers.setdefault((it["balancer"], it["target_group"]), []).append(it)
        for group in groups:
            self.groups[group["name"]] = group
            for it in group["instances"]:
                if it.get("cpu") is not None:
                    counts = not is_warming(it, group["warmup"], minute)
                    self.cpu.setdefault((group["name"], it["id"]), []).append((it["cpu"], counts))

    def data(self):
        """(namespace, metric, dimensions, unit, values) of the minute."""
        for (balancer, target_group), seen in self.balancers.items():
            yield from of_balancer(balancer, target_group, seen)
        for group in self.groups.values():
            yield from of_group(group)
        for (group, instance), samples in self.cpu.items():
            percent = fmean(it for it, _ in samples)
            yield MACHINE, "CPUUtilization", {"InstanceId": instance}, "Percent", [percent]
            if samples[-1][1]:
                yield MACHINE, "CPUUtilization", {"AutoScalingGroupName": group}, "Percent", [percent]


def is_warming(instance, warmup, minute):
    """Whether an instance counts to its group's size and not yet to its metrics.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-default-instance-warmup.html
    """
    if instance["state"].startswith("Pending"):
        return True
    return instance["state"] == "InService" and (instance.get("age") or 0) < float(warmup or 0) * minute / 60


def of_balancer(balancer, target_group, seen):
    whole, part = {"LoadBalancer": balancer}, {"TargetGroup": target_group, "LoadBalancer": balancer}
    requests = sum(it["requests"] for it in seen)
    counts = {"RequestCount": requests}
    own = Counter()
    for it in seen:
        for code, count in it["target_codes"].items():
            name = f"HTTPCode_Target_{int(code) // 100}XX_Count"
            counts[name] = counts.get(name, 0) + count
        for code, count in it["balancer_codes"].items():
            own[f"HTTPCode_ELB_{int(code) // 100}XX_Count"] += count
            if int(code) in OWN_ERRORS:
                own[f"HTTPCode_ELB_{int(code)}_Count"] += count
    # Two digits, so that thousands of answers are some dozens of values.
    times = [float(f"{seconds:.2g}") for it in seen for seconds in it["response_times"]]
    for dimensions in (whole, part):
        for name, count in counts.items():
            if count:
                yield BALANCER, name, dimensions, "Count", [count]
        if times:
            yield BALANCER, "TargetResponseTime", dimensions, "Seconds", times
    for name, count in own.items():
        if count:
            yield BALANCER, name, whole, "Count", [count]
    healthy, unhealthy = [it["healthy"] for it in seen], [it["unhealthy"] for it in seen]
    yield BALANCER, "HealthyHostCount", part, "Count", healthy
    yield BALANCER, "UnHealthyHostCount", part, "Count", unhealthy
    # The one count that is reported as zero, too; its statistic is Sum, and it is an average nevertheless.
    # https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html
    targets = fmean(healthy) or fmean(unhealthy)
    for dimensions in ({"TargetGroup": target_group}, part):
        yield BALANCER, "RequestCountPerTarget", dimensions, "Count", [requests / targets if targets else 0.0]


def of_group(group):
    states = [it["state"].split(":")[0] for it in group["instances"]]
    found = {
        "GroupMinSize": group["minimum"], "GroupMaxSize": group["maximum"], "GroupDesiredCapacity": group["desired"],
        "GroupInServiceInstances": states.count("InService"), "GroupPendingInstances": states.count("Pending"),
        "GroupStandbyInstances": states.count("Standby"), "GroupTerminatingInstances": states.count("Terminating"),
        "GroupTotalInstances": len(states),
    }  # fmt: skip
    for name, count in found.items():
        if name in group["enabled"]:
            yield GROUP, name, {"AutoScalingGroupName": group["name"]}, "None", [count]
