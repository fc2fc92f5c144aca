//! Turns a request into an RFC 5322 message.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use jiff::Timestamp;

use super::Refusal;
use super::request::{SendEmail, Simple};

/// Recipients of one message, as SES counts them.
const RECIPIENTS: usize = 50;

/// Bytes of text in one encoded word, so that it stays below its 75.
const WORD: usize = 42;

/// RFC 5321 allows no longer lines.
const LONGEST_LINE: usize = 998;

/// Headers the message gets from the request itself.
const OWN_HEADERS: [&str; 10] = [
    "from",
    "to",
    "cc",
    "bcc",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
];

/// The message `id`, if `identity` may send it.
pub(super) fn compose(
    request: &SendEmail,
    identity: Option<&str>,
    id: &str,
    now: Timestamp,
) -> Result<Vec<u8>, Refusal> {
    let destination = &request.destination;
    let recipients = destination.to_addresses.len()
        + destination.cc_addresses.len()
        + destination.bcc_addresses.len();
    if recipients > RECIPIENTS {
        return Err(Refusal::bad(format!("Recipient count exceeds {RECIPIENTS}.")));
    }
    match (&request.content.simple, &request.content.raw) {
        (Some(simple), None) if request.content.template.is_none() => {
            if recipients == 0 {
                return Err(Refusal::bad("Destination must name at least one recipient."));
            }
            let from = request
                .from_email_address
                .as_deref()
                .ok_or_else(|| Refusal::bad("FromEmailAddress must be set."))?;
            check_sender(from, identity)?;
            simple_message(request, simple, from, id, now)
        }
        (None, Some(raw)) if request.content.template.is_none() => {
            let message = STANDARD
                .decode(&raw.data)
                .map_err(|_| Refusal::bad("Content.Raw.Data is not Base64."))?;
            let text = String::from_utf8_lossy(&message);
            let from = crate::mail::unfolded_header(&text, "from")
                .ok_or_else(|| Refusal::bad("Missing required header 'From'."))?;
            // The envelope sender does not excuse a forged header.
            for sender in [Some(from.as_str()), request.from_email_address.as_deref()] {
                check_sender(sender.unwrap_or(&from), identity)?;
            }
            Ok(message)
        }
        _ => {
            Err(Refusal::bad("Content must be Simple or Raw; templates are not supported locally."))
        }
    }
}

fn check_sender(from: &str, identity: Option<&str>) -> Result<(), Refusal> {
    let address = address_of(from);
    let allowed = identity.is_some_and(|identity| {
        if identity.contains('@') {
            address.eq_ignore_ascii_case(identity)
        } else {
            address
                .rsplit_once('@')
                .is_some_and(|(_, domain)| domain.eq_ignore_ascii_case(identity))
        }
    });
    if allowed {
        return Ok(());
    }
    Err(Refusal {
        status: StatusCode::BAD_REQUEST,
        kind: "MessageRejected",
        message: format!(
            "Email address is not verified. The following identities failed the check: {address}"
        ),
    })
}

/// The bare address of `Name <address>`.
fn address_of(mailbox: &str) -> &str {
    mailbox
        .rsplit_once('<')
        .and_then(|(_, rest)| rest.split_once('>'))
        .map_or(mailbox, |(address, _)| address)
        .trim()
}

