//! Memberships, seen from the space and from the user.

use jiff::Timestamp;
use protocol::id::{SpaceId, UserId};
use protocol::space::{MailMode, Role};

use super::{Fields, Key, Row, RowError};
use crate::secret::Secret;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MemberRow {
    pub(crate) space: SpaceId,
    pub(crate) user: UserId,
    /// Logins never change, so a copy can't go stale.
    pub(crate) login: String,
    pub(crate) role: Role,
    pub(crate) mail: MailMode,
    /// Mail tells only of changes after this journal row.
    pub(crate) mail_after: u64,
    /// For the link in mails: whoever has it can do nothing but unsubscribe this member.
    pub(crate) unsubscribe: Secret,
    pub(crate) since: Timestamp,
}

impl MemberRow {
    pub(crate) fn partition(space: &SpaceId) -> String {
        format!("A#{space}")
    }

    pub(crate) fn key_of(space: &SpaceId, user: &UserId) -> Key {
        Key::new(Self::partition(space), format!("U#{user}"))
    }
}

/// The stored word for a role.
pub(crate) const fn role_text(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Editor => "editor",
        Role::Owner => "owner",
    }
}

fn parse_role(text: &str) -> Option<Role> {
    [Role::Viewer, Role::Editor, Role::Owner].into_iter().find(|role| role_text(*role) == text)
}

/// The stored word for a mail mode.
pub(crate) const fn mail_text(mode: MailMode) -> &'static str {
    match mode {
        MailMode::Off => "off",
        MailMode::Digest => "digest",
    }
}

fn parse_mail(text: &str) -> Option<MailMode> {
    [MailMode::Off, MailMode::Digest].into_iter().find(|mode| mail_text(*mode) == text)
}

impl Row for MemberRow {
    fn key(&self) -> Key {
        Self::key_of(&self.space, &self.user)
    }

    fn write(&self, fields: &mut Fields) {
        fields
            .set("login", &self.login)
            .set("role", role_text(self.role))
            .set("mail", mail_text(self.mail))
            .set_number("mail_after", self.mail_after)
            .set("unsubscribe", self.unsubscribe.reveal())
            .set_time("since", self.since);
    }

    fn read(fields: &Fields) -> Result<Self, RowError> {
        let role = fields.text("role").and_then(parse_role);
        let mail = fields.text("mail").and_then(parse_mail);
        Ok(Self {
            space: fields.key_part("pk", "A#")?,
            user: fields.key_part("sk", "U#")?,
            login: fields.get("login")?,
            role: role.ok_or_else(|| fields.error("role"))?,
            mail: mail.ok_or_else(|| fields.error("mail"))?,
            mail_after: fields.number("mail_after")?,
            unsubscribe: Secret::new(fields.get::<String>("unsubscribe")?),
            since: fields.time("since")?,
        })
    }
}

/// The way back: which spaces a user is a member of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserSpaceRow {
    pub(crate) user: UserId,
    pub(crate) space: SpaceId,
}

impl Row for UserSpaceRow {
    fn key(&self) -> Key {
        Key::new(format!("U#{}", self.user), format!("S#{}", self.space))
    }

    fn write(&self, _: &mut Fields) {}

    fn read(fields: &Fields) -> Result<Self, RowError> {
        Ok(Self { user: fields.key_part("pk", "U#")?, space: fields.key_part("sk", "S#")? })
    }
}
