"""FS-3: a temporary credential lets its user create new objects in one space, and nothing else.

Every attempt is made by boto3, with a credential that a running service issued.
"""

import base64
import hashlib

import pytest
from botocore.exceptions import ClientError
from client import Api, Refused, create, new_id, put_chunk, s3_client, sha256

CONTENT = b"a chunk that nobody else has"


@pytest.fixture(scope="module")
def world(module_service):
    """Two owners with a space each; a viewer of the first space; one chunk committed there."""
    ada, eve, vic = (module_service.user(login) for login in ("ada@x.example", "eve@x.example", "vic@x.example"))
    space, foreign = ada.create_space("ours"), eve.create_space("theirs")
    ada.share(space, "vic@x.example", "viewer")
    ada.put_file(space, "kept.txt", CONTENT)
    session = ada.open_session(space, b"new", CONTENT)
    assert [chunk["state"] for chunk in session["chunks"]] == ["need", "have"]
    theirs = eve.open_session(foreign, b"their secret")
    put_chunk(s3_client(theirs["access"]), theirs["access"], theirs["chunks"][0]["key"], b"their secret")
    return {
        "ada": ada, "vic": vic, "eve": eve, "space": space, "foreign": foreign, "session": session,
        "access": session["access"], "new_key": session["chunks"][0]["key"],
        "kept_key": session["chunks"][1]["key"], "their_key": theirs["chunks"][0]["key"],
        "service": module_service,
    }  # fmt: skip


def refusal(attempt):
    with pytest.raises(ClientError) as refused:
        attempt()
    return refused.value.response["Error"]["Code"], refused.value.response["ResponseMetadata"]["HTTPStatusCode"]


def digest(content):
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def test_a_writer_creates_and_reads_in_its_own_space(world):
    access, s3 = world["access"], s3_client(world["access"])
    put_chunk(s3, access, world["new_key"], b"new")
    assert s3.get_object(Bucket=access["bucket"], Key=world["new_key"])["Body"].read() == b"new"
    head = s3.head_object(Bucket=access["bucket"], Key=world["new_key"], ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"] == digest(b"new")


@pytest.mark.parametrize("operation", ["get", "put", "head"])
def test_another_space_is_out_of_reach(world, operation):
    access, s3 = world["access"], s3_client(world["access"])
    attempt = {
        "get": lambda: s3.get_object(Bucket=access["bucket"], Key=world["their_key"]),
        "head": lambda: s3.head_object(Bucket=access["bucket"], Key=world["their_key"]),
        "put": lambda: put_chunk(s3, access, f"s/{world['foreign']}/{sha256(b'x')}.0", b"x"),
    }[operation]
    code, status = refusal(attempt)
    assert status == 403 and code in ("AccessDenied", "403")


@pytest.mark.parametrize("key", ["s/{space}x/k", "s/", "k", "S/{space}/k", "//s/{space}/k"])
def test_a_key_beside_the_prefix_is_out_of_reach(world, key):
    access, s3 = world["access"], s3_client(world["access"])
    key = key.format(space=world["space"], foreign=world["foreign"])
    _, status = refusal(lambda: put_chunk(s3, access, key, b"x"))
    assert status in (400, 403)


def test_dots_in_a_key_are_only_dots(world):
    """S3 keys are opaque: `..` climbs nowhere, so nothing appears in the other space."""
    access, s3 = world["access"], s3_client(world["access"])
    put_chunk(s3, access, f"s/{world['space']}/../{world['foreign']}/k", b"x")
    theirs = world["eve"].open_session(world["foreign"], b"x")["access"]
    _, status = refusal(lambda: s3_client(theirs).get_object(Bucket=theirs["bucket"], Key=f"s/{world['foreign']}/k"))
    assert status in (403, 404)


def test_a_viewer_reads_and_cannot_write(world):
    vic, space = world["vic"], world["space"]
    with pytest.raises(Refused) as refused:
        vic.open_session(space, b"mine now")
    assert (refused.value.status, refused.value.code) == (403, "forbidden")
    access = vic.call("POST", f"/v1/spaces/{space}/access")
    s3 = s3_client(access)
    assert s3.get_object(Bucket=access["bucket"], Key=world["kept_key"])["Body"].read() == CONTENT
    assert refusal(lambda: put_chunk(s3, access, f"s/{space}/{sha256(b'v')}.0", b"v")) == ("AccessDenied", 403)
    with pytest.raises(Refused) as refused:
        vic.commit(space, [{"op": "mkdir", "file": new_id(), "parent": "root", "name": "d"}])
    assert refused.value.code == "forbidden"


def test_nobody_lists(world):
    access, s3 = world["access"], s3_client(world["access"])
    for attempt in (
        lambda: s3.list_objects_v2(Bucket=access["bucket"]),
        lambda: s3.list_objects_v2(Bucket=access["bucket"], Prefix=access["prefix"]),
        lambda: s3.list_objects(Bucket=access["bucket"], Prefix=access["prefix"]),
        lambda: s3.list_buckets(),
        lambda: s3.list_multipart_uploads(Bucket=access["bucket"]),
    ):
        assert refusal(attempt) == ("AccessDenied", 403)


def test_nobody_deletes(world):
    access, s3 = world["access"], s3_client(world["access"])
    bucket, key = access["bucket"], world["kept_key"]
    for attempt in (
        lambda: s3.delete_object(Bucket=bucket, Key=key),
        lambda: s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}]}),
        lambda: s3.delete_bucket(Bucket=bucket),
    ):
        assert refusal(attempt) == ("AccessDenied", 403)
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == CONTENT


