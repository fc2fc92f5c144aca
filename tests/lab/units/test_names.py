"""What the lab's name server answers."""

import pytest
from dnslib import DNSRecord
from lab.names import Names
from lab.resolving import Facts, resolve
from ministack.core.responses import request_scope
from ministack.services import alb, ec2, route53

ACCOUNT, REGION = "123456789012", "eu-west-1"
API, NODES = "198.51.100.10", ["192.0.2.11", "192.0.2.12", "192.0.2.13"]
BALANCER = "production-1a2b3c4d.eu-west-1.elb.amazonaws.com"
RECORDS = [
    {"Name": "example.com.", "Type": "NS", "TTL": "172800", "ResourceRecords": ["ns-1.awsdns-1.com."]},
    {"Name": "sync.example.com.", "Type": "A", "AliasTarget": {"DNSName": f"dualstack.{BALANCER.upper()}."}},
    {"Name": "www.example.com.", "Type": "CNAME", "TTL": "300", "ResourceRecords": ["sync.example.com"]},
    {"Name": "fixed.example.com.", "Type": "A", "TTL": "30", "ResourceRecords": ["203.0.113.1", "203.0.113.2"]},
    {"Name": "fixed.example.com.", "Type": "AAAA", "TTL": "30", "ResourceRecords": ["2001:db8::1"]},
    {"Name": "bounce.example.com.", "Type": "MX", "TTL": "1800", "ResourceRecords": ["10 mail.example.net."]},
    {"Name": "bounce.example.com.", "Type": "TXT", "TTL": "1800", "ResourceRecords": ['"v=DMARC1; p=none" "and more"']},
    {"Name": "\\052.wild.example.com.", "Type": "A", "TTL": "60", "ResourceRecords": ["203.0.113.9"]},
    {"Name": "a.b.deep.example.com.", "Type": "A", "TTL": "60", "ResourceRecords": ["203.0.113.8"]},
    {"Name": "round.example.com.", "Type": "CNAME", "TTL": "60", "ResourceRecords": ["round.example.com"]},
    {"Name": "lost.example.com.", "Type": "CNAME", "TTL": "60", "ResourceRecords": ["nothing.example.net"]},
]


@pytest.fixture
def facts():
    return Facts(API, {BALANCER}, list(NODES), {"example.com": RECORDS, "sub.example.com": []},
                 {"other.example.org": BALANCER}, {"ip-10-0-96-4.eu-west-1.compute.internal": "10.0.96.4"})  # fmt: skip


def values(name, kind, facts):
    code, found = resolve(name, kind, facts)
    assert code == "NOERROR"
    return [it.value for it in found]


@pytest.mark.parametrize("name", [
    "sts.amazonaws.com", "S3.eu-west-1.AMAZONAWS.com.", "bucket.s3.eu-west-1.amazonaws.com", "logs.eu-west-1.api.aws",
    "elasticloadbalancing.eu-west-1.amazonaws.com", "s3.dualstack.eu-west-1.amazonaws.com",
])  # fmt: skip
def test_apis(facts, name):
    assert values(name, "A", facts) == [API]
    assert values(name, "AAAA", facts) == []


def test_a_balancer_is_its_nodes_in_random_order(facts):
    answers = {tuple(values(f"{BALANCER}.", "A", facts)) for _ in range(200)}
    assert {frozenset(it) for it in answers} == {frozenset(NODES)} and {it[0] for it in answers} == set(NODES)
    assert values(BALANCER, "AAAA", facts) == []
    assert resolve(BALANCER, "A", facts)[1][0].ttl == 60
    facts.nodes = NODES[:1]
    assert values(BALANCER.upper(), "A", facts) == NODES[:1]


def test_a_balancer_that_is_gone_has_no_name(facts):
    for name in ("gone-1.eu-west-1.elb.amazonaws.com", "gone-1.elb.eu-west-1.amazonaws.com"):
        assert resolve(name, "A", facts) == ("NXDOMAIN", [])


def test_zones(facts):
    assert set(values("sync.example.com", "A", facts)) == set(NODES)
    assert {it.name for it in resolve("sync.example.com", "A", facts)[1]} == {"sync.example.com"}
    assert values("sync.example.com", "AAAA", facts) == [] == values("sync.example.com", "CNAME", facts)
    assert values("www.example.com", "A", facts)[0] == "sync.example.com"
    assert set(values("www.example.com", "A", facts)[1:]) == set(NODES)
    assert values("www.example.com", "CNAME", facts) == ["sync.example.com"]
    assert values("fixed.example.com", "A", facts) == ["203.0.113.1", "203.0.113.2"]
    assert values("fixed.example.com", "AAAA", facts) == ["2001:db8::1"]
    assert values("bounce.example.com", "MX", facts) == ["10 mail.example.net."]
    assert values("any.thing.wild.example.com", "A", facts) == ["203.0.113.9"]
    # A name above others exists, though it has no records.
    assert values("deep.example.com", "A", facts) == []
    assert resolve("nobody.example.com", "A", facts) == ("NXDOMAIN", [])
    # A zone of its own takes the name out of the one above.
    assert resolve("x.sub.example.com", "A", facts) == ("NXDOMAIN", [])


