//! Mail about changes (FS-6), up to the message that is handed to the mail service.

use std::time::Duration;

use protocol::id::{FileId, SpaceId};
use protocol::space::{MailMode, MailRequest, Role};
use store::{Clock, Digest, Identity, StoreError};

use crate::world::{World, mkdir, new_file};

const INTERVAL: Duration = Duration::from_secs(900);
const LEASE: Duration = Duration::from_secs(60);

async fn due(world: &World) -> Vec<Digest> {
    let now = world.clock.now();
    world.store.outbox().take_due(now, INTERVAL, LEASE).await.unwrap()
}

async fn subscribe(world: &World, who: &Identity, space: &SpaceId) {
    let mail = MailRequest { mode: MailMode::Digest };
    world.store.set_mail(who, space, mail).await.unwrap();
}

async fn three_people() -> (World, Identity, Identity, Identity, SpaceId) {
    let world = World::new().await;
    let (ada, bob, cy) =
        (world.person("ada").await, world.person("bob").await, world.person("cy").await);
    let space = world.space(&ada, "Docs").await;
    world.share(&ada, &space, &bob, Role::Editor).await;
    world.share(&ada, &space, &cy, Role::Viewer).await;
    (world, ada, bob, cy, space)
}

async fn change(world: &World, who: &Identity, space: &SpaceId, name: &str) {
    let ops = vec![mkdir(&new_file(), &FileId::root(), name)];
    world.commit(who, space, ops).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribers_get_one_digest_about_others() {
    let (world, ada, bob, cy, space) = three_people().await;
    change(&world, &ada, &space, "before").await;
    subscribe(&world, &ada, &space).await;
    subscribe(&world, &cy, &space).await;
    change(&world, &ada, &space, "a").await;
    change(&world, &bob, &space, "b").await;
    assert!(due(&world).await.is_empty(), "still gathering");
    world.wait(901);
    let mut digests = due(&world).await;
    digests.sort_by(|a, b| a.to.login.cmp(&b.to.login));
    let told: Vec<(&str, usize)> =
        digests.iter().map(|d| (d.to.login.as_str(), d.count())).collect();
    // Bob never asked; Ada is not told what she did herself, nor what was before.
    assert_eq!(told, [("ada@example.com", 1), ("cy@example.com", 2)]);
    assert_eq!(digests[0].people[0].changes[0].path.to_string(), "/b");
    assert_eq!(digests[0].people[0].login.as_deref(), Some("bob@example.com"));
    for digest in &digests {
        world.store.outbox().sent(digest).await.unwrap();
    }
    world.wait(10_000);
    assert!(due(&world).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_who_dies_is_followed_by_another() {
    let (world, ada, _, cy, space) = three_people().await;
    subscribe(&world, &cy, &space).await;
    change(&world, &ada, &space, "a").await;
    world.wait(901);
    let first = due(&world).await;
    assert_eq!(first.len(), 1);
    assert!(due(&world).await.is_empty(), "leased");
    world.wait(61);
    let second = due(&world).await;
    assert_eq!(second[0].message_id(), first[0].message_id());
    // Who lost the lease has no say any more.
    world.store.outbox().sent(&first[0]).await.unwrap();
    world.wait(61);
    let third = due(&world).await;
    assert_eq!(third.len(), 1);
    world.store.outbox().sent(&third[0]).await.unwrap();
    world.wait(10_000);
    assert!(due(&world).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_left_or_unsubscribed_gets_nothing() {
    let (world, ada, bob, cy, space) = three_people().await;
    subscribe(&world, &bob, &space).await;
    subscribe(&world, &cy, &space).await;
    change(&world, &ada, &space, "a").await;
    world.wait(901);
    let digests = due(&world).await;
    let to_cy = digests.iter().find(|digest| digest.to.id == cy.user).unwrap();
    let secret = to_cy.unsubscribe.reveal();
    let wrong = world.store.unsubscribe(&space, &cy.user, "guess").await;
    assert!(matches!(wrong, Err(StoreError::NotFound(_))));
    world.store.unsubscribe(&space, &cy.user, secret).await.unwrap();
    world.store.unsubscribe(&space, &cy.user, secret).await.unwrap();
    world.store.remove_member(&ada, &space, &bob.user).await.unwrap();
    world.wait(61);
    assert!(due(&world).await.is_empty());
    // Nobody is left to tell: commits note nothing.
    change(&world, &ada, &space, "b").await;
    world.wait(901);
    assert!(due(&world).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_fails_is_tried_again_and_given_up_in_the_end() {
    let (world, ada, _, cy, space) = three_people().await;
    subscribe(&world, &cy, &space).await;
    change(&world, &ada, &space, "a").await;
    world.wait(901);
    let mut tries = 0;
    loop {
        let digests = due(&world).await;
        let Some(digest) = digests.first() else { break };
        tries += 1;
        world.store.outbox().failed(digest, "mailbox on fire").await.unwrap();
        assert!(due(&world).await.is_empty(), "a pause follows");
        world.wait(24 * 3600);
    }
    assert_eq!(tries, store::outbox::MAX_FAILURES);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_and_a_busy_space_give_each_change_once() {
    let (world, ada, _, cy, space) = three_people().await;
    subscribe(&world, &cy, &space).await;
    let mut told = 0;
    for round in 0..3 {
        change(&world, &ada, &space, &format!("x{round}")).await;
        world.wait(901);
        let other = world.another_store().outbox();
        let now = world.clock.now();
        let name = format!("y{round}");
        let (one, two, ()) = tokio::join!(
            due(&world),
            async { other.take_due(now, INTERVAL, LEASE).await.unwrap() },
            change(&world, &ada, &space, &name)
        );
        for digest in one.iter().chain(&two) {
            told += digest.count();
            world.store.outbox().sent(digest).await.unwrap();
        }
    }
    for _ in 0..3 {
        world.wait(2_000);
        for digest in due(&world).await {
            told += digest.count();
            world.store.outbox().sent(&digest).await.unwrap();
        }
    }
    assert_eq!(told, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_range_is_counted_to_its_end() {
    let (world, ada, _, cy, space) = three_people().await;
    subscribe(&world, &cy, &space).await;
    // More journal rows than are read at once.
    for number in 0..203 {
        change(&world, &ada, &space, &format!("d{number}")).await;
    }
    world.wait(901);
    let digests = due(&world).await;
    let ada = &digests[0].people[0];
    assert_eq!((ada.changes.len(), ada.more), (store::outbox::MAX_LINES, 153));
    assert_eq!(ada.changes[0].path.to_string(), "/d0");
}

/// Messages that lost their reader do not hold up those behind them.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_nothing_to_say_is_passed_over() {
    let (world, ada, _, cy, first) = three_people().await;
    let mut spaces = vec![first];
    for number in 0..20 {
        let space = world.space(&ada, &format!("Docs {number}")).await;
        world.share(&ada, &space, &cy, Role::Viewer).await;
        spaces.push(space);
    }
    for space in &spaces {
        subscribe(&world, &cy, space).await;
        change(&world, &ada, space, "a").await;
    }
    world.wait(901);
    let taken = due(&world).await;
    assert_eq!(taken.len(), 20, "one batch");
    // Messages stand in the order of their spaces.
    spaces.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    let last = spaces.pop().unwrap();
    for space in &spaces {
        let mail = MailRequest { mode: MailMode::Off };
        world.store.set_mail(&cy, space, mail).await.unwrap();
    }
    world.wait(61);
    let told: Vec<SpaceId> = due(&world).await.into_iter().map(|digest| digest.space).collect();
    assert_eq!(told, [last]);
}
