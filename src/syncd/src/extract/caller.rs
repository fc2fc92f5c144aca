use std::sync::{Arc, OnceLock};

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use protocol::error::ErrorCode;
use protocol::id::UserId;
use store::accounts::Identity;

use crate::error::{ApiError, Result};
use crate::state::AppState;

/// Who asks, by the bearer token. A route that takes this is closed to everybody else.
#[derive(Debug)]
pub(crate) struct Caller {
    pub identity: Identity,
    token: Token,
}

/// Where the request log finds out who asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallerSlot(pub Arc<OnceLock<UserId>>);

/// A secret that can't print itself.
struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Caller {
    /// Asks again, after a wait: a device that was revoked meanwhile gets nothing more.
    ///
    /// # Errors
    /// [`ErrorCode::Unauthenticated`], or [`ErrorCode::Unavailable`] where the store is in doubt.
    pub(crate) async fn confirm(&self, state: &AppState) -> Result<()> {
        state.store.accounts().authenticate(&self.token.0).await?;
        Ok(())
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self> {
        let token = bearer(parts).ok_or_else(|| {
            ApiError::new(
                ErrorCode::Unauthenticated,
                "this needs a token: log in and send it as `Authorization: Bearer …`",
            )
        })?;
        let identity = state.store.accounts().authenticate(&token.0).await?;
        if let Some(slot) = parts.extensions.get::<CallerSlot>() {
            // Set once per request; a second extraction brings the same user.
            let _ = slot.0.set(identity.user.clone());
        }
        Ok(Self { identity, token })
    }
}

fn bearer(parts: &Parts) -> Option<Token> {
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    let fits = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= 512;
    fits.then(|| Token(token.to_owned()))
}
