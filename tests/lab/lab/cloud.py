"""The control plane: the emulator with our overlay, and everything that gives its records a body.

`python -m lab.cloud --folder DIR --base DIR`, inside the sandbox. Ends with the process that started it.
"""

import argparse
import asyncio
import logging
from pathlib import Path

from overlay.__main__ import end_with_parent, prepare, until_told

from . import addresses
from .authority import Authority, aws_names
from .clock import Clock

ROUND_SECONDS = 0.2


def main():
    parser = argparse.ArgumentParser(prog="lab.cloud", description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="for everything that is written")
    parser.add_argument("--base", type=Path, required=True, help="root of the system that instances boot")
    parser.add_argument("--minute", type=float, default=60, help="seconds that one of AWS's minutes takes here")
    options = parser.parse_args()
    end_with_parent()
    # For the overlay: signatures and rights are checked.
    options.port, options.region, options.account = addresses.CONTROL[1], addresses.REGION, addresses.ACCOUNT
    options.state, options.auth, options.tls, options.log_level = str(options.folder / "state"), True, None, "WARNING"
    prepare(options)
    logging.basicConfig(level="WARNING", format="%(asctime)s %(levelname)s %(name)s %(message)s")
    asyncio.run(serve(options))


async def serve(options):
    from hypercorn.asyncio import serve as answer
    from ministack.core.responses import set_request_account_id, set_request_region
    from overlay import everything  # noqa: F401
    from overlay.control import door

    from . import policies
    from .doors import Doors
    from .parts import Parts

    set_request_account_id(addresses.ACCOUNT)
    set_request_region(addresses.REGION)
    policies.install()
    authority = Authority(options.folder / "authority")
    parts = Parts(options.folder, options.base, authority, Clock(options.minute))
    api = authority.certificate(aws_names(addresses.REGION))
    told = until_told()
    ended = asyncio.ensure_future(told())
    trigger = lambda: asyncio.shield(ended)  # noqa: E731
    servers = [
        answer(door, bound(f"{addresses.AWS}:443", api), shutdown_trigger=trigger),
        answer(Doors(door, parts), bound("%s:%d" % addresses.CONTROL), shutdown_trigger=trigger),
        answer(parts.metadata, bound(f"{addresses.METADATA}:80"), shutdown_trigger=trigger),
    ]
    await parts.start()
    rounds = asyncio.ensure_future(parts.follow(ROUND_SECONDS))
    try:
        await asyncio.gather(*servers)
    finally:
        rounds.cancel()
        await parts.stop()


def bound(address, certificate=None):
    from hypercorn.config import Config

    config = Config()
    config.bind = [address]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.2
    config.loglevel = "WARNING"
    if certificate is not None:
        config.certfile = config.keyfile = str(certificate)
    return config


if __name__ == "__main__":
    main()
