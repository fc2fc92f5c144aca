"""A client of somebody else: the documented HTTP API, and boto3 for the content. Nothing of ours."""

import base64
import hashlib
import json
import secrets

import boto3
import urllib3
from botocore.config import Config


class Refused(Exception):
    """An answer that is not 2xx: its status and its `ErrorBody`."""

    def __init__(self, status, body):
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body
        self.code = body.get("code") if isinstance(body, dict) else None


class Api:
    """One device of one user."""

    def __init__(self, endpoint, token=None):
        self.endpoint = endpoint.rstrip("/")
        self.token = token
        self.pool = urllib3.PoolManager(maxsize=8)

    def call(self, method, path, body=None, headers=None, retries=False, raw=False):
        headers = dict(headers or {})
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        answer = self.pool.request(
            method, self.endpoint + path, body=data, headers=headers, retries=retries, timeout=90
        )
        if raw:
            return answer
        if answer.status >= 300:
            raise Refused(answer.status, told(answer.data))
        return json.loads(answer.data) if answer.data else None

    # Accounts

    def redeem(self, invitation, password, login=None, device="test"):
        body = {"invitation": invitation, "password": password, "device_name": device}
        if login:
            body["login"] = login
        answer = self.call("POST", "/v1/invitations/redeem", body)
        self.token = answer["token"]
        return answer

    # Spaces and content

    def create_space(self, name):
        return self.call("POST", "/v1/spaces", {"name": name})["id"]

    def share(self, space, login, role):
        return self.call("PUT", f"/v1/spaces/{space}/members", {"login": login, "role": role})

    def open_session(self, space, *contents):
        chunks = [{"hash": sha256(c), "size": len(c)} for c in contents]
        return self.call("POST", f"/v1/spaces/{space}/sessions", {"chunks": chunks})

    def commit(self, space, ops, session=None, commit=None):
        body = {"commit": commit or new_id(), "ops": ops}
        if session:
            body["session"] = session
        return self.call("POST", f"/v1/spaces/{space}/commits", body)["seq"]

    def put_file(self, space, name, content, parent="root"):
        """The whole upload path of FS-2 to FS-5 for one small file: (file id, sequence number)."""
        session = self.open_session(space, content)
        for chunk in session["chunks"]:
            if chunk["state"] == "need":
                put_chunk(s3_client(session["access"]), session["access"], chunk["key"], content)
        file = new_id()
        return file, self.commit(space, [create(file, name, content, parent)], session["session"])

    def changes(self, space, after=0):
        """Every journal entry after a cursor."""
        entries = []
        while True:
            page = self.call("GET", f"/v1/spaces/{space}/changes?after={after}&limit=1000")
            entries += page["entries"]
            after = page["cursor"]
            if not page["more"]:
                return entries

    def content(self, space, file):
        answer = self.call("GET", f"/v1/spaces/{space}/files/{file}/content", raw=True)
        if answer.status != 200:
            raise Refused(answer.status, told(answer.data))
        return answer.data


def told(data):
    """An `ErrorBody`, or whatever else stood in the answer: not every error is the server's own."""
    try:
        return json.loads(data)
    except ValueError:
        return data[:500].decode(errors="replace")


def create(file, name, content, parent="root"):
    """The operation that creates a file of one chunk."""
    extents = [{"chunk": sha256(content), "offset": 0, "length": len(content)}] if content else []
    return {
        "op": "create",
        "file": file,
        "parent": parent,
        "name": name,
        "content": {"hash": sha256(content), "size": len(content), "extents": extents},
    }


def s3_client(access, **overrides):
    """A plain boto3 client with the temporary credential that syncd issued."""
    credential = {**access["credential"], **overrides}
    return boto3.client(
        "s3",
        endpoint_url=access.get("endpoint"),
        region_name=access["region"],
        aws_access_key_id=credential["access_key_id"],
        aws_secret_access_key=credential["secret_access_key"],
        aws_session_token=credential["session_token"],
        config=Config(
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path" if access["path_style"] else "auto"},
        ),
    )


def put_chunk(s3, access, key, content):
    """What every client must send: the digest, and the promise to overwrite nothing."""
    return s3.put_object(
        Bucket=access["bucket"],
        Key=key,
        Body=content,
        IfNoneMatch="*",
        ChecksumSHA256=base64.b64encode(hashlib.sha256(content).digest()).decode(),
    )


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def new_id():
    return secrets.token_hex(16)
