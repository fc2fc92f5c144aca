//! Upload sessions.
//!
//! A session carries any number of commits (a push of a thousand files needs about thirty), so a
//! commit leaves it open. It ends by its time, or when a collector (a later part) closes it.

use std::time::Duration;

use jiff::Timestamp;
use protocol::id::{DeviceId, SessionId, SpaceId, UserId};

use super::{Fields, Key, Row, RowError};

/// How long the row and its pins stay after the session's end. Who reads them looks at the end
/// itself, so it does not matter which of them the table forgets first.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionState {
    Open,
    /// Closed by a collector, which then may ignore its pins.
    Expired,
}

impl SessionState {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Expired => "expired",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionRow {
    pub(crate) session: SessionId,
    pub(crate) space: SpaceId,
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) state: SessionState,
    /// After this nobody may use it.
    pub(crate) closes_at: Timestamp,
}

impl SessionRow {
    pub(crate) fn key_of(session: &SessionId) -> Key {
        Key::new(format!("S#{session}"), "-")
    }

    /// When the table may forget the row and the session's pins.
    pub(crate) fn expires_at(&self) -> Timestamp {
        self.closes_at + KEPT
    }
}

impl Row for SessionRow {
    fn key(&self) -> Key {
        Self::key_of(&self.session)
    }

    fn write(&self, fields: &mut Fields) {
        fields
            .set("space", &self.space)
            .set("user", &self.user)
            .set("device", &self.device)
            .set("state", self.state.text())
            .set_time("closes_at", self.closes_at)
            .set_time("expires_at", self.expires_at());
    }

    fn read(fields: &Fields) -> Result<Self, RowError> {
        let state = [SessionState::Open, SessionState::Expired]
            .into_iter()
            .find(|state| fields.text("state") == Some(state.text()));
        Ok(Self {
            session: fields.key_part("pk", "S#")?,
            space: fields.get("space")?,
            user: fields.get("user")?,
            device: fields.get("device")?,
            state: state.ok_or_else(|| fields.error("state"))?,
            closes_at: fields.time("closes_at")?,
        })
    }
}
