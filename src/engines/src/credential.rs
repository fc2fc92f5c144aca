//! Root and temporary credentials.
//!
//! Nothing is stored for a temporary credential: its secret is derived from
//! its access key id, and its session token carries what it may do, both under
//! a key derived from the root secret.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use rand::RngCore as _;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

const TEMPORARY: &str = "ASIA";

/// The credential that may do everything; random per data directory.
#[derive(Clone)]
pub struct RootCredential {
    pub access_key_id: String,
    pub secret_access_key: String,
}

impl RootCredential {
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<String>) -> Self {
        Self { access_key_id: access_key_id.into(), secret_access_key: secret_access_key.into() }
    }
}

impl std::fmt::Debug for RootCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RootCredential")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// What a temporary credential may do inside its space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    Reader,
    Writer,
}

/// What a session token says, signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// Access key id.
    pub(crate) key: String,
    pub(crate) role: Role,
    pub(crate) space: String,
    /// Seconds since 1970.
    pub(crate) expires: i64,
    /// The session name it was issued under. Tokens of earlier releases have none.
    #[serde(default)]
    pub(crate) session: String,
    /// Milliseconds since 1970.
    #[serde(default)]
    pub(crate) issued: i64,
}

/// A temporary credential as its holder gets it.
pub(crate) struct Issued {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) session_token: String,
    pub(crate) expires: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenError {
    Invalid,
    Expired,
}

/// Issues and checks credentials.
#[derive(Clone)]
pub(crate) struct Credentials {
    root: RootCredential,
    key: [u8; 32],
}

impl Credentials {
    pub(crate) fn new(root: RootCredential) -> Self {
        let key = mac(root.secret_access_key.as_bytes(), b"temporary credentials 1");
        Self { root, key }
    }

    pub(crate) fn root(&self) -> &RootCredential {
        &self.root
    }

    pub(crate) fn is_root(&self, access_key_id: &str) -> bool {
        access_key_id == self.root.access_key_id
    }

    /// The secret behind an access key id, if the id has the form of one.
    pub(crate) fn secret_of(&self, access_key_id: &str) -> Option<String> {
        if self.is_root(access_key_id) {
            return Some(self.root.secret_access_key.clone());
        }
        is_temporary(access_key_id).then(|| self.derive_secret(access_key_id))
    }

    pub(crate) fn issue(
        &self,
        role: Role,
        space: &str,
        session: &str,
        (issued, expires): (Timestamp, Timestamp),
    ) -> Issued {
        let mut random = [0_u8; 16];
        rand::rng().fill_bytes(&mut random);
        let letters =
            random.map(|byte| b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::from(byte & 31)]);
        let access_key_id = format!("{TEMPORARY}{}", String::from_utf8_lossy(&letters));
        let claims = Claims {
            key: access_key_id.clone(),
            role,
            space: space.to_owned(),
            expires: expires.as_second(),
            session: session.to_owned(),
            issued: issued.as_millisecond(),
        };
        Issued {
            secret_access_key: self.derive_secret(&access_key_id),
            session_token: self.sign(&claims),
            access_key_id,
            expires,
        }
    }

    /// What `token` allows the holder of `access_key_id` at `now`.
    pub(crate) fn check(
        &self,
        access_key_id: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<Claims, TokenError> {
        let (body, signature) = token.split_once('.').ok_or(TokenError::Invalid)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::Invalid)?;
        let expected = mac(&self.key, format!("token:{body}").as_bytes());
        if !bool::from(expected.as_slice().ct_eq(&signature)) {
            return Err(TokenError::Invalid);
        }
        let claims: Claims = URL_SAFE_NO_PAD
            .decode(body)
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok())
            .ok_or(TokenError::Invalid)?;
        if claims.key != access_key_id {
            return Err(TokenError::Invalid);
        }
        if claims.expires <= now.as_second() {
            return Err(TokenError::Expired);
        }
        Ok(claims)
    }

    fn sign(&self, claims: &Claims) -> String {
        // Strings and a number: serialising them cannot fail.
        let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims).unwrap_or_default());
        let signature = mac(&self.key, format!("token:{body}").as_bytes());
        format!("{body}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn derive_secret(&self, access_key_id: &str) -> String {
        STANDARD.encode(&mac(&self.key, format!("secret:{access_key_id}").as_bytes())[..30])
    }
}

fn is_temporary(access_key_id: &str) -> bool {
    access_key_id.len() == 20
        && access_key_id.starts_with(TEMPORARY)
        && access_key_id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    mac.update(message);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;

    use super::*;

    fn credentials(secret: &str) -> Credentials {
        Credentials::new(RootCredential {
            access_key_id: "AKIAROOT".to_owned(),
            secret_access_key: secret.to_owned(),
        })
    }

    #[test]
    fn a_token_is_good_for_its_key_and_time_only() {
        let ours = credentials("one");
        let now = Timestamp::from_second(1_000_000).unwrap();
        let issued = ours.issue(Role::Writer, "sp1", "u1.d1", (now, now + 15.minutes()));
        let claims = ours.check(&issued.access_key_id, &issued.session_token, now).unwrap();
        assert_eq!((claims.role, claims.space.as_str()), (Role::Writer, "sp1"));

        let other = ours.issue(Role::Reader, "sp1", "u1.d1", (now, now + 15.minutes()));
        let swapped = ours.check(&other.access_key_id, &issued.session_token, now);
        assert_eq!(swapped, Err(TokenError::Invalid));
        let late = ours.check(&issued.access_key_id, &issued.session_token, now + 15.minutes());
        assert_eq!(late, Err(TokenError::Expired));
        let elsewhere = credentials("two").check(&issued.access_key_id, &issued.session_token, now);
        assert_eq!(elsewhere, Err(TokenError::Invalid));
    }

    #[test]
    fn every_changed_character_breaks_the_token() {
        let ours = credentials("one");
        let now = Timestamp::from_second(1_000_000).unwrap();
        let issued = ours.issue(Role::Reader, "sp1", "u1.d1", (now, now + 15.minutes()));
        for place in 0..issued.session_token.len() - 1 {
            let mut bytes = issued.session_token.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let token = String::from_utf8(bytes).unwrap();
            let result = ours.check(&issued.access_key_id, &token, now);
            assert_eq!(result, Err(TokenError::Invalid), "at {place}");
        }
    }
}
