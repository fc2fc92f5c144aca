"""EC2's security groups as nftables of the world.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html and security-group-rules.html: stateful,
nothing is allowed that no rule allows, the rules of several groups add up, and a group named in a rule stands for the
private addresses of its members.

Where a packet is judged:
    instance -> instance                    forward, by both
    instance -> AWS, balancer               input, by the instance, and by the balancer where it is the destination
    world -> balancer's node                input, by the balancer
    world, balancer's node -> instance      output, by the node where it is the source, and by the instance
Everything else of the world's own passes. An instance sends with its own address only: source/destination check.
"""

import asyncio
import ipaddress
import json
import re

from .addresses import AWS, DNS, METADATA

# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html: metadata, DNS, time are never filtered.
UNFILTERED = (METADATA, DNS, "169.254.169.123")
# Nothing of these crosses a VPC, and systemd sends them without being asked: dropped, but nobody's violation.
UNROUTED = ("224.0.0.0/4", "255.255.255.255")
DHCP_ASKED, DHCP_ANSWERED = "udp sport 68 udp dport 67", "udp sport 67 udp dport 68"
# Prefix lists of S3 and DynamoDB that the routes of gateway endpoints name, here as in eu-west-1.
# https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
GATEWAYS = ("pl-6da54004", "pl-6fa54006")
KINDS = ("ingress", "egress", "spoofed")
NAMES = {"id": re.compile(r"[A-Za-z][A-Za-z0-9.-]{0,62}"), "device": re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,14}")}
PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}


class FirewallFailed(Exception):
    """nft refused, in its words."""


async def apply(text):
    """Puts a ruleset in the place of the one before, in one transaction. Counts of drops go on."""
    await nft(going_on(text, await drops()), "-f", "-")


async def drops():
    """Packets dropped since their instance or node appeared: {id: {"ingress": 0, "egress": 0, "spoofed": 0}}."""
    found = {}
    for entry in json.loads(await nft("", "-j", "list", "counters"))["nftables"]:
        counter = entry.get("counter")
        if counter and counter["table"] == "lab":
            kind, _, name = counter["name"].partition("-")
            found.setdefault(name, dict.fromkeys(KINDS, 0))[kind] = counter["packets"]
    return found


async def nft(text, *arguments):
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec("nft", *arguments, stdin=pipe, stdout=pipe, stderr=pipe)
    output, problem = await process.communicate(text.encode())
    if process.returncode:
        raise FirewallFailed(problem.decode(errors="replace").strip())
    return output.decode()


def going_on(text, counts):
    """A ruleset whose counters begin with what `drops` said."""

    def begun(found):
        return f"{found[1]} packets {counts.get(found[3], {}).get(found[2], 0)}"

    return re.sub(r"(counter ([a-z]+)-(\S+) {) packets 0", begun, text)


def of_records(nodes):
    """The ruleset of what ministack's records of the current account and Region say.

    nodes       the balancer's: [{"zone": "eu-west-1a", "address": public, "source": private}]
    """
    from ministack.services import alb, ec2

    balancer = next(iter(alb._lbs.values()), {})
    groups = {
        name: {"ingress": it["IpPermissions"], "egress": it["IpPermissionsEgress"]}
        for name, it in ec2._security_groups.items()
    }
    instances = [
        {"id": name, "device": device(name), "address": it["PrivateIpAddress"],
         "groups": [group["GroupId"] for group in it["SecurityGroups"]]}
        for name, it in ec2._instances.items() if it["State"]["Name"] != "terminated"
    ]  # fmt: skip
    fronts = [
        {"id": f"node-{it['zone']}", "public": it["address"], "private": it["source"],
         "groups": balancer.get("SecurityGroups", [])}
        for it in nodes
    ]  # fmt: skip
    return ruleset(groups, instances, fronts, prefix_lists(ec2))


def device(instance):
    """The world's end of an instance's cable."""
    return f"v{instance[-14:]}"


def prefix_lists(ec2):
    """Those of the account, and AWS's own of S3 and DynamoDB."""
    found = {name: [AWS] for name in GATEWAYS}
    for it in ec2._get_aws_managed_prefix_lists():
        if it["PrefixListName"].endswith((".s3", ".dynamodb")) and it["AddressFamily"] == "IPv4":
            found[it["PrefixListId"]] = [AWS]
    return found | {name: [entry["Cidr"] for entry in it.get("Entries", [])] for name, it in ec2._prefix_lists.items()}


def ruleset(groups, instances, nodes, lists=None):
    """The text for `nft -f`.

    groups      {"sg-…": {"ingress": [IpPermission], "egress": [IpPermission], "members": [address of something else]}}
    instances   [{"id": "i-…", "device": host side of its veth, "address": private, "groups": ["sg-…"]}]
    nodes       the balancer's: [{"id": "node-a", "public": address, "private": address, "groups": ["sg-…"]}]
    lists       {"pl-…": [range]}; a rule that names another list is refused with KeyError
    """
    for it in [*instances, *nodes]:
        check(it)
    known = members(groups, instances, nodes)
    # No packet from an address of a VPC arrives at a public one. Whoever does here counts as from the internet.
    inside = ", ".join([it["public"] for it in nodes] + [it["address"] for it in instances])
    allowed = {
        (name, direction): list(rules(group[direction], direction, known, lists or {}))
        for name, group in groups.items() for direction in ("ingress", "egress")
    }  # fmt: skip
    for name in {name for it in nodes for name in it["groups"]} & groups.keys():
        allowed[name, "public"] = list(rules(groups[name]["ingress"], "ingress", {}, lists or {}, inside))
    chains = []
    for it in instances:
        chains += [own_address(it), judge(allowed, it, "egress"), judge(allowed, it, "ingress")]
    for it in nodes:
        chains += [judge(allowed, it, "egress"), judge(allowed, it, "ingress"), judge(allowed, it, "public")]
    parts = [*counters([*instances, *nodes]), *chains, *hooks(instances, nodes)]
    return "table inet lab\ndelete table inet lab\ntable inet lab {\n" + "\n".join(parts) + "\n}\n"


