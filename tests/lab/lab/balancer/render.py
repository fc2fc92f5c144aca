"""HAProxy's configuration of one node, as text.

Two passes for each request, both in the same process. The outer one faces clients: TLS, HTTP/2, connections that are
kept. It hands each request on its own connection to the inner one, which faces targets. That is not for beauty: on all
but the first request of a client's connection HAProxy 2.6 answers nothing when a target breaks off, it just closes (its
issue 2285, repaired in later versions only). An Application Load Balancer answers 502, and so does the inner pass, to
which every request is the first.

https://docs.haproxy.org/2.6/configuration.html
"""

import hashlib

from .declared import Listener
from .seats import LEAST_SEATS, NOBODY, backend, server

# In seconds: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
CONNECT_TIMEOUT = 10
# So that it is always the inner pass that gives up, and answers.
OUTER_PATIENCE = 10
BALANCE = {"round_robin": "roundrobin", "least_outstanding_requests": "leastconn", "weighted_random": "random"}
# Marks the lines for `tally` in what HAProxy prints.
FORWARDED, ANSWERED_HERE = "forwarded", "answered"
# Listener attributes that set a header of every response.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/header-modification.html
RESPONSE_HEADER = "routing.http.response."


def configuration(declared, node, folder, sizes, seats):
    """`sizes` is {arn: places}, `seats` {arn: {slot: Seat}}. Without seats: the part that takes a reload to change."""
    used = sorted(declared.used())
    parts = [general(declared.attributes, folder)]
    parts += [outer(it, declared, node) for it in declared.listeners]
    for arn in used:
        parts.append(between(arn, declared.attributes, folder))
        parts.append(inner(arn, declared, node, folder, sizes.get(arn, LEAST_SEATS), seats.get(arn, {})))
    return "\n".join(parts)


def general(attributes, folder):
    idle = milliseconds(attributes.idle_timeout)
    return f"""global
    nbthread 1
    maxconn 8000
    log stdout format raw local0
    stats socket unix@{folder}/admin.sock mode 600 level admin expose-fd listeners
    ssl-default-bind-options ssl-min-ver TLSv1.2
    tune.bufsize 65536
    tune.h2.max-concurrent-streams 128

defaults
    mode http
    log global
    retries 0
    option dontlognull
    option abortonclose
    option idle-close-on-response
    timeout connect {CONNECT_TIMEOUT}s
    timeout client {idle}
    timeout server {idle}
    timeout tunnel {idle}
    timeout http-request {idle}
    timeout http-keep-alive {idle}
"""


def outer(listener: Listener, declared, node):
    """What clients connect to."""
    attributes = declared.attributes
    lines = [
        f"frontend listener-{listener.port}",
        f"bind {node.address}:{listener.port}{tls(listener, attributes, declared.certificates)}",
        f'log-format "{ANSWERED_HERE} %ST %ts %U %B"',
        "tcp-request connection set-var(sess.opened) date",
        "http-request deny deny_status 405 if METH_TRACE",
    ]
    if listener.default["type"] == "redirect":
        lines.append(redirection(listener))
        lines.append("http-after-response set-header Server awselb/2.0")
    else:
        lines += forwarding(listener, attributes)
    lines += response_headers(listener)
    lines.append(f"http-after-response set-header Connection close "
                 f"if {{ date,sub(sess.opened) ge {int(attributes.client_keep_alive)} }}")  # fmt: skip
    return section(lines)


def tls(listener, attributes, certificates):
    if listener.protocol == "HTTP":
        return ""
    protocols = "h2,http/1.1" if attributes.http2 else "http/1.1"
    return f" ssl crt {listener.certificate} alpn {protocols} # {certificates[listener.certificate]}"


def redirection(listener):
    """The port is always named.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html
    """
    action = listener.default
    protocol = str(action["protocol"]).replace("#{protocol}", listener.protocol).lower()
    port = str(action["port"]).replace("#{port}", str(listener.port))
    location = f"{protocol}://%[req.hdr(host),host_only]:{port}%[pathq]"
    return f'http-request redirect location "{location}" code {int(action["status"])}'


