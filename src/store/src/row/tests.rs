//! Every row is read back as it was written, and a damaged or newer one is refused.

use jiff::Timestamp;
use proptest::prelude::*;
use protocol::commit::Meta;
use protocol::file::{Node, NodeKind};
use protocol::hash::ContentHash;
use protocol::id::{FileId, SpaceId};
use protocol::space::{MailMode, Role};

use super::account::{AccountRow, FirstUserRow, LoginRow};
use super::chunk::{ChunkLife, ChunkRow, PinRow};
use super::format::FormatRow;
use super::journal::CommitIdRow;
use super::mail::{Composing, MessageRow, PendingRow};
use super::member::{MemberRow, UserSpaceRow};
use super::node::{ClaimRow, NodeRow};
use super::session::{SessionRow, SessionState};
use super::space::{SpaceNameRow, SpaceRow};
use super::token::{
    DeviceRow, InvitationKind, InvitationRow, InvitedRow, SourceRow, ThrottleRow, TokenRow,
};
use super::version::{ExtentSource, VersionRow};
use super::{Fields, Row, RowError};
use crate::accounts::AccountState;
use crate::extents::StoredExtent;
use crate::secret::Secret;

fn assert_round_trip<R: Row + PartialEq + std::fmt::Debug>(row: &R) {
    let read = R::from_item(row.to_item()).unwrap();
    assert_eq!(&read, row);
}

fn id<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap()
}

fn time() -> impl Strategy<Value = Timestamp> {
    (0..4_000_000_000_i64).prop_map(|seconds| Timestamp::from_second(seconds).unwrap())
}

fn name() -> impl Strategy<Value = protocol::name::EntryName> {
    "[^/\0]{1,60}".prop_filter_map("a name", |text| text.parse().ok())
}

fn node() -> impl Strategy<Value = Node> {
    let numbers = (any::<u64>(), any::<u64>(), any::<u64>());
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (name(), numbers, flags, any::<Option<i64>>()).prop_map(|(name, numbers, flags, mtime_ns)| {
        Node {
            file: id("f1"),
            parent: FileId::root(),
            name,
            kind: if flags.0 { NodeKind::File } else { NodeKind::Directory },
            rev: numbers.0,
            content_rev: numbers.1,
            hash: flags.0.then(|| ContentHash::of(b"x")),
            size: numbers.2,
            meta: Meta { mtime_ns, executable: flags.1 },
            deleted: flags.2,
        }
    })
}

fn space() -> SpaceRow {
    SpaceRow {
        space: id("s1"),
        name: "Team # Photos".to_owned(),
        owner: id("u1"),
        epoch: id("e1"),
        created_at: Timestamp::UNIX_EPOCH,
        floor: 3,
        owners: 1,
        subscribers: u64::MAX,
    }
}

proptest! {
    #[test]
    fn nodes(node in node()) {
        assert_round_trip(&NodeRow { space: id("s1"), node });
    }

    #[test]
    fn claims(name in name()) {
        let name_key = name.key();
        assert_round_trip(&ClaimRow { space: id("s1"), parent: id("p"), name_key, file: id("f") });
    }

    #[test]
    fn versions(size in any::<u64>(), rev in any::<u64>(), time in time(), inline in any::<bool>()) {
        let hash = ContentHash::of(&size.to_be_bytes());
        let extent = StoredExtent { chunk: hash, generation: 7, offset: rev, length: size };
        let extents = if inline {
            ExtentSource::Inline(vec![extent, extent])
        } else {
            ExtentSource::Manifest { key: "s/s1/manifest-0".to_owned(), hash }
        };
        assert_round_trip(&VersionRow {
            space: id("s1"), file: id("f"), rev, hash, size, user: id("u"), device: id("d"), time, extents,
        });
    }

    #[test]
    fn mail(a in any::<u64>(), b in any::<u64>(), since in time(), until in time(), busy in any::<bool>()) {
        let composing = busy.then(|| Composing {
            through: b, done: (a > b).then(|| id("u")), lease: "l".to_owned(), until,
        });
        assert_round_trip(&PendingRow { space: id("s"), from: a, to: b, since, composing });
        let lease = busy.then(|| "l".to_owned());
        assert_round_trip(&MessageRow {
            space: id("s"), user: id("u-1"), from: a, to: b, failures: 3, not_before: until, lease,
        });
    }
}

