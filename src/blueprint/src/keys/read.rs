//! A typed text to a value of the kind that its key asks for.

use super::{Key, Kind};
use crate::diagnostic::{Code, closest};
use crate::value::Value;
use crate::values::{
    Address, Certificate, Cidr, Domain, Duration, EmailAddress, FilePath, HostedZone, HttpPath,
    Image, InstanceType, MailIdentity, Percent, Problem, Region, Release, StackName, StorageKey,
    Url, quote,
};

/// A text with what its notation says about its type.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Typed<'a> {
    /// Without quotes: YAML readers guess a type.
    Plain(&'a str),
    /// In quotes: a text for certain.
    Quoted(&'a str),
    /// From a variable, a flag or the environment: the key alone decides.
    Free(&'a str),
}

impl<'a> Typed<'a> {
    pub(crate) const fn text(self) -> &'a str {
        match self {
            Self::Plain(text) | Self::Quoted(text) | Self::Free(text) => text,
        }
    }
}

/// Why a text is no value for a key.
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) hint: String,
}

impl Key {
    /// Reads a single value.
    pub(crate) fn read(&self, typed: Typed<'_>) -> Result<Value, Refusal> {
        let text = typed.text();
        if self.optional && text == "none" {
            return Ok(Value::None);
        }
        let read = self.kind.parse(text);
        match typed {
            Typed::Plain(_) if self.kind.is_text() && needs_quotes(text) && !guessed(&read) => {
                let hint = match read {
                    Ok(_) => {
                        format!("write {} in quotes: {}", quote(text), serde_json::json!(text))
                    }
                    Err(_) => format!("write {}", self.kind.expectation()),
                };
                let message =
                    format!("{} is read as {}, not as a text", quote(text), reading(text));
                Err(Refusal { code: Code::NeedsQuotes, message, hint })
            }
            Typed::Quoted(_) if !self.kind.is_text() && !text.ends_with('%') => {
                let message =
                    format!("this is a text in quotes; the key needs {}", self.kind.expectation());
                let hint = match read {
                    Ok(_) => format!("write {text} without quotes"),
                    Err(_) => format!("write {}", self.kind.expectation()),
                };
                Err(Refusal { code: Code::WrongType, message, hint })
            }
            _ => read.map_err(|(code, problem)| Refusal {
                code,
                hint: match problem.instead {
                    Some(instead) => format!("write {instead}"),
                    None => format!("write {}", self.kind.expectation()),
                },
                message: problem.message,
            }),
        }
    }

    /// Reads a whole list from its items.
    pub(crate) fn read_list(&self, items: &[Value]) -> Result<Value, Refusal> {
        use crate::value::FromValue as _;
        let list = match self.kind {
            Kind::Networks => {
                items.iter().map(Cidr::from_value).collect::<Option<_>>().map(Value::Cidrs)
            }
            Kind::Choices(_) => {
                items.iter().map(String::from_value).collect::<Option<_>>().map(Value::Texts)
            }
            _ => None,
        };
        let twice = items
            .iter()
            .enumerate()
            .find(|(index, item)| items.iter().take(*index).any(|other| other == *item));
        match (list, twice) {
            (Some(list), None) => Ok(list),
            (_, Some((_, item))) => Err(Refusal {
                code: Code::BadValue,
                message: format!("{} stands in the list twice", quote(&item.to_yaml())),
                hint: "keep one of the two".to_owned(),
            }),
            (None, None) => Err(Refusal {
                code: Code::WrongType,
                message: "this is a list".to_owned(),
                hint: format!("write {}", self.kind.expectation()),
            }),
        }
    }

    /// Reads a list from one text, as flags and the environment give it: `a, b` or `[a, b]`.
    pub(crate) fn read_joined(&self, text: &str) -> Result<Value, Refusal> {
        let inner = text.trim();
        let inner =
            inner.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(inner);
        let words = inner.split(',').map(str::trim).filter(|word| !word.is_empty());
        let items =
            words.map(|word| self.read(Typed::Free(word))).collect::<Result<Vec<_>, _>>()?;
        self.read_list(&items)
    }
}

