"""The client of somebody else: aws-cli, boto3 and an OpenAPI validator against a running service."""

import base64
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from client import create, new_id, put_chunk, s3_client
from openapi_spec_validator import validate

AWS = Path(sys.executable).parent / "aws"


@pytest.fixture(scope="module")
def opened(module_service):
    """A user, a space, and a session for two chunks."""
    api = module_service.user("ada@x.example")
    space = api.create_space("work")
    contents = [b"by aws-cli " * 1000, os.urandom(3_000_000)]
    return api, space, contents, api.open_session(space, *contents)


def aws_s3api(home, access, *words):
    credential = access["credential"]
    env = {
        **home.env,
        "AWS_ACCESS_KEY_ID": credential["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": credential["secret_access_key"],
        "AWS_SESSION_TOKEN": credential["session_token"],
        "AWS_DEFAULT_REGION": access["region"],
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    done = subprocess.run(
        [AWS, "s3api", "--endpoint-url", access["endpoint"], *words], env=env, text=True, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else {}


def test_aws_cli_puts_and_gets_a_chunk_that_can_be_committed(module_service, opened, tmp_path):
    api, space, (content, _), session = opened
    access, key = session["access"], session["chunks"][0]["key"]
    body = tmp_path / "chunk"
    body.write_bytes(content)
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    where = ["--bucket", access["bucket"], "--key", key]
    aws_s3api(module_service, access, "put-object", *where, "--body", body, "--if-none-match", "*", "--checksum-sha256", digest)
    got = tmp_path / "got"
    answer = aws_s3api(module_service, access, "get-object", *where, "--checksum-mode", "ENABLED", got)
    assert got.read_bytes() == content and answer["ChecksumSHA256"] == digest
    seq = api.commit(space, [create(new_id(), "by-aws-cli.txt", content)], session["session"])
    assert api.changes(space)[-1]["seq"] == seq


def test_boto3_puts_and_gets_a_chunk_that_can_be_committed(opened):
    api, space, (_, content), session = opened
    access, key = session["access"], session["chunks"][1]["key"]
    s3 = s3_client(access)
    put_chunk(s3, access, key, content)
    part = s3.get_object(Bucket=access["bucket"], Key=key, Range="bytes=1000-1999")
    assert part["Body"].read() == content[1000:2000]
    file = new_id()
    api.commit(space, [create(file, "by-boto3.bin", content)], session["session"])
    assert api.content(space, file) == content


def test_the_api_describes_itself(opened):
    api = opened[0]
    document = api.call("GET", "/v1/openapi.json")
    validate(document)
    assert "/v1/spaces/{space}/commits" in document["paths"]
