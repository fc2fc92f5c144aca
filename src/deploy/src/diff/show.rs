//! Values as a person reads them.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::intrinsic::{as_text, function};

/// Digits of a digest: enough to tell two scripts apart.
const DIGITS: usize = 12;

/// A value with its functions written in the notation of `Fn::Sub`, resources that exist by their id in the world,
/// and a boot script by its digest.
pub(super) fn shown(value: &Value, known: &BTreeMap<&str, &str>) -> Value {
    if let Some((name, argument)) = function(value) {
        let id = argument.as_str().filter(|_| name == "Ref").and_then(|id| known.get(id));
        return match (name, id) {
            ("Fn::Base64", _) => script(argument),
            (_, Some(id)) => Value::from(*id),
            _ => as_text(value).map_or_else(|| value.clone(), Value::from),
        };
    }
    match value {
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.clone(), shown(value, known))).collect()
        }
        Value::Array(items) => items.iter().map(|item| shown(item, known)).collect(),
        scalar => scalar.clone(),
    }
}

/// A boot script is too long to be read as a value: `boot script, sha256 5e5e5e5e5e5e…`. The digest is of the
/// script before AWS puts names in it, so it is good for telling two of them apart and for nothing else.
pub(super) fn script(value: &Value) -> Value {
    let text = as_text(value).unwrap_or_else(|| canonical(value));
    let digest = hex::encode(Sha256::digest(text));
    Value::from(format!("boot script, sha256 {}…", &digest[..DIGITS]))
}

/// Sorted, whatever order `serde_json` was built to keep.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, String> =
                map.iter().map(|(key, value)| (key, canonical(value))).collect();
            format!("{sorted:?}")
        }
        Value::Array(items) => format!("{:?}", items.iter().map(canonical).collect::<Vec<_>>()),
        scalar => scalar.to_string(),
    }
}
