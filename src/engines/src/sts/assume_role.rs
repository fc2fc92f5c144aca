use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use super::xml::Element;
use super::{ACCOUNT, Refusal};
use crate::api::Services;
use crate::credential::Role;

/// Seconds a credential may live; the upper end is that of role chaining.
const DURATIONS: RangeInclusive<i64> = 900..=3600;
const DEFAULT_DURATION: i64 = 3600;

/// The session tag that names the space.
const TAG: &str = "space";

/// Issues a credential for the space named by the session tag.
pub(super) fn assume_role(
    services: &Services,
    form: &BTreeMap<String, String>,
) -> Result<Element, Refusal> {
    let arn = required(form, "RoleArn")?;
    let session = required(form, "RoleSessionName")?;
    check_session_name(session)?;
    let role = if arn == services.config.writer_role_arn {
        Role::Writer
    } else if arn == services.config.reader_role_arn {
        Role::Reader
    } else {
        return Err(Refusal {
            status: StatusCode::FORBIDDEN,
            code: "AccessDenied",
            message: format!(
                "User is not authorized to perform: sts:AssumeRole on resource: {arn}"
            ),
        });
    };
    if let Some(name) = form.keys().find(|name| narrows(name)) {
        // Ignoring it would hand out more than was asked for.
        return Err(Refusal::validation(format!(
            "{name} is not supported by the embedded STS; the role and the session tag \
             '{TAG}' decide what the credential may do"
        )));
    }
    let space = space_tag(form)?;
    let seconds = duration(form)?;
    let now = Timestamp::now();
    let life = (now, now + SignedDuration::from_secs(seconds));
    let issued = services.credentials.issue(role, &space, session, life);
    let role_name = arn.rsplit('/').next().unwrap_or_default();
    let credentials = Element::new("Credentials")
        .text("AccessKeyId", &issued.access_key_id)
        .text("SecretAccessKey", &issued.secret_access_key)
        .text("SessionToken", &issued.session_token)
        .text("Expiration", &issued.expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    let user = Element::new("AssumedRoleUser")
        .text("AssumedRoleId", &format!("{}:{session}", issued.access_key_id))
        .text("Arn", &format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role_name}/{session}"));
    Ok(Element::new("AssumeRoleResult")
        .child(user)
        .child(credentials)
        .text("PackedPolicySize", "1"))
}

/// Whether a parameter would restrict the session in a way not known here.
fn narrows(name: &str) -> bool {
    name == "Policy" || name.starts_with("PolicyArns.") || name == "ExternalId"
}

fn required<'a>(form: &'a BTreeMap<String, String>, name: &str) -> Result<&'a str, Refusal> {
    form.get(name)
        .map(String::as_str)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| Refusal::validation(format!("{name} must not be null or empty")))
}

fn check_session_name(name: &str) -> Result<(), Refusal> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if (2..=64).contains(&name.len()) && name.bytes().all(known) {
        Ok(())
    } else {
        Err(Refusal::validation("RoleSessionName must be 2 to 64 characters of [\\w+=,.@-]"))
    }
}

fn space_tag(form: &BTreeMap<String, String>) -> Result<String, Refusal> {
    let mut space = None;
    for (name, key) in form {
        let member = name.strip_prefix("Tags.member.").and_then(|rest| rest.strip_suffix(".Key"));
        let Some(member) = member else { continue };
        if key != TAG {
            return Err(Refusal::validation(format!(
                "session tag '{key}' is not supported; only '{TAG}' is"
            )));
        }
        let value = form.get(&format!("Tags.member.{member}.Value"));
        if space.replace(value).is_some() {
            return Err(Refusal::validation(format!("duplicate session tag '{TAG}'")));
        }
    }
    let value = space.flatten().map_or("", String::as_str);
    // The value becomes a key prefix: nothing that could leave it.
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if (1..=128).contains(&value.len()) && value.bytes().all(known) {
        Ok(value.to_owned())
    } else {
        Err(Refusal::validation(format!(
            "session tag '{TAG}' must be 1 to 128 characters of [A-Za-z0-9_-]"
        )))
    }
}

fn duration(form: &BTreeMap<String, String>) -> Result<i64, Refusal> {
    let Some(text) = form.get("DurationSeconds") else {
        return Ok(DEFAULT_DURATION);
    };
    text.parse().ok().filter(|seconds| DURATIONS.contains(seconds)).ok_or_else(|| {
        Refusal::validation(format!(
            "1 validation error detected: Value '{text}' at 'durationSeconds' failed to \
                 satisfy constraint: Member must be between {} and {}",
            DURATIONS.start(),
            DURATIONS.end()
        ))
    })
}
