"""What a load balancer is told to be: the argument of `Balancer.configure`, every key known and every type right."""

import hashlib
import re
from dataclasses import dataclass, field, fields
from pathlib import Path

ACTIONS = {"forward": {"target_group"}, "redirect": {"protocol", "port", "status"}}
MATCHER = re.compile(r"\d{3}(-\d{3})?(,\d{3}(-\d{3})?)*")
ALGORITHMS = ("round_robin", "least_outstanding_requests", "weighted_random")


@dataclass(frozen=True)
class Node:
    """One for each zone. `source` is where its connections to targets come from; `None` leaves that to the system."""

    zone: str
    address: str
    source: str | None = None


@dataclass(frozen=True)
class Listener:
    """`default` is its only action: {"type": "forward", "target_group": arn} or
    {"type": "redirect", "protocol", "port", "status"}, where AWS's `#{protocol}` and `#{port}` keep what the client
    used. `attributes` are AWS's for listeners.
    """

    port: int
    protocol: str
    default: dict
    certificate: str | None = None
    attributes: dict = field(default_factory=dict)

    def target_group(self):
        return self.default.get("target_group")


@dataclass(frozen=True)
class HealthCheck:
    """`interval` and `timeout` in seconds; `matcher` as AWS writes it: 200, 200,202 or 200-299."""

    path: str = "/"
    interval: float = 30
    timeout: float = 5
    healthy: int = 5
    unhealthy: int = 2
    matcher: str = "200"
    protocol: str = "HTTP"
    port: str = "traffic-port"


@dataclass(frozen=True)
class Target:
    id: str
    address: str
    port: int
    zone: str | None = None


@dataclass(frozen=True)
class TargetGroup:
    """`deregistration_delay` and `slow_start` in seconds; a slow start of 0 is none."""

    port: int
    protocol: str = "HTTP"
    health: HealthCheck = HealthCheck()
    deregistration_delay: float = 300
    slow_start: float = 0
    algorithm: str = "round_robin"
    targets: tuple = ()


@dataclass(frozen=True)
class Attributes:
    """Those of AWS's load balancer attributes that change what happens to requests; times in seconds."""

    idle_timeout: float = 60
    client_keep_alive: float = 3600
    drop_invalid_header_fields: bool = False
    http2: bool = True
    forwarded_for: str = "append"


ATTRIBUTES = {
    "idle_timeout.timeout_seconds": "idle_timeout",
    "client_keep_alive.seconds": "client_keep_alive",
    "routing.http.drop_invalid_header_fields.enabled": "drop_invalid_header_fields",
    "drop_invalid_header_fields": "drop_invalid_header_fields",
    "routing.http2.enabled": "http2",
    "routing.http.xff_header_processing.mode": "forwarded_for",
}


@dataclass(frozen=True)
class Declared:
    nodes: tuple = ()
    listeners: tuple = ()
    attributes: Attributes = Attributes()
    # By ARN.
    target_groups: dict = field(default_factory=dict)
    # What is in the certificates' files, so that a renewed one is noticed: {path: digest}.
    certificates: dict = field(default_factory=dict)

    def used(self):
        """ARNs of the groups that some listener forwards to."""
        return {arn for it in self.listeners if (arn := it.target_group()) is not None}


def declared(state):
    """Raises ValueError, naming what is wrong."""
    known(state, {"nodes", "listeners", "attributes", "target_groups"}, "state")
    groups = {arn: target_group(arn, it) for arn, it in (state.get("target_groups") or {}).items()}
    listeners = tuple(listener(it, groups) for it in state.get("listeners") or ())
    nodes = tuple(record(Node, it, "node") for it in state.get("nodes") or ())
    for what, names in (("zone", [it.zone for it in nodes]), ("port", [it.port for it in listeners])):
        if len(set(names)) != len(names):
            raise ValueError(f"a {what} is there twice: {names}")
    digests = {path: digest(path) for it in listeners if (path := it.certificate) is not None}
    return Declared(nodes, listeners, attributes(state.get("attributes") or {}), groups, digests)


def listener(data, groups):
    data = dict(data)
    if data.pop("rules", None):
        raise ValueError(f"the listener on port {data.get('port')} has rules, which are not modelled")
    found = record(Listener, data, "listener")
    if found.protocol not in ("HTTP", "HTTPS"):
        raise ValueError(f"protocol {found.protocol} of a listener")
    if (found.protocol == "HTTPS") != (found.certificate is not None):
        raise ValueError(f"the {found.protocol} listener on port {found.port}: a certificate belongs to HTTPS")
    kind = found.default.get("type")
    if kind not in ACTIONS:
        raise ValueError(f"action {kind} of the listener on port {found.port}")
    known(found.default, {"type", *ACTIONS[kind]}, f"action of the listener on port {found.port}")
    if kind == "forward" and found.target_group() not in groups:
        raise ValueError(f"the listener on port {found.port} forwards to {found.target_group()}, which is not there")
    if kind == "redirect" and int(found.default["status"]) not in (301, 302):
        raise ValueError(f"status {found.default['status']} of a redirection")
    return found


def target_group(arn, data):
    data = {**data, "health": record(HealthCheck, data.get("health") or {}, f"health check of {arn}"),
            "targets": tuple(record(Target, it, f"target of {arn}") for it in data.get("targets") or ())}  # fmt: skip
    found = record(TargetGroup, data, f"target group {arn}")
    check = found.health
    if not MATCHER.fullmatch(check.matcher) or not (check.port == "traffic-port" or check.port.isdecimal()):
        raise ValueError(f"matcher {check.matcher} or port {check.port} of {arn}")
    if found.algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm {found.algorithm} of {arn}")
    return found


def attributes(data):
    """AWS writes all values as text. What concerns no request (logs, protection, shifts) is ignored."""
    given = {ATTRIBUTES[name]: value for name, value in data.items() if name in ATTRIBUTES}
    for name in ("drop_invalid_header_fields", "http2"):
        if name in given:
            given[name] = str(given[name]).lower() == "true"
    return record(Attributes, given, "attributes")


def record(kind, data, what):
    types = {it.name: it.type for it in fields(kind)}
    known(data, types.keys(), what)
    numbers = {int: int, float: float, str: str}
    try:
        return kind(**{name: numbers.get(types[name], lambda it: it)(value) for name, value in data.items()})
    except TypeError as problem:
        raise ValueError(f"{what}: {problem}") from problem


def known(data, names, what):
    if unknown := set(data) - set(names):
        raise ValueError(f"{what}: unknown {', '.join(sorted(unknown))}")


def digest(path):
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as problem:
        raise ValueError(f"certificate {path}: {problem}") from problem
