"""Security groups as text for nft. That the text does what it says is seen where there are packets."""

import asyncio
import json

import pytest
from lab import firewall
from lab.firewall import going_on, rules, ruleset

ANYWHERE = [{"CidrIp": "0.0.0.0/0"}]


def tcp(first, last=None, **peers):
    return {"IpProtocol": "tcp", "FromPort": first, "ToPort": last or first, **peers}


def group(*names):
    return [{"GroupId": name} for name in names]


# As templates/stack/app/balancer.yaml.j2 makes them.
GROUPS = {
    "sg-balancer": {
        "ingress": [tcp(443, IpRanges=ANYWHERE), tcp(80, IpRanges=[{"CidrIp": "203.0.113.0/24"}])],
        "egress": [tcp(8420, UserIdGroupPairs=group("sg-servers"))],
    },
    "sg-servers": {
        "ingress": [tcp(8420, UserIdGroupPairs=group("sg-balancer"))],
        "egress": [tcp(443, IpRanges=ANYWHERE)],
    },
}
ONE = {"id": "i-1", "device": "ve-1", "address": "10.0.96.4", "groups": ["sg-servers"]}
TWO = {"id": "i-2", "device": "ve-2", "address": "10.0.112.4", "groups": ["sg-servers"]}
NODE = {"id": "node-a", "public": "192.0.2.11", "private": "10.0.0.10", "groups": ["sg-balancer"]}


def chain(text, name):
    """The lines of a chain."""
    inner = text.split(f"  chain {name} {{\n", 1)[1].split("\n  }", 1)[0]
    return [line.strip() for line in inner.splitlines()]


def found(*permissions, direction="ingress", known=None, lists=None, **more):
    return list(rules(permissions, direction, known or {}, lists or {}, **more))


def test_one_transaction_replaces_what_was_there():
    text = ruleset({}, [], [])
    assert text.startswith("table inet lab\ndelete table inet lab\ntable inet lab {\n")


def test_a_world_without_instances_is_left_alone():
    assert chain(ruleset({}, [], []), "output")[1:2] == ["accept"]


def test_servers_are_reached_by_the_balancers_nodes_only():
    text = ruleset(GROUPS, [ONE, TWO], [NODE])
    assert chain(text, "ingress-i-1") == [
        "ip saddr { 10.0.0.10/32 } tcp dport 8420 return",
        'counter name "ingress-i-1" drop',
    ]


def test_servers_reach_https_anywhere():
    text = ruleset(GROUPS, [ONE], [NODE])
    assert chain(text, "egress-i-1") == ["tcp dport 443 return", 'counter name "egress-i-1" drop']


def test_a_group_stands_for_the_private_addresses_of_its_members():
    text = ruleset(GROUPS, [ONE, TWO], [NODE])
    assert chain(text, "egress-node-a")[0] == "ip daddr { 10.0.96.4/32, 10.0.112.4/32 } tcp dport 8420 return"


def test_a_group_can_have_members_that_are_neither_instance_nor_node():
    groups = {"sg-servers": {**GROUPS["sg-servers"], "ingress": [tcp(8420, UserIdGroupPairs=group("sg-endpoints"))]},
              "sg-endpoints": {"ingress": [], "egress": [], "members": ["10.0.96.9"]}}  # fmt: skip
    assert chain(ruleset(groups, [ONE], []), "ingress-i-1")[0] == "ip saddr { 10.0.96.9/32 } tcp dport 8420 return"


def test_a_group_without_members_lets_nobody_in():
    assert chain(ruleset(GROUPS, [ONE], []), "ingress-i-1") == ['counter name "ingress-i-1" drop']


def test_an_instance_in_no_known_group_is_closed():
    text = ruleset({}, [{**ONE, "groups": ["sg-gone"]}], [])
    assert chain(text, "ingress-i-1") == ['counter name "ingress-i-1" drop']
    assert chain(text, "egress-i-1") == ['counter name "egress-i-1" drop']


def test_groups_of_one_interface_add_up():
    groups = {**GROUPS, "sg-more": {"ingress": [tcp(22, IpRanges=ANYWHERE)], "egress": []}}
    text = ruleset(groups, [{**ONE, "groups": ["sg-servers", "sg-more"]}], [NODE])
    assert chain(text, "ingress-i-1")[:2] == ["ip saddr { 10.0.0.10/32 } tcp dport 8420 return", "tcp dport 22 return"]


def test_an_instance_sends_with_its_own_address():
    assert (
        chain(ruleset(GROUPS, [ONE], [NODE]), "own-i-1")[-1] == 'ip saddr != 10.0.96.4 counter name "spoofed-i-1" drop'
    )


def test_only_a_rule_for_everybody_lets_the_worlds_own_addresses_in():
    public = chain(ruleset(GROUPS, [ONE], [NODE]), "public-node-a")
    assert public[0] == "tcp dport 443 return"
    assert public[1] == "ip saddr { 203.0.113.0/24 } ip saddr != { 192.0.2.11, 10.0.96.4 } tcp dport 80 return"


def test_a_group_is_nobody_at_a_public_address():
    groups = {**GROUPS, "sg-balancer": {"ingress": [tcp(443, UserIdGroupPairs=group("sg-servers"))], "egress": []}}
    text = ruleset(groups, [ONE], [NODE])
    assert chain(text, "public-node-a") == ['counter name "ingress-node-a" drop']
    assert chain(text, "ingress-node-a")[0] == "ip saddr { 10.0.96.4/32 } tcp dport 443 return"


