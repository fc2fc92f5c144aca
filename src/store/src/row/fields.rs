//! Typed access to a row's attributes.

use std::str::FromStr;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::Item;
use crate::error::StoreError;

/// A row that this release can't read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RowError {
    #[error("row {row}: attribute '{attribute}' is missing or makes no sense")]
    Attribute { row: String, attribute: String },
    #[error("row {row} has format {format}, this release knows {known}")]
    Newer { row: String, format: u64, known: u64 },
}

impl From<RowError> for StoreError {
    fn from(error: RowError) -> Self {
        match error {
            RowError::Newer { format, known, .. } => Self::NewerFormat { found: format, known },
            RowError::Attribute { .. } => {
                tracing::error!(%error, "unreadable row");
                Self::Internal("a stored row is damaged".to_owned())
            }
        }
    }
}

/// The attributes of one row.
#[derive(Debug, Default)]
pub(crate) struct Fields(Item);

impl From<Item> for Fields {
    fn from(item: Item) -> Self {
        Self(item)
    }
}

impl Fields {
    pub(crate) fn into_item(self) -> Item {
        self.0
    }

    pub(crate) fn set(&mut self, name: &str, value: impl ToString) -> &mut Self {
        let value = AttributeValue::S(value.to_string());
        self.0.insert(name.to_owned(), value);
        self
    }

    pub(crate) fn set_number(&mut self, name: &str, value: impl Into<i128>) -> &mut Self {
        let value = AttributeValue::N(value.into().to_string());
        self.0.insert(name.to_owned(), value);
        self
    }

    pub(crate) fn set_flag(&mut self, name: &str, value: bool) -> &mut Self {
        self.0.insert(name.to_owned(), AttributeValue::Bool(value));
        self
    }

    pub(crate) fn set_bytes(&mut self, name: &str, value: Vec<u8>) -> &mut Self {
        let value = AttributeValue::B(Blob::new(value));
        self.0.insert(name.to_owned(), value);
        self
    }

    /// Writes nothing for `None`.
    pub(crate) fn set_some(&mut self, name: &str, value: Option<impl ToString>) -> &mut Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    pub(crate) fn error(&self, attribute: &str) -> RowError {
        RowError::Attribute { row: self.row(), attribute: attribute.to_owned() }
    }

    fn row(&self) -> String {
        let part = |name| self.text(name).unwrap_or("?");
        // Tokens and invitations are known by their digests only, so a key gives nothing away.
        format!("{} / {}", part("pk"), part("sk"))
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_s().ok().map(String::as_str)
    }

    pub(crate) fn get<T: FromStr>(&self, name: &str) -> Result<T, RowError> {
        let value = self.text(name).and_then(|text| text.parse().ok());
        value.ok_or_else(|| self.error(name))
    }

    /// `None` where the attribute is absent; an error where it is there and wrong.
    pub(crate) fn maybe<T: FromStr>(&self, name: &str) -> Result<Option<T>, RowError> {
        if self.0.contains_key(name) { self.get(name).map(Some) } else { Ok(None) }
    }

    pub(crate) fn number<T: FromStr>(&self, name: &str) -> Result<T, RowError> {
        self.maybe_number(name)?.ok_or_else(|| self.error(name))
    }

    pub(crate) fn maybe_number<T: FromStr>(&self, name: &str) -> Result<Option<T>, RowError> {
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        let number = value.as_n().ok().and_then(|text| text.parse().ok());
        number.map(Some).ok_or_else(|| self.error(name))
    }

    /// Absent means false.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, RowError> {
        match self.0.get(name) {
            None => Ok(false),
            Some(AttributeValue::Bool(value)) => Ok(*value),
            Some(_) => Err(self.error(name)),
        }
    }

    pub(crate) fn bytes(&self, name: &str) -> Result<Option<&[u8]>, RowError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(AttributeValue::B(blob)) => Ok(Some(blob.as_ref())),
            Some(_) => Err(self.error(name)),
        }
    }

    pub(crate) fn set_time(&mut self, name: &str, time: Timestamp) -> &mut Self {
        self.set_number(name, time.as_second())
    }

    /// Whole seconds, as the table's own expiry wants them.
    pub(crate) fn time(&self, name: &str) -> Result<Timestamp, RowError> {
        let seconds = self.number(name)?;
        Timestamp::from_second(seconds).map_err(|_| self.error(name))
    }

    /// [`Fields::time`], `None` where the attribute is absent.
    pub(crate) fn maybe_time(&self, name: &str) -> Result<Option<Timestamp>, RowError> {
        if self.0.contains_key(name) { self.time(name).map(Some) } else { Ok(None) }
    }

    /// A part of the key after its marker.
    pub(crate) fn key_part<T: FromStr>(&self, name: &str, marker: &str) -> Result<T, RowError> {
        let text = self.text(name).and_then(|text| text.strip_prefix(marker));
        let value = text.and_then(|text| text.parse().ok());
        value.ok_or_else(|| self.error(name))
    }

    /// The two identifiers of a key like `F#space#file`.
    pub(crate) fn key_pair<A: FromStr, B: FromStr>(
        &self,
        marker: &str,
    ) -> Result<(A, B), RowError> {
        let text = self.text("pk").and_then(|text| text.strip_prefix(marker));
        let parts = text.and_then(|text| text.split_once('#'));
        let pair = parts.and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        pair.ok_or_else(|| self.error("pk"))
    }

    /// Refuses rows of a newer format than `known`.
    pub(crate) fn check_format(&self, known: u64) -> Result<(), RowError> {
        let format = self.number("format")?;
        if format > known {
            return Err(RowError::Newer { row: self.row(), format, known });
        }
        Ok(())
    }
}
