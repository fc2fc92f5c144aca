"""`python -m lab.balancer --folder DIR`: one load balancer. Ends with the process that started it."""

import argparse
import asyncio
import logging
from pathlib import Path

from overlay.__main__ import end_with_parent, until_told

from .service import Service


def main():
    parser = argparse.ArgumentParser(prog="lab.balancer", description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="for configurations, sockets and logs")
    options = parser.parse_args()
    end_with_parent()
    logging.basicConfig(level="WARNING", format="%(asctime)s %(levelname)s %(name)s %(message)s")
    asyncio.run(serve(options.folder))


async def serve(folder):
    """Until it is told to end."""
    serving = asyncio.ensure_future(Service(folder).serve())
    told = asyncio.ensure_future(until_told()())
    await asyncio.wait([serving, told], return_when=asyncio.FIRST_COMPLETED)
    serving.cancel()
    try:
        await serving
    except asyncio.CancelledError:
        if not told.done():
            raise


if __name__ == "__main__":
    main()
