"""What happened becomes metrics, and metrics move our alarms, in ministack's own state."""

import json

import overlay.resources.alarms  # noqa: F401 - metric math in alarms of stacks
import pytest
from lab.metrics import Metrics
from ministack.services import alb, cloudwatch, sns
from ministack.services.cloudformation import provisioners

BALANCER, TARGETS, GROUP = "app/it/1", "targetgroup/it/2", "it-servers"
PART = [{"Name": "TargetGroup", "Value": TARGETS}, {"Name": "LoadBalancer", "Value": BALANCER}]
WHOLE = [{"Name": "LoadBalancer", "Value": BALANCER}]
TOPIC = "arn:aws:sns:{region}:{account}:alarms"
# Real seconds of one of AWS's minutes, and a moment on the border of one.
MINUTE, BEGIN = 6.0, 1_790_000_004.0


@pytest.fixture
def metrics():
    cloudwatch.reset()
    return Metrics(lambda: MINUTE)


def minutes(metrics, *observed):
    """Closes a minute for each of these, the last ones of the story; answers what alarms did."""
    changes = []
    for number, it in enumerate(observed):
        balancers, groups = it
        metrics.observe(balancers, groups)
        changes.append(metrics.close_minute(BEGIN + (number + 1) * MINUTE + 0.1))
    return changes


def traffic(requests=0, errors=0, times=(), healthy=3, unhealthy=0, own=None):
    codes = {code: count for code, count in ((200, requests - errors), (502, errors)) if count}
    return {"balancer": BALANCER, "target_group": TARGETS, "requests": requests, "target_codes": codes,
            "balancer_codes": own or {}, "response_times": list(times), "healthy": healthy,
            "unhealthy": unhealthy}  # fmt: skip


def group(*instances, **more):
    enabled = ["GroupInServiceInstances", "GroupPendingInstances", "GroupTerminatingInstances"]
    return {"name": GROUP, "minimum": 2, "maximum": 9, "desired": 3, "warmup": 60, "instances": list(instances),
            "enabled": enabled, **more}  # fmt: skip


def server(name, state="InService", age=3600.0, cpu=None):
    return {"id": name, "state": state, "age": age, "cpu": cpu}


def put(name, **properties):
    """An alarm as templates/stack/app/alarms.yaml.j2 makes it."""
    topic = TOPIC.format(region=cloudwatch.get_region(), account=cloudwatch.get_account_id())
    defaults = {"EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold", "Threshold": 0,
                "TreatMissingData": "notBreaching", "AlarmActions": [topic]}  # fmt: skip
    provisioners._cw_metric_alarm_put(name, {**defaults, **properties})
    return cloudwatch._alarms[name]


def plain(metric, statistic="Sum", namespace="AWS/ApplicationELB", dimensions=PART, seconds=60):
    kind = "ExtendedStatistic" if statistic.startswith("p") else "Statistic"
    return {"Namespace": namespace, "MetricName": metric, "Dimensions": dimensions, "Period": seconds, kind: statistic}


def math(expression, namespace, dimensions, **names):
    found = {key: {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions} for key, name in names.items()}
    parts = [
        {"Id": key, "ReturnData": False, "MetricStat": {"Metric": it, "Period": 60, "Stat": "Sum"}}
        for key, it in found.items()
    ]
    return {"Metrics": [{"Id": "share", "Expression": expression, "Label": "share"}, *parts]}


SHARE = math("IF(requests > 0, 100 * FILL(errors, 0) / requests, 0)", "AWS/ApplicationELB", WHOLE,
             errors="HTTPCode_Target_5XX_Count", requests="RequestCount")  # fmt: skip


def last(metrics, name, statistic="Sum", namespace="AWS/ApplicationELB", dimensions=None):
    dimensions = dimensions or {"TargetGroup": TARGETS, "LoadBalancer": BALANCER}
    return metrics.points(namespace, name, dimensions, statistic, 1)[0][1]