def test_chains_end(facts):
    assert resolve("round.example.com", "A", facts) == ("SERVFAIL", [])
    code, found = resolve("lost.example.com", "A", facts)
    assert code == "NXDOMAIN" and [it.value for it in found] == ["nothing.example.net"]


def test_names_given_by_hand(facts):
    kinds = [(it.kind, it.name) for it in resolve("Other.Example.Org", "A", facts)[1]]
    assert kinds == [("CNAME", "other.example.org"), *[("A", BALANCER)] * 3]
    facts.by_hand["other.example.org"] = "198.51.100.77.example.net"
    assert resolve("other.example.org", "A", facts)[0] == "NXDOMAIN"


def test_instances_know_their_own_names(facts):
    assert values("ip-10-0-96-4.eu-west-1.compute.internal", "A", facts) == ["10.0.96.4"]
    assert resolve("ip-10-0-96-5.eu-west-1.compute.internal", "A", facts) == ("NXDOMAIN", [])


def test_everything_else_is_not_there(facts):
    for name in ("example.org", "debian.org", "amazonaws.com.evil.net", "notamazonaws.com", "com", "."):
        assert resolve(name, "A", facts) == ("NXDOMAIN", [])


@pytest.fixture
def server():
    """The real one, on a port of its own, over what ministack knows."""
    with request_scope(ACCOUNT, REGION):
        alb._lbs["arn"] = {"LoadBalancerName": "production", "DNSName": BALANCER.capitalize()}
        route53._zones["Z1"] = {"id": "Z1", "name": "example.com."}
        route53._records["Z1"] = list(RECORDS)
        ec2._instances["i-1"] = {"PrivateIpAddress": "10.0.96.4", "State": {"Name": "running"}}
    made = Names("127.0.0.1", lambda: NODES, {"other.example.org": "production"}, port=0, api=API)
    made.start()
    yield made
    made.stop()
    with request_scope(ACCOUNT, REGION):
        for store in (alb._lbs, route53._zones, route53._records, ec2._instances):
            store.clear()


def asked(server, name, kind="A", tcp=False):
    port = server.servers[int(tcp)].server.server_address[1]
    return DNSRecord.parse(DNSRecord.question(name, kind).send("127.0.0.1", port, tcp=tcp, timeout=2))


@pytest.mark.parametrize("tcp", [False, True])
def test_the_server_answers_over_udp_and_tcp(server, tcp):
    found = asked(server, "wWw.example.com", tcp=tcp)
    assert str(found.q.qname) == "wWw.example.com." and len(found.rr) == 4
    assert {str(it.rdata) for it in found.rr[1:]} == set(NODES)
    assert str(asked(server, "bounce.example.com", "TXT", tcp).rr[0].rdata) == '"v=DMARC1; p=none","and more"'
    assert str(asked(server, "bounce.example.com", "MX", tcp).rr[0].rdata) == "10 mail.example.net."
    assert asked(server, "nobody.example.com", tcp=tcp).header.rcode == 3
    assert asked(server, "sync.example.com", "HTTPS", tcp).header.rcode == 0
    assert len(asked(server, "other.example.org", tcp=tcp).rr) == 4
    assert str(asked(server, "ip-10-0-96-4.eu-west-1.compute.internal", tcp=tcp).rr[0].rdata) == "10.0.96.4"


def test_the_server_follows_what_changes(server):
    server.nodes = lambda: NODES[2:]
    server.by_hand["third.example.net"] = BALANCER
    assert [str(it.rdata) for it in asked(server, "third.example.net").rr] == [f"{BALANCER}.", NODES[2]]
    with request_scope(ACCOUNT, REGION):
        alb._lbs.clear()
    assert asked(server, "third.example.net").header.rcode == 3


def test_a_server_that_cannot_know_says_so(server, caplog):
    def nodes():
        raise OSError("the balancer does not answer")

    server.nodes = nodes
    assert asked(server, "sts.amazonaws.com").header.rcode == 2
    assert "no answer for sts.amazonaws.com" in caplog.text and "the balancer does not answer" in caplog.text