fn simple_message(
    request: &SendEmail,
    simple: &Simple,
    from: &str,
    id: &str,
    now: Timestamp,
) -> Result<Vec<u8>, Refusal> {
    if !simple.attachments.is_empty() {
        return Err(Refusal::bad("Attachments are not supported locally; send Raw content."));
    }
    let mut headers = Headers::default();
    headers.add("Date", &now.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string())?;
    headers.add("Message-ID", &format!("<{id}@email.localhost>"))?;
    headers.add("From", from)?;
    // Bcc is left out on purpose: the message is what recipients see.
    for (name, addresses) in [
        ("To", &request.destination.to_addresses),
        ("Cc", &request.destination.cc_addresses),
        ("Reply-To", &request.reply_to_addresses),
    ] {
        if !addresses.is_empty() {
            headers.add(name, &addresses.join(", "))?;
        }
    }
    headers.add("Subject", &encode_words(&simple.subject.data))?;
    for header in &simple.headers {
        let name = header.name.as_str();
        let printable = |byte: u8| byte.is_ascii_graphic() && byte != b':';
        if name.is_empty() || !name.bytes().all(printable) {
            return Err(Refusal::bad(format!("Header name {name:?} is not valid.")));
        }
        if OWN_HEADERS.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            return Err(Refusal::bad(format!("Header {name} cannot be set.")));
        }
        headers.add(name, &header.value)?;
    }
    headers.add("MIME-Version", "1.0")?;
    let text = simple.body.text.as_ref().map(|text| part("plain", &text.data));
    let html = simple.body.html.as_ref().map(|html| part("html", &html.data));
    let message = match (text, html) {
        (None, None) => return Err(Refusal::bad("Body must have Text or Html.")),
        (Some(only), None) | (None, Some(only)) => format!("{}{only}", headers.0),
        (Some(text), Some(html)) => {
            let boundary = format!("=_{id}");
            headers
                .add("Content-Type", &format!("multipart/alternative; boundary=\"{boundary}\""))?;
            format!(
                "{}\r\n--{boundary}\r\n{text}\r\n--{boundary}\r\n{html}\r\n--{boundary}--\r\n",
                headers.0
            )
        }
    };
    Ok(message.into_bytes())
}

#[derive(Default)]
struct Headers(String);

impl Headers {
    fn add(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        // A line break would start a header of the sender's choice.
        if value.contains(['\r', '\n', '\0']) {
            return Err(Refusal::bad(format!("{name} must not contain line breaks.")));
        }
        for part in [name, ": ", value, "\r\n"] {
            self.0.push_str(part);
        }
        Ok(())
    }
}

/// A body part with its headers: readable as it stands where lines allow it.
fn part(kind: &str, text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let short = text.split('\n').all(|line| line.len() <= LONGEST_LINE);
    let (encoding, body) = if short && !text.contains('\0') {
        let encoding = if text.is_ascii() { "7bit" } else { "8bit" };
        (encoding, text.replace('\n', "\r\n"))
    } else {
        ("base64", wrapped(&STANDARD.encode(text)))
    };
    format!(
        "Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}"
    )
}

fn wrapped(encoded: &str) -> String {
    let mut lines = String::with_capacity(encoded.len() + encoded.len() / 38);
    for (count, letter) in encoded.chars().enumerate() {
        if count > 0 && count % 76 == 0 {
            lines.push_str("\r\n");
        }
        lines.push(letter);
    }
    lines
}

/// RFC 2047: text outside ASCII as encoded words.
fn encode_words(text: &str) -> String {
    if text.is_ascii() && !text.contains("=?") {
        return text.to_owned();
    }
    let mut words = Vec::new();
    let mut word = String::new();
    for letter in text.chars() {
        if word.len() + letter.len_utf8() > WORD {
            words.push(std::mem::take(&mut word));
        }
        word.push(letter);
    }
    words.push(word);
    let encoded: Vec<_> =
        words.iter().map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word))).collect();
    encoded.join(" ")
}

/// Undoes [`encode_words`]; other encoded words stay as they are.
pub(crate) fn decode_words(text: &str) -> String {
    let mut decoded = String::new();
    let mut words = 0;
    for word in text.split(' ') {
        let plain = word
            .strip_prefix("=?utf-8?B?")
            .and_then(|rest| rest.strip_suffix("?="))
            .and_then(|encoded| STANDARD.decode(encoded).ok())
            .and_then(|raw| String::from_utf8(raw).ok());
        match plain {
            Some(plain) => {
                // Blanks between encoded words do not count.
                decoded.push_str(&plain);
                words += 1;
            }
            None => return text.to_owned(),
        }
    }
    if words == 0 { text.to_owned() } else { decoded }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_subject_comes_back(subject in "\\PC{0,200}") {
            let encoded = encode_words(&subject);
            prop_assert!(encoded.is_ascii());
            prop_assert_eq!(decode_words(&encoded), subject);
        }
    }

    #[test]
    fn addresses_are_found_in_mailboxes() {
        assert_eq!(address_of("a@b.example"), "a@b.example");
        assert_eq!(address_of("A <B> <a@b.example>"), "a@b.example");
    }
}
