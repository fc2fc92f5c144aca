"""The load balancer's decisions. That HAProxy and prober act on them is seen where there are targets."""

import copy
import shutil
import subprocess

import pytest
from lab.balancer import seats
from lab.balancer.declared import HealthCheck, Node, declared
from lab.balancer.health import CHECKING, REGISTERED, Answer, NoAnswer, after
from lab.balancer.registry import Registry, key
from lab.balancer.render import configuration
from lab.balancer.runtime import sessions
from lab.balancer.seats import Seat, commands
from lab.balancer.tally import Tally, percentile, time_class

WEB = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef"
CHECK = HealthCheck(path="/health", interval=5, timeout=2, healthy=3, unhealthy=2)
OK, BAD, LATE, DEAF = Answer(200), Answer(503), NoAnswer("Target.Timeout"), NoAnswer("Target.FailedHealthChecks")


def target(number, **others):
    return {"id": f"i-{number}", "address": f"10.0.96.{number}", "port": 8420, "zone": "eu-west-1a", **others}


def told(*targets, **group):
    return {
        "nodes": [{"zone": "eu-west-1a", "address": "192.0.2.11", "source": "10.0.0.10"},
                  {"zone": "eu-west-1b", "address": "192.0.2.12", "source": "10.0.1.10"}],
        "listeners": [{"port": 80, "protocol": "HTTP", "default": {"type": "forward", "target_group": WEB}}],
        "attributes": {"idle_timeout.timeout_seconds": "70", "deletion_protection.enabled": "false"},
        "target_groups": {WEB: {"port": 8420, "deregistration_delay": 70, "targets": targets,
                                "health": {"path": "/health", "healthy": 3, "unhealthy": 2}, **group}},
    }  # fmt: skip


# One target.


def states(*outcomes, health=CHECKING):
    found = []
    for it in outcomes:
        health = after(health, it, CHECK)
        found.append(health.state)
    return found


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        # One success is enough for a new target, also after a failure.
        ([OK], ["healthy"]),
        ([BAD, OK], ["initial", "healthy"]),
        ([BAD, LATE], ["initial", "unhealthy"]),
        # Consecutive ones count.
        ([OK, BAD, OK, BAD, OK], ["healthy"] * 5),
        ([OK, BAD, BAD], ["healthy", "healthy", "unhealthy"]),
        # Back takes as many as the threshold says.
        ([BAD, BAD, OK, OK, OK], ["initial", "unhealthy", "unhealthy", "unhealthy", "healthy"]),
        ([BAD, BAD, OK, OK, BAD, OK, OK, OK], ["initial"] + ["unhealthy"] * 6 + ["healthy"]),
    ],
)
def test_thresholds(outcomes, expected):
    assert states(*outcomes) == expected


@pytest.mark.parametrize(
    ("outcome", "reason", "description"),
    [
        (BAD, "Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]"),
        (LATE, "Target.Timeout", "Request timed out"),
        (DEAF, "Target.FailedHealthChecks", "Health checks failed"),
    ],
)
def test_reasons_of_the_last_failure(outcome, reason, description):
    health = after(after(after(CHECKING, BAD, CHECK), BAD, CHECK), outcome, CHECK)
    assert (health.state, health.reason, health.description) == ("unhealthy", reason, description)


def test_healthy_targets_have_no_reason():
    health = after(CHECKING, OK, CHECK)
    assert (health.reason, health.description) == ("", "")


@pytest.mark.parametrize(
    ("matcher", "code", "matches"), [("200,202", 202, True), ("200-299", 301, False), ("200-299", 204, True)]
)
def test_matcher(matcher, code, matches):
    assert (after(CHECKING, Answer(code), HealthCheck(matcher=matcher)).state == "healthy") == matches


# All of them.


class Group:
    """A registry of one group, told the time by hand."""

    def __init__(self, *numbers, **group):
        self.registry, self.now, self.group = Registry(), 0.0, group
        self.declare(*numbers)

    def declare(self, *numbers):
        self.registry.declare(declared(told(*map(target, numbers), **self.group)), self.now)

    def probed(self, number, *outcomes):
        (name,) = [it for it in self.registry.members if it[1] == f"i-{number}"]
        for it in outcomes:
            self.registry.probed(name, it, self.now)

    def seen(self):
        return {name: it["state"] for name, it in self.registry.report()[WEB].items()}

    def receiving(self):
        return {it.address.rpartition(".")[2] for it in self.seats() if it.state == "ready"}

    def seats(self):
        return self.registry.seats(WEB, self.now).values()


