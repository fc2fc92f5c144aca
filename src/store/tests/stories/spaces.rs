//! Who sees and does what in a space.

use protocol::file::{CheckRequest, LocateRequest};
use protocol::id::FileId;
use protocol::name::SpacePath;
use protocol::space::{CreateSpaceRequest, MailMode, MailRequest, Role, ShareRequest};
use store::StoreError;

use crate::world::{World, declare, mkdir, new_file};

fn is_absent<T>(result: store::Result<T>) -> bool {
    matches!(result, Err(StoreError::NotFound(_)))
}

/// I14: for whom is no member, the space does not exist.
#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_sees_nothing() {
    let world = World::new().await;
    let (ada, eve) = (world.person("ada").await, world.person("eve").await);
    let space = world.space(&ada, "Photos").await;
    let file = world.file(&ada, &space, "a.txt", b"secret").await.file;
    let (store, root) = (&world.store, SpacePath::root());
    assert!(is_absent(store.space(&eve, &space).await));
    assert!(is_absent(store.members(&eve, &space).await));
    assert!(is_absent(store.changes(&eve, &space, 0, None, None).await));
    assert!(is_absent(store.entries(&eve, &space, &root, None, None).await));
    assert!(is_absent(store.check(&eve, &space, CheckRequest { items: vec![] }).await));
    assert!(is_absent(store.locate(&eve, &space, LocateRequest { items: vec![] }).await));
    assert!(is_absent(store.versions(&eve, &space, &file).await));
    assert!(is_absent(store.node(&eve, &space, &file).await));
    assert!(is_absent(store.read(&eve, &space, &file, None, None).await.map(drop)));
    assert!(is_absent(store.open_session(&eve, &space, declare(&[b"x"])).await));
    assert!(is_absent(store.reader_access(&eve, &space).await));
    assert!(is_absent(
        world.commit(&eve, &space, vec![mkdir(&new_file(), &FileId::root(), "d")]).await
    ));
    let mail = MailRequest { mode: MailMode::Digest };
    assert!(is_absent(store.set_mail(&eve, &space, mail).await));
    assert!(is_absent(store.remove_member(&eve, &space, &eve.user).await));
    assert!(store.spaces(&eve).await.unwrap().spaces.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_read_editors_write_owners_share() {
    let world = World::new().await;
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    let space = world.space(&ada, "Photos").await;
    let directory = || vec![mkdir(&new_file(), &FileId::root(), &new_file().to_string())];
    let share = |login: &str, role| ShareRequest { login: login.to_owned(), role };
    let forbidden = |error: StoreError| matches!(error, StoreError::Forbidden(_));

    world.share(&ada, &space, &bob, Role::Viewer).await;
    assert!(world.store.changes(&bob, &space, 0, None, None).await.is_ok());
    assert!(world.store.reader_access(&bob, &space).await.is_ok());
    assert!(forbidden(world.commit(&bob, &space, directory()).await.unwrap_err()));
    let session = world.store.open_session(&bob, &space, declare(&[b"x"])).await;
    assert!(forbidden(session.unwrap_err()));

    world.share(&ada, &space, &bob, Role::Editor).await;
    assert!(world.commit(&bob, &space, directory()).await.is_ok());
    let up = world.store.share(&bob, &space, share("bob@example.com", Role::Owner)).await;
    assert!(forbidden(up.unwrap_err()));
    assert!(forbidden(world.store.remove_member(&bob, &space, &ada.user).await.unwrap_err()));

    // Removal counts at once.
    world.store.remove_member(&ada, &space, &bob.user).await.unwrap();
    assert!(is_absent(world.commit(&bob, &space, directory()).await));
    assert!(is_absent(
        world.store.share(&ada, &space, share("no@example.com", Role::Viewer)).await
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_space_never_loses_its_last_owner() {
    let world = World::new().await;
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    let space = world.space(&ada, "Photos").await;
    let down = ShareRequest { login: ada.login.clone(), role: Role::Editor };
    let refused = world.store.share(&ada, &space, down.clone()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Forbidden(_)));
    let refused = world.store.remove_member(&ada, &space, &ada.user).await.unwrap_err();
    assert!(matches!(refused, StoreError::Forbidden(_)));

    // Two owners who remove themselves at the same time: one stays.
    world.share(&ada, &space, &bob, Role::Owner).await;
    let (a, b) = tokio::join!(
        world.store.remove_member(&ada, &space, &ada.user),
        world.store.remove_member(&bob, &space, &bob.user)
    );
    assert_eq!([a.is_ok(), b.is_ok()].iter().filter(|ok| **ok).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_spaces_are_unique_per_creator() {
    let world = World::new().await;
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    world.space(&ada, "Photos").await;
    let twice = CreateSpaceRequest { name: "PHOTOS".to_owned() };
    let refused = world.store.create_space(&ada, twice).await.unwrap_err();
    assert!(matches!(refused, StoreError::AlreadyExists(_)));
    world.space(&bob, "Photos").await;
    assert_eq!(world.store.spaces(&ada).await.unwrap().spaces.len(), 1);
}
