"""Failure switches, and the count of every call.

    POST   /_stage/fail   {"resource": "Table", "action": "create", "message": "…", "times": 1}
    POST   /_stage/fail   {"call": "CreateChangeSet", "nth": 1, "how": "throttle"}
    DELETE /_stage/fail   takes all of them away
    GET    /_stage/calls  what was called: number, service, operation, access key, status
    DELETE /_stage/calls  starts counting anew

`resource` is a logical id or a type, `action` create, update or delete. `call` is an operation, `Service:Operation`
or `*`, counted from when the switch was set. `how`: `throttle`, `500`, `503`, `timeout` (no answer until `seconds`
have passed, and nothing done), `refused` (the connection is closed, nothing done), `lost-reply` (done, then the
connection is closed), `expired` (credentials), `denied`, or `error` with `code`, `message` and `status`. `times` says how often, 0
for ever; 1 is the default.
"""

HOWS = ("throttle", "500", "503", "timeout", "refused", "lost-reply", "expired", "denied", "error")

_switches = []
_calls = []


class ResourceFailed(Exception):
    """A switch made a resource fail."""


def reset():
    _switches.clear()
    _calls.clear()


def set_switch(switch):
    known = {"resource", "action", "message", "call", "nth", "how", "seconds", "times", "code", "status", "key"}
    if unknown := switch.keys() - known:
        raise ValueError(f"unknown members: {', '.join(sorted(unknown))}")
    if ("call" in switch) == ("resource" in switch):
        raise ValueError("either a call or a resource")
    if "call" in switch and str(switch.setdefault("how", "error")) not in HOWS:
        raise ValueError(f"how: one of {', '.join(HOWS)}")
    _switches.append({"nth": 1, "times": 1, **switch, "seen": 0, "done": 0})
    return switches()


def switches():
    return [dict(it) for it in _switches]


def clear_switches():
    _switches.clear()


def of_resource(logical_id, kind, action):
    """Fails if a switch says so."""
    for it in _switches:
        if it.get("resource") not in (logical_id, kind) or it.get("action", "create") != action:
            continue
        it["seen"] += 1
        if it["seen"] >= it["nth"] and (not it["times"] or it["done"] < it["times"]):
            it["done"] += 1
            raise ResourceFailed(it.get("message") or f"{logical_id} fails because the stage was told so")


def of_call(service, operation, key):
    """The switch that applies to a call, if any."""
    found = None
    for it in _switches:
        if it.get("call") not in ("*", operation, f"{service}:{operation}") or it.get("key", key) != key:
            continue
        it["seen"] += 1
        if found is None and it["seen"] >= it["nth"] and (not it["times"] or it["done"] < it["times"]):
            it["done"] += 1
            found = it
    return found


def count(service, operation, key):
    entry = {"number": len(_calls) + 1, "service": service, "operation": operation, "key": key, "status": None}
    _calls.append(entry)
    return entry


def calls():
    return list(_calls)


def forget_calls():
    _calls.clear()