def test_requests_go_to_healthy_targets_only():
    group = Group(4, 5)
    assert (group.seen(), group.receiving()) == ({"i-4": "initial", "i-5": "initial"}, set())
    group.probed(4, OK)
    assert group.receiving() == {"4"}
    group.probed(5, OK)
    group.probed(4, BAD, BAD)
    assert group.receiving() == {"5"}


def test_to_all_unhealthy_ones_if_there_are_no_others():
    group = Group(4, 5, 6)
    group.probed(4, BAD, BAD)
    group.probed(5, LATE, LATE)
    assert group.receiving() == {"4", "5"}
    group.probed(6, OK)
    assert group.receiving() == {"6"}


def test_a_target_that_leaves_drains_until_its_delay_is_over():
    group = Group(4, 5)
    group.probed(4, OK)
    group.declare(5)
    group.registry.carried({(WEB, 1): 2})
    seen = group.registry.report()[WEB]["i-4"]
    assert (seen["state"], seen["reason"]) == ("draining", "Target.DeregistrationInProgress")
    assert (seen["in_flight"], seen["deregistered"]) == (2, False)
    assert [it.state for it in group.seats()] == ["drain", "drain"]
    group.now = 69.9
    assert group.registry.let_go(group.now) == []
    group.now = 70
    assert group.registry.let_go(group.now) == [(WEB, 1)]
    assert group.seen() == {"i-5": "initial"}


def test_it_is_deregistered_once_nothing_is_in_flight_and_called_draining_still():
    group = Group(4)
    group.declare()
    assert not group.registry.report()[WEB]["i-4"]["deregistered"]
    group.registry.carried({})
    assert group.registry.report()[WEB]["i-4"]["deregistered"]
    assert group.seen() == {"i-4": "draining"}
    group.now = 70
    assert group.registry.let_go(group.now) == []
    assert group.seen() == {}


def test_a_place_is_given_again_when_nothing_is_in_flight_there():
    group = Group(4)
    group.declare(5)
    group.registry.carried({(WEB, 1): 1})
    group.declare(5, 6)
    assert {it.target.id: it.slot for it in group.registry.members.values()} == {"i-4": 1, "i-5": 2, "i-6": 3}
    group.registry.carried({})
    group.declare(5, 6, 7)
    assert {it.target.id: it.slot for it in group.registry.members.values()} == {
        "i-4": None,
        "i-5": 2,
        "i-6": 3,
        "i-7": 1,
    }


def test_registered_again_while_it_drains_it_begins_anew():
    group = Group(4)
    group.probed(4, OK)
    group.declare()
    group.registry.carried({(WEB, 1): 1})
    group.declare(4)
    assert (group.seen(), group.registry.report()[WEB]["i-4"]["in_flight"]) == ({"i-4": "initial"}, 1)
    group.now = 71
    assert group.registry.let_go(group.now) == []


def test_draining_targets_are_not_checked_and_the_others_from_their_zone():
    group = Group(4, 5)
    group.declare(5)
    state = told(target(5), target(6, zone="eu-west-1b"), target(7, zone="eu-west-1c"))
    group.registry.declare(declared(state), 0)
    probes = {name[1]: it for name, it in group.registry.probes().items()}
    assert {name: it.source for name, it in probes.items()} == {
        "i-5": "10.0.0.10",
        "i-6": "10.0.1.10",
        "i-7": "10.0.0.10",
    }
    assert (probes["i-5"].port, probes["i-5"].path) == (8420, "/health")


def test_a_group_without_a_listener_is_unused():
    state = told(target(4))
    group = Group(4)
    group.probed(4, OK)
    group.registry.declare(declared({**state, "listeners": []}), 0)
    seen = group.registry.report()[WEB]["i-4"]
    assert (seen["state"], seen["reason"]) == ("unused", "Target.NotInUse")
    assert group.registry.probes() == {} and group.registry.seats(WEB, 0) == {}
    group.registry.declare(declared(state), 0)
    assert group.registry.members[key(WEB, declared(state).target_groups[WEB].targets[0])].health == REGISTERED


def test_a_result_that_comes_too_late_is_nobodys():
    group = Group(4)
    name = next(iter(group.registry.members))
    group.declare()
    group.registry.probed(name, OK, 0)
    assert group.seen() == {"i-4": "draining"}


def weights(group):
    return {it.address.rpartition(".")[2]: it.weight for it in group.seats()}


def test_slow_start_is_linear_and_only_for_those_who_join_others():
    group = Group(4, slow_start=30)
    group.probed(4, OK)
    assert weights(group) == {"4": 100}
    group.now = 100
    group.declare(4, 5)
    group.probed(5, OK)
    found = []
    for seconds in (0, 3, 15, 29.9, 30):
        group.now = 100 + seconds
        found.append(weights(group)["5"])
    assert found == [1, 10, 50, 99, 100]
    assert weights(group)["4"] == 100


