"""All targets of a load balancer: their health, their leaving, and who gets requests. Told the time, does no I/O.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
"""

from dataclasses import dataclass

from . import health
from .declared import Declared, Target
from .seats import FULL_WEIGHT, Seat, seats_needed


@dataclass
class Registration:
    """A target in a group. `slot` is its place in HAProxy; without one nothing can be in flight to it."""

    arn: str
    target: Target
    slot: int | None
    health: health.Health
    in_flight: int = 0
    # In slow start since; the target may have left it already.
    warming_since: float | None = None
    draining_until: float | None = None

    def is_draining(self):
        return self.draining_until is not None

    def is_deregistered(self):
        """AWS calls it draining until the delay is over, even if nothing is in flight any more."""
        return self.is_draining() and self.slot is None


class Registry:
    def __init__(self):
        self.declared = Declared()
        self.members = {}
        # How many places each group has; never fewer than before, because fewer would take a reload.
        self.sizes = {}

    # What happens.

    def declare(self, declared, now):
        """Registers who is new, lets go of who is missing."""
        self.declared = declared
        used = declared.used()
        wanted = {key(arn, it): it for arn, group in declared.target_groups.items() for it in group.targets}
        for name in [it for it in self.members if it[0] not in declared.target_groups]:
            del self.members[name]
        for name, target in wanted.items():
            self.register(name, target, name[0] in used)
        for name, it in list(self.members.items()):
            if name in wanted or it.is_draining():
                continue
            if it.health.state == "unused":
                del self.members[name]
                continue
            it.draining_until = now + declared.target_groups[it.arn].deregistration_delay
            it.health, it.warming_since = health.DRAINING, None
        self.sizes = {
            arn: max(self.sizes.get(arn, 0), seats_needed(max((it.slot or 0 for it in self.of(arn)), default=0)))
            for arn in declared.target_groups
        }

    def register(self, name, target, is_used):
        it = self.members.get(name)
        if it is None or it.is_draining():
            # Registered again while it drains: what is in flight goes on, health begins anew.
            slot, in_flight = (it.slot, it.in_flight) if it else (None, 0)
            it = Registration(name[0], target, slot, health.REGISTERED, in_flight)
            it.slot = it.slot or self.free_slot(name[0])
            self.members[name] = it
        it.target = target
        if not is_used:
            it.health, it.warming_since = health.UNUSED, None
        elif it.health == health.UNUSED:
            it.health = health.REGISTERED

    def probing(self, name):
        """A check of a new target begins."""
        if (it := self.members.get(name)) and it.health == health.REGISTERED:
            it.health = health.CHECKING

    def probed(self, name, outcome, now):
        it = self.members.get(name)
        if it is None or it.health.state not in ("initial", "healthy", "unhealthy"):
            return
        before, it.health = it.health.state, health.after(it.health, outcome, self.group(it).health)
        if it.health.state != "healthy":
            it.warming_since = None
        elif before != "healthy" and self.warms_up(it, now):
            it.warming_since = now

    def carried(self, in_flight):
        """Requests in flight, {(arn, slot): count}, counted after the last seating was in force."""
        for it in self.members.values():
            it.in_flight = in_flight.get((it.arn, it.slot), 0)
            if it.is_draining() and it.in_flight == 0:
                it.slot = None

    def let_go(self, now):
        """Forgets whose delay is over; answers the places, (arn, slot), with something in flight: to be cut."""
        over = [name for name, it in self.members.items() if it.is_draining() and now >= it.draining_until]
        gone = [self.members.pop(name) for name in over]
        return [(it.arn, it.slot) for it in gone if it.slot is not None]

    # What follows from it.

    def seats(self, arn, now):
        """{slot: Seat} of a group."""
        chosen = self.receiving(arn)
        found = {}
        for it in self.of(arn):
            if it.slot is None or it.health.state == "unused":
                continue
            state, weight = ("ready", self.weight(it, now)) if it in chosen else ("drain", FULL_WEIGHT)
            found[it.slot] = Seat(it.target.address, it.target.port, state, weight)
        return found

    def receiving(self, arn):
        """Who gets requests: the healthy; if there are none, all the unhealthy.

        AWS does not say what happens to targets that are still initial while all others are unhealthy. They must "pass
        the initial health checks" before they get requests, so here they do not: with initial targets only, it is 503.
        """
        registered = [it for it in self.of(arn) if not it.is_draining()]
        healthy = [it for it in registered if it.health.state == "healthy"]
        return healthy or [it for it in registered if it.health.state == "unhealthy"]

    def probes(self):
        """{name: Probe} of who is to be checked: those in a group that some listener forwards to."""
        nodes = self.declared.nodes
        if not nodes:
            return {}
        sources = {it.zone: it.source for it in nodes}
        found = {}
        for name, it in self.members.items():
            if it.health.state in ("initial", "healthy", "unhealthy"):
                check = self.group(it).health
                port = it.target.port if check.port == "traffic-port" else int(check.port)
                found[name] = health.Probe(
                    it.target.address, port, check.protocol, check.path, check.interval, check.timeout,
                    sources.get(it.target.zone, nodes[0].source),
                )  # fmt: skip
        return found

    def report(self):
        """{arn: {name: {…}}}; a target is called by its id, with its port if that is not the group's.

        One whose delay is over is not in it any more: AWS calls it unused, Target.NotRegistered.
        """
        found = {arn: {} for arn in self.declared.target_groups}
        # One that was registered anew, at another address, hides the one that drains.
        for it in sorted(self.members.values(), key=lambda it: not it.is_draining()):
            target = it.target
            name = target.id if target.port == self.group(it).port else f"{target.id}:{target.port}"
            found[it.arn][name] = {
                "state": it.health.state, "reason": it.health.reason, "description": it.health.description,
                "in_flight": it.in_flight, "deregistered": it.is_deregistered(),
                "id": target.id, "address": target.address, "port": target.port, "zone": target.zone,
            }  # fmt: skip
        return found

    def targets_by_slot(self):
        return {(it.arn, it.slot): it.target for it in self.members.values() if it.slot is not None}

    def is_draining(self):
        return any(it.is_draining() and it.slot is not None for it in self.members.values())

    # Helpers.

    def of(self, arn):
        return [it for it in self.members.values() if it.arn == arn]

    def group(self, it):
        return self.declared.target_groups[it.arn]

    def free_slot(self, arn):
        taken = {it.slot for it in self.of(arn)}
        return next(slot for slot in range(1, len(taken) + 2) if slot not in taken)

    def warms_up(self, it, now):
        """Slow start is for those who join others that are healthy and not in slow start themselves."""
        group = self.group(it)
        others = [other for other in self.of(it.arn) if other is not it and other.health.state == "healthy"]
        return (group.slow_start > 0 and group.algorithm == "round_robin"
                and any(not self.is_warming(other, now) for other in others))  # fmt: skip

    def is_warming(self, it, now):
        return it.warming_since is not None and now - it.warming_since < self.group(it).slow_start

    def weight(self, it, now):
        """Grows by the same amount each second until it is everybody's."""
        if not self.is_warming(it, now):
            return FULL_WEIGHT
        return max(1, int(FULL_WEIGHT * (now - it.warming_since) / self.group(it).slow_start))


def key(arn, target):
    return arn, target.id, target.address, target.port
