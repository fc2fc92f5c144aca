//! The rows of the one table: keys and codecs, one kind per file.
//!
//! | row | `pk` | `sk` |
//! |---|---|---|
//! | format of the table | `FORMAT` | `-` |
//! | space | `N#space` | `META` |
//! | member of a space | `A#space` | `U#user` |
//! | space of a user | `U#user` | `S#space` |
//! | name of a created space | `U#user` | `NAME#key` |
//! | journal | `J#space` | sequence number, 20 digits |
//! | commit id | `I#space` | commit id |
//! | node | `F#space#file` | `CUR` |
//! | version | `F#space#file` | `V#` and the revision, 20 digits |
//! | name claim | `D#space#parent` | name key |
//! | chunk | `C#space#hash` | `-` |
//! | pin | `C#space#hash` | `P#session` |
//! | upload session | `S#session` | `-` |
//! | account | `U#user` | `ACCOUNT` |
//! | device | `U#user` | `DEV#device` |
//! | login name | `ACCOUNTS` | login |
//! | first user | `ACCOUNTS#FIRST` | `-` |
//! | invitation | `INV#digest` | `-` |
//! | invitation of a login | `INVITATIONS` | login |
//! | token | `T#digest` | `-` |
//! | failed logins | `THROTTLE#login` | `-` |
//! | failures of a source | `SOURCE#address` | `W#` and the number of the minute |
//! | changes to be mailed | `MAIL#PENDING` | space |
//! | message to be sent | `MAIL#MSG` | `space#from-to#user` |
//! | message given up | `MAIL#DEAD` | `space#from-to#user` |
//!
//! `expires_at` (epoch seconds) lets the table clean up; who reads checks it himself.

pub(crate) mod account;
pub(crate) mod chunk;
mod fields;
pub(crate) mod format;
pub(crate) mod journal;
pub(crate) mod mail;
pub(crate) mod member;
pub(crate) mod node;
pub(crate) mod session;
pub(crate) mod space;
pub(crate) mod token;
pub(crate) mod version;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

pub(crate) use fields::{Fields, RowError};

/// A row as DynamoDB knows it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    pub(crate) fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    pub(crate) fn into_item(self) -> Item {
        Item::from([
            ("pk".to_owned(), AttributeValue::S(self.pk)),
            ("sk".to_owned(), AttributeValue::S(self.sk)),
        ])
    }
}

/// A kind of row.
pub(crate) trait Row: Sized {
    fn key(&self) -> Key;

    /// Everything but the key.
    fn write(&self, fields: &mut Fields);

    fn read(fields: &Fields) -> Result<Self, RowError>;

    fn to_item(&self) -> Item {
        let mut fields = Fields::default();
        self.write(&mut fields);
        let mut item = fields.into_item();
        item.extend(self.key().into_item());
        item
    }

    fn from_item(item: Item) -> Result<Self, RowError> {
        Self::read(&Fields::from(item))
    }
}

/// Sequence numbers and revisions as sort keys: text order is number order.
pub(crate) fn padded(number: u64) -> String {
    format!("{number:020}")
}