def test_slow_start_begins_again_when_a_target_comes_back():
    group = Group(4, 5, slow_start=30)
    group.probed(4, OK)
    group.probed(5, OK)
    group.now = 20
    group.probed(5, BAD, BAD)
    group.now = 40
    group.probed(5, OK, OK, OK)
    assert weights(group) == {"4": 100, "5": 1}


# What HAProxy is told.


def test_changes_of_seats_as_commands():
    before = {1: Seat("10.0.96.4", 8420, "ready"), 2: Seat("10.0.96.5", 8420, "drain")}
    after_ = {
        1: Seat("10.0.96.4", 8420, "drain"),
        2: Seat("10.0.96.5", 8420, "ready", 1),
        3: Seat("10.0.96.6", 8420, "drain"),
    }
    place = "web-0123456789abcdef"
    assert commands(WEB, before, after_) == [
        f"set server {place}/s2 weight 1",
        f"set server {place}/s2 state ready",
        f"set server {place}/s1 state drain",
        f"set server {place}/s3 state maint",
        f"set server {place}/s3 addr 10.0.96.6 port 8420",
        f"set server {place}/s3 weight 100",
        f"set server {place}/s3 state drain",
    ]
    assert commands(WEB, {1: Seat("10.0.96.4", 8420, "ready")}, {}) == [f"set server {place}/s1 state maint"]
    assert commands(WEB, after_, after_) == []


@pytest.mark.parametrize(("count", "places"), [(0, 8), (8, 8), (9, 16), (33, 64)])
def test_places(count, places):
    assert seats.seats_needed(count) == places


EVERYTHING = {
    **told(target(4), protocol="HTTPS", algorithm="least_outstanding_requests"),
    "attributes": {"idle_timeout.timeout_seconds": "70", "client_keep_alive.seconds": "3600",
                   "routing.http.drop_invalid_header_fields.enabled": "true"},
    "listeners": [
        {"port": 80, "protocol": "HTTP", "rules": [],
         "default": {"type": "redirect", "protocol": "https", "port": "443", "status": 301}},
        {"port": 8080, "protocol": "HTTP", "default": {"type": "forward", "target_group": WEB},
         "attributes": {"routing.http.response.server.enabled": "false",
                        "routing.http.response.strict_transport_security.header_value": "max-age=31536000; it's 100%"}},
    ],
}  # fmt: skip


def render(state, seating=None, sizes=None):
    return configuration(
        declared(state), Node("eu-west-1a", "192.0.2.11", "10.0.0.10"), "/run/lb", sizes or {}, seating or {}
    )


def lines_of(text):
    return [line.strip() for line in text.splitlines()]


def test_configuration():
    lines = lines_of(
        render(EVERYTHING, {WEB: {2: Seat("10.0.96.4", 8420, "ready", 30), 3: Seat("10.0.96.5", 8420, "drain")}})
    )
    for expected in (
        "bind 192.0.2.11:8080",
        "timeout client 70000ms",
        "timeout connect 10s",
        "retries 0",
        'http-request redirect location "https://%[req.hdr(host),host_only]:443%[pathq]" code 301',
        "http-request del-header [^-A-Za-z0-9] -m reg",
        "http-request set-header X-Forwarded-Proto http",
        "http-request set-header X-Forwarded-Port 8080",
        "http-after-response del-header Server",
        "balance leastconn",
        "source 10.0.0.10",
        "server s1 127.0.0.1:1 weight 100 disabled pool-purge-delay 70000ms ssl verify none",
        "server s2 10.0.96.4:8420 weight 30 pool-purge-delay 70000ms ssl verify none",
        "server s3 10.0.96.5:8420 weight 100 disabled pool-purge-delay 70000ms ssl verify none",
    ):
        assert expected in lines
    assert sum(line.startswith("server s") for line in lines) == 8