/// Whether the type's own refusal knows what was meant, as for a duration without unit.
fn guessed(read: &Parsed) -> bool {
    read.as_ref().is_err_and(|(_, problem)| problem.instead.is_some())
}

type Parsed = Result<Value, (Code, Problem)>;

impl Kind {
    /// Reads one value; for a list kind, one item.
    fn parse(self, text: &str) -> Parsed {
        match self {
            Self::Version => version(text),
            Self::Boolean => boolean(text),
            Self::Integer { least, most } => integer(text, least, most),
            Self::Percent { least, most } => {
                let percent = valued(Percent::new(text))?;
                within(percent.get(), least, most, self, text)?;
                Ok(percent.into())
            }
            Self::Duration { least, most } => {
                let duration = valued(Duration::new(text))?;
                within(duration.seconds(), least, most, self, text)?;
                Ok(duration.into())
            }
            Self::Choice(names) | Self::Choices(names) => choice(text, names),
            Self::Name => valued(StackName::new(text)).map(Value::from),
            Self::Region => valued(Region::new(text)).map(Value::from),
            Self::Network => network(text),
            Self::Networks => valued(Cidr::new(text)).map(Value::from),
            Self::Domain => valued(Domain::new(text)).map(Value::from),
            Self::Certificate => valued(Certificate::new(text)).map(Value::from),
            Self::HostedZone => valued(HostedZone::new(text)).map(Value::from),
            Self::HttpPath => valued(HttpPath::new(text)).map(Value::from),
            Self::Url => valued(Url::new(text)).map(Value::from),
            Self::InstanceType => valued(InstanceType::new(text)).map(Value::from),
            Self::Image => valued(Image::new(text)).map(Value::from),
            Self::Release => valued(Release::new(text)).map(Value::from),
            Self::StorageKey => valued(StorageKey::new(text)).map(Value::from),
            Self::MailIdentity => valued(MailIdentity::new(text)).map(Value::from),
            Self::EmailAddress => valued(EmailAddress::new(text)).map(Value::from),
            Self::Address => valued(Address::new(text)).map(Value::from),
            Self::FilePath => valued(FilePath::new(text)).map(Value::from),
            Self::Text => line(text, 1, 255),
            Self::TagValue => tag(text),
        }
    }
}

fn valued<T>(read: Result<T, Problem>) -> Result<T, (Code, Problem)> {
    read.map_err(|problem| (Code::BadValue, problem))
}

fn bad(message: String) -> (Code, Problem) {
    (Code::BadValue, Problem::new(message))
}

fn version(text: &str) -> Parsed {
    match integer(text, 0, u32::MAX) {
        Ok(Value::Integer(1)) => Ok(Value::Integer(1)),
        Ok(_) => {
            let message =
                format!("{text} is a version of the format that this program does not know");
            let problem = Problem::new(message).instead("`version: 1`, or use a newer syncctl");
            Err((Code::UnsupportedVersion, problem))
        }
        Err(problem) => Err(problem),
    }
}

fn boolean(text: &str) -> Parsed {
    match text {
        "true" | "True" | "TRUE" => Ok(Value::Boolean(true)),
        "false" | "False" | "FALSE" => Ok(Value::Boolean(false)),
        _ => {
            let problem = Problem::new(format!("{} is neither true nor false", quote(text)));
            let problem = match text.to_ascii_lowercase().as_str() {
                "yes" | "y" | "on" | "1" | "enabled" => problem.instead("true"),
                "no" | "n" | "off" | "0" | "disabled" => problem.instead("false"),
                _ => problem,
            };
            Err((Code::WrongType, problem))
        }
    }
}

