//! The data model's errors as a person at the command line meets them.

use store::StoreError;

use super::{CliError, Kind};

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        let found = Self::from_error(kind(&error), &error);
        match hint(&error) {
            Some(hint) => found.hint(hint),
            None => found,
        }
    }
}

/// Written out in full, so that a new error asks for a decision.
fn kind(error: &StoreError) -> Kind {
    match error {
        StoreError::InvalidRequest(_) | StoreError::TooLarge(_) => Kind::Usage,
        StoreError::NotFound(_) => Kind::NotFound,
        StoreError::AlreadyExists(_) | StoreError::InvitationPending { .. } => Kind::CannotCreate,
        StoreError::StorageFull => Kind::CannotCreate,
        StoreError::Forbidden(_)
        | StoreError::Unauthenticated(_)
        | StoreError::BadCredentials
        | StoreError::InvitationInvalid => Kind::NoPermission,
        StoreError::TooManyRequests { .. } | StoreError::Conflict(_) => Kind::Busy,
        StoreError::Unavailable(_) => Kind::Unavailable,
        StoreError::NewerFormat { .. } => Kind::DataFormat,
        StoreError::SessionClosed
        | StoreError::ContentMissing(_)
        | StoreError::UndeclaredContent(_)
        | StoreError::CursorReset
        | StoreError::RangeNotSatisfiable { .. }
        | StoreError::ContentDamaged { .. }
        | StoreError::Internal(_) => Kind::Failed,
    }
}

fn hint(error: &StoreError) -> Option<&'static str> {
    match error {
        StoreError::NotFound(_) => Some("`syncctl user list` shows who has an account"),
        StoreError::AlreadyExists(_) => {
            Some("a forgotten password: `syncctl user reset-password EMAIL`")
        }
        StoreError::InvitationPending { .. } => {
            Some("`syncctl user add EMAIL --again` makes another one; the earlier one then ends")
        }
        StoreError::StorageFull => {
            Some("`syncctl status` shows where the data lies; free some space there")
        }
        StoreError::NewerFormat { .. } => Some("use the newer release of syncctl"),
        StoreError::Unavailable(_) => Some("`syncctl status` shows what is running"),
        _ => None,
    }
}