def test_seats_are_no_reason_for_a_reload_and_settings_are(tmp_path):
    assert render(EVERYTHING) == render({**copy.deepcopy(EVERYTHING), "nodes": []})
    assert render(EVERYTHING) != render(EVERYTHING, sizes={WEB: 16})
    certificate = tmp_path / "certificate.pem"
    secure = {**EVERYTHING, "listeners": [{"port": 443, "protocol": "HTTPS", "certificate": str(certificate),
                                           "default": {"type": "forward", "target_group": WEB}}]}  # fmt: skip
    certificate.write_text("first")
    before = render(secure)
    certificate.write_text("renewed")
    assert render(secure) != before
    assert f"bind 192.0.2.11:443 ssl crt {certificate} alpn h2,http/1.1 #" in before


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="no HAProxy here")
def test_haproxy_takes_it(tmp_path):
    (tmp_path / "haproxy.cfg").write_text(render(EVERYTHING, {WEB: {1: Seat("10.0.96.4", 8420, "ready", 30)}}))
    checked = subprocess.run(
        ["haproxy", "-c", "-f", tmp_path / "haproxy.cfg"], capture_output=True, text=True, timeout=20
    )
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"listener": []}, "unknown listener"),
        ({"nodes": [{"zone": "a", "address": "192.0.2.11"}] * 2}, "a zone is there twice"),
        ({"nodes": [{"zone": "a"}]}, "address"),
        (
            {"listeners": [{"port": 443, "protocol": "HTTPS", "default": {"type": "forward", "target_group": WEB}}]},
            "certificate",
        ),
        ({"listeners": [{"port": 80, "protocol": "HTTP", "default": {"type": "fixed-response"}}]}, "fixed-response"),
        (
            {"listeners": [{"port": 80, "protocol": "HTTP", "default": {"type": "forward", "target_group": "arn"}}]},
            "not there",
        ),
        ({"listeners": [{"port": 80, "protocol": "HTTP", "rules": [{}], "default": {}}]}, "rules"),
        ({"target_groups": {WEB: {"port": 1, "health": {"matcher": "2xx"}}}, "listeners": []}, "matcher 2xx"),
        ({"target_groups": {WEB: {"port": 1, "algorithm": "best"}}, "listeners": []}, "algorithm best"),
        ({"target_groups": {WEB: {"port": 1, "stickiness": True}}, "listeners": []}, "unknown stickiness"),
    ],
)
def test_what_cannot_be_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        declared({**told(target(4)), **change})


# What HAProxy tells.


def test_sessions_in_flight():
    table = "# pxname,svname,qcur,qmax,scur,smax,\nweb,s1,0,0,2,3,\nweb,s2,0,0,0,1,\nto-web,inner,0,0,2,3,"
    assert sessions(table) == {("web", "s1"): 2, ("web", "s2"): 0, ("to-web", "inner"): 2}


def test_counts():
    tally = Tally(lambda name: {"web": WEB}[name])
    here = declared(told(target(4))).target_groups[WEB].targets[0]
    for line in (
        "forwarded web s1 200 1 -- 12 15 100 2000 GET /a b",
        "forwarded web s1 503 1 -- 7 9 100 200 GET /",
        # A target that broke off, one that could not be reached, and a client that did not wait.
        "forwarded web s1 502 - SH -1 5 100 200 GET /",
        "forwarded web s1 504 - sC -1 10001 100 200 GET /",
        "forwarded web s1 400 - CH -1 900 100 0 GET /",
        "forwarded web <NOSRV> 503 - LR -1 0 100 200 GET /",
        "answered 301 LR 80 120",
        "Server web/s1 is UP (leaving forced drain).",
    ):
        tally.add(line, {(WEB, 1): here})
    whole, groups = tally.report()
    assert groups[WEB]["requests"] == whole["requests"] == 5
    assert whole["target_codes"] == {200: 1, 503: 1}
    assert whole["balancer_codes"] == {502: 1, 504: 1, 460: 1, 503: 1, 301: 1}
    assert groups[WEB]["balancer_codes"] == {502: 1, 504: 1, 460: 1, 503: 1}
    assert (whole["target_2xx"], whole["target_5xx"], whole["balancer_4xx"], whole["balancer_5xx"]) == (1, 1, 1, 3)
    assert (whole["connection_errors"], whole["bytes_in"], whole["bytes_out"]) == (1, 680, 2920)
    assert whole["response_times"] == {"0.007": 1, "0.012": 1}
    assert whole["response_time"] == {"sum": 0.019, "count": 2, "p99": 0.012}
    assert tally.targets == {key(WEB, here): 5}


def test_percentiles():
    assert percentile({}, 99) is None
    assert percentile({0.001: 98, 0.5: 1, 2.0: 1}, 99) == 0.5
    assert percentile({0.001: 100}, 50) == 0.001


@pytest.mark.parametrize("milliseconds", [0, 1, 50, 51, 777, 70_000])
def test_classes_of_response_times_are_off_by_a_hundredth_at_most(milliseconds):
    assert time_class(milliseconds) * 1000 == pytest.approx(milliseconds, rel=0.0101)
