//! Ids of messages as people type them: short, as long as they are unique.
//!
//! An id is a time and a random part. Times of a day begin alike, so the random part names.

use engines::mail::MailSummary;

use crate::error::{CliError, Kind, Result};

/// Letters of the random part that a list shows at least.
const SHORTEST: usize = 6;

/// How many letters of the random part name each message of a list.
pub(super) fn length(messages: &[MailSummary]) -> usize {
    let longest = messages.iter().map(|message| random_part(&message.id).len()).max();
    let longest = longest.unwrap_or(SHORTEST).max(SHORTEST);
    (SHORTEST..longest).find(|length| is_unique(messages, *length)).unwrap_or(longest)
}

pub(super) fn shortened(id: &str, length: usize) -> String {
    random_part(id).chars().take(length).collect()
}

/// The one message that `typed` names: its id, the beginning of its id or of the random part, or
/// `latest`.
pub(super) fn find<'a>(messages: &'a [MailSummary], typed: &str) -> Result<&'a MailSummary> {
    if typed == "latest" {
        return messages.last().ok_or_else(|| {
            CliError::new(Kind::NotFound, "there is no mail yet").hint(
                "members who asked for it get a digest when files change: sync-agent mail on SPACE",
            )
        });
    }
    let names = |message: &&MailSummary| {
        message.id.starts_with(typed) || random_part(&message.id).starts_with(typed)
    };
    let found: Vec<&MailSummary> = messages.iter().filter(names).collect();
    match found[..] {
        [only] if !typed.is_empty() => Ok(only),
        [_, _, ..] if !typed.is_empty() => {
            let message = format!("{} messages have ids that begin with `{typed}`", found.len());
            Err(CliError::new(Kind::Usage, message)
                .hint("type more of the id; `syncctl mail list` shows the messages"))
        }
        _ => Err(CliError::new(Kind::NotFound, format!("there is no message `{typed}`"))
            .hint("`syncctl mail list` shows the messages")),
    }
}

fn random_part(id: &str) -> &str {
    id.rsplit_once('-').map_or(id, |(_, random)| random)
}

fn is_unique(messages: &[MailSummary], length: usize) -> bool {
    let mut short: Vec<String> =
        messages.iter().map(|message| shortened(&message.id, length)).collect();
    short.sort_unstable();
    short.windows(2).all(|pair| pair[0] != pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(ids: &[&str]) -> Vec<MailSummary> {
        let text = String::new;
        let message = |id: &&str| MailSummary {
            id: (*id).to_owned(),
            date: text(),
            from: text(),
            to: text(),
            subject: text(),
        };
        ids.iter().map(message).collect()
    }

    #[test]
    fn a_message_is_named_by_as_little_as_is_unique() {
        let messages = messages(&["0001-abcdef12", "0001-abcdef34", "0002-12345678"]);
        assert_eq!(length(&messages), 7);
        assert_eq!(shortened(&messages[0].id, 7), "abcdef1");
        for (typed, id) in [
            ("abcdef1", "0001-abcdef12"),
            ("1", "0002-12345678"),
            ("0002", "0002-12345678"),
            ("0001-abcdef34", "0001-abcdef34"),
            ("latest", "0002-12345678"),
        ] {
            assert_eq!(find(&messages, typed).unwrap().id, id);
        }
        for typed in ["abc", "000", "0001", "zz", ""] {
            assert!(find(&messages, typed).is_err(), "{typed}");
        }
    }
}