def forwarding(listener, attributes):
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html"""
    # The inner pass says what became of it.
    lines = ["http-request set-log-level silent"]
    if attributes.drop_invalid_header_fields:
        lines.append("http-request del-header [^-A-Za-z0-9] -m reg")
    if attributes.forwarded_for == "append":
        header = "X-Forwarded-For"
        lines += [
            f"http-request set-var(txn.hops) req.fhdr_cnt({header})",
            f"http-request add-header {header} %[src] unless {{ var(txn.hops) -m int eq 1 }}",
            f'http-request set-header {header} "%[req.fhdr({header})], %[src]" if {{ var(txn.hops) -m int eq 1 }}',
        ]
    elif attributes.forwarded_for == "remove":
        lines.append("http-request del-header X-Forwarded-For")
    return [
        *lines,
        f"http-request set-header X-Forwarded-Proto {listener.protocol.lower()}",
        f"http-request set-header X-Forwarded-Port {listener.port}",
        f"default_backend to-{backend(listener.target_group())}",
    ]


def response_headers(listener):
    lines = []
    for name, value in sorted(listener.attributes.items()):
        header = name.removeprefix(RESPONSE_HEADER).removesuffix(".header_value").replace("_", "-")
        if name == RESPONSE_HEADER + "server.enabled" and str(value).lower() == "false":
            lines.append("http-after-response del-header Server")
        elif name.startswith(RESPONSE_HEADER) and name.endswith(".header_value") and value:
            lines.append(f"http-after-response set-header {header} {quoted(value)}")
    return lines


def between(arn, attributes, folder):
    return section([
        f"backend to-{backend(arn)}",
        "option http-server-close",
        "http-reuse never",
        f"timeout server {milliseconds(attributes.idle_timeout + OUTER_PATIENCE)}",
        f"server inner unix@{inner_socket(arn, folder)}",
    ])  # fmt: skip


def inner(arn, declared, node, folder, size, seats):
    """What connects to the targets of a group."""
    name, group, attributes = backend(arn), declared.target_groups[arn], declared.attributes
    options = f" pool-purge-delay {milliseconds(attributes.idle_timeout)}"
    if group.protocol == "HTTPS":
        options += " ssl verify none"
    return section([
        f"listen {name}",
        f"bind unix@{inner_socket(arn, folder)} mode 600",
        f"timeout client {milliseconds(attributes.idle_timeout + OUTER_PATIENCE)}",
        f"balance {BALANCE[group.algorithm]}",
        "http-reuse always",
        *([f"source {node.source}"] if node.source else []),
        f'log-format "{FORWARDED} %b %s %ST %[var(txn.answered)] %ts %Tr %Tt %U %B %HM %HP"',
        *errors(name),
        *(f"server {server(slot)} {place(seats.get(slot, NOBODY))}{options}" for slot in range(1, size + 1)),
    ])  # fmt: skip


def errors(name):
    """HAProxy says 503 where no connection came about. For AWS that is 502, or 504 in time; a target's 503 stays.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
    """
    # A little less, because the timeout began a little later.
    limit = CONNECT_TIMEOUT * 1000 - 100
    nobody, broken, late = "503 Service Temporarily Unavailable", "502 Bad Gateway", "504 Gateway Time-out"
    which = f"%[date(0,ms),sub(txn.began),div({limit}),bool,iif('{late}','{broken}')]"
    unconnected = "{ status 503 } !{ var(txn.answered) -m bool } !{ var(txn.nobody) -m bool }"
    return [
        "http-request set-var(txn.began) date(0,ms)",
        f"http-request set-var(txn.nobody) bool(true) if {{ nbsrv({name}) eq 0 }}",
        f"http-request return status 503 content-type text/html string {page(nobody)} if {{ var(txn.nobody) -m bool }}",
        f"http-error status 502 content-type text/html string {page(broken)}",
        f"http-error status 503 content-type text/html lf-string {page(which)}",
        f"http-error status 504 content-type text/html string {page(late)}",
        "http-response set-var(txn.answered) bool(true)",
        f'http-after-response set-status 504 reason "Gateway Time-out" if {unconnected} '
        f"{{ date(0,ms),sub(txn.began) ge {limit} }}",
        f'http-after-response set-status 502 reason "Bad Gateway" if {unconnected}',
        "http-after-response set-header Server awselb/2.0 unless { var(txn.answered) -m bool }",
    ]


def page(title):
    head, body = f"<head><title>{title}</title></head>", f"<center><h1>{title}</h1></center>"
    return '"' + r"\r\n".join(["<html>", head, "<body>", body, "</body>", "</html>", ""]) + '"'


def place(seat):
    # Draining is for what is in flight already; in a process that begins there is nothing.
    disabled = "" if seat.state == "ready" else " disabled"
    return f"{seat.address}:{seat.port} weight {seat.weight}{disabled}"


def inner_socket(arn, folder):
    return f"{folder}/{hashlib.sha256(arn.encode()).hexdigest()[:8]}.sock"


def section(lines):
    return "\n    ".join(lines) + "\n"


def quoted(value):
    """As one argument, in which nothing is expanded: https://docs.haproxy.org/2.6/configuration.html#2.2"""
    return "'" + str(value).replace("%", "%%").replace("'", "'\\''") + "'"


def milliseconds(seconds):
    return f"{round(seconds * 1000)}ms"