fn integer(text: &str, least: u32, most: u32) -> Parsed {
    let kind = Kind::Integer { least, most };
    let digits = text.strip_prefix('+').unwrap_or(text).replace(['_', ','], "");
    let decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !decimal {
        let problem = Problem::new(format!("{} is not a whole number", quote(text)));
        let whole = text.split_once('.').filter(|(whole, rest)| {
            let numeric = |part: &str| {
                !part.is_empty()
                    && part.len() < 10
                    && part.bytes().all(|byte| byte.is_ascii_digit())
            };
            numeric(whole) && numeric(rest) && rest.bytes().all(|byte| byte == b'0')
        });
        let problem = match whole {
            Some((whole, _)) => problem.instead(whole),
            None => problem,
        };
        return Err((Code::WrongType, problem));
    }
    if digits.len() > 1 && digits.starts_with('0') {
        let message =
            format!("{} has leading zeros, which some YAML readers take for octal", quote(text));
        let decimal = digits.trim_start_matches('0');
        let problem = Problem::new(message).instead(if decimal.is_empty() { "0" } else { decimal });
        return Err((Code::BadValue, problem));
    }
    if digits != text {
        let problem = Problem::new(format!("{} is not written as plain digits", quote(text)));
        return Err((Code::BadValue, problem.instead(digits)));
    }
    let number = digits.parse::<u64>().unwrap_or(u64::MAX);
    within(number, u64::from(least), u64::from(most), kind, text)?;
    u32::try_from(number)
        .map(Value::Integer)
        .map_err(|_| bad(format!("{} is too large", quote(text))))
}

fn within<T: PartialOrd>(
    value: T,
    least: T,
    most: T,
    kind: Kind,
    text: &str,
) -> Result<(), (Code, Problem)> {
    if value >= least && value <= most {
        return Ok(());
    }
    let message = format!("{} is outside its limits; this is {}", quote(text), kind.expectation());
    Err((Code::OutOfRange, Problem::new(message)))
}

fn choice(text: &str, names: &'static [&'static str]) -> Parsed {
    if names.contains(&text) {
        return Ok(Value::Text(text.to_owned()));
    }
    let problem = Problem::new(format!("{} is not one of {}", quote(text), names.join(", ")));
    Err(match closest(text, names.iter().copied()) {
        Some(near) => (Code::BadValue, problem.instead(near)),
        None => (Code::BadValue, problem),
    })
}

fn network(text: &str) -> Parsed {
    let range = valued(Cidr::new(text))?;
    if !range.is_private() {
        let problem = Problem::new(format!("{} is not a private range", quote(text)));
        return Err((Code::BadValue, problem));
    }
    if !(16..=28).contains(&range.prefix()) {
        let message =
            format!("{} has a prefix of {}; a VPC takes 16 to 28", quote(text), range.prefix());
        return Err((Code::OutOfRange, Problem::new(message)));
    }
    Ok(range.into())
}

fn line(text: &str, least: usize, most: usize) -> Parsed {
    let length = text.chars().count();
    if text.chars().any(char::is_control) || text.trim() != text {
        return Err(bad(format!("{} has line breaks, or blanks at an end", quote(text))));
    }
    if length < least || length > most {
        return Err(bad(format!(
            "{} has {length} characters; {least} to {most} are allowed",
            quote(text)
        )));
    }
    Ok(Value::Text(text.to_owned()))
}

/// Values of tags as AWS takes them.
fn tag(text: &str) -> Parsed {
    let known = |character: char| character.is_alphanumeric() || " _.:/=+-@".contains(character);
    match text.chars().find(|character| !known(*character)) {
        Some(strange) => {
            Err(bad(format!("a tag cannot contain the character {}", quote(&strange.to_string()))))
        }
        None => line(text, 0, 256),
    }
}

/// Whether some YAML reader takes this text, without quotes, for something else than a text.
pub(crate) fn needs_quotes(text: &str) -> bool {
    reading(text) != "a text"
}

/// What YAML readers, old and new, make of a bare word.
fn reading(text: &str) -> &'static str {
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n" => return "true or false",
        "" | "~" | "null" => return "nothing",
        ".nan" | ".inf" | "-.inf" | "+.inf" => return "a number",
        _ => {}
    }
    let digits = lower.trim_start_matches(['-', '+']);
    let prefixed = ["0x", "0o", "0b"].iter().any(|prefix| {
        let rest = digits.strip_prefix(prefix);
        rest.is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'_')
        })
    });
    let numeric = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.replace('_', "").parse::<f64>().is_ok();
    // Old readers count in sixties: 12:30 is 750.
    let sixty = digits.contains(':')
        && digits.split(':').all(|part| {
            !part.is_empty() && part.len() <= 2 && part.bytes().all(|byte| byte.is_ascii_digit())
        });
    if prefixed || numeric || sixty { "a number" } else { "a text" }
}
