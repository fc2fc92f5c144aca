"""The health of one target, from the results of its checks. No clock, no I/O.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
"""

from dataclasses import dataclass, replace

# Reason codes and AWS's own words for them.
DESCRIPTIONS = {
    "Elb.RegistrationInProgress": "Target registration is in progress",
    "Elb.InitialHealthChecking": "Initial health checks in progress",
    "Target.ResponseCodeMismatch": "Health checks failed with these codes: [{code}]",
    "Target.Timeout": "Request timed out",
    "Target.FailedHealthChecks": "Health checks failed",
    "Target.NotInUse": "Target group is not configured to receive traffic from the load balancer",
    "Target.DeregistrationInProgress": "Target deregistration is in progress",
}


@dataclass(frozen=True)
class Probe:
    """What is sent where; `interval` and `timeout` in seconds, `source` the address it comes from."""

    address: str
    port: int
    protocol: str
    path: str
    interval: float
    timeout: float
    source: str | None = None


@dataclass(frozen=True)
class Answer:
    """The target answered a check, with this status."""

    code: int


@dataclass(frozen=True)
class NoAnswer:
    """It did not; `reason` is Target.Timeout or Target.FailedHealthChecks (no connection, no valid response)."""

    reason: str


@dataclass(frozen=True)
class Health:
    """`state` is initial, healthy, unhealthy, unused or draining. Passes and failures are consecutive ones."""

    state: str = "initial"
    reason: str = "Elb.RegistrationInProgress"
    description: str = DESCRIPTIONS["Elb.RegistrationInProgress"]
    passes: int = 0
    failures: int = 0


def in_state(state, reason, code=None):
    return Health(state, reason, DESCRIPTIONS[reason].format(code=code))


REGISTERED = in_state("initial", "Elb.RegistrationInProgress")
CHECKING = in_state("initial", "Elb.InitialHealthChecking")
UNUSED = in_state("unused", "Target.NotInUse")
DRAINING = in_state("draining", "Target.DeregistrationInProgress")
HEALTHY = Health("healthy", "", "")


def after(health, outcome, check):
    """The health once the outcome of one more check is known."""
    if isinstance(outcome, Answer) and matches(check.matcher, outcome.code):
        passes = health.passes + 1
        # A new target has to pass one check only.
        needed = check.healthy if health.state == "unhealthy" else 1
        if health.state == "healthy" or passes >= needed:
            return replace(HEALTHY, passes=passes)
        return replace(health, passes=passes, failures=0)
    failures = health.failures + 1
    if health.state == "unhealthy" or failures >= check.unhealthy:
        reason, code = why(outcome)
        return replace(in_state("unhealthy", reason, code), failures=failures)
    return replace(health, passes=0, failures=failures)


def why(outcome):
    if isinstance(outcome, Answer):
        return "Target.ResponseCodeMismatch", outcome.code
    return outcome.reason, None


def matches(matcher, code):
    """`matcher` is AWS's list of codes and ranges of codes."""
    for part in matcher.split(","):
        first, _, last = part.partition("-")
        if int(first) <= code <= int(last or first):
            return True
    return False
