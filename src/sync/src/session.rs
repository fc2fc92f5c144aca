//! The upload session: what was declared, where it goes, and a new session when the old one ends.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use protocol::error::ErrorCode;
use protocol::hash::ContentHash;
use protocol::id::{SessionId, SpaceId};
use protocol::upload::{ChunkClaim, DeclareRequest, DeclaredChunk, MAX_CHUNKS_PER_REQUEST};
use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::error::{ApiError, Result};
use crate::gate::Gate;
use crate::service::Service;

/// How many sessions one step may take: each can end while it goes on.
pub(crate) const MOST_SESSIONS: u32 = 3;

/// Opened on the first declaration, so that a push with nothing to do opens none.
pub(crate) struct Session {
    service: Arc<dyn Service>,
    clock: Arc<dyn Clock>,
    space: SpaceId,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: Option<Open>,
    /// Sizes of everything declared so far: to declare it again in a new session.
    sizes: HashMap<ContentHash, u64>,
}

struct Open {
    id: SessionId,
    gate: Arc<Gate>,
    /// What was declared in this very session.
    pinned: HashSet<ContentHash>,
}

impl Session {
    pub(crate) fn new(service: Arc<dyn Service>, clock: Arc<dyn Clock>, space: SpaceId) -> Self {
        Self { service, clock, space, state: Mutex::default() }
    }

    /// At most [`MAX_CHUNKS_PER_REQUEST`] at a time.
    pub(crate) async fn declare(
        &self,
        chunks: Vec<ChunkClaim>,
    ) -> Result<(Vec<DeclaredChunk>, Arc<Gate>)> {
        let mut state = self.state.lock().await;
        self.declare_in(&mut state, chunks).await
    }

    async fn declare_in(
        &self,
        state: &mut State,
        chunks: Vec<ChunkClaim>,
    ) -> Result<(Vec<DeclaredChunk>, Arc<Gate>)> {
        state.sizes.extend(chunks.iter().map(|chunk| (chunk.hash, chunk.size)));
        let hashes: Vec<_> = chunks.iter().map(|chunk| chunk.hash).collect();
        let request = DeclareRequest { chunks };
        if let Some(open) = &mut state.open {
            match self.service.declare(&self.space, &open.id, &request).await {
                Ok(answer) => {
                    open.pinned.extend(hashes);
                    return Ok((answer.chunks, open.gate.clone()));
                }
                Err(error) if is_closed(&error) => state.open = None,
                Err(error) => return Err(error.into()),
            }
        }
        let answer = self.service.open_session(&self.space, &request).await?;
        let gate = Arc::new(Gate::writer(
            self.service.clone(),
            self.clock.clone(),
            self.space.clone(),
            answer.session.clone(),
            &answer.access,
        ));
        let pinned = hashes.into_iter().collect();
        state.open = Some(Open { id: answer.session, gate: gate.clone(), pinned });
        Ok((answer.chunks, gate))
    }

    /// Sees to it that one session has declared all these chunks, however many it took to upload
    /// them, and names it. Whether they are in the store is for the commit to find out: one that
    /// was uploaded and never committed still counts as needed here.
    pub(crate) async fn pin(&self, hashes: &HashSet<ContentHash>) -> Result<Option<SessionId>> {
        let mut state = self.state.lock().await;
        for _ in 0..MOST_SESSIONS {
            let pinned = state.open.as_ref().map(|open| &open.pinned);
            let missing =
                hashes.iter().filter(|hash| pinned.is_none_or(|all| !all.contains(*hash)));
            let claims: Vec<_> = missing
                .filter_map(|hash| Some(ChunkClaim { hash: *hash, size: *state.sizes.get(hash)? }))
                .collect();
            if claims.is_empty() {
                break;
            }
            for part in claims.chunks(MAX_CHUNKS_PER_REQUEST) {
                self.declare_in(&mut state, part.to_vec()).await?;
            }
        }
        Ok(state.open.as_ref().map(|open| open.id.clone()))
    }

    /// The server does not know this session any more; the next declaration opens another.
    pub(crate) async fn give_up(&self, id: Option<&SessionId>) {
        let mut state = self.state.lock().await;
        if state.open.as_ref().map(|open| &open.id) == id {
            state.open = None;
        }
    }
}

pub(crate) fn is_closed(error: &ApiError) -> bool {
    error.code() == Some(ErrorCode::SessionClosed)
}
