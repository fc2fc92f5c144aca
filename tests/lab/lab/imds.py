"""The instance metadata service: tokens, and a tree to read. It knows an instance by the address it asks from.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html (answers)
HttpPutResponseHopLimit is a matter of IP packets, which this does not see: every hop limit counts as far enough.
"""

import logging
import re
import secrets
import time

from ministack.core.responses import request_scope
from ministack.services import ec2

from . import addresses, instance_data
from .instance_credentials import SECONDS, InstanceCredentials
from .metadata_tree import VERSIONS, tree

log = logging.getLogger("lab.imds")

TOKEN_PATH = "/latest/api/token"
LONGEST_TOKEN_SECONDS = 21600
TTL_HEADER, TOKEN_HEADER = "x-aws-ec2-metadata-token-ttl-seconds", "x-aws-ec2-metadata-token"
REASONS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed"}


class MetadataService:
    """An ASGI application."""

    def __init__(self, credential_seconds=SECONDS):
        self.credentials = InstanceCredentials(credential_seconds)
        # (instance id, end on the monotonic clock) by token.
        self.tokens = {}

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
            return
        if scope["type"] != "http":
            raise ValueError(f"the metadata service knows no {scope['type']}")
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        with request_scope(addresses.ACCOUNT, addresses.REGION):
            status, body, more = self.answer(scope["client"][0], scope["method"], scope["path"], headers)
        if status >= 400:
            body = f"{status} - {REASONS[status]}".encode()
            log.info("%s %s %s: %s", scope["client"][0], scope["method"], scope["path"], status)
        head = {"content-type": "text/plain", "content-length": str(len(body)), **more}
        await send({"type": "http.response.start", "status": status,
                    "headers": [(name.encode(), value.encode()) for name, value in head.items()]})  # fmt: skip
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def answer(self, address, method, path, headers):
        """(status, body, headers) for a request."""
        self.forget_the_gone()
        instance = instance_data.at_address(address)
        if instance is None:
            return 404, b"", {}
        options = instance_data.options(instance)
        if options["HttpEndpoint"] == "disabled":
            return 403, b"", {}
        if path == TOKEN_PATH:
            return self.token(instance, headers) if method == "PUT" else (405, b"", {"allow": "PUT"})
        if method not in ("GET", "HEAD"):
            return 405, b"", {"allow": "GET, HEAD"}
        given = headers.get(TOKEN_HEADER)
        if given is None and options["HttpTokens"] == "required":
            return 401, b"", {}
        if given is not None and not self.is_good(given, instance):
            return 401, b"", {}
        found = read(path, tree(instance, self.credentials.text))
        return (404, b"", {}) if found is None else (200, found, {})

    def token(self, instance, headers):
        # Whoever forwards requests for others must not get one.
        if "x-forwarded-for" in headers:
            return 403, b"", {}
        seconds = headers.get(TTL_HEADER, "")
        if not re.fullmatch(r"[0-9]{1,5}", seconds) or not 1 <= int(seconds) <= LONGEST_TOKEN_SECONDS:
            return 400, b"", {}
        now = time.monotonic()
        self.tokens = {token: (owner, end) for token, (owner, end) in self.tokens.items() if end > now}
        made = secrets.token_urlsafe(42)
        self.tokens[made] = (instance["InstanceId"], now + int(seconds))
        return 200, made.encode(), {TTL_HEADER: seconds}

    def is_good(self, token, instance):
        owner, end = self.tokens.get(token, (None, 0))
        return owner == instance["InstanceId"] and time.monotonic() < end

    def forget_the_gone(self):
        """Ends the credentials of instances that have ended. AWS's may outlive theirs; nothing is to rely on that."""
        with request_scope(addresses.ACCOUNT, addresses.REGION):
            for name in list(self.credentials.sessions):
                instance = ec2._instances.get(name)
                if instance is None or not instance_data.is_alive(instance):
                    self.credentials.end(name)


def read(path, found):
    """The bytes at a path below `/`; directories answer what is in them. `None` where nothing is."""
    version, *steps = [it for it in path.split("/") if it] or [""]
    if not version:
        return "\n".join(VERSIONS).encode()
    if version not in VERSIONS:
        return None
    for step in steps:
        if not isinstance(found, dict) or step not in found:
            return None
        found = found[step]
    if isinstance(found, dict):
        # The first level lists directories without a slash, as AWS's does.
        return "\n".join(entry(name, below, bool(steps)) for name, below in sorted(found.items())).encode()
    found = found() if callable(found) else found
    return found if isinstance(found, bytes) else found.encode()


def entry(name, below, slash):
    return f"{name}/" if slash and isinstance(below, dict) else name


async def lifespan(receive, send):
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
