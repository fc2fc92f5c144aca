"""Metric math, as far as our alarms use it: + - * /, comparisons, IF with three arguments, FILL with a number.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
A time series is a list with `None` where there is no data point; a number stands for itself. Anything else that
CloudWatch knows is refused: an alarm that is judged by half of its expression would be worse than none.
"""

import ast
import math
import operator

OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}  # fmt: skip


class Unsupported(Exception):
    """CloudWatch may know it, the lab does not."""


def evaluate(expression, series):
    """The time series that an expression makes of others: {id: time series}, all of one length."""
    try:
        # What is supported of CloudWatch's syntax reads the same in Python, precedence included.
        tree = ast.parse(expression.strip(), mode="eval").body
    except SyntaxError as problem:
        raise Unsupported(f"expression {expression!r}: {problem.msg}") from None
    found = value(tree, series, expression)
    if not isinstance(found, list):
        raise Unsupported(f"expression {expression!r} makes a number, no time series")
    return found


def value(tree, series, expression):
    def refuse():
        return Unsupported(f"expression {expression!r}: {ast.unparse(tree)}")

    def inner(it):
        return value(it, series, expression)

    match tree:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return float(number)
        case ast.Name(id=name) if name in series:
            return series[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return combine(operator.sub, 0.0, inner(operand))
        case ast.BinOp(left=left, op=sign, right=right) | ast.Compare(left=left, ops=[sign], comparators=[right]):
            if type(sign) not in OPERATORS:
                raise refuse()
            return combine(OPERATORS[type(sign)], inner(left), inner(right))
        case ast.Call(func=ast.Name(id="FILL"), args=[metric, filler], keywords=[]):
            points, number = inner(metric), inner(filler)
            if not isinstance(points, list) or isinstance(number, list):
                raise refuse()
            return [number if it is None else it for it in points]
        case ast.Call(func=ast.Name(id="IF"), args=[condition, yes, no], keywords=[]):
            return choose(inner(condition), inner(yes), inner(no))
    raise refuse()


def combine(sign, left, right):
    """Between two time series, what only one of them has is 0 in the other; a division by zero drops the point."""
    if not isinstance(left, list) and not isinstance(right, list):
        found = apply(sign, left, right)
        if found is None:
            raise Unsupported("a division of numbers by zero")
        return found
    if isinstance(left, list) and isinstance(right, list):
        pairs = [(None, None) if a is b is None else (a or 0.0, b or 0.0) for a, b in zip(left, right, strict=True)]
    elif isinstance(left, list):
        pairs = [(it, right) for it in left]
    else:
        pairs = [(left, it) for it in right]
    return [None if a is None or b is None else apply(sign, a, b) for a, b in pairs]


def apply(sign, left, right):
    try:
        found = float(sign(left, right))
    except ZeroDivisionError:
        return None
    return found if math.isfinite(found) else None


def choose(condition, yes, no):
    """Where the condition has no point there is none; a missing `yes` is 0, a missing `no` is none."""
    if not isinstance(condition, list):
        return yes if condition else no
    found = []
    for number, point in enumerate(condition):
        if point is None:
            found.append(None)
        elif point:
            found.append((yes[number] or 0.0) if isinstance(yes, list) else yes)
        else:
            found.append(no[number] if isinstance(no, list) else no)
    return found
