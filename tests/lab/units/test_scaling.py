"""Target tracking: the rule, and what it does to a group of ministack's."""

import itertools
import random

import pytest
from lab import scaling
from lab.metric_math import Unsupported
from lab.metrics import Metrics
from lab.scaling import cause, desired, together
from ministack.services import autoscaling, cloudwatch

LABEL = "app/it/1/targetgroup/it/2"


def policy(target=50.0, name="ScaleByProcessor", **tracking):
    return {"PolicyName": name, "PolicyType": "TargetTrackingScaling", "AutoScalingGroupName": "it",
            "TargetTrackingConfiguration": {"TargetValue": target, "DisableScaleIn": False, **tracking}}  # fmt: skip


def wanted(history, current=3, minimum=2, maximum=9, warming=0, target=50.0, **more):
    return desired(policy(target, **more.pop("tracking", {})), history, current, minimum, maximum, warming, **more)


def test_three_minutes_over_the_target_scale_out_in_proportion():
    assert wanted([100.0] * 3) == 6
    assert wanted([51.0, 51.0, 80.0]) == 5
    assert wanted([10.0] * 12 + [60.0] * 3) == 4


@pytest.mark.parametrize("history", [[], [100.0] * 2, [100.0, 50.0, 100.0], [100.0, None, 100.0], [100.0, 100.0, None]])
def test_less_than_that_does_nothing(history):
    assert wanted(history) == 3


def test_a_group_stays_within_its_limits():
    assert wanted([500.0] * 3) == 9
    assert wanted([0.0] * 15, current=5) == 2


def test_an_exact_proportion_is_not_rounded_up():
    # 3 * 0.7 / 0.1 is a hair more than 21.
    assert wanted([0.7] * 3, target=0.1, maximum=99) == 21


def test_what_is_warming_counts_to_the_size_and_not_to_the_load():
    # Of 6, the 3 that are warm carry 90 %, which asks for 6: they are on their way.
    assert wanted([90.0] * 3, current=6, warming=3) == 6
    assert wanted([100.0] * 3, current=6, warming=2) == 8
    assert wanted([100.0] * 3, current=3, warming=3) == 3


def test_fifteen_minutes_under_nine_tenths_of_the_target_scale_in():
    assert wanted([20.0] * 15, current=6) == 3
    assert wanted([20.0] * 14, current=6) == 6
    assert wanted([20.0] * 14 + [45.0], current=6) == 6
    assert wanted([20.0] * 14 + [None], current=6) == 6
    assert wanted([44.0] + [20.0] * 14, current=6) == 6
    assert wanted([30.0] + [20.0] * 14, current=6) == 4


def test_nothing_scales_in_while_something_warms_up_or_before_it_has_settled():
    assert wanted([20.0] * 15, current=6, warming=1) == 6
    assert wanted([20.0] * 15, current=6, settled=14) == 6
    assert wanted([20.0] * 15, current=6, settled=15) == 3
    assert wanted([100.0] * 15, current=3, settled=0) == 6


def test_scaling_in_can_be_switched_off():
    assert wanted([20.0] * 15, current=6, tracking={"DisableScaleIn": True}) == 6


def test_several_policies_come_together_at_the_largest():
    one, two, out_only = policy(name="1"), policy(name="2"), policy(name="3", DisableScaleIn=True)
    assert together([(one, 5), (two, 7)], 4) == (two, 7)
    assert together([(one, 4), (two, 7)], 4) == (two, 7)
    assert together([(one, 2), (two, 3)], 4) == (two, 3)
    assert together([(one, 2), (two, 4)], 4)[1] == 4
    assert together([(one, 2), (out_only, 4)], 4) == (one, 2)
    assert together([(out_only, 4)], 4)[1] == 4
    assert together([], 4)[1] == 4


