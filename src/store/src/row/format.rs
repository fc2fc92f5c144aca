//! The row that says which releases can read the table.

use super::{Fields, Key, Row, RowError};

/// The newest format of the whole table that this release reads and writes.
pub(crate) const FORMAT: u64 = 1;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FormatRow;

impl FormatRow {
    pub(crate) fn key_of() -> Key {
        Key::new("FORMAT", "-")
    }
}

impl Row for FormatRow {
    fn key(&self) -> Key {
        Self::key_of()
    }

    fn write(&self, fields: &mut Fields) {
        fields.set_number("format", FORMAT);
    }

    fn read(fields: &Fields) -> Result<Self, RowError> {
        fields.check_format(FORMAT)?;
        Ok(Self)
    }
}