def test_nobody_overwrites(world):
    access, s3 = world["access"], s3_client(world["access"])
    bucket, key = access["bucket"], world["kept_key"]
    other = b"other bytes under the same key"
    assert refusal(lambda: put_chunk(s3, access, key, other)) == ("PreconditionFailed", 412)
    without_promise = lambda: s3.put_object(Bucket=bucket, Key=key, Body=other, ChecksumSHA256=digest(other))
    assert refusal(without_promise) == ("AccessDenied", 403)
    copy = lambda: s3.copy_object(Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": world["new_key"]})
    assert refusal(copy) == ("AccessDenied", 403)
    multipart = lambda: s3.create_multipart_upload(Bucket=bucket, Key=key)
    assert refusal(multipart) == ("AccessDenied", 403)
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == CONTENT


def test_a_wrong_digest_is_refused_by_the_store_itself(world):
    access, s3 = world["access"], s3_client(world["access"])
    wrong = lambda: s3.put_object(
        Bucket=access["bucket"], Key=f"{access['prefix']}{sha256(b'w')}.0", Body=b"w", IfNoneMatch="*",
        ChecksumSHA256=digest(b"not w"),
    )  # fmt: skip
    code, status = refusal(wrong)
    assert status == 400 and code in ("BadDigest", "InvalidRequest", "XAmzContentChecksumMismatch")


@pytest.mark.parametrize(
    ("part", "garbled", "codes"),
    [
        ("session_token", "garbled", {"InvalidToken"}),
        ("session_token", None, {"InvalidAccessKeyId", "InvalidToken", "AccessDenied"}),
        ("secret_access_key", "garbled", {"SignatureDoesNotMatch"}),
        ("access_key_id", "ASIAAAAAAAAAAAAAAAAA", {"InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch"}),
    ],
)
def test_a_garbled_or_missing_token_opens_nothing(world, part, garbled, codes):
    access = world["access"]
    s3 = s3_client(access, **{part: garbled})
    code, status = refusal(lambda: s3.get_object(Bucket=access["bucket"], Key=world["kept_key"]))
    assert code in codes and status in (400, 403)


def test_a_token_of_one_space_does_not_fit_the_keys_of_another(world):
    theirs = world["eve"].open_session(world["foreign"], b"z")["access"]
    mixed = {**world["access"], "credential": {**world["access"]["credential"], "session_token": theirs["credential"]["session_token"]}}
    s3 = s3_client(mixed)
    _, status = refusal(lambda: s3.get_object(Bucket=mixed["bucket"], Key=world["their_key"]))
    assert status in (400, 403)


def test_without_a_credential_nothing_opens(world):
    access = world["access"]
    for path in (world["kept_key"], "", world["kept_key"] + "?versions"):
        answer = Api(access["endpoint"]).call("GET", f"/{access['bucket']}/{path}", raw=True)
        assert answer.status == 403


def test_a_commit_takes_only_what_its_session_declared(world):
    ada, space = world["ada"], world["space"]
    session = ada.open_session(space, b"declared")
    with pytest.raises(Refused) as refused:
        ada.commit(space, [create(new_id(), "undeclared.txt", b"something else")], session["session"])
    assert (refused.value.status, refused.value.code) == (403, "undeclared_content")


def test_a_commit_takes_only_what_has_arrived(world):
    ada, space = world["ada"], world["space"]
    session = ada.open_session(space, b"declared, never uploaded")
    with pytest.raises(Refused) as refused:
        ada.commit(space, [create(new_id(), "missing.txt", b"declared, never uploaded")], session["session"])
    assert (refused.value.status, refused.value.code) == (409, "content_missing")
    assert refused.value.body["chunks"] == [sha256(b"declared, never uploaded")]


def test_another_users_session_is_closed_to_me(world):
    ada, eve = world["ada"], world["eve"]
    session = ada.open_session(world["space"], b"ada's")
    with pytest.raises(Refused) as refused:
        eve.commit(world["foreign"], [create(new_id(), "stolen.txt", b"ada's")], session["session"])
    assert refused.value.code in ("session_closed", "undeclared_content")


def test_a_foreign_space_does_not_exist(world):
    for path in ("", "/changes", "/entries", "/members", f"/content?path=/kept.txt"):
        with pytest.raises(Refused) as refused:
            world["eve"].call("GET", f"/v1/spaces/{world['space']}{path}")
        assert (refused.value.status, refused.value.code) == (404, "not_found")


@pytest.mark.parametrize("token", [None, "", "syt_garbled", "syt_" + "A" * 43])
def test_the_api_asks_for_a_token(world, token):
    stranger = Api(world["ada"].endpoint, token)
    with pytest.raises(Refused) as refused:
        stranger.call("GET", "/v1/spaces")
    assert (refused.value.status, refused.value.code) == (401, "unauthenticated")


def test_a_disabled_account_ends_the_credentials_it_holds(service):
    """FS-3: not only the next request to the server is refused, but what was handed out before, too."""
    service.up()
    ada, bob = service.user("ada@x.example"), service.user("bob@x.example")
    held = {}
    for person in (ada, bob):
        space = person.create_space("work")
        content = person.login.encode()
        session = person.open_session(space, content)
        chunk = session["chunks"][0]["key"]
        put_chunk(s3_client(session["access"]), session["access"], chunk, content)
        held[person.login] = (session["access"], chunk)

    def can_read(login):
        access, key = held[login]
        try:
            return s3_client(access).get_object(Bucket=access["bucket"], Key=key)["Body"].read() == login.encode()
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ExpiredToken", error
            return False

    assert can_read(ada.login) and can_read(bob.login)
    service.run("syncctl", "user", "disable", ada.login)
    assert not can_read(ada.login) and can_read(bob.login)
    # Unlocked, the person logs in and gets a new one; the old one stays dead.
    service.run("syncctl", "user", "enable", ada.login)
    again = service.device(ada.login, "again")
    (again.path / "file.txt").write_text("new")
    again.run("sync-agent", "push", again.path / "file.txt", "work:")
    assert not can_read(ada.login)