def test_properties_of_the_rule():
    chance = random.Random(7)
    for _ in range(3000):
        minimum = chance.randint(0, 5)
        maximum = chance.randint(minimum, 30)
        current = chance.randint(minimum, maximum)
        warming = chance.randint(0, current)
        level = chance.choice([0, 20, 44, 46, 51, 90, 300])
        values = [level * chance.uniform(0.9, 1.1) for _ in range(chance.randint(0, 20))]
        history = [None if chance.random() < 0.03 else it for it in values]
        found = wanted(history, current, minimum, maximum, warming)
        assert minimum <= found <= maximum
        if found > current:
            assert min(history[-3:]) > 50
            # Never more than the load of those that carry it asks for.
            assert (found - 1) * 50 < (current - warming) * history[-1]
        if found < current:
            assert not warming
            assert max(history[-15:]) < 45
            # What is left carries the busiest of these minutes.
            assert found == minimum or found * 50 >= current * max(history[-15:]) - 1e-3


class Lab:
    """A group of ministack's with its policies, and minutes that pass."""

    def __init__(self, maximum=9):
        for it in (cloudwatch, autoscaling):
            it.reset()
        self.group = {"AutoScalingGroupName": "it", "AutoScalingGroupARN": "arn:it", "MinSize": 2, "MaxSize": maximum,
                      "DesiredCapacity": 3, "DefaultInstanceWarmup": 60, "SuspendedProcesses": []}  # fmt: skip
        autoscaling._asgs["it"] = self.group
        self.metrics = Metrics(lambda: 6.0)
        self.scaling = scaling.Scaling(self.metrics, self.set_desired)
        self.done = []
        self.now = 1_790_000_004.0
        self.born = itertools.count()
        self.servers = []
        self.reconcile(age=600.0)

    def put(self, name, target, metric, **more):
        predefined = "TargetTrackingConfiguration.PredefinedMetricSpecification"
        arguments = {"AutoScalingGroupName": "it", "PolicyName": name, "PolicyType": "TargetTrackingScaling",
                     "TargetTrackingConfiguration.TargetValue": str(target),
                     f"{predefined}.PredefinedMetricType": metric, **more}  # fmt: skip
        status, _, _ = autoscaling._put_scaling_policy({key: [it] for key, it in arguments.items()})
        assert status == 200

    def reconcile(self, age=0.0):
        """New servers are in service at once, old ones end at once."""
        while len(self.servers) < self.group["DesiredCapacity"]:
            self.servers.append({"id": f"i-{next(self.born)}", "state": "InService", "age": age, "cpu": None})
        del self.servers[self.group["DesiredCapacity"] :]

    def set_desired(self, group, size, why):
        self.done.append(why)
        group["DesiredCapacity"] = size

    def minute(self, requests=0, cpu_work=None):
        """`cpu_work`: percent of one processor, shared by all; `requests` of the minute."""
        for it in self.servers:
            it["cpu"] = None if cpu_work is None else cpu_work / len(self.servers)
        group = {"name": "it", "minimum": 2, "maximum": 9, "desired": self.group["DesiredCapacity"], "warmup": 60,
                 "enabled": [], "instances": [dict(it) for it in self.servers]}  # fmt: skip
        balancer = {"balancer": "app/it/1", "target_group": "targetgroup/it/2", "requests": requests,
                    "target_codes": {}, "balancer_codes": {}, "response_times": [], "healthy": len(self.servers),
                    "unhealthy": 0}  # fmt: skip
        self.metrics.observe([balancer], [group])
        self.now += 6.0
        self.metrics.close_minute(self.now)
        self.scaling.step([group], self.now)
        for it in self.servers:
            it["age"] += 6.0
        self.reconcile()
        return self.group["DesiredCapacity"]

    def state(self, level):
        return next(it["StateValue"] for name, it in cloudwatch._alarms.items() if f"-Alarm{level}-" in name)


def by_requests(**more):
    lab = Lab(**more)
    label = "TargetTrackingConfiguration.PredefinedMetricSpecification.ResourceLabel"
    lab.put("ScaleByRequests", 1000, scaling.REQUESTS, **{label: LABEL})
    return lab


