"""The door of the stage: control endpoints, the count of calls, failure switches; everything else is ministack's.

    GET|POST /_stage/settings      what the stage does, and changes to it (see settings.py)
    GET|POST|DELETE /_stage/fail   failure switches (see faults.py)
    GET|DELETE /_stage/calls       every AWS call since the last reset
    POST /_stage/zone              {"id": "Z…", "name": "example.com"}: a hosted zone with this id
    POST /_stage/certificate       {"arn": "…", "name": "sync.example.com"}: an issued certificate with this ARN
    POST /_stage/reset             everything back to the beginning, ministack's state as well
    GET  /_stage/ready             answers once the stage does
"""

import asyncio
import json
from urllib.parse import parse_qs

from hypercorn.events import Closed
from ministack import app as ministack

from . import faults, region, settings
from .calls import Call
from .cloudformation import calls as stack_calls, rights
from .fleet import members
from .resources import mail


class Disconnected(Exception):
    """The client left before it had said all."""


async def door(scope, receive, send):
    try:
        await pass_on(scope, receive, send)
    except Disconnected:
        return


async def pass_on(scope, receive, send):
    if scope["type"] != "http":
        await ministack.app(scope, receive, send)
        return
    path = scope["path"]
    if path.startswith("/_stage/"):
        await control(scope, receive, send)
    elif path.startswith("/_ministack/"):
        if path == "/_ministack/reset":
            forget()
        await ministack.app(scope, receive, send)
    else:
        await aws(scope, receive, send)


async def aws(scope, receive, send):
    """A call of AWS's."""
    body = await whole_body(receive)
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = parse_qs(scope.get("query_string", b"").decode(), keep_blank_values=True)
    call = Call(scope["method"], scope["path"], query, headers, body)
    entry = faults.count(call.service, call.operation, call.key)
    switch = faults.of_call(call.service, call.operation, call.key)
    how = str(switch["how"]) if switch else ""
    if how == "timeout":
        entry["status"] = "timeout"
        await asyncio.sleep(float(switch.get("seconds", 3600)))
        await drop(send)
        return
    if how == "refused":
        entry["status"] = how
        await drop(send)
        return
    if how and how != "lost-reply":
        entry["status"] = how
        await answer(send, *call.error(switch))
        return
    rights.CALLER.set(call.key)
    if settings.get("pretend_tls"):
        scope = {**scope, "headers": [*scope["headers"], (b"x-forwarded-proto", b"https")]}

    async def noted(message):
        if message["type"] == "http.response.start":
            entry["status"] = message["status"]
        if how != "lost-reply":
            await send(message)

    if call.service == "servicequotas":
        await quotas(call, headers, query, body, noted, scope)
    else:
        await ministack.app(scope, again(body, receive), noted)
    if how == "lost-reply":
        entry["status"] = f"{entry['status']} lost"
        await drop(send)


async def quotas(call, headers, query, body, send, scope):
    """Service Quotas, behind the same check of rights as every other service."""
    if ministack.AUTH:
        from ministack.core.iam_evaluator import (
            enforce,
            pin_request_caller,
            pin_request_origin,
            pin_signed_body,
            pin_signed_request,
        )
        from ministack.core.responses import set_request_account_id, set_request_region

        set_request_account_id(ministack._request_account_scope(call.key))
        set_request_region(call.region)
        pin_request_origin("127.0.0.1", scope.get("scheme") == "https")
        pin_signed_request(scope["method"], scope["path"], query, scope["headers"])
        pin_signed_body(body)
        pin_request_caller(headers, query)
        if enforce(call.key, f"servicequotas:{call.operation}", "servicequotas", call.region):
            await answer(send, *call.error({"how": "denied"}))
            return
    status, text = region.service_quotas_body(call.operation, body)
    await answer(send, status, {"content-type": "application/x-amz-json-1.1"}, text)


async def control(scope, receive, send):
    name, method = scope["path"].removeprefix("/_stage/"), scope["method"]
    body = await whole_body(receive)
    try:
        found = await obey(name, method, json.loads(body or b"null"))
    except (ValueError, KeyError, TypeError) as problem:
        await answer(send, 400, {"content-type": "text/plain"}, f"{type(problem).__name__}: {problem}\n")
        return
    if found is None:
        await answer(send, 404, {"content-type": "text/plain"}, f"no {method} {name}\n")
        return
    await answer(send, 200, {"content-type": "application/json"}, json.dumps(found, default=str))


async def obey(name, method, data):
    match name, method:
        case "ready", "GET":
            return {"ready": True}
        case "settings", "GET":
            return settings.merge({})
        case "settings", "POST":
            return settings.merge(data or {})
        case "fail", "GET":
            return faults.switches()
        case "fail", "POST":
            return faults.set_switch(dict(data))
        case "fail", "DELETE":
            faults.clear_switches()
            return []
        case "calls", "GET":
            return faults.calls()
        case "calls", "DELETE":
            faults.forget_calls()
            return []
        case "zone", "POST":
            return mail.zone(data["id"], data["name"])
        case "certificate", "POST":
            return mail.certificate(data["arn"], data["name"], data.get("status", "ISSUED"))
        case "reset", "POST":
            forget()
            await ministack._handle_admin_reset("/_ministack/reset", "POST", {})
            return {"reset": True}
    return None


def forget():
    """What the overlay knows."""
    members.reset()
    stack_calls.reset()
    settings.reset()
    faults.reset()


async def whole_body(receive):
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def again(body, receive):
    """Hands a body out that was read already."""
    rest = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message():
        return rest.pop() if rest else await receive()

    return next_message


async def answer(send, status, headers, body):
    body = body if isinstance(body, bytes) else body.encode()
    pairs = [(name.encode(), str(value).encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status,
                "headers": [*pairs, (b"content-length", str(len(body)).encode())]})  # fmt: skip
    await send({"type": "http.response.body", "body": body})


async def drop(send):
    """Closes the connection without an answer."""
    stream = send.__self__
    stream.closed = True
    await stream.send.__self__.send(Closed())
