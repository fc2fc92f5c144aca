"""Starts the stage: `python -m overlay --port 5700`, from `tests/aws`."""

import argparse
import asyncio
import ctypes
import logging
import os
import signal
import sys
import tempfile

PR_SET_PDEATHSIG = 1


def main():
    parser = argparse.ArgumentParser(prog="overlay", description="AWS as far as the tests of syncctl need it")
    parser.add_argument("--port", type=int, default=5700)
    parser.add_argument("--region", default="eu-west-1")
    parser.add_argument("--account", default="123456789012", help="account of every key that is not 12 digits")
    parser.add_argument("--state", help="directory for what ministack writes; a fresh one without")
    parser.add_argument("--auth", action="store_true", help="check signatures and rights; the root key is root/rootsecret")
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"), help="serve HTTPS")
    parser.add_argument("--stay", action="store_true", help="outlive the process that started it")
    parser.add_argument("--log-level", default="WARNING")
    options = parser.parse_args()
    if not options.stay:
        end_with_parent()
    prepare(options)
    logging.basicConfig(level=options.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    serve(options)


def end_with_parent():
    """A test run that crashes takes the stage with it."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def prepare(options):
    """ministack reads its environment while it is imported."""
    state = options.state or tempfile.mkdtemp(prefix="stage-")
    os.makedirs(state, exist_ok=True)
    os.environ.update(
        BIND_HOST="127.0.0.1", GATEWAY_PORT=str(options.port), MINISTACK_HOST="127.0.0.1", SFTP_ENABLED="0",
        IOT_MTLS_ENABLED="0", MINISTACK_REGION=options.region, MINISTACK_ACCOUNT_ID=options.account, STATE_DIR=state,
        S3_DATA_DIR=os.path.join(state, "s3"), LOG_LEVEL=options.log_level, TMPDIR=state, DOCKER_HOST="unix:///nowhere",
    )  # fmt: skip
    if options.auth:
        os.environ.update(AUTH="true", AWS_ACCESS_KEY_ID="root", AWS_SECRET_ACCESS_KEY="rootsecret")
    if options.tls:
        os.environ.update(USE_SSL="1", MINISTACK_SSL_CERT=options.tls[0], MINISTACK_SSL_KEY=options.tls[1])


def serve(options):
    from hypercorn.asyncio import serve as run
    from hypercorn.config import Config

    from . import everything  # noqa: F401
    from .control import door

    config = Config()
    config.bind = [f"127.0.0.1:{options.port}"]
    config.keep_alive_timeout = 75
    config.loglevel = options.log_level
    config.graceful_timeout = 0.2
    if options.tls:
        config.certfile, config.keyfile = options.tls
    asyncio.run(run(door, config, shutdown_trigger=until_told()))


def until_told():
    async def wait():
        told = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, told.set)
        await told.wait()

    return wait


if __name__ == "__main__":
    main()
