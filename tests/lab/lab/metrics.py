"""CloudWatch made true: what load balancer and group really did, as metrics, and alarms judged by them.

ministack judges alarms whenever somebody puts data, over all dimensions of a name and over real seconds, and never
those on metric math. So it judges none here; `close_minute` judges them all, once per minute of AWS's, as CloudWatch
does. A data point carries real time: minutes are counted in real seconds from the epoch on, whatever their length.
"""

import logging
import math
from collections import Counter

from ministack.services import alb, cloudwatch
from overlay.hooks import replace

from .alarms import evaluation_range, judge
from .metric_math import Unsupported, evaluate
from .observations import Observations

log = logging.getLogger(__name__)
STATISTICS = ("Average", "Sum", "Minimum", "Maximum", "SampleCount")
# Of a minute, so that a timer that is late by a hair has still waited for the minute's end.
GRACE = 0.02
# Minutes that are kept of metrics of which every single value counts. CloudWatch keeps 15 days.
KEPT = {"TargetResponseTime": 60}


class Metrics:
    """`minute()` is the length of one of AWS's minutes in real seconds. State is the current account's and Region's."""

    def __init__(self, minute):
        self.minute = minute
        # The number of the first minute that is not closed.
        self.open = 0
        # Alarms that could not be judged: {name: why}.
        self.refused = {}
        self._observed = Observations()

    def reset(self):
        self.refused.clear()
        self._observed = Observations()

    def observe(self, balancers, groups):
        """Adds to the current minute. What both look like: `observations.Observations`."""
        self._observed.add(balancers, groups, self.minute())

    def until_close(self, now):
        """Real seconds until the current minute can be closed."""
        return ((math.floor(now / self.minute()) + 1 + GRACE) * self.minute()) - now

    def close_minute(self, now):
        """Publishes the minute before the one that `now` is in, and judges all alarms: [(alarm, before, after)]."""
        self.open = math.floor(now / self.minute())
        observed, self._observed = self._observed, Observations()
        at = (self.open - 1) * self.minute()
        for namespace, name, dimensions, unit, values in observed.data():
            counts = Counter(values)
            every = list(counts), list(counts.values())
            cloudwatch._store_datum(namespace, name, dimensions, at, unit, None, *every, None)
            if name in KEPT:
                key, oldest = (namespace, name, cloudwatch._dims_key(dimensions)), at - KEPT[name] * self.minute()
                cloudwatch._metrics[key] = [it for it in cloudwatch._metrics[key] if it["Timestamp"] > oldest]
        return [it for alarm in list(cloudwatch._alarms.values()) if (it := self.judge(alarm))]

    def points(self, namespace, name, dimensions, statistic, count, seconds=60, unit=None):
        """The last closed data points of a metric: [(epoch of its beginning, value or `None`)], oldest first.

        dimensions: {name: value}; seconds: the period, in AWS's time.
        """
        if seconds % 60 or not (statistic in STATISTICS or cloudwatch._is_percentile_stat(statistic)):
            raise Unsupported(f"{statistic} over {seconds} s")
        minute, length = self.minute(), seconds // 60
        first = self.open - count * length
        windows, oldest = [[] for _ in range(count)], (first - 1) * minute
        stored = cloudwatch._metrics.get((namespace, name, cloudwatch._dims_key(dimensions)), [])
        for it in [it for it in stored if it["Timestamp"] > oldest and unit in (None, it["Unit"])]:
            # Our own points lie on the border of a minute, where a float may be a hair below.
            number = math.floor(it["Timestamp"] / minute + 1e-6)
            if first <= number < self.open:
                windows[(number - first) // length].append(it)
        return [((first + number * length) * minute, value(points, statistic)) for number, points in enumerate(windows)]

    def judge(self, alarm):
        name, before = alarm["AlarmName"], alarm["StateValue"]
        try:
            verdict = judge(alarm, self.points_of(alarm))
        except Unsupported as problem:
            if self.refused.get(name) != str(problem):
                log.error("alarm %s cannot be judged: %s", name, problem)
            self.refused[name] = str(problem)
            return None
        if verdict is None or verdict[0] == before:
            return None
        state, reason = verdict
        data = {"AlarmName": name, "StateValue": state, "StateReason": reason}
        status, _, body = cloudwatch._set_alarm_state({}, data, False, True)
        if status != 200:
            raise RuntimeError(f"{name} did not change: {body}")
        return name, before, state

    def points_of(self, alarm):
        count = evaluation_range(alarm)
        if not alarm.get("Metrics"):
            statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic")
            return self.points(
                alarm["Namespace"], alarm["MetricName"], named(alarm.get("Dimensions")), statistic, count,
                int(alarm["Period"]), alarm.get("Unit"),
            )  # fmt: skip
        found, result = {}, None
        for it in alarm["Metrics"]:
            if "MetricStat" in it:
                stat, metric = it["MetricStat"], it["MetricStat"]["Metric"]
                found[it["Id"]] = self.points(
                    metric["Namespace"], metric["MetricName"], named(metric.get("Dimensions")), stat["Stat"], count,
                    int(stat["Period"]), stat.get("Unit"),
                )  # fmt: skip
            if it.get("ReturnData", True):
                result = it
        times = {tuple(at for at, _ in points) for points in found.values()}
        if result is None or len(times) != 1:
            raise Unsupported("metrics of several periods, or no result")
        if result["Id"] in found:
            return found[result["Id"]]
        series = {name: [it for _, it in points] for name, points in found.items()}
        return list(zip(times.pop(), evaluate(result["Expression"], series), strict=True))


def value(points, statistic):
    stats = cloudwatch._calc_stats(points)
    return cloudwatch._stat_value(stats, statistic, points) if stats else None


def named(dimensions):
    return {it["Name"]: it["Value"] for it in dimensions or []}


def leave_to_us(alarm):
    """In the place of ministack's judgement."""


def full_name(arn):
    """The dimension TargetGroup. ministack leaves its first word out.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticloadbalancingv2-targetgroup.html
    """
    return f"targetgroup/{plain_full_name(arn)}"


replace(cloudwatch, "_evaluate_alarm", leave_to_us)
plain_full_name = replace(alb, "_target_group_full_name_from_arn", full_name)
