"""What was counted since the start, from the line that HAProxy prints at the end of each request.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""

import math
from collections import Counter
from dataclasses import dataclass, field

from .render import ANSWERED_HERE, FORWARDED
from .seats import slot_of

# Response times are kept in classes, each this much longer than the one before.
GROWTH = 1.02
# A target's connection that did not come about; by HAProxy's second letter, what the request was waiting for.
CONNECTING = "C"
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
CLIENT_LEFT = 460


@dataclass
class Counts:
    """Of one target group, or of all and what the load balancer answered itself. Codes are {status: count}.

    Requests are those a target was chosen for. Response times are {seconds: count}: from when the request went out to
    when a target's response began.
    """

    requests: int = 0
    target_codes: Counter = field(default_factory=Counter)
    balancer_codes: Counter = field(default_factory=Counter)
    connection_errors: int = 0
    response_times: Counter = field(default_factory=Counter)
    response_seconds: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0

    def report(self):
        times = self.response_times
        return {
            "requests": self.requests, "connection_errors": self.connection_errors,
            "bytes_in": self.bytes_in, "bytes_out": self.bytes_out,
            "target_codes": dict(self.target_codes), "balancer_codes": dict(self.balancer_codes),
            **{f"target_{family}xx": of_family(self.target_codes, family) for family in (2, 3, 4, 5)},
            **{f"balancer_{family}xx": of_family(self.balancer_codes, family) for family in (3, 4, 5)},
            "response_times": {f"{seconds:.4g}": count for seconds, count in sorted(times.items())},
            "response_time": {"sum": self.response_seconds, "count": times.total(), "p99": percentile(times, 99)},
        }  # fmt: skip


class Tally:
    def __init__(self, arns):
        """`arns` finds the target group of a backend's name."""
        self.arns = arns
        self.whole = Counts()
        self.groups = {}
        self.targets = Counter()

    def add(self, line, targets):
        """Counts a line; `targets` is {(arn, slot): target}. Lines about other things are none of its business."""
        kind, _, rest = line.partition(" ")
        if kind == FORWARDED:
            self.add_forwarded(rest.split(" ", 10), targets)
        elif kind == ANSWERED_HERE:
            status, ended, *sizes = rest.split()
            self.own(self.whole, status, ended)
            self.pass_through(self.whole, *sizes)

    def add_forwarded(self, fields, targets):
        name, server, status, answered, ended, responded, _, received, sent, *_ = fields
        arn = self.arns(name)
        target = targets.get((arn, slot_of(server))) if server.startswith("s") else None
        for counts in (self.whole, self.groups.setdefault(arn, Counts())):
            if server.startswith("s"):
                counts.requests += 1
            counts.connection_errors += ended[1] == CONNECTING and server.startswith("s") and ended[0] != "C"
            if answered == "1":
                counts.target_codes[int(status)] += 1
            else:
                self.own(counts, status, ended)
            if answered == "1" and int(responded) >= 0:
                counts.response_times[time_class(int(responded))] += 1
                counts.response_seconds += int(responded) / 1000
            self.pass_through(counts, received, sent)
        if target is not None:
            self.targets[arn, target.id, target.address, target.port] += 1

    @staticmethod
    def own(counts, status, ended):
        """The client that left first gets no answer; AWS counts it as 460."""
        code = CLIENT_LEFT if ended[0] == "C" and int(status) < 500 else int(status)
        if code >= 100:
            counts.balancer_codes[code] += 1

    @staticmethod
    def pass_through(counts, received, sent):
        counts.bytes_in += int(received)
        counts.bytes_out += int(sent)

    def report(self):
        return self.whole.report(), {arn: it.report() for arn, it in self.groups.items()}


def time_class(milliseconds):
    """Seconds that stand for a class of response times; HAProxy measures whole milliseconds."""
    if milliseconds <= 50:
        return milliseconds / 1000
    return round(GROWTH ** round(math.log(milliseconds, GROWTH)) / 1000, 6)


def percentile(times, percent):
    """Of {value: count}: the least value that this share of the values does not exceed; `None` of nothing."""
    rank = math.ceil(sum(times.values()) * percent / 100)
    for value in sorted(times):
        rank -= times[value]
        if rank <= 0:
            return value
    return None


def of_family(codes, family):
    return sum(count for code, count in codes.items() if code // 100 == family)
