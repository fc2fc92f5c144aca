//! The wire format is a promise: these texts may only ever gain optional fields.

use protocol::commit::{CommitRequest, MAX_COMMIT_COST, Op};
use protocol::error::{ErrorBody, ErrorCode};
use protocol::upload::{TemporaryCredential, chunk_key};

#[test]
fn a_commit_reads_as_documented() {
    let text = r#"{
        "commit": "c1", "session": "s1",
        "ops": [
            {"op": "mkdir", "file": "d1", "parent": "root", "name": "reports"},
            {"op": "create", "file": "f1", "parent": "d1", "name": "a.txt",
             "content": {"hash": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                         "size": 0, "extents": []},
             "meta": {"mtime_ns": -1, "executable": true}},
            {"op": "delete", "file": "f0", "base": 7}
        ]
    }"#;
    let commit: CommitRequest = serde_json::from_str(text).unwrap();
    assert_eq!(commit.ops.iter().map(Op::cost).sum::<usize>(), 7);
    let again: CommitRequest =
        serde_json::from_value(serde_json::to_value(&commit).unwrap()).unwrap();
    assert_eq!(again.ops, commit.ops);
}

#[test]
fn a_field_nobody_knows_is_refused() {
    let text = r#"{"commit": "c1", "ops": [], "forse": true}"#;
    let error = serde_json::from_str::<CommitRequest>(text).unwrap_err().to_string();
    assert!(error.contains("unknown field `forse`"), "{error}");
}

#[test]
fn a_newer_servers_error_code_is_no_parse_error() {
    let body: ErrorBody =
        serde_json::from_str(r#"{"code": "quota_exceeded", "message": "full"}"#).unwrap();
    assert_eq!(body.code, ErrorCode::Unknown);
}

#[test]
fn a_credential_cannot_be_printed_by_accident() {
    let credential = TemporaryCredential {
        access_key_id: "ASIAEXAMPLE".to_owned(),
        secret_access_key: "very-secret".to_owned(),
        session_token: "also-secret".to_owned(),
        expires_at: "2026-01-01T00:00:00Z".to_owned(),
    };
    let shown = format!("{credential:?}");
    assert!(!shown.contains("very-secret") && !shown.contains("also-secret"), "{shown}");
}

#[test]
fn a_transaction_has_room_for_the_commits_own_rows() {
    // Journal row, commit id, session check, membership check, space check, mail outbox; DynamoDB
    // allows 100 items in a transaction (facts: `sync.md` section 5.1).
    assert_eq!(MAX_COMMIT_COST + 6, 100);
}

#[test]
fn keys_keep_spaces_and_generations_apart() {
    let space = "5a".parse().unwrap();
    let hash = protocol::hash::ContentHash::of(b"");
    assert_eq!(
        chunk_key(&space, &hash, 1),
        "s/5a/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.1"
    );
}
