//! Upload sessions (FS-2): what a client wants to bring, what is there, what it must upload.
//!
//! Every declared chunk gets a pin before the answer goes out, so that a commit can tell declared
//! content from guessed hashes. Chunk row and pin are written in one transaction that also requires
//! the session to be open. A collector of unreferenced chunks is a later part; pins are what it
//! must respect, so that clients can rely on what they declared.

pub(crate) mod declare;

use protocol::id::{SessionId, SpaceId};
use protocol::space::Role;
use protocol::upload::{ContentAccess, DeclareRequest, DeclareResponse, OpenSessionResponse};

use crate::access::Scope;
use crate::error::{Result, StoreError};
use crate::member::Access;
use crate::row::member::MemberRow;
use crate::row::session::{SessionRow, SessionState};
use crate::row::space::SpaceRow;
use crate::secret::random_bits;
use crate::table::{Expression, Write};
use crate::{Identity, Store};

impl Store {
    /// Opens a session, declares its first chunks and issues a writer's credential.
    pub async fn open_session(
        &self,
        identity: &Identity,
        space: &SpaceId,
        request: DeclareRequest,
    ) -> Result<OpenSessionResponse> {
        let claims = declare::distinct(&request)?;
        let access = self.authorize(identity, space, Role::Editor).await?;
        let session = SessionRow {
            session: SessionId::from_random(random_bits()),
            space: space.clone(),
            user: identity.user.clone(),
            device: identity.device.clone(),
            state: SessionState::Open,
            closes_at: self.now() + self.inner.config.session_lifetime,
        };
        let created = async {
            let put = Write::put_if(&session, Expression::absent());
            self.inner.table.write(put).await?;
            self.declare_claims(&session, &claims).await
        };
        let content = self.content_access(identity, &access, Scope::Write);
        let (chunks, access) = tokio::try_join!(created, content)?;
        Ok(OpenSessionResponse {
            session: session.session,
            expires_at: session.closes_at.to_string(),
            chunks,
            access,
        })
    }

    /// Declares more chunks. Repeating a declaration is harmless and tells the key to use now.
    pub async fn declare(
        &self,
        identity: &Identity,
        space: &SpaceId,
        session: &SessionId,
        request: DeclareRequest,
    ) -> Result<DeclareResponse> {
        let claims = declare::distinct(&request)?;
        let (_, session) = self.open_one(identity, space, session).await?;
        let chunks = self.declare_claims(&session, &claims).await?;
        Ok(DeclareResponse { chunks })
    }

    /// A writer's credential again, for uploads that take longer than one lives.
    pub async fn renew_access(
        &self,
        identity: &Identity,
        space: &SpaceId,
        session: &SessionId,
    ) -> Result<ContentAccess> {
        let (access, _) = self.open_one(identity, space, session).await?;
        self.content_access(identity, &access, Scope::Write).await
    }

    /// The caller's own open session of this space.
    pub(crate) async fn open_one(
        &self,
        identity: &Identity,
        space: &SpaceId,
        session: &SessionId,
    ) -> Result<(Access, SessionRow)> {
        let session_key = SessionRow::key_of(session);
        let space_key = SpaceRow::key_of(space);
        let member_key = MemberRow::key_of(space, &identity.user);
        let keys = [&session_key, &space_key, &member_key].map(Clone::clone);
        let mut rows = self.inner.table.batch_get(keys).await?;
        let access =
            Access::checked(rows.take(&space_key)?, rows.take(&member_key)?, Role::Editor)?;
        let session = self.usable(rows.take(&session_key)?, identity, space)?;
        Ok((access, session))
    }

    pub(crate) fn usable(
        &self,
        session: Option<SessionRow>,
        identity: &Identity,
        space: &SpaceId,
    ) -> Result<SessionRow> {
        let session = session.filter(|session| {
            session.space == *space
                && session.user == identity.user
                && session.device == identity.device
                && session.state == SessionState::Open
                && session.closes_at > self.now()
        });
        session.ok_or(StoreError::SessionClosed)
    }
}

/// The fence between uploads and whoever closes sessions: this one is still open.
pub(crate) fn still_open(session: &SessionId) -> Write {
    Write::Check {
        key: SessionRow::key_of(session),
        condition: Expression::new("#state = :open").text(":open", SessionState::Open.text()),
    }
}