def test_counts_of_a_minute_add_up(metrics):
    metrics.observe([traffic(90, 10, healthy=2)], [])
    metrics.observe([traffic(60, own={503: 4, 400: 1}, healthy=4, unhealthy=1)], [])
    metrics.close_minute(BEGIN + MINUTE)
    assert last(metrics, "RequestCount") == 150
    assert last(metrics, "HTTPCode_Target_2XX_Count") == 140
    assert last(metrics, "HTTPCode_Target_5XX_Count", dimensions={"LoadBalancer": BALANCER}) == 10
    assert last(metrics, "HTTPCode_ELB_5XX_Count", dimensions={"LoadBalancer": BALANCER}) == 4
    assert last(metrics, "HTTPCode_ELB_503_Count", dimensions={"LoadBalancer": BALANCER}) == 4
    assert last(metrics, "HTTPCode_ELB_4XX_Count", dimensions={"LoadBalancer": BALANCER}) == 1
    assert last(metrics, "RequestCountPerTarget", dimensions={"TargetGroup": TARGETS}) == 50
    assert [last(metrics, "HealthyHostCount", it) for it in ("Minimum", "Average", "Maximum")] == [2, 3, 4]
    assert [last(metrics, "UnHealthyHostCount", it) for it in ("Minimum", "Maximum")] == [0, 1]


def test_what_did_not_happen_is_not_reported_but_for_requests_per_target(metrics):
    minutes(metrics, ([traffic()], []))
    assert last(metrics, "RequestCount") is None
    assert last(metrics, "HTTPCode_Target_5XX_Count") is None
    assert last(metrics, "RequestCountPerTarget", dimensions={"TargetGroup": TARGETS}) == 0


def test_percentiles_come_from_all_answers(metrics):
    minutes(metrics, ([traffic(100, times=[0.1] * 95 + [2.0] * 5)], []))
    assert last(metrics, "TargetResponseTime", "p90") == 0.1
    assert last(metrics, "TargetResponseTime", "p99") == 2.0
    assert last(metrics, "TargetResponseTime", "SampleCount") == 100


def test_single_values_are_kept_for_an_hour(metrics):
    minutes(metrics, *[([traffic(2, times=[0.1, 0.2])], [])] * 70)
    key = ("AWS/ApplicationELB", "TargetResponseTime", cloudwatch._dims_key({"LoadBalancer": BALANCER}))
    assert len(cloudwatch._metrics[key]) == 2 * 60


def test_a_group_is_counted_as_it_stands_at_the_end_of_the_minute(metrics):
    metrics.observe([], [group(server("i-1", "Pending:Wait"))])
    metrics.observe([], [group(server("i-1"), server("i-2", "Pending"), server("i-3", "Terminating:Wait"))])
    metrics.close_minute(BEGIN + MINUTE)
    place = {"namespace": "AWS/AutoScaling", "dimensions": {"AutoScalingGroupName": GROUP}}
    assert last(metrics, "GroupInServiceInstances", "Minimum", **place) == 1
    assert last(metrics, "GroupPendingInstances", **place) == 1
    assert last(metrics, "GroupTerminatingInstances", **place) == 1
    # It collects only what it was told to.
    assert last(metrics, "GroupMinSize", **place) is None


def test_a_server_counts_to_its_groups_load_once_it_is_warm(metrics):
    # A minute of warm-up is 6 s here.
    minutes(
        metrics,
        ([], [group(server("i-1", age=7, cpu=80), server("i-2", age=5, cpu=10), server("i-3", "Pending", None, 5))]),
    )
    place = {"namespace": "AWS/EC2", "dimensions": {"AutoScalingGroupName": GROUP}}
    assert last(metrics, "CPUUtilization", "Average", **place) == 80
    assert last(metrics, "CPUUtilization", "Average", "AWS/EC2", {"InstanceId": "i-2"}) == 10


def test_a_point_is_of_the_minute_that_was_closed(metrics):
    minutes(metrics, ([traffic(1)], []), ([traffic(2)], []), ([], []))
    found = metrics.points("AWS/ApplicationELB", "RequestCount", {"LoadBalancer": BALANCER}, "Sum", 4)
    assert found == [(BEGIN - MINUTE, None), (BEGIN, 1), (BEGIN + MINUTE, 2), (BEGIN + 2 * MINUTE, None)]