def test_load_on_the_balancer_scales_out_and_its_end_scales_in():
    lab = by_requests()
    assert [lab.minute(3000) for _ in range(4)] == [3, 3, 3, 3]
    assert [lab.minute(5000) for _ in range(3)] == [3, 3, 5]
    assert lab.state("High") == "ALARM"
    alarm = next(name for name in cloudwatch._alarms if "AlarmHigh" in name)
    assert lab.done == [
        f"At 2026-09-21T14:14:06Z a monitor alarm {alarm} in state ALARM triggered policy ScaleByRequests changing the "
        "desired capacity from 3 to 5."
    ]
    assert {lab.minute(5000) for _ in range(20)} == {5}
    # 15 minutes without a request, of which the first is after the last minute with one.
    sizes = [lab.minute(0) for _ in range(16)]
    assert sizes == [5] * 14 + [2, 2]
    assert "AlarmLow" in lab.done[1]
    assert lab.done[1].endswith("from 5 to 2.")


def test_a_group_that_was_scaled_in_is_measured_anew():
    lab = by_requests()
    lab.group["DesiredCapacity"] = 8
    lab.reconcile(age=600.0)
    sizes = [lab.minute(3000) for _ in range(60)]
    assert sizes == [8] * 14 + [3] * 46


def test_processors_scale_too_and_new_servers_do_not_count_while_they_warm_up():
    lab = Lab()
    lab.put("ScaleByProcessor", 50, scaling.CPU)
    sizes = [lab.minute(cpu_work=240) for _ in range(8)]
    # 80 % on 3 asks for 5. A minute later those carry 48 %.
    assert sizes == [3, 3, 5, 5, 5, 5, 5, 5]


def test_one_policy_that_wants_to_stay_keeps_the_group():
    lab = by_requests()
    lab.put("ScaleByProcessor", 50, scaling.CPU)
    lab.group["DesiredCapacity"] = 6
    lab.reconcile(age=600.0)
    assert {lab.minute(requests=0, cpu_work=290) for _ in range(20)} == {6}


def test_no_data_is_no_reason_to_scale_in():
    lab = Lab()
    lab.put("ScaleByProcessor", 50, scaling.CPU)
    assert {lab.minute() for _ in range(20)} == {3}
    assert lab.state("Low") == "INSUFFICIENT_DATA"


def test_suspended_alarm_notifications_and_disabled_policies_do_nothing():
    lab = by_requests()
    lab.group["SuspendedProcesses"] = ["AlarmNotification"]
    assert {lab.minute(9000) for _ in range(5)} == {3}
    lab.group["SuspendedProcesses"] = []
    next(iter(autoscaling._policies.values()))["Enabled"] = False
    assert {lab.minute(9000) for _ in range(5)} == {3}
    next(iter(autoscaling._policies.values()))["Enabled"] = True
    assert lab.minute(9000) == 9


def test_a_size_that_somebody_else_sets_is_the_size():
    lab = by_requests()
    for _ in range(16):
        lab.minute(3000)
    lab.group["DesiredCapacity"] = 6
    lab.reconcile(age=600.0)
    assert {lab.minute(3000) for _ in range(15)} == {6}
    assert [lab.minute(3000) for _ in range(3)][-1] == 3


def test_alarms_and_rule_say_the_same():
    """Whenever the rule wants another size, AWS's alarm for it rings."""
    chance = random.Random(11)
    lab = by_requests(maximum=30)
    for _ in range(100):
        load = chance.choice([0, 500, 3000, 6000, 20000])
        for _ in range(chance.randint(1, 18)):
            before = lab.group["DesiredCapacity"]
            after = lab.minute(load)
            if after != before:
                assert lab.state("High" if after > before else "Low") == "ALARM"
    assert len(lab.done) > 30


def test_a_policy_that_the_lab_has_no_data_for_is_refused():
    lab = Lab()
    for metric in ("ASGAverageNetworkIn", scaling.REQUESTS):
        with pytest.raises(Unsupported, match=metric):
            lab.put("odd", 1, metric)
    assert not autoscaling._policies


def test_causes_name_the_alarm():
    names = "TargetTracking-it-AlarmHigh-1", "TargetTracking-it-AlarmLow-2"
    one = {**policy(), "Alarms": [{"AlarmName": it} for it in names]}
    assert cause(one, 3, 2, "2026-01-01T00:00:00Z") == (
        "At 2026-01-01T00:00:00Z a monitor alarm TargetTracking-it-AlarmLow-2 in state ALARM triggered policy "
        "ScaleByProcessor changing the desired capacity from 3 to 2."
    )
