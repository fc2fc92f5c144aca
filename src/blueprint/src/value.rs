//! One resolved value of any type that the format knows.

use crate::values::{
    Address, Certificate, Cidr, Domain, Duration, EmailAddress, FilePath, HostedZone, HttpPath,
    Image, InstanceType, MailIdentity, Percent, Region, Release, StackName, StorageKey, Url,
};
use serde::Serialize;

/// A type that a [`Value`] can hold.
pub(crate) trait FromValue: Sized {
    fn from_value(value: &Value) -> Option<Self>;
}

macro_rules! value {
    ($($variant:ident($type:ty),)*) => {
        /// A value of the format. `None` is an optional value that was left out, or set to `none`.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub(crate) enum Value {
            None,
            $($variant($type),)*
        }

        $(
            impl From<$type> for Value {
                fn from(value: $type) -> Self {
                    Self::$variant(value)
                }
            }

            impl FromValue for $type {
                fn from_value(value: &Value) -> Option<Self> {
                    match value {
                        Value::$variant(value) => Some(value.clone()),
                        _ => None,
                    }
                }
            }
        )*
    };
}

value! {
    Address(Address),
    Boolean(bool),
    Certificate(Certificate),
    Cidr(Cidr),
    Cidrs(Vec<Cidr>),
    Domain(Domain),
    Duration(Duration),
    EmailAddress(EmailAddress),
    FilePath(FilePath),
    HostedZone(HostedZone),
    HttpPath(HttpPath),
    Image(Image),
    InstanceType(InstanceType),
    Integer(u32),
    MailIdentity(MailIdentity),
    Name(StackName),
    Percent(Percent),
    Region(Region),
    Release(Release),
    StorageKey(StorageKey),
    Text(String),
    Texts(Vec<String>),
    Url(Url),
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::None => Some(None),
            other => T::from_value(other).map(Some),
        }
    }
}

impl Value {
    pub(crate) fn to_json(&self) -> serde_json::Value {
        // Strings, numbers and lists of strings only: nothing here can fail to serialise.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The value as it is written in a blueprint, on one line.
    pub(crate) fn to_yaml(&self) -> String {
        match (self, self.to_json()) {
            (Self::None, _) => "none".to_owned(),
            (Self::Text(text), _) => scalar(text),
            (_, serde_json::Value::Array(items)) => {
                let items: Vec<String> =
                    items.iter().map(|item| scalar(item.as_str().unwrap_or(""))).collect();
                format!("[{}]", items.join(", "))
            }
            (_, serde_json::Value::String(text)) => scalar(&text),
            (_, other) => other.to_string(),
        }
    }
}

/// A text without quotes where every YAML reader takes it for a text, else in double quotes.
pub(crate) fn scalar(text: &str) -> String {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@+".contains(&byte);
    let plain = text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '/')
        && text.bytes().all(known)
        && !text.ends_with(':')
        && (!crate::keys::needs_quotes(text));
    if plain {
        return text.to_owned();
    }
    // A JSON string is a YAML string; `$` doubles before a brace, so that it stays a text and no variable.
    let json = serde_json::Value::String(text.replace("${", "$${")).to_string();
    json.chars().fold(String::new(), |mut quoted, character| {
        if character.is_control()
            || matches!(character, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}')
        {
            quoted.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            quoted.push(character);
        }
        quoted
    })
}
