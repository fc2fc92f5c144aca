"""How CloudWatch judges alarms: pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html: once a minute, over a window that
slides by a minute, on the last EvaluationPeriods data points.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html: where points are missing,
it looks further back, and only then fills in.
"""

import operator
from datetime import UTC, datetime

from .metric_math import Unsupported

# The page's examples look at 5 points for 3 periods. It gives no rule, so two more it is.
FURTHER_BACK = 2
COMPARISONS = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
TREATED = {"breaching": "[Breaching]", "notBreaching": "[NonBreaching]"}


def evaluation_range(alarm):
    """How many data points an alarm looks at."""
    return int(alarm["EvaluationPeriods"]) + FURTHER_BACK


def judge(alarm, points):
    """(state, reason) that an alarm goes to; `None` where it stays as it is.

    points: [(epoch of its beginning, value or `None`)], oldest first, `evaluation_range` of them.
    """
    if alarm.get("ComparisonOperator") not in COMPARISONS or alarm.get("Threshold") is None:
        raise Unsupported(f"comparison {alarm.get('ComparisonOperator')} with {alarm.get('Threshold')}")
    breaches = COMPARISONS[alarm["ComparisonOperator"]][0]
    marks = [None if value is None else breaches(value, float(alarm["Threshold"])) for _, value in points]
    periods, enough = numbers(alarm)
    state = decide(marks, periods, enough, alarm.get("TreatMissingData") or "missing")
    return None if state is None else (state, reason(alarm, state, points))


def numbers(alarm):
    """(how many points are judged, how many of them have to breach)"""
    periods = int(alarm["EvaluationPeriods"])
    return periods, int(alarm.get("DatapointsToAlarm") or periods)


def decide(marks, periods, enough, missing):
    """The state after these: True is a breach, `None` a missing point, oldest first. `None` is the state as it was."""
    if missing not in ("missing", "ignore", *TREATED):
        raise Unsupported(f"TreatMissingData {missing}")
    real = [it for it in marks if it is not None][-periods:]
    breaching = sum(real)
    filled = periods - len(real)
    if missing == "breaching":
        breaching += filled
    if breaching >= enough:
        return "ALARM"
    if not filled or missing in TREATED or len(real) > breaching:
        return "OK"
    if missing == "ignore":
        return None
    # Nothing but breaches, and too few of them. If the first is as old as an alarm needs, nothing better came since.
    age = len(marks) - marks.index(True) if True in marks else 0
    return "ALARM" if age >= enough else "INSUFFICIENT_DATA"


def reason(alarm, state, points):
    """After CloudWatch's words, which no page of AWS's lists."""
    periods, enough = numbers(alarm)
    real = [it for it in points if it[1] is not None][-periods:][::-1]
    filled = counted(periods - len(real), "missing datapoint")
    if state == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {counted(periods - len(real), 'datapoint')} unknown."
    treated = TREATED.get(alarm.get("TreatMissingData"))
    if not real:
        silent = counted(periods, "period", verb=False)
        return f"Threshold Crossed: no datapoints were received for {silent} and {filled} treated as {treated}."
    breaches, words = COMPARISONS[alarm["ComparisonOperator"]]
    shown = [it for it in real if breaches(it[1], float(alarm["Threshold"])) == (state == "ALARM")]
    if not shown:
        return f"Threshold Crossed: {filled} treated as {treated}."
    values = ", ".join(f"{value} ({datetime.fromtimestamp(at, UTC):%d/%m/%y %H:%M:%S})" for at, value in shown)
    judged = counted(periods, "datapoint", verb=False)
    were = f"{'was' if len(shown) == 1 else 'were'} {'' if state == 'ALARM' else 'not '}{words}"
    needed, change = (enough, "OK -> ALARM") if state == "ALARM" else (periods - enough + 1, "ALARM -> OK")
    return (
        f"Threshold Crossed: {len(shown)} out of the last {judged} [{values}] {were} the threshold "
        f"({float(alarm['Threshold'])}) (minimum {counted(needed, 'datapoint', verb=False)} for {change} transition)."
    )


def counted(count, word, verb=True):
    text = f"{count} {word}{'' if count == 1 else 's'}"
    return f"{text} {'was' if count == 1 else 'were'}" if verb else text
