"""Places for targets in HAProxy's configuration, and the commands that change who sits in them while it runs.

A place is a server line `s1`, `s2`, … of the backend of a target group. Nothing here does I/O.
"""

import re
from dataclasses import dataclass

FULL_WEIGHT = 100
# An address that nothing is ever sent to: the place is out of service.
EMPTY = ("127.0.0.1", 1)
LEAST_SEATS = 8


@dataclass(frozen=True)
class Seat:
    """`state` is HAProxy's: ready, drain (only what is in flight goes on) or maint (idle connections are closed)."""

    address: str = EMPTY[0]
    port: int = EMPTY[1]
    state: str = "maint"
    weight: int = FULL_WEIGHT


NOBODY = Seat()


def backend(arn):
    """HAProxy's name for a target group: `arn:…:targetgroup/web/0123456789abcdef` is `web-0123456789abcdef`."""
    return re.sub(r"[^-A-Za-z0-9_.]", "-", arn.partition(":targetgroup/")[2] or arn)


def server(slot):
    return f"s{slot}"


def slot_of(server_name):
    return int(server_name.removeprefix("s"))


def seats_needed(count):
    """How many places a backend gets: in powers of two, because a change of it takes a reload."""
    needed = LEAST_SEATS
    while needed < count:
        needed *= 2
    return needed


def commands(arn, before, after):
    """From one seating of a group to another, {slot: Seat}; those who begin come before those who stop."""
    begin, stop = [], []
    for slot in sorted(before.keys() | after.keys()):
        old, new = before.get(slot, NOBODY), after.get(slot, NOBODY)
        if old == new:
            continue
        place = f"{backend(arn)}/{server(slot)}"
        found = []
        if new.state != "maint":
            if (old.address, old.port) != (new.address, new.port):
                # Idle connections to whoever sat here before end with it.
                found.append(f"set server {place} state maint")
                found.append(f"set server {place} addr {new.address} port {new.port}")
                old = NOBODY
            if old.weight != new.weight or old == NOBODY:
                found.append(f"set server {place} weight {new.weight}")
        if old.state != new.state:
            found.append(f"set server {place} state {new.state}")
        (begin if new.state == "ready" else stop).extend(found)
    return begin + stop
