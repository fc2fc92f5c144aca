"""One health check: a GET on a connection of its own.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

import asyncio
import ssl

import h11

from .health import Answer, NoAnswer

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html names it so.
USER_AGENT = "ELB-HealthChecker/2.0"
PORTS = {"HTTP": 80, "HTTPS": 443}


async def check(probe):
    """The outcome: Answer or NoAnswer. The beginning of the response is what counts; its body is not waited for."""
    try:
        async with asyncio.timeout(probe.timeout):
            return Answer(await status(probe))
    except TimeoutError:
        return NoAnswer("Target.Timeout")
    except (OSError, h11.ProtocolError, EOFError):
        return NoAnswer("Target.FailedHealthChecks")


async def every_interval(probe, begins, ends):
    """Checks until it is cancelled. How long an answer takes does not move the next check."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        begins()
        ends(await check(probe))
        due = max(due + probe.interval, loop.time())
        await asyncio.sleep(due - loop.time())


async def status(probe):
    context = unverified() if probe.protocol == "HTTPS" else None
    local = (probe.source, 0) if probe.source else None
    reader, writer = await asyncio.open_connection(probe.address, probe.port, ssl=context, local_addr=local)
    try:
        return await ask(reader, writer, probe)
    finally:
        writer.transport.abort() if context else writer.close()


async def ask(reader, writer, probe):
    talk = h11.Connection(our_role=h11.CLIENT)
    host = probe.address if PORTS[probe.protocol] == probe.port else f"{probe.address}:{probe.port}"
    headers = {"Host": host, "Connection": "close", "User-Agent": USER_AGENT, "Accept-Encoding": "gzip, compressed"}
    writer.write(talk.send(h11.Request(method="GET", target=probe.path, headers=[*headers.items()])))
    writer.write(talk.send(h11.EndOfMessage()))
    while True:
        event = talk.next_event()
        if event is h11.NEED_DATA:
            talk.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Response):
            return event.status_code
        elif not isinstance(event, h11.InformationalResponse):
            raise EOFError("the target closed the connection without a response")


def unverified():
    """Targets' certificates are not validated.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
