"""How alarms are judged: AWS's own tables, and our alarms."""

import pytest
from lab.alarms import decide, evaluation_range, judge
from lab.metric_math import Unsupported

MARKS = {"0": False, "X": True, "-": None}
SETTINGS = ("missing", "ignore", "breaching", "notBreaching")
OK, ALARM, UNKNOWN, SAME = "OK", "ALARM", "INSUFFICIENT_DATA", None


def decided(points, periods, enough, missing):
    return decide([MARKS[it] for it in points.split()], periods, enough, missing)


# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
@pytest.mark.parametrize(("enough", "points", "states"), [
    (3, "0 - X - X", (OK, OK, OK, OK)),
    (3, "0 - - - -", (OK, OK, OK, OK)),
    (3, "- - - - -", (UNKNOWN, SAME, ALARM, OK)),
    (3, "0 X X - X", (ALARM, ALARM, ALARM, ALARM)),
    (3, "- - X - -", (ALARM, SAME, ALARM, OK)),
    (2, "0 - X - X", (ALARM, ALARM, ALARM, ALARM)),
    (2, "0 0 X 0 X", (ALARM, ALARM, ALARM, ALARM)),
    (2, "0 - X - -", (OK, OK, ALARM, OK)),
    (2, "- - - - 0", (OK, OK, ALARM, OK)),
    (2, "- - - X -", (ALARM, SAME, ALARM, OK)),
])  # fmt: skip
def test_tables_of_the_page(enough, points, states):
    assert tuple(decided(points, 3, enough, it) for it in SETTINGS) == states


@pytest.mark.parametrize("points", ["- - - - X", "- - - X -"])
def test_no_premature_alarm(points):
    assert decided(points, 3, 3, "missing") == UNKNOWN


def test_points_further_back_do_not_count_where_none_is_missing():
    assert decided("X X 0 0 0", 3, 1, "missing") == OK


def alarm(**more):
    return {"AlarmName": "a", "EvaluationPeriods": 2, "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching", **more}  # fmt: skip


def points(*values, first=1_700_000_040):
    return [(first + 60 * number, value) for number, value in enumerate(values)]


def test_over_the_threshold_is_over_it():
    assert judge(alarm(), points(None, None, 5.0, 5.0))[0] == OK
    assert judge(alarm(), points(None, None, 5.1, 5.1))[0] == ALARM


@pytest.mark.parametrize(("comparison", "alarms"), [
    ("GreaterThanThreshold", [6]), ("GreaterThanOrEqualToThreshold", [5, 6]), ("LessThanThreshold", [4]),
    ("LessThanOrEqualToThreshold", [4, 5]),
])  # fmt: skip
def test_comparisons(comparison, alarms):
    one = alarm(EvaluationPeriods=1, ComparisonOperator=comparison)
    assert [it for it in (4, 5, 6) if judge(one, points(None, None, it))[0] == ALARM] == alarms


def test_silence_about_servers_is_too_few_of_them():
    one = alarm(EvaluationPeriods=5, ComparisonOperator="LessThanThreshold", Threshold=2, TreatMissingData="breaching")
    assert judge(one, points(*[None] * 7))[0] == ALARM
    assert judge(one, points(*[2.0] * 7))[0] == OK
    assert judge(one, points(*[2.0] * 3, *[1.0] * 4))[0] == OK
    assert judge(one, points(*[2.0] * 2, *[1.0] * 5))[0] == ALARM


def test_a_single_failure_rings_until_it_is_out_of_range():
    one = alarm(EvaluationPeriods=1, Threshold=0)
    assert evaluation_range(one) == 3
    seen = [(None, None, 1.0), (None, 1.0, None), (1.0, None, None), (None, None, None)]
    assert [judge(one, points(*it))[0] for it in seen] == [ALARM, ALARM, ALARM, OK]


def test_reasons():
    assert judge(alarm(DatapointsToAlarm=2), points(0.0, 0.0, 7.0, 8.0))[1] == (
        "Threshold Crossed: 2 out of the last 2 datapoints [8.0 (14/11/23 22:17:00), 7.0 (14/11/23 22:16:00)] were "
        "greater than the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition)."
    )
    assert judge(alarm(), points(0.0, 0.0, 7.0, 3.0))[1] == (
        "Threshold Crossed: 1 out of the last 2 datapoints [3.0 (14/11/23 22:17:00)] was not greater than the "
        "threshold (5.0) (minimum 1 datapoint for ALARM -> OK transition)."
    )
    assert judge(alarm(), points(*[None] * 4))[1] == (
        "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as "
        "[NonBreaching]."
    )
    unknown = judge(alarm(TreatMissingData="missing"), points(*[None] * 4))
    assert unknown[1] == "Insufficient Data: 2 datapoints were unknown."
    assert judge(alarm(), points(None, None, None, 9.0))[1] == (
        "Threshold Crossed: 1 missing datapoint was treated as [NonBreaching]."
    )


@pytest.mark.parametrize("wrong", [
    {"ComparisonOperator": "GreaterThanUpperThreshold"}, {"Threshold": None}, {"TreatMissingData": "sometimes"},
])  # fmt: skip
def test_what_is_not_modelled_is_refused(wrong):
    with pytest.raises(Unsupported, match="."):
        judge(alarm(**wrong), points(1.0, 1.0, 1.0, 1.0))
