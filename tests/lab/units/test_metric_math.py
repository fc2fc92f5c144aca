"""Metric math: the examples of AWS's page, and the expressions of our alarms."""

import pytest
from lab.metric_math import Unsupported, evaluate

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html, comparison operators
COMPARED = {"metric1": [30, 20, 0, 0], "metric2": [20, None, 20, None]}
# The same page, "Using IF expressions"
CHOSEN = {"metric1": [1, 1, 0, 0, None], "metric2": [30, None, 0, 0, 30], "metric3": [0, 0, 20, None, 20]}
SHARE = "IF(requests > 0, 100 * FILL(errors, 0) / requests, 0)"
THROTTLED = "FILL(reads, 0) + FILL(writes, 0)"


@pytest.mark.parametrize(("expression", "series", "expected"), [
    ("metric1 < metric2", COMPARED, [0, 0, 1, 0]),
    ("metric1 >= 30", COMPARED, [1, 0, 0, 0]),
    ("IF(metric1, metric2, metric3)", CHOSEN, [30, 0, 20, None, None]),
    ("IF(metric1, 5, metric3)", CHOSEN, [5, 5, 20, None, None]),
    ("IF(metric1, metric2, 5)", CHOSEN, [30, 0, 5, 5, None]),
])  # fmt: skip
def test_examples_of_the_page(expression, series, expected):
    assert evaluate(expression, series) == expected


def test_what_only_one_series_has_is_zero_in_the_other():
    assert evaluate("a + b", {"a": [1, None, None], "b": [2, 3, None]}) == [3, 3, None]


def test_a_division_by_zero_drops_the_point():
    assert evaluate("a / b", {"a": [1, 1], "b": [0, 2]}) == [None, 0.5]


def test_a_number_leaves_missing_points_missing():
    assert evaluate("-5 * a", {"a": [1, None]}) == [-5, None]


def test_multiplication_comes_before_comparison():
    assert evaluate("2 + 3 * a > 7 - 1", {"a": [1, 2]}) == [0, 1]


@pytest.mark.parametrize(("errors", "requests", "share"), [
    (5, 100, 5), (None, 100, 0), (None, None, None), (7, None, None), (0, 0, 0), (3, 3, 100),
])  # fmt: skip
def test_share_of_errors(errors, requests, share):
    assert evaluate(SHARE, {"errors": [errors], "requests": [requests]}) == [share]


@pytest.mark.parametrize(("reads", "writes", "both"), [(None, None, 0), (2, None, 2), (2, 3, 5)])
def test_throttled(reads, writes, both):
    assert evaluate(THROTTLED, {"reads": [reads], "writes": [writes]}) == [both]


@pytest.mark.parametrize("expression", [
    "SUM(METRICS())", "FILL(a, REPEAT)", "FILL(a, a)", "FILL(1, 0)", "FILL(a, 1 / 0)", "IF(a, 1)", "IF(1, 2, 3)",
    "a AND a", "a && a", "a ^ 2", "a ** 2", "b", "a < 1 < 2", "a if a else 0", "1 + 1", "a[0]", "a.real", "'a'",
    "True + a", "",
])  # fmt: skip
def test_everything_else_is_refused(expression):
    with pytest.raises(Unsupported, match="."):
        evaluate(expression, {"a": [1.0]})