@pytest.mark.parametrize(("permission", "expected"), [
    ({"IpProtocol": "-1"}, "return"),
    ({"IpProtocol": "-1", "FromPort": 1, "ToPort": 2}, "return"),
    (tcp(8000, 8010), "tcp dport 8000-8010 return"),
    (tcp(0, 65535), "meta l4proto 6 return"),
    (tcp(-1, -1), "meta l4proto 6 return"),
    ({"IpProtocol": "17", "FromPort": 53, "ToPort": 53}, "udp dport 53 return"),
    ({"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1}, "meta l4proto icmp return"),
    ({"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1}, "icmp type 8 return"),
    ({"IpProtocol": "1", "FromPort": 252, "ToPort": 86}, "icmp type 252 icmp code 86 return"),
    ({"IpProtocol": "50"}, "meta l4proto 50 return"),
])  # fmt: skip
def test_protocols(permission, expected):
    assert found({**permission, "IpRanges": ANYWHERE}) == [expected]


def test_ipv6_allows_nothing():
    assert found(tcp(443, Ipv6Ranges=[{"CidrIpv6": "::/0"}])) == []
    assert found({"IpProtocol": "icmpv6", "IpRanges": ANYWHERE}) == []


def test_ranges_that_overlap_are_one():
    ranges = [{"CidrIp": it} for it in ("10.1.2.3/16", "10.0.0.0/8", "192.0.2.1/32")]
    assert found(tcp(443, IpRanges=ranges)) == ["ip saddr { 10.0.0.0/8, 192.0.2.1/32 } tcp dport 443 return"]


def test_a_prefix_list_is_its_ranges():
    permission = tcp(443, PrefixListIds=[{"PrefixListId": "pl-1"}])
    assert found(permission, direction="egress", lists={"pl-1": [firewall.AWS]}) == [
        "ip daddr { 198.51.100.10/32 } tcp dport 443 return"
    ]
    with pytest.raises(KeyError, match="pl-1"):
        found(permission)


@pytest.mark.parametrize(
    "wrong", [{"id": "i 1"}, {"device": 'x"; drop'}, {"device": "a-name-of-sixteen"}, {"address": "::1"}]
)
def test_what_is_no_name_or_address_is_refused(wrong):
    with pytest.raises(ValueError, match="."):
        ruleset(GROUPS, [{**ONE, **wrong}], [])


def test_counts_go_on():
    text = going_on(
        ruleset(GROUPS, [ONE], [NODE]), {"i-1": {"ingress": 7, "egress": 0, "spoofed": 2}, "i-gone": {"ingress": 9}}
    )
    assert "counter ingress-i-1 { packets 7 bytes 0 }" in text
    assert "counter spoofed-i-1 { packets 2 bytes 0 }" in text
    assert "counter egress-node-a { packets 0 bytes 0 }" in text


def test_what_is_loaded_goes_on_counting(monkeypatch):
    said = []

    async def nft(text, *arguments):
        said.append(text)
        counter = {"family": "inet", "table": "lab", "name": "ingress-i-1", "packets": 3, "bytes": 180}
        return "" if text else json.dumps({"nftables": [{"metainfo": {}}, {"counter": counter}]})

    monkeypatch.setattr(firewall, "nft", nft)
    asyncio.run(firewall.apply(ruleset(GROUPS, [ONE], [NODE])))
    assert "counter ingress-i-1 { packets 3 bytes 0 }" in said[1]


def test_records_become_rules(monkeypatch):
    ec2, alb = pytest.importorskip("ministack.services.ec2"), pytest.importorskip("ministack.services.alb")
    instance = {
        "PrivateIpAddress": "10.0.96.4",
        "SecurityGroups": [{"GroupId": "sg-servers"}],
        "State": {"Name": "running"},
    }
    gone = {**instance, "PrivateIpAddress": "10.0.96.5", "State": {"Name": "terminated"}}
    groups = {
        name: {"IpPermissions": it["ingress"], "IpPermissionsEgress": it["egress"]} for name, it in GROUPS.items()
    }
    monkeypatch.setattr(ec2, "_instances", {"i-0123456789abcdef0": instance, "i-0123456789abcdef1": gone})
    monkeypatch.setattr(ec2, "_security_groups", groups)
    monkeypatch.setattr(alb, "_lbs", {"arn": {"SecurityGroups": ["sg-balancer"]}})
    text = firewall.of_records([{"zone": "eu-west-1a", "address": "192.0.2.11", "source": "10.0.0.10"}])
    assert 'iifname vmap { "v3456789abcdef0" : jump own-i-0123456789abcdef0 }' in text
    assert chain(text, "egress-node-eu-west-1a")[0] == "ip daddr { 10.0.96.4/32 } tcp dport 8420 return"


def test_lists_of_s3_and_dynamodb_are_aws():
    ec2 = pytest.importorskip("ministack.services.ec2")
    found = firewall.prefix_lists(ec2)
    for it in ec2._get_aws_managed_prefix_lists():
        s3_or_table = it["PrefixListName"].rsplit(".", 1)[1] in ("s3", "dynamodb") and it["AddressFamily"] == "IPv4"
        assert (found.get(it["PrefixListId"]) == [firewall.AWS]) == s3_or_table
    assert found["pl-6da54004"] == [firewall.AWS]