#[test]
fn spaces_members_and_sessions() {
    let space_id: SpaceId = id("s1");
    let hash = ContentHash::of(b"c");
    let at = Timestamp::from_second(1_800_000_000).unwrap();
    assert_round_trip(&space());
    let name_key = "team # photos".to_owned();
    assert_round_trip(&SpaceNameRow { owner: id("u"), name_key, space: space_id.clone() });
    for role in [Role::Viewer, Role::Editor, Role::Owner] {
        assert_round_trip(&MemberRow {
            space: space_id.clone(),
            user: id("u"),
            login: "a@b".to_owned(),
            role,
            mail: MailMode::Digest,
            mail_after: 9,
            unsubscribe: Secret::new("x"),
            since: at,
        });
    }
    assert_round_trip(&UserSpaceRow { user: id("u"), space: space_id.clone() });
    for life in [ChunkLife::Declared, ChunkLife::Live, ChunkLife::Condemned, ChunkLife::Deleted] {
        let size = (life == ChunkLife::Live).then_some(5);
        assert_round_trip(&ChunkRow { space: space_id.clone(), hash, generation: 2, life, size });
    }
    let (space, session) = (space_id.clone(), id("x"));
    assert_round_trip(&PinRow { space, hash, session, size: 1, expires_at: at });
    for state in [SessionState::Open, SessionState::Expired] {
        let session = SessionRow {
            session: id("x"),
            space: space_id.clone(),
            user: id("u"),
            device: id("d"),
            state,
            closes_at: at,
        };
        assert_round_trip(&session);
        // The table forgets it, and long after its end only.
        let week = 7 * 24 * 3600;
        let forgotten = Fields::from(session.to_item()).time("expires_at").unwrap();
        assert_eq!(forgotten.as_second() - at.as_second(), week);
    }
    let commit = id("c-1");
    assert_round_trip(&CommitIdRow {
        space: space_id,
        commit,
        seq: 4,
        payload: hash,
        expires_at: at,
    });
}

#[test]
fn accounts_and_tokens() {
    let at = Timestamp::from_second(1_800_000_000).unwrap();
    for state in [AccountState::Active, AccountState::Disabled] {
        assert_round_trip(&AccountRow {
            user: id("u"),
            login: "a@b".to_owned(),
            state,
            created_at: at,
            password: Secret::new("$argon2id$…"),
            token_epoch: 2,
            disabled_at: (state == AccountState::Disabled).then_some(at),
        });
    }
    assert_round_trip(&LoginRow { login: "a#b@c".to_owned(), user: id("u") });
    assert_round_trip(&FirstUserRow { invitation: Some("d".to_owned()), done: false });
    assert_round_trip(&FirstUserRow { invitation: None, done: true });
    for kind in [
        InvitationKind::First,
        InvitationKind::New { login: "a@b".to_owned() },
        InvitationKind::Reset { user: id("u"), token_epoch: 2 },
    ] {
        assert_round_trip(&InvitationRow { digest: "d".to_owned(), kind, expires_at: at });
    }
    assert_round_trip(&DeviceRow {
        user: id("u"),
        device: id("d"),
        name: "laptop".to_owned(),
        token_digest: "t".to_owned(),
        token_epoch: 1,
        created_at: at,
        expires_at: at,
    });
    let digest = "t".to_owned();
    assert_round_trip(&TokenRow {
        digest,
        user: id("u"),
        device: id("d"),
        token_epoch: 1,
        expires_at: at,
    });
    let login = "a#b@c".to_owned();
    assert_round_trip(&ThrottleRow { login, failures: 3, blocked_until: at, expires_at: at });
    let source = "2001:db8::".to_owned();
    assert_round_trip(&SourceRow { source, window: 7, failures: 3, expires_at: at });
    let (login, digest) = ("a#b@c".to_owned(), "i".to_owned());
    assert_round_trip(&InvitedRow { login, digest, expires_at: at });
    assert_round_trip(&FormatRow);
}

#[test]
fn a_row_of_a_newer_format_is_refused() {
    let mut item = space().to_item();
    item.insert("format".to_owned(), aws_sdk_dynamodb::types::AttributeValue::N("2".to_owned()));
    let refused = SpaceRow::from_item(item);
    assert!(matches!(refused, Err(RowError::Newer { format: 2, .. })));
}

#[test]
fn a_damaged_row_is_refused() {
    let mut item = space().to_item();
    item.remove("epoch");
    assert!(matches!(SpaceRow::from_item(item), Err(RowError::Attribute { .. })));
}
