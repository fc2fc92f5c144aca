use crate::keys::Kind;
use serde_json::{Value, json};

/// Schema of one value of a kind; for a list kind, of one item.
pub(super) fn schema(kind: Kind) -> Value {
    match kind {
        Kind::Version => json!({ "const": 1 }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Integer { least, most } => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Kind::Percent { least, most } => json!({
            "anyOf": [
                { "type": "integer", "minimum": least, "maximum": most },
                { "type": "string", "pattern": "^[0-9]{1,3} *%$" },
            ],
        }),
        Kind::Duration { .. } => {
            text(r"^(?=.)(0*[0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?$")
        }
        Kind::Choice(names) | Kind::Choices(names) => json!({ "type": "string", "enum": names }),
        Kind::Name => json!({
            "type": "string",
            "maxLength": 24,
            "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
            "not": { "pattern": "-data$" },
        }),
        Kind::Region => text(
            "^[a-z]{2,4}(-[a-z]{2,4})?-(north|south|east|west|central|northeast|northwest|southeast|southwest)-[0-9]{1,2}$",
        ),
        Kind::Network => text(r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/(1[6-9]|2[0-8])$"),
        Kind::Networks => text(r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$"),
        Kind::Domain => text(DOMAIN),
        Kind::Certificate => json!({
            "anyOf": [
                { "enum": ["self-made", "request"] },
                { "type": "string", "pattern": "^arn:aws[a-z-]*:acm:.+$" },
                { "type": "string", "pattern": "^[^~].*/|^/", "maxLength": 1024 },
            ],
        }),
        Kind::HostedZone => text("^Z[A-Z0-9]{7,31}$"),
        Kind::HttpPath => text("^/[!\"$->@-~]*$"),
        Kind::Url => text("^https://[a-z0-9.-]+(:[0-9]{1,5})?(/.*)?$"),
        Kind::InstanceType => text(r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$"),
        Kind::Image => text("^(al2023|ami-([0-9a-f]{8}|[0-9a-f]{17}))$"),
        Kind::Release => {
            json!({ "anyOf": [{ "const": "bundled" }, { "type": "string", "pattern": "/" }] })
        }
        Kind::StorageKey => json!({
            "anyOf": [{ "enum": ["none", "create"] }, { "type": "string", "pattern": "^arn:aws[a-z-]*:kms:.+:key/.+$" }],
        }),
        Kind::MailIdentity => json!({ "anyOf": [text(DOMAIN), text(ADDRESS)] }),
        Kind::EmailAddress => text(ADDRESS),
        Kind::Address => {
            json!({ "anyOf": [{ "type": "string", "format": "ipv4" }, { "type": "string", "format": "ipv6" }] })
        }
        Kind::FilePath => {
            json!({ "type": "string", "minLength": 1, "maxLength": 1024, "not": { "pattern": "^~" } })
        }
        Kind::Text => json!({ "type": "string", "minLength": 1, "maxLength": 255 }),
        Kind::TagValue => json!({ "type": "string", "maxLength": 256 }),
    }
}

const DOMAIN: &str = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$";
const ADDRESS: &str = r"^[^@\s<>]+@[a-z0-9-]+(\.[a-z0-9-]+)+$";

fn text(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern })
}
