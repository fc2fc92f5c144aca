//! Runs whose means end in the middle: a credential, a cursor, an upload session.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use protocol::error::ErrorCode;
use sync::pull::Different;
use sync::synchronise::Pairing;

use crate::moments::{Moment, Scripted};
use crate::world::{Device, World, noise};

/// FS-3: a push that takes longer than its credential lives asks for another, once.
#[tokio::test(flavor = "multi_thread")]
async fn a_push_outlives_its_credential() {
    let world = World::start().await;
    let file = world.path("large");
    fs::write(&file, noise(11, 60_000_000)).unwrap();
    let first = AtomicUsize::new(0);
    let service = Scripted::new(&world.api, move |moment| match moment {
        Moment::Put { credential: 1 } if first.fetch_add(1, Ordering::Relaxed) >= 2 => {
            Err(ErrorCode::Unauthenticated)
        }
        _ => Ok(()),
    });
    let summary = world.push_through(service.clone(), &file, "/").await.unwrap();
    assert_eq!((summary.created, summary.problems.len()), (1, 0));
    let seen = service.seen();
    let renewals = seen.iter().filter(|moment| **moment == Moment::RenewAccess);
    assert_eq!(renewals.count(), 1);
    assert!(seen.contains(&Moment::Put { credential: 2 }));
    same_as_in_the_space(&world, "large").await;
}

/// A push whose store fails half-way is finished by the next one, which opens a session of its own
/// and finds the first one's objects under the same keys.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_session_uploaded_is_taken_over_by_the_next() {
    let world = World::start().await;
    let file = world.path("large");
    fs::write(&file, noise(12, 60_000_000)).unwrap();
    let puts = AtomicUsize::new(0);
    let service = Scripted::new(&world.api, move |moment| match moment {
        Moment::Put { .. } if puts.fetch_add(1, Ordering::Relaxed) >= 3 => Err(ErrorCode::Internal),
        _ => Ok(()),
    });
    world.push_through(service, &file, "/").await.unwrap_err();
    assert!(world.listing().await.is_empty(), "I4: nothing half is visible");
    let summary = world.push(&file, "/").await;
    assert_eq!((summary.created, summary.problems.len(), summary.commits), (1, 0, 1));
    same_as_in_the_space(&world, "large").await;
}

async fn same_as_in_the_space(world: &World, name: &str) {
    let target = world.path("pulled");
    world.pull(&format!("/{name}"), &target, Different::Keep).await;
    assert!(fs::read(world.path(name)).unwrap() == fs::read(target.join(name)).unwrap());
}

fn forget_epoch(device: &Device) {
    let states = fs::read_dir(device.state.join("roots")).unwrap();
    let mut states = states.map(|entry| entry.unwrap().path());
    let state = states.find(|path| path.extension().is_some_and(|end| end == "sqlite")).unwrap();
    let state = rusqlite::Connection::open(state).unwrap();
    let earlier = protocol::id::Epoch::from_random(7).to_string();
    let changed = state.execute("UPDATE fact SET value = ?1 WHERE name = 'epoch'", [earlier]);
    assert_eq!(changed.unwrap(), 1);
}

/// I3, I15: a service that was restored, or forgot that much of its journal, justifies no deletion.
#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_is_not_accepted_any_more_joins_both_sides() {
    let world = World::start().await;
    let (one, two) = (world.device("one"), world.device("two"));
    for (name, content) in [("same", "1"), ("removed here", "2"), ("edited here", "3")] {
        one.write(name, content);
    }
    world.sync(&one).await;
    world.sync(&two).await;
    one.remove("removed here");
    one.write("edited here", "4");
    one.write("new here", "5");
    forget_epoch(&one);
    let joined = world.sync(&one).await;
    assert_eq!((joined.deleted_here, joined.deleted_there), (0, 0));
    assert_eq!(one.read("removed here"), b"2", "it comes back rather than disappear there");
    world.sync(&two).await;
    assert_eq!(one.tree(), two.tree());
    let kept: Vec<_> = one.tree().into_values().flatten().collect();
    assert!(
        ["1", "2", "3", "4", "5"].iter().all(|value| kept.iter().any(|k| k == value.as_bytes()))
    );
    let quiet = world.sync(&one).await;
    assert_eq!((quiet.commits, quiet.uploaded_bytes, quiet.downloaded_bytes), (0, 0, 0));

    // The server says so itself, in the middle of an ordinary life.
    two.remove("new here");
    let mut first = true;
    let service = Scripted::new(&world.api, move |moment| {
        let refuse = *moment == Moment::Changes && std::mem::take(&mut first);
        if refuse { Err(ErrorCode::CursorReset) } else { Ok(()) }
    });
    let joined = world.sync_through(service, &two, Pairing::Continue).await.unwrap();
    assert_eq!((joined.deleted_here, joined.deleted_there, joined.conflicts), (0, 0, 0));
    assert_eq!(one.tree(), two.tree());
}