@pytest.mark.parametrize("minute", [0.7, 6.0, 7.3, 60.0])
def test_whatever_the_length_of_a_minute(minute):
    cloudwatch.reset()
    metrics = Metrics(lambda: minute)
    now = BEGIN
    for number in range(50):
        now += metrics.until_close(now)
        metrics.observe([traffic(number + 1)], [])
        metrics.close_minute(now)
    found = metrics.points("AWS/ApplicationELB", "RequestCount", {"LoadBalancer": BALANCER}, "Sum", 50)
    assert [it for _, it in found] == list(range(1, 51))
    assert last(metrics, "RequestCount") == 50


def test_longer_periods_slide_by_a_minute(metrics):
    minutes(metrics, *(([traffic(it)], []) for it in (1, 2, 4, 8)))
    found = metrics.points("AWS/ApplicationELB", "RequestCount", {"LoadBalancer": BALANCER}, "Sum", 2, 120)
    assert [it for _, it in found] == [3, 12]
    metrics.close_minute(BEGIN + 5 * MINUTE)
    found = metrics.points("AWS/ApplicationELB", "RequestCount", {"LoadBalancer": BALANCER}, "Sum", 2, 120)
    assert [it for _, it in found] == [6, 8]


def test_the_share_of_errors_rings_after_two_minutes_and_calms(metrics, monkeypatch):
    told = []
    monkeypatch.setattr(
        sns, "_fanout", lambda topic, number, message, subject: told.append((topic, json.loads(message)))
    )
    alarm = put("it-ServerErrors", **SHARE, Threshold=5, EvaluationPeriods=2, DatapointsToAlarm=2)
    bad, good = ([traffic(100, 6)], []), ([traffic(100, 5)], [])
    assert minutes(metrics, good, bad, bad, good) == [
        [("it-ServerErrors", "INSUFFICIENT_DATA", "OK")], [], [("it-ServerErrors", "OK", "ALARM")],
        [("it-ServerErrors", "ALARM", "OK")],
    ]  # fmt: skip
    assert alarm["StateReason"].startswith("Threshold Crossed: 1 out of the last 2 datapoints [5.0 (")
    assert [(topic[-6:], it["NewStateValue"]) for topic, it in told] == [("alarms", "ALARM")]
    assert [it["HistorySummary"] for it in cloudwatch._history_entries()[1:]] == [
        "Alarm updated from INSUFFICIENT_DATA to OK", "Alarm updated from OK to ALARM",
        "Alarm updated from ALARM to OK",
    ]  # fmt: skip


def test_no_requests_are_no_errors(metrics):
    put("it-ServerErrors", **SHARE, Threshold=5, EvaluationPeriods=2)
    assert minutes(metrics, *[([traffic()], [])] * 4)[-1] == []
    assert cloudwatch._alarms["it-ServerErrors"]["StateValue"] == "OK"


def test_an_unhealthy_server_that_gets_well_within_the_minute_does_not_ring(metrics):
    put("least", **plain("UnHealthyHostCount", "Minimum"), EvaluationPeriods=2)
    put("most", **plain("UnHealthyHostCount", "Maximum"), EvaluationPeriods=2)
    sometimes = ([traffic(unhealthy=1), traffic()], [])
    changes = minutes(metrics, sometimes, sometimes, *[([traffic(unhealthy=1)], [])] * 2)
    assert [sorted(name for name, _, after in it if after == "ALARM") for it in changes] == [
        [],
        ["most"],
        [],
        ["least"],
    ]


