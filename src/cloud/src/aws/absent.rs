use crate::{Reason, Result};

/// `NotFound` as an absence.
pub(super) trait OrAbsent<T> {
    /// `Ok(None)` where what was named does not exist.
    ///
    /// # Errors
    /// Every other failure as it is.
    fn or_absent(self) -> Result<Option<T>>;
}

impl<T> OrAbsent<T> for Result<T> {
    fn or_absent(self) -> Result<Option<T>> {
        match self {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.reason == Reason::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
