//! First user, invitations, logins, tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::AttributeValue;
use protocol::account::{ChangePasswordRequest, LoginRequest};
use store::accounts::{SOURCE_WINDOW, TOKEN_MEMORY};
use store::{Clock, StoreError};

use crate::world::{PASSWORD, World};

#[tokio::test(flavor = "multi_thread")]
async fn there_is_one_first_user_however_many_try() {
    let world = World::new().await;
    let accounts = world.store.accounts();
    let earlier = accounts.invite_first().await.unwrap().unwrap();
    let invitation = accounts.invite_first().await.unwrap().unwrap();

    // A newer first-user invitation replaces the earlier one.
    let stale = world.redeem(&earlier.code, Some("old@example.com"), PASSWORD).await;
    assert!(matches!(stale, Err(StoreError::InvitationInvalid)));

    let tries = ["a@example.com", "b@example.com", "c@example.com"]
        .map(|login| world.redeem(&invitation.code, Some(login), PASSWORD));
    let outcomes = futures::future::join_all(tries).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(accounts.list().await.unwrap().len(), 1);
    assert!(accounts.invite_first().await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_made_otherwise_ends_the_first_users_invitation() {
    let world = World::new().await;
    let first = world.store.accounts().invite_first().await.unwrap().unwrap();
    world.invited("ada@example.com").await;
    let late = world.redeem(&first.code, Some("eve@example.com"), PASSWORD).await;
    assert!(matches!(late, Err(StoreError::InvitationInvalid)));
}

#[tokio::test(flavor = "multi_thread")]
async fn invitations_work_once_and_for_a_week_and_for_one_login() {
    let world = World::new().await;
    let accounts = world.store.accounts();
    let invitation = accounts.invite("Ada@Example.com").await.unwrap();
    let other = world.redeem(&invitation.code, Some("eve@example.com"), PASSWORD).await;
    assert!(matches!(other, Err(StoreError::InvalidRequest(_))));
    let short = world.redeem(&invitation.code, None, "short").await;
    assert!(matches!(short, Err(StoreError::InvalidRequest(_))));
    let response = world.redeem(&invitation.code, None, PASSWORD).await.unwrap();
    assert_eq!(response.user.login, "ada@example.com");
    let again = world.redeem(&invitation.code, None, PASSWORD).await;
    assert!(matches!(again, Err(StoreError::InvitationInvalid)));

    let taken = accounts.invite("ada@example.com").await;
    assert!(matches!(taken, Err(StoreError::AlreadyExists(_))));
    let late = accounts.invite("bob@example.com").await.unwrap();
    world.wait(8 * 24 * 3600);
    let late = world.redeem(&late.code, None, PASSWORD).await;
    assert!(matches!(late, Err(StoreError::InvitationInvalid)));
}

/// A second invitation for the same person is a decision: two codes on their way are one too many.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_has_one_invitation_at_a_time() {
    let world = World::new().await;
    let accounts = world.store.accounts();
    let logins = async || -> Vec<Option<String>> {
        let pending = accounts.pending().await.unwrap();
        pending.into_iter().map(|invitation| invitation.login).collect()
    };
    let ada = || Some("ada@example.com".to_owned());
    accounts.invite_first().await.unwrap().unwrap();
    let first = accounts.invite("ada@example.com").await.unwrap();
    assert_eq!(logins().await, [None, ada()]);
    match accounts.invite("Ada@example.com").await {
        Err(StoreError::InvitationPending { login, until }) => {
            assert_eq!(Some(login), ada());
            assert_eq!(until.as_second(), first.expires_at.as_second());
        }
        other => panic!("{other:?}"),
    }
    let second = accounts.invite_again("ada@example.com").await.unwrap();
    assert_eq!(logins().await, [None, ada()]);
    let ended = world.redeem(&first.code, None, PASSWORD).await;
    assert!(matches!(ended, Err(StoreError::InvitationInvalid)));
    world.redeem(&second.code, None, PASSWORD).await.unwrap();
    assert_eq!(logins().await, []);

    accounts.invite_again("bob@example.com").await.unwrap();
    world.wait(8 * 24 * 3600);
    assert_eq!(logins().await, []);
    accounts.invite("bob@example.com").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_down_for_known_and_unknown_logins() {
    let world = World::new().await;
    world.invited("ada@example.com").await;
    for login in ["ada@example.com", "nobody@example.com"] {
        for _ in 0..10 {
            let wrong = world.login(login, "wrong password").await;
            assert!(matches!(wrong, Err(StoreError::BadCredentials)));
        }
        let blocked = world.login(login, PASSWORD).await;
        assert!(matches!(blocked, Err(StoreError::TooManyRequests { .. })));
    }
    world.wait(2);
    world.login("ada@example.com", PASSWORD).await.unwrap();
    // Forgiven: the count begins anew.
    let wrong = world.login("ada@example.com", "wrong password").await;
    assert!(matches!(wrong, Err(StoreError::BadCredentials)));
}

/// Three servers do not mean three times as many guesses.
#[tokio::test(flavor = "multi_thread")]
async fn guesses_are_counted_over_all_servers() {
    let world = World::new().await;
    let servers = [world.store.clone(), world.another_store(), world.another_store()];
    world.invited("ada@example.com").await;
    let guess = || LoginRequest {
        login: "ada@example.com".to_owned(),
        password: "wrong password".to_owned(),
        device_name: "phone".to_owned(),
    };
    for n in 0..10 {
        let wrong = servers[n % 3].accounts().login(guess()).await;
        assert!(matches!(wrong, Err(StoreError::BadCredentials)));
    }
    for server in &servers {
        let blocked = server.accounts().login(guess()).await;
        assert!(matches!(blocked, Err(StoreError::TooManyRequests { .. })));
    }
    for (n, server) in servers.iter().enumerate() {
        let failures = server.accounts().count_source_failure("192.0.2.1").await.unwrap();
        assert_eq!(failures.count, n as u64 + 1);
        assert!(failures.left <= SOURCE_WINDOW);
    }
    let other = servers[0].accounts().count_source_failure("192.0.2.2").await.unwrap();
    assert_eq!(other.count, 1);
    world.clock.advance(SOURCE_WINDOW);
    let later = servers[0].accounts().count_source_failure("192.0.2.1").await.unwrap();
    assert_eq!(later.count, 1, "forgotten after the window");
}

#[tokio::test(flavor = "multi_thread")]
async fn disabling_ends_every_token_at_once() {
    let world = World::new().await;
    let accounts = world.store.accounts();
    let token = world.invited("ada@example.com").await.token;
    assert!(accounts.authenticate(&token).await.is_ok());
    accounts.disable("ada@example.com").await.unwrap();
    let dead = accounts.authenticate(&token).await;
    assert!(matches!(dead, Err(StoreError::Unauthenticated(_))));
    let refused = world.login("ada@example.com", PASSWORD).await;
    assert!(matches!(refused, Err(StoreError::BadCredentials)));
    let disabled_at = accounts.list().await.unwrap()[0].disabled_at;
    assert_eq!(disabled_at.map(|at| at.as_second()), Some(world.clock.now().as_second()));

    accounts.enable("ada@example.com").await.unwrap();
    assert_eq!(accounts.list().await.unwrap()[0].disabled_at, None);
    assert!(accounts.authenticate(&token).await.is_err(), "old tokens stay dead");
    assert!(world.login("ada@example.com", PASSWORD).await.is_ok());
}

/// Against a stolen password: lock, invite, choose another one.
#[tokio::test(flavor = "multi_thread")]
async fn a_reset_unlocks_what_was_locked_before_it_and_ends_older_codes() {
    let world = World::new().await;
    let accounts = world.store.accounts();
    world.invited("ada@example.com").await;
    let refused = async |code: &str| {
        let outcome = world.redeem(code, None, "thief's choice").await;
        assert!(matches!(outcome, Err(StoreError::InvitationInvalid)));
    };
    let before = accounts.invite_reset("ada@example.com").await.unwrap();
    accounts.disable("ada@example.com").await.unwrap();
    refused(&before.code).await;

    let unused = accounts.invite_reset("ada@example.com").await.unwrap();
    let reset = accounts.invite_reset("ada@example.com").await.unwrap();
    let token = world.redeem(&reset.code, None, "another horse").await.unwrap().token;
    refused(&unused.code).await;
    assert!(world.login("ada@example.com", "another horse").await.is_ok());

    let overtaken = accounts.invite_reset("ada@example.com").await.unwrap();
    let identity = accounts.authenticate(&token).await.unwrap();
    let change = ChangePasswordRequest {
        current: "another horse".to_owned(),
        new: "third horse!".to_owned(),
    };
    accounts.change_password(&identity, change).await.unwrap();
    refused(&overtaken.code).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_the_other_devices() {
    let world = World::new().await;
    let accounts = world.store.accounts();
    let laptop = world.invited("ada@example.com").await.token;
    let phone = world.login("ada@example.com", PASSWORD).await.unwrap().token;
    let identity = accounts.authenticate(&laptop).await.unwrap();
    assert_eq!(accounts.devices(&identity).await.unwrap().devices.len(), 2);

    let change = |current: &str| ChangePasswordRequest {
        current: current.to_owned(),
        new: "another horse".to_owned(),
    };
    let wrong = accounts.change_password(&identity, change("not this one")).await;
    assert!(matches!(wrong, Err(StoreError::BadCredentials)));
    accounts.change_password(&identity, change(PASSWORD)).await.unwrap();
    assert!(accounts.authenticate(&laptop).await.is_ok());
    assert!(accounts.authenticate(&phone).await.is_err());
    assert_eq!(accounts.devices(&identity).await.unwrap().devices.len(), 1);

    let reset = accounts.invite_reset("ada@example.com").await.unwrap();
    let fresh = world.redeem(&reset.code, None, "third horse!").await.unwrap();
    assert!(accounts.authenticate(&laptop).await.is_err());
    assert!(accounts.authenticate(&fresh.token).await.is_ok());
    assert!(world.login("ada@example.com", "third horse!").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_end_by_logout_by_revocation_and_by_time() {
    let world = World::new().await;
    let accounts = world.store.accounts();
    let laptop = world.invited("ada@example.com").await.token;
    let phone = world.login("ada@example.com", PASSWORD).await.unwrap();
    let identity = accounts.authenticate(&laptop).await.unwrap();
    accounts.revoke_device(&identity, &phone.device).await.unwrap();
    assert!(accounts.authenticate(&phone.token).await.is_err());
    accounts.logout(&identity).await.unwrap();
    assert!(accounts.authenticate(&laptop).await.is_err());

    let tablet = world.login("ada@example.com", PASSWORD).await.unwrap().token;
    world.wait(31 * 24 * 3600);
    assert!(accounts.authenticate(&tablet).await.is_err());
    for garbled in ["", "syt_", "syt_zz", &tablet[..20], "Bearer x"] {
        let refused = accounts.authenticate(garbled).await;
        assert!(matches!(refused, Err(StoreError::Unauthenticated(_))));
    }
}

/// Two servers: what one revokes, the other honours within the stated time.
#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_counts_on_every_server_within_two_seconds() {
    let world = World::new().await;
    let (here, there) = (world.store.accounts(), world.another_store());
    let there = there.accounts();
    let laptop = world.invited("ada@example.com").await.token;
    let identity = here.authenticate(&laptop).await.unwrap();
    let known_there = async |token: &str| {
        assert!(there.authenticate(token).await.is_ok());
        token.to_owned()
    };
    let ended_there = async |token: String| {
        world.clock.advance(TOKEN_MEMORY);
        let refused = there.authenticate(&token).await;
        assert!(matches!(refused, Err(StoreError::Unauthenticated(_))), "{refused:?}");
        let refused = here.authenticate(&token).await;
        assert!(matches!(refused, Err(StoreError::Unauthenticated(_))), "{refused:?}");
    };

    let phone = world.login("ada@example.com", PASSWORD).await.unwrap();
    let token = known_there(&phone.token).await;
    here.revoke_device(&identity, &phone.device).await.unwrap();
    ended_there(token).await;

    let tablet = world.login("ada@example.com", PASSWORD).await.unwrap();
    let token = known_there(&tablet.token).await;
    let change =
        ChangePasswordRequest { current: PASSWORD.to_owned(), new: "another horse".to_owned() };
    here.change_password(&identity, change).await.unwrap();
    ended_there(token).await;

    let token = known_there(&laptop).await;
    let reset = here.invite_reset("ada@example.com").await.unwrap();
    let fresh = world.redeem(&reset.code, None, "third horse!").await.unwrap();
    ended_there(token).await;

    let token = known_there(&fresh.token).await;
    here.disable("ada@example.com").await.unwrap();
    ended_there(token).await;
}

#[derive(Debug, Default)]
struct Reads(Arc<AtomicU32>);

impl Intercept for Reads {
    fn name(&self) -> &'static str {
        "Reads"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// A client that asks many times a second costs no reads for its token each time.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_just_seen_is_not_read_again() {
    let world = World::new().await;
    let token = world.invited("ada@example.com").await.token;
    let reads = Arc::new(AtomicU32::new(0));
    let server = world.faulty_store(Reads(Arc::clone(&reads)));
    for _ in 0..100 {
        server.accounts().authenticate(&token).await.unwrap();
    }
    assert!(reads.load(Ordering::Relaxed) <= 4, "the test may take longer than the memory");
    let before = reads.load(Ordering::Relaxed);
    world.clock.advance(TOKEN_MEMORY);
    server.accounts().authenticate(&token).await.unwrap();
    assert_eq!(reads.load(Ordering::Relaxed), before + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_stored_in_the_clear() {
    let world = World::new().await;
    let open = world.store.accounts().invite("bob@example.com").await.unwrap();
    let token = world.invited("ada@example.com").await.token;
    let dynamodb = aws_sdk_dynamodb::Client::new(&world.engines.sdk_config());
    let scan = dynamodb.scan().table_name(world.engines.table()).send().await.unwrap();
    let values = scan.items().iter().flat_map(|item| item.values());
    let texts: Vec<&String> = values
        .filter_map(|value| match value {
            AttributeValue::S(text) => Some(text),
            _ => None,
        })
        .collect();
    assert!(texts.len() > 10);
    for secret in [&open.code[4..], &token[4..], PASSWORD] {
        assert!(!texts.iter().any(|text| text.contains(secret)));
    }
    assert!(!format!("{open:?}").contains(&open.code[4..]));
}
