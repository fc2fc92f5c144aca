"""Ten clients that misbehave, each in its own way, at a pace that leaves the machine alone.

What they cost the others is to be what the balancer makes of them, not the processor they use.
"""

import asyncio

HALF_SENT = b"POST /half HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nabc"
ATTEMPTS = [
    b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 44\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\nHost: h\nContent-Length: 5\n\nhello",
    b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\nhello",
]


def misbehave(address):
    """Until it is ended from outside."""
    host, port = address.rsplit(":", 1)
    asyncio.run(all_together(host, int(port)))


async def all_together(host, port):
    clients = [slow_header] * 2 + [half_closed] + [huge_header] + [smuggler] * 2 + [half_sent] * 4
    await asyncio.gather(*(client(host, port) for client in clients))


async def hold(host, port, first, count, drip=b""):
    """So many connections, each opened again when it ends."""

    async def one(number):
        await asyncio.sleep(number * 0.005)
        while True:
            try:
                reader, writer = await asyncio.open_connection(host, port)
                writer.write(first)
                while not reader.at_eof():
                    if drip:
                        writer.write(drip)
                    try:
                        await asyncio.wait_for(reader.read(65536), 1)
                    except TimeoutError:
                        pass
                writer.close()
            except OSError:
                pass
            await asyncio.sleep(0.5)

    await asyncio.gather(*(one(number) for number in range(count)))


async def slow_header(host, port):
    await hold(host, port, b"GET / HTTP/1.1\r\n", 100, b"X: y\r\n")


async def half_sent(host, port):
    await hold(host, port, HALF_SENT, 100)


async def again(host, port, request, close_half=False):
    try:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(request)
        await writer.drain()
        if close_half:
            writer.write_eof()
        await asyncio.wait_for(reader.read(65536), 2)
        writer.close()
    except (OSError, TimeoutError):
        pass
    await asyncio.sleep(0.05)


async def half_closed(host, port):
    while True:
        await again(host, port, b"GET /wait?500 HTTP/1.1\r\nHost: h\r\n\r\n", close_half=True)


async def huge_header(host, port):
    while True:
        await again(host, port, b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"y" * 200_000 + b"\r\n\r\n")


async def smuggler(host, port):
    while True:
        for attempt in ATTEMPTS:
            await again(host, port, attempt)
