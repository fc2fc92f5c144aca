"""What is said to a running HAProxy, over the socket of its master process.

After a reload the worker before lives on until its connections are done, and can be reached in the same way.
https://docs.haproxy.org/2.6/management.html#9.4
"""

import asyncio
import csv
import io
import re
from collections import Counter

PATIENCE = 5
# How answers begin that are refusals; those that are not are empty or tell what was changed.
REFUSALS = ("No such", "Unknown", "Invalid", "Require", "Can't", "Permission", "Malformed", "Missing")


class Refused(Exception):
    """HAProxy did not do what it was told."""


async def ask(socket, command):
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_unix_connection(socket)
        try:
            writer.write(command.encode() + b"\n")
            writer.write_eof()
            return (await reader.read()).decode().strip()
        finally:
            writer.close()


async def workers(socket):
    """The worker that takes connections, and those before it: (pid or `None`, [pids])."""
    current, old, section = None, [], None
    for line in (await ask(socket, "show proc")).splitlines():
        if line.startswith("# "):
            section = line[2:]
        elif (found := line.split()) and found[0].isdigit() and found[1] == "worker":
            if section == "workers":
                current = int(found[0])
            elif section == "old workers":
                old.append(int(found[0]))
    return current, old


async def tell(socket, commands, all_must_obey=True):
    """Tells all workers. Those before the current one may not know a place that is new."""
    current, old = await workers(socket)
    for command in commands:
        answer = await ask(socket, f"@!{current} {command}")
        if all_must_obey and answer.startswith(REFUSALS):
            raise Refused(f"{command}: {answer}")
        for pid in old:
            await ask(socket, f"@!{pid} {command}")


async def in_flight(socket):
    """{(backend, server): requests that are being answered}, of all workers."""
    current, old = await workers(socket)
    found = Counter()
    for pid in [current, *old]:
        table = await ask(socket, f"@!{pid} show stat -1 4 -1")
        if not table.startswith("# pxname"):
            # One that has just ended carries nothing; of the current one nothing would be known.
            if pid == current:
                raise ConnectionError(f"no counts from HAProxy: {table}")
            continue
        found.update(sessions(table))
    return found


def sessions(table):
    rows = csv.DictReader(io.StringIO(table.removeprefix("# ")))
    return {(row["pxname"], row["svname"]): int(row["scur"]) for row in rows}


async def lost_lines(socket):
    """How many lines about requests each worker could not print: {pid: count}."""
    current, old = await workers(socket)
    found = {}
    for pid in [current, *old]:
        if match := re.search(r"^DroppedLogs: (\d+)$", await ask(socket, f"@!{pid} show info"), re.MULTILINE):
            found[pid] = int(match[1])
    return found


async def cut(socket, backend, server):
    """Ends what is in flight; the clients are answered 502.

    One by one, because HAProxy does not end those of a server as a whole where a reload has closed the backend.
    """
    current, old = await workers(socket)
    for pid in [current, *old]:
        table = await ask(socket, f"@!{pid} show sess")
        for session in re.findall(rf"^(0x\w+): .* be={re.escape(backend)} srv={server} ", table, re.MULTILINE):
            await ask(socket, f"@!{pid} shutdown session {session}")