def test_too_few_servers_ring_after_five_minutes_and_silence_at_once(metrics):
    dimensions = [{"Name": "AutoScalingGroupName", "Value": GROUP}]
    too_few = {**plain("GroupInServiceInstances", "Minimum", "AWS/AutoScaling", dimensions), "Threshold": 2,
               "EvaluationPeriods": 5, "ComparisonOperator": "LessThanThreshold",
               "TreatMissingData": "breaching"}  # fmt: skip
    put("it-TooFewServers", **too_few)
    enough, few = ([], [group(server("i-1"), server("i-2"))]), ([], [group(server("i-1"))])
    changes = minutes(metrics, *[enough] * 7, *[few] * 5)
    assert [(number, it) for number, it in enumerate(changes) if it] == [
        (0, [("it-TooFewServers", "INSUFFICIENT_DATA", "OK")]), (11, [("it-TooFewServers", "OK", "ALARM")]),
    ]  # fmt: skip
    cloudwatch.reset()
    put("it-TooFewServers", **too_few)
    assert minutes(metrics, ([], [])) == [[("it-TooFewServers", "INSUFFICIENT_DATA", "ALARM")]]


def test_slow_answers_by_percentile(metrics):
    put("it-SlowAnswers", **plain("TargetResponseTime", "p99"), Threshold=62, EvaluationPeriods=5)
    slow, edge = ([traffic(9, times=[62.6] * 9)], []), ([traffic(9, times=[62.0] * 9)], [])
    assert minutes(metrics, *[slow] * 5)[-1] == [("it-SlowAnswers", "OK", "ALARM")]
    cloudwatch.reset()
    put("it-SlowAnswers", **plain("TargetResponseTime", "p99"), Threshold=62, EvaluationPeriods=5)
    assert minutes(metrics, *[edge] * 5)[-1] == []


def test_what_a_client_puts_is_judged_at_the_end_of_its_minute_and_for_its_stack_only(metrics, monkeypatch):
    for stack in ("one", "other"):
        put(f"{stack}-BootFailed", **plain("BootFailed", "Sum", "syncctl", [{"Name": "Stack", "Value": stack}]))
    metrics.close_minute(BEGIN)
    monkeypatch.setattr(cloudwatch.time, "time", lambda: BEGIN + 1.5)
    datum = {"MetricName": "BootFailed", "Value": 1, "Dimensions": [{"Name": "Stack", "Value": "one"}]}
    status, _, _ = cloudwatch._put_metric_data({}, {"Namespace": "syncctl", "MetricData": [datum]}, False, True)
    assert status == 200
    # ministack would have judged it now.
    assert cloudwatch._alarms["one-BootFailed"]["StateValue"] == "OK"
    assert metrics.close_minute(BEGIN + MINUTE) == [("one-BootFailed", "OK", "ALARM")]
    later = [metrics.close_minute(BEGIN + it * MINUTE) for it in (2, 3, 4)]
    assert later == [[], [], [("one-BootFailed", "ALARM", "OK")]]


def test_a_state_set_by_hand_lasts_until_the_next_judgement(metrics):
    put("it-BootFailed", **plain("BootFailed", "Sum", "syncctl", []))
    metrics.close_minute(BEGIN)
    by_hand = {"AlarmName": "it-BootFailed", "StateValue": "ALARM", "StateReason": "a test"}
    cloudwatch._set_alarm_state({}, by_hand, False, True)
    assert metrics.close_minute(BEGIN + MINUTE) == [("it-BootFailed", "ALARM", "OK")]


@pytest.mark.parametrize(("properties", "why"), [
    (plain("RequestCount", seconds=10), "Sum over 10 s"),
    ({**plain("RequestCount"), "Statistic": "IQM"}, "IQM over 60 s"),
    (math("SUM(METRICS())", "AWS/ApplicationELB", WHOLE, a="RequestCount"), "METRICS"),
])  # fmt: skip
def test_an_alarm_that_cannot_be_judged_is_told_and_the_others_are_judged(metrics, caplog, properties, why):
    put("odd", **properties)
    put("it-BootFailed", **plain("BootFailed", "Sum", "syncctl", []))
    assert minutes(metrics, ([], []), ([], [])) == [[("it-BootFailed", "INSUFFICIENT_DATA", "OK")], []]
    assert why in metrics.refused["odd"]
    assert len([it for it in caplog.records if it.levelname == "ERROR"]) == 1


def test_a_target_groups_dimension_is_the_end_of_its_arn():
    arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/it/0123456789abcdef"
    assert alb._target_group_full_name_from_arn(arn) == "targetgroup/it/0123456789abcdef"
