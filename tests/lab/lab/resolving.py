"""What the lab's name server answers: a function over plain data.

Of Route 53's routing policies it knows the simple one, which is the only one that the product uses.
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy.html
"""

import random
import re
from dataclasses import dataclass, field

NOERROR, NXDOMAIN, SERVFAIL = "NOERROR", "NXDOMAIN", "SERVFAIL"
# Of load balancers, and of aliases to them; in seconds. Shorter would flatter whoever remembers an answer for longer
# than AWS's own says; nothing in the lab remembers any.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html
# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html
BALANCER_TTL = 60
# Of AWS's endpoints and of names given by hand, which AWS does not document.
OTHER_TTL = 60
# How many CNAMEs are followed before a name counts as a loop.
LONGEST_CHAIN = 8
AWS_DOMAINS = ("amazonaws.com", "api.aws")
# Names of load balancers; those that are not there (any more) do not exist.
BALANCER = re.compile(r"\.elb(\.[a-z0-9-]+)?\.amazonaws\.com$")
DUALSTACK = "dualstack."


@dataclass
class Facts:
    """All that there is to know at one moment. Names are in lower case, without the last dot."""

    # Where every API of AWS's answers.
    api: str
    # Names of load balancers, and the addresses of the nodes that clients are to use.
    balancers: set = field(default_factory=set)
    nodes: list = field(default_factory=list)
    # Name of a hosted zone: its record sets, as ministack keeps them.
    zones: dict = field(default_factory=dict)
    # Name: where the operator's own DNS points it.
    by_hand: dict = field(default_factory=dict)
    # Private names of instances, and their addresses.
    instances: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    name: str
    kind: str
    ttl: int
    value: str


def plain(name):
    return str(name).rstrip(".").lower()


def resolve(name, kind, facts):
    """(code, records) for a question; a name's CNAMEs come first, in their order."""
    found, name = [], plain(name)
    for _ in range(LONGEST_CHAIN):
        code, records = step(name, kind, facts)
        found += records
        if kind == "CNAME" or not records or records[-1].kind != "CNAME":
            # A name that exists and points at one that does not is an NXDOMAIN as well (RFC 6604).
            return code, found
        name = plain(records[-1].value)
    return SERVFAIL, []


def step(name, kind, facts):
    """(code, records) of one name itself."""
    if name in facts.by_hand:
        return NOERROR, [Record(name, "CNAME", OTHER_TTL, plain(facts.by_hand[name]))]
    balancer = name.removeprefix(DUALSTACK)
    if balancer in facts.balancers:
        return NOERROR, addresses(name, kind, BALANCER_TTL, facts.nodes)
    if name in facts.instances:
        return NOERROR, addresses(name, kind, OTHER_TTL, [facts.instances[name]])
    zone = max((it for it in facts.zones if within(name, it)), key=len, default=None)
    if zone is not None:
        return of_zone(name, kind, facts.zones[zone], facts)
    if any(within(name, it) for it in AWS_DOMAINS) and not BALANCER.search(name):
        return NOERROR, addresses(name, kind, OTHER_TTL, [facts.api])
    return NXDOMAIN, []


def within(name, domain):
    return name == domain or name.endswith(f".{domain}")


def addresses(name, kind, ttl, values):
    """All of them, in random order: that is how clients spread over them. There is no IPv6 here."""
    values = random.sample(values, len(values)) if kind == "A" else []
    return [Record(name, "A", ttl, it) for it in values]


def of_zone(name, kind, sets, facts):
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html (asterisks)"""
    known = {plain(it["Name"]).replace("\\052", "*") for it in sets}
    wanted = name
    if name not in known and not any(it.endswith(f".{name}") for it in known):
        labels = name.split(".")
        wildcards = (".".join(["*", *labels[number:]]) for number in range(1, len(labels)))
        wanted = next((it for it in wildcards if it in known), None)
        if wanted is None:
            return NXDOMAIN, []
    for each in sets:
        if plain(each["Name"]).replace("\\052", "*") == wanted and each["Type"] in (kind, "CNAME"):
            return NOERROR, of_set(name, kind, each, facts)
    return NOERROR, []


def of_set(name, kind, each, facts):
    if each.get("AliasTarget"):
        _, found = resolve(each["AliasTarget"]["DNSName"], kind, facts)
        return [Record(name, it.kind, it.ttl, it.value) for it in found if it.kind == kind]
    ttl = int(each.get("TTL", 300))
    return [Record(name, each["Type"], ttl, str(it)) for it in each["ResourceRecords"]]