def check(it):
    """Whatever is written into the text is what it should be."""
    for key, pattern in NAMES.items():
        if key in it and not pattern.fullmatch(it[key]):
            raise ValueError(f"not the {key} of an instance or node: {it[key]!r}")
    for key in ("address", "public", "private"):
        if key in it:
            ipaddress.IPv4Address(it[key])


def members(groups, instances, nodes):
    found = {name: list(it.get("members", [])) for name, it in groups.items()}
    for it in [*instances, *nodes]:
        for name in it["groups"]:
            found.setdefault(name, []).append(it.get("address") or it["private"])
    return found


def counters(everybody):
    return [f"  counter {kind}-{it['id']} {{ packets 0 bytes 0 }}" for it in everybody for kind in KINDS]


def judge(allowed, it, way):
    """A chain that returns with what the groups of an instance or node allow, and drops and counts the rest."""
    lines = dict.fromkeys(line for name in it["groups"] for line in allowed.get((name, way), []))
    kind = "egress" if way == "egress" else "ingress"
    return block(f"{way}-{it['id']}", [*lines, f'counter name "{kind}-{it["id"]}" drop'])


def rules(permissions, direction, known, lists, inside=""):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html"""
    side = "saddr" if direction == "ingress" else "daddr"
    outside = f"ip {side} != {{ {inside} }} " if inside else ""
    for permission in permissions:
        protocol = protocol_match(permission)
        networks = [it["CidrIp"] for it in permission.get("IpRanges", [])]
        for it in permission.get("PrefixListIds", []):
            networks += lists[it["PrefixListId"]]
        for it in permission.get("UserIdGroupPairs", []):
            networks += known.get(it.get("GroupId"), [])
        found = list(ipaddress.collapse_addresses(ipaddress.IPv4Network(it, strict=False) for it in networks))
        if protocol is None or not found:
            continue
        place = f"ip {side} {{ {', '.join(map(str, found))} }} {outside}" if found[0].prefixlen else ""
        yield f"{place}{protocol}return"


def protocol_match(permission):
    """Ports of TCP and UDP, type and code of ICMP; -1 is all. `None` for what IPv4 does not know."""
    name = str(permission["IpProtocol"]).lower()
    name = PROTOCOLS.get(name, name)
    first, last = int(permission.get("FromPort", -1)), int(permission.get("ToPort", -1))
    if name == "-1":
        return ""
    if name == "icmpv6":
        return None
    if name == "icmp" and first >= 0:
        return f"icmp type {first} " + (f"icmp code {last} " if last >= 0 else "")
    if name in ("tcp", "udp") and first >= 0 and (first, last) != (0, 65535):
        return f"{name} dport {first}-{last} " if last > first else f"{name} dport {first} "
    return f"meta l4proto {name if name == 'icmp' else int(PROTOCOL_NUMBERS.get(name, name))} "


PROTOCOL_NUMBERS = {name: number for number, name in PROTOCOLS.items()}


def own_address(it):
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html: the source/destination check."""
    return block(f"own-{it['id']}", [
        "meta nfproto ipv6 drop", f"ip saddr 0.0.0.0 {DHCP_ASKED} accept", f"ip daddr {{ {', '.join(UNROUTED)} }} drop",
        f'ip saddr != {it["address"]} counter name "spoofed-{it["id"]}" drop',
    ])  # fmt: skip


def hooks(instances, nodes):
    devices = {f'"{it["device"]}"': it["id"] for it in instances}
    public, private = ({it[key]: it["id"] for it in nodes} for key in ("public", "private"))
    # Before connections are tracked, so that a forged packet belongs to none.
    yield base("prerouting", "raw", [dispatch("iifname", devices, "own")])
    tracked = "ct state established,related accept"
    sent, received = dispatch("iifname", devices, "egress"), dispatch("oifname", devices, "ingress")
    yield base("input", "filter", [
        tracked, f"ip daddr {{ {', '.join(UNFILTERED)} }} accept", f"{DHCP_ASKED} accept", sent,
        dispatch("ip daddr", public, "public"), dispatch("ip daddr", private, "ingress"),
    ])  # fmt: skip
    yield base("forward", "filter", [tracked, sent, received])
    yield base("output", "filter", [
        f"oifname != {{ {', '.join(devices)} }} accept" if devices else "accept", tracked, "meta nfproto ipv6 drop",
        f"{DHCP_ANSWERED} accept", dispatch("ip saddr", private, "egress"), received,
    ])  # fmt: skip


def dispatch(field, ids, chain):
    pairs = ", ".join(f"{key} : jump {chain}-{name}" for key, name in ids.items())
    return f"{field} vmap {{ {pairs} }}" if ids else ""


def base(hook, priority, lines):
    return block(hook, [f"type filter hook {hook} priority {priority}; policy accept;", *filter(None, lines)])


def block(name, lines):
    return "\n".join([f"  chain {name} {{", *(f"    {line}" for line in lines), "  }"])
