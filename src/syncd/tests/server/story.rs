use protocol::changes::{Action, ChangesResponse};
use protocol::commit::Op;
use protocol::file::{CheckResponse, CheckState, EntriesResponse, VersionList};
use protocol::hash::ContentHash;
use reqwest::StatusCode;
use serde_json::json;

use crate::support::{Service, commit, content, put_object, read};

/// FS-2 to FS-5 and FS-7 in one sitting: from the invitation to the tombstone.
#[tokio::test]
async fn a_file_from_upload_to_tombstone() {
    let service = Service::start().await;
    let ana = service.first("ana@example.com").await;
    let bo = service.person("bo@example.com").await;
    let space = ana.make_space("reports").await;
    ana.share(&space, &bo, "editor").await;

    // Bo waits for a change while Ana brings one.
    let changes = format!("/v1/spaces/{space}/changes");
    let waiting = tokio::spawn({
        let (bo, path) = (bo.clone(), format!("{changes}?after=0&wait=30"));
        async move { read::<ChangesResponse>(bo.get(&path).await).await }
    });
    let first = b"figures of the first quarter";
    let (file, rev) = ana.push(&space, "q1.txt", first).await;
    let woken = waiting.await.unwrap();
    assert_eq!((woken.cursor, woken.more), (rev, false));
    assert_eq!(woken.entries[0].changes[0].action, Action::Create);
    assert_eq!(woken.entries[0].user, ana.login.user.id);

    // The same bytes are current, others are not.
    let check = format!("/v1/spaces/{space}/check");
    let item = |bytes: &[u8]| json!({ "path": "/q1.txt", "sha256": ContentHash::of(bytes) });
    let body = json!({ "items": [item(first), item(b"else")] });
    let checked: CheckResponse = read(bo.post(&check, &body).await).await;
    let states: Vec<CheckState> = checked.items.iter().map(|item| item.state).collect();
    assert_eq!(states, [CheckState::Current, CheckState::Different]);

    // Bo edits; Ana's copy is outdated then, and both versions can be read.
    let second = b"figures of the first quarter, corrected";
    let session = bo.open_session(&space, second).await;
    put_object(&session.access, &session.chunks[0].key, second).await;
    let mut edit = commit(vec![Op::Edit {
        file: file.clone(),
        base: rev,
        content: content(second),
        meta: Default::default(),
    }]);
    edit.session = Some(session.session);
    let edited = bo.commit(&space, &edit).await;
    assert_eq!(bo.commit(&space, &edit).await, edited, "a repeated commit id");
    let checked: CheckResponse = read(ana.post(&check, &body).await).await;
    assert_eq!(checked.items[0].state, CheckState::Outdated);
    let versions: VersionList =
        read(ana.get(&format!("/v1/spaces/{space}/files/{file}/versions")).await).await;
    let revs: Vec<u64> = versions.versions.iter().map(|version| version.rev).collect();
    assert_eq!(revs, [edited.seq, rev]);
    for (rev, bytes) in [(rev, &first[..]), (edited.seq, &second[..])] {
        let path = format!("/v1/spaces/{space}/files/{file}/content?rev={rev}");
        assert_eq!(ana.get(&path).await.bytes().await.unwrap(), bytes);
    }

    // Ana deletes: a tombstone in the journal, nothing in the listing, the versions stay.
    let delete = commit(vec![Op::Delete { file: file.clone(), base: edited.seq }]);
    let deleted = ana.commit(&space, &delete).await;
    let path = format!("{changes}?after={}", edited.seq);
    let rest: ChangesResponse = read(bo.get(&path).await).await;
    assert_eq!(rest.cursor, deleted.seq);
    assert_eq!(rest.entries[0].changes[0].action, Action::Delete);
    let entries: EntriesResponse =
        read(bo.get(&format!("/v1/spaces/{space}/entries?path=/")).await).await;
    assert_eq!(entries.entries, []);
    let gone = bo.get(&format!("/v1/spaces/{space}/content?path=/q1.txt")).await;
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
    let path = format!("/v1/spaces/{space}/files/{file}/content?rev={rev}");
    assert_eq!(bo.get(&path).await.bytes().await.unwrap(), &first[..]);
}

/// FS-4: what was never declared, or never uploaded, can't be committed.
#[tokio::test]
async fn only_declared_and_uploaded_content_is_committed() {
    let service = Service::start().await;
    let ana = service.first("ana@example.com").await;
    let space = ana.make_space("reports").await;
    let declared = b"declared, but not uploaded";
    let session = ana.open_session(&space, declared).await.session;
    let create = |bytes: &[u8]| {
        let mut request = commit(vec![Op::Create {
            file: protocol::id::FileId::from_random(rand::random()),
            parent: protocol::id::FileId::root(),
            name: "a.txt".parse().unwrap(),
            content: content(bytes),
            meta: Default::default(),
        }]);
        request.session = Some(session.clone());
        request
    };
    let missing = ana.try_commit(&space, &create(declared)).await;
    assert_eq!(missing.status(), StatusCode::CONFLICT);
    let body: protocol::error::ErrorBody = missing.json().await.unwrap();
    assert_eq!(body.chunks, [ContentHash::of(declared)]);
    let undeclared = ana.try_commit(&space, &create(b"never declared")).await;
    assert_eq!(undeclared.status(), StatusCode::FORBIDDEN);
}
