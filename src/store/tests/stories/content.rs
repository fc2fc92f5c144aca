//! What may be committed as content, and how it is read.

use aws_sdk_s3::primitives::ByteStream;
use protocol::commit::{Content, Extent, Op};
use protocol::file::{LocateItem, LocateRequest};
use protocol::hash::ContentHash;
use protocol::id::{FileId, SessionId};
use protocol::upload::{ChunkClaim, ChunkState, DeclareRequest};
use store::StoreError;

use crate::world::{World, collect, create, declare, new_file, request, whole};

fn one(bytes: &[u8]) -> Vec<Op> {
    vec![create(&new_file(), &FileId::root(), &new_file().to_string(), whole(bytes))]
}

/// FS-3: whoever only knows a digest gets nothing by it.
#[tokio::test(flavor = "multi_thread")]
async fn undeclared_content_is_refused() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let space = world.space(&ada, "Docs").await;
    world.file(&ada, &space, "a", b"known").await;
    let session = world.brought(&ada, &space, &[b"mine"]).await;
    for session in [Some(session), None] {
        let commit = request(session, one(b"known"));
        let refused = world.store.commit(&ada, &space, commit).await.unwrap_err();
        assert!(matches!(refused, StoreError::UndeclaredContent(_)), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_never_arrived_is_missing() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let space = world.space(&ada, "Docs").await;
    let opened = world.session(&ada, &space, &[b"promised"]).await;
    let commit = request(Some(opened.session), one(b"promised"));
    match world.store.commit(&ada, &space, commit.clone()).await {
        Err(StoreError::ContentMissing(chunks)) => {
            assert_eq!(chunks, [ContentHash::of(b"promised")]);
        }
        other => panic!("{other:?}"),
    }
    // The upload may still come, and the same commit then succeeds.
    assert!(world.upload(&opened.access, &opened.chunks[0], b"promised").await);
    assert!(world.store.commit(&ada, &space, commit).await.is_ok());
}

/// An upload that was cut off goes on where it stopped, before anything of it was committed.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_arrived_is_not_asked_for_again() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let space = world.space(&ada, "Docs").await;
    let cut_off = world.session(&ada, &space, &[b"arrived", b"cut off"]).await;
    assert!(world.upload(&cut_off.access, &cut_off.chunks[0], b"arrived").await);

    let again = world.session(&ada, &space, &[b"arrived", b"cut off"]).await;
    let states: Vec<ChunkState> = again.chunks.iter().map(|chunk| chunk.state).collect();
    assert_eq!(states, [ChunkState::Have, ChunkState::Need]);
    assert!(
        world
            .store
            .commit(&ada, &space, request(Some(again.session), one(b"arrived")))
            .await
            .is_ok()
    );
}

/// I4, I12: other bytes under a chunk's key are found out, and the key heals.
#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_key_is_refused_and_replaced() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let space = world.space(&ada, "Docs").await;
    let opened = world.session(&ada, &space, &[b"honest bytes"]).await;
    assert!(world.upload(&opened.access, &opened.chunks[0], b"other bytes!").await);
    let commit = request(Some(opened.session.clone()), one(b"honest bytes"));
    let refused = world.store.commit(&ada, &space, commit.clone()).await.unwrap_err();
    assert!(matches!(refused, StoreError::ContentMissing(_)));

    let again = declare(&[b"honest bytes"]);
    let again = world.store.declare(&ada, &space, &opened.session, again).await.unwrap();
    assert_eq!(again.chunks[0].state, ChunkState::Need);
    assert!(again.chunks[0].key.ends_with(".2"), "{}", again.chunks[0].key);
    assert!(world.upload(&opened.access, &again.chunks[0], b"honest bytes").await);
    world.store.commit(&ada, &space, commit).await.unwrap();
}

/// An object without S3's own SHA-256 proves nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_without_a_digest_does_not_count() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let space = world.space(&ada, "Docs").await;
    let opened = world.session(&ada, &space, &[b"bytes"]).await;
    let put = world.s3_as(&opened.access).put_object();
    let put = put.bucket(&opened.access.bucket).key(&opened.chunks[0].key).if_none_match("*");
    put.body(ByteStream::from_static(b"bytes")).send().await.unwrap();
    let commit = request(Some(opened.session), one(b"bytes"));
    let refused = world.store.commit(&ada, &space, commit).await.unwrap_err();
    assert!(matches!(refused, StoreError::ContentMissing(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn extents_must_lie_in_their_chunks_and_sizes_must_be_true() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let space = world.space(&ada, "Docs").await;
    let session = world.brought(&ada, &space, &[b"0123456789"]).await;
    let chunk = ContentHash::of(b"0123456789");
    let content = |offset, length, hash| Content {
        hash,
        size: length,
        extents: vec![Extent { chunk, offset, length }],
    };
    for bad in
        [content(5, 6, chunk), content(u64::MAX, 1, chunk), content(0, 10, ContentHash::of(b"x"))]
    {
        let ops = vec![create(&new_file(), &FileId::root(), "a", bad)];
        let commit = request(Some(session.clone()), ops);
        let refused = world.store.commit(&ada, &space, commit).await.unwrap_err();
        assert!(matches!(refused, StoreError::InvalidRequest(_)), "{refused:?}");
    }
    let lie = DeclareRequest { chunks: vec![ChunkClaim { hash: chunk, size: 11 }] };
    let fresh = world.store.open_session(&ada, &space, lie.clone()).await.unwrap();
    let stretched = vec![create(&new_file(), &FileId::root(), "a", content(1, 10, chunk))];
    let commit = request(Some(fresh.session), stretched);
    let refused = world.store.commit(&ada, &space, commit).await.unwrap_err();
    assert!(matches!(refused, StoreError::InvalidRequest(_)), "{refused:?}");
    // Once the object was seen, its size is known to all.
    let refused = world.store.open_session(&ada, &space, lie).await.unwrap_err();
    assert!(matches!(refused, StoreError::InvalidRequest(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_belongs_to_its_device_and_ends() {
    let world = World::new().await;
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    let space = world.space(&ada, "Docs").await;
    let other = world.space(&ada, "Other").await;
    world.share(&ada, &space, &bob, protocol::space::Role::Editor).await;
    let session = world.brought(&ada, &space, &[b"x"]).await;
    let closed = |error| matches!(error, StoreError::SessionClosed);
    let commit = |session: &SessionId| request(Some(session.clone()), one(b"x"));
    assert!(closed(world.store.commit(&bob, &space, commit(&session)).await.unwrap_err()));
    assert!(closed(world.store.commit(&ada, &other, commit(&session)).await.unwrap_err()));
    assert!(closed(
        world.store.declare(&bob, &space, &session, declare(&[b"y"])).await.unwrap_err()
    ));
    assert!(world.store.renew_access(&ada, &space, &session).await.is_ok());
    world.wait(25 * 3600);
    assert!(closed(world.store.commit(&ada, &space, commit(&session)).await.unwrap_err()));
    assert!(closed(world.store.renew_access(&ada, &space, &session).await.unwrap_err()));
}

/// Small files share a chunk; a file of very many extents has them in an object of their own.
#[tokio::test(flavor = "multi_thread")]
async fn packs_and_long_extent_lists_are_read_back_exactly() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let space = world.space(&ada, "Docs").await;
    let pack: Vec<u8> = (0..6_000_u32).map(|n| (n % 251) as u8).collect();
    let chunk = ContentHash::of(&pack);
    let session = world.brought(&ada, &space, &[&pack]).await;
    // Every second byte, backwards: 2,500 extents, more than a row takes.
    let offsets: Vec<u64> = (0..2_500).map(|n| 5_000 - 2 * n).collect();
    let long: Vec<u8> = offsets.iter().map(|at| pack[*at as usize]).collect();
    let extents = offsets.iter().map(|offset| Extent { chunk, offset: *offset, length: 1 });
    let long_content =
        Content { hash: ContentHash::of(&long), size: 2_500, extents: extents.collect() };
    let small = Content {
        hash: ContentHash::of(&pack[100..150]),
        size: 50,
        extents: vec![Extent { chunk, offset: 100, length: 50 }],
    };
    let files = [new_file(), new_file()];
    let contents = [long_content, small];
    let ops = files
        .iter()
        .zip(contents)
        .map(|(file, content)| create(file, &FileId::root(), file.as_str(), content));
    world.store.commit(&ada, &space, request(Some(session), ops.collect())).await.unwrap();

    assert_eq!(world.read(&ada, &space, &files[0], None).await, long);
    assert_eq!(world.read(&ada, &space, &files[1], None).await, &pack[100..150]);
    let part = world.store.read(&ada, &space, &files[1], None, Some(10..20)).await.unwrap();
    assert_eq!((part.size, part.range.clone()), (50, 10..20));
    assert_eq!(collect(part).await.unwrap(), &pack[110..120]);
    let rev = world.store.node(&ada, &space, &files[0]).await.unwrap().content_rev;
    let item = LocateItem { file: files[0].clone(), rev };
    for (times, fits) in [(1, true), (40, true), (41, false)] {
        let items = vec![item.clone(); times];
        let answer = world.store.locate(&ada, &space, LocateRequest { items }).await;
        match answer {
            Ok(answer) => assert!(fits && answer.items.len() == times, "{times}"),
            Err(error) => assert!(!fits && matches!(error, StoreError::TooLarge(_)), "{times}"),
        }
    }
    let beyond = world.store.read(&ada, &space, &files[1], None, Some(50..60)).await;
    assert!(matches!(beyond.map(drop), Err(StoreError::RangeNotSatisfiable { size: 50 })));
}

/// I4: a file that is a part of a pack has the digest it claims, or there is no commit.
#[tokio::test(flavor = "multi_thread")]
async fn a_packed_file_with_a_wrong_digest_is_refused() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let space = world.space(&ada, "Docs").await;
    let pack: Vec<u8> = (0..6_000_u32).map(|n| (n % 251) as u8).collect();
    let session = world.brought(&ada, &space, &[&pack]).await;
    let chunk = ContentHash::of(&pack);
    let part = |bytes: &[u8], parts: &[(u64, u64)]| Content {
        hash: ContentHash::of(bytes),
        size: parts.iter().map(|(_, length)| length).sum(),
        extents: parts
            .iter()
            .map(|(offset, length)| Extent { chunk, offset: *offset, length: *length })
            .collect(),
    };
    let two_parts = [&pack[10..20], &pack[5_000..5_500]].concat();
    let honest = [
        part(&pack[100..150], &[(100, 50)]),
        part(&two_parts, &[(10, 10), (5_000, 500)]),
        part(&pack, &[(0, 3_000), (3_000, 3_000)]),
    ];
    let lies = [part(b"wrong", &[(100, 50)]), part(&two_parts, &[(5_000, 500), (10, 10)])];
    for lie in lies {
        let files = honest.iter().chain([&lie]);
        let ops: Vec<Op> = files
            .map(|content| {
                let file = new_file();
                create(&file, &FileId::root(), file.as_str(), content.clone())
            })
            .collect();
        let liar = ops[3].file().clone();
        let commit = request(Some(session.clone()), ops);
        match world.store.commit(&ada, &space, commit).await {
            Err(StoreError::InvalidRequest(text)) => {
                assert!(text.contains(liar.as_str()), "{text}");
            }
            other => panic!("{other:?}"),
        }
    }
    let file = new_file();
    let ops = vec![create(&file, &FileId::root(), "a", honest[1].clone())];
    world.store.commit(&ada, &space, request(Some(session), ops)).await.unwrap();
    assert_eq!(world.read(&ada, &space, &file, None).await, two_parts);
}

/// I4: what is too large to be read at commit is found out by its reader, and told as permanent.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_with_a_wrong_digest_is_damaged_for_its_readers() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let space = world.space(&ada, "Docs").await;
    let chunk: Vec<u8> = (0..(5_u32 << 20)).map(|n| (n % 251) as u8).collect();
    let session = world.brought(&ada, &space, &[&chunk]).await;
    let lie = |length| Content {
        hash: ContentHash::of(b"wrong"),
        size: length,
        extents: vec![Extent { chunk: ContentHash::of(&chunk), offset: 1, length }],
    };
    let (one_read, more) = (new_file(), new_file());
    let ops = vec![
        create(&one_read, &FileId::root(), "one read", lie(2 << 20)),
        create(&more, &FileId::root(), "more", lie((5 << 20) - 1)),
    ];
    world.store.commit(&ada, &space, request(Some(session), ops)).await.unwrap();
    let damaged = |error: &StoreError, file: &FileId| matches!(error, StoreError::ContentDamaged { file: named, .. } if named == file);
    for file in [one_read, more] {
        let stream = world.store.read(&ada, &space, &file, None, None).await.unwrap();
        let error = collect(stream).await.unwrap_err().downcast::<StoreError>().unwrap();
        assert!(damaged(&error, &file), "{error:?}");
        // Not the store, but who uploaded it.
        assert!(error.to_string().contains("ada@example.com declared"), "{error}");
        // Whoever asks again is told before the first byte.
        let again = world.store.read(&ada, &space, &file, None, None).await.map(drop).unwrap_err();
        assert!(damaged(&again, &file), "{again:?}");
        assert!(again.to_string().contains("ada@example.com declared"), "{again}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_chunks_are_declared_at_once_and_no_more() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let space = world.space(&ada, "Docs").await;
    let claim = |n: u32| ChunkClaim { hash: ContentHash::of(&n.to_be_bytes()), size: 4 };
    let chunks: Vec<ChunkClaim> = (0..1_000).map(claim).collect();
    let opened = world.store.open_session(&ada, &space, DeclareRequest { chunks }).await.unwrap();
    assert_eq!(opened.chunks.len(), 1_000);
    assert!(opened.chunks.iter().enumerate().all(|(n, chunk)| chunk.hash == claim(n as u32).hash));
    let chunks: Vec<ChunkClaim> = (0..1_001).map(claim).collect();
    let refused = world.store.open_session(&ada, &space, DeclareRequest { chunks }).await;
    assert!(matches!(refused, Err(StoreError::TooLarge(_))));
}
