use super::{Arn, Problem, display_value, quote, text_value};
use std::fmt;

/// The newest Amazon Linux 2023, found when the deployment is planned.
const AMAZON_LINUX: &str = "al2023";

/// The image that servers boot from: `al2023` or the id of an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Image(String);

impl Image {
    /// Checks that it is `al2023` or `ami-` with 8 or 17 hexadecimal digits.
    ///
    /// # Errors
    /// When it is neither.
    pub fn new(text: &str) -> Result<Self, Problem> {
        let id = text.strip_prefix("ami-").is_some_and(|digits| {
            matches!(digits.len(), 8 | 17)
                && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        });
        if id || text == AMAZON_LINUX {
            return Ok(Self(text.to_owned()));
        }
        let message = format!("{} is neither al2023 nor the id of an image (ami-…)", quote(text));
        Err(Problem::new(message))
    }

    /// The image id, if one was given.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.0.starts_with("ami-").then_some(self.as_str())
    }
}

text_value!(Image);

/// The server program: `bundled` with this program, or the path of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release(String);

impl Release {
    /// Accepts `bundled`, and paths, which contain a `/`.
    ///
    /// # Errors
    /// When it is a bare word, or no path.
    pub fn new(text: &str) -> Result<Self, Problem> {
        if text == "bundled" {
            return Ok(Self(text.to_owned()));
        }
        if !text.contains('/') {
            let problem = Problem::new(format!("{} is neither `bundled` nor a path", quote(text)));
            return Err(match FilePath::new(text) {
                Ok(_) => problem.instead(format!("bundled, or ./{text}")),
                Err(_) => problem,
            });
        }
        FilePath::new(text).map(|path| Self(path.0))
    }

    /// Path of the program, if one was given.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        (self.0 != "bundled").then_some(self.as_str())
    }
}

text_value!(Release);

/// A path on this machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath(String);

impl FilePath {
    /// Checks that a path can be used as it stands. A relative one counts from the working directory.
    ///
    /// # Errors
    /// When it is empty, longer than 1,024 bytes, has control characters, or starts with `~`.
    pub fn new(text: &str) -> Result<Self, Problem> {
        if text.is_empty() || text.trim() != text {
            return Err(Problem::new(format!("{} is not a path", quote(text))));
        }
        if text.len() > 1_024 || text.chars().any(char::is_control) {
            return Err(Problem::new(
                "the path is longer than 1,024 bytes or has control characters",
            ));
        }
        if let Some(rest) = text.strip_prefix('~') {
            let problem = Problem::new("`~` is not replaced here");
            return Err(if rest.is_empty() || rest.starts_with('/') {
                problem.instead(format!("${{env:HOME}}{rest}"))
            } else {
                problem
            });
        }
        Ok(Self(text.to_owned()))
    }
}

text_value!(FilePath);

/// Where the entry's certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certificate {
    /// Made on this machine, for its own addresses. Target local.
    SelfMade,
    /// A PEM file. Target local.
    File(FilePath),
    /// A certificate in ACM. Target aws.
    Existing(Arn),
    /// One that ACM issues for the domain, and renews by itself. Target aws.
    Requested,
}

impl Certificate {
    /// Reads `self-made`, `request`, the path of a PEM file, or the ARN of a certificate.
    ///
    /// # Errors
    /// When it is none of them. A path needs a `/`, so that a mistyped word is not taken for a file.
    pub fn new(text: &str) -> Result<Self, Problem> {
        if text == "self-made" {
            return Ok(Self::SelfMade);
        }
        if text == "request" {
            return Ok(Self::Requested);
        }
        if text.starts_with("arn:") {
            let arn = Arn::new(text)?;
            return if arn.service() == "acm" {
                Ok(Self::Existing(arn))
            } else {
                Err(Problem::new(format!("{} is not the ARN of a certificate", quote(text))))
            };
        }
        let problem = || {
            let message = "is neither self-made, request, the path of a PEM file, nor the ARN of a certificate";
            Problem::new(format!("{} {message}", quote(text)))
        };
        match FilePath::new(text) {
            Ok(path) if text.contains('/') => Ok(Self::File(path)),
            Ok(_) if text.ends_with(".pem") || text.ends_with(".crt") => {
                Err(problem().instead(format!("./{text}")))
            }
            Ok(_) => Err(problem()),
            Err(refused) => Err(refused),
        }
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SelfMade => formatter.write_str("self-made"),
            Self::Requested => formatter.write_str("request"),
            Self::File(path) => path.fmt(formatter),
            Self::Existing(arn) => arn.fmt(formatter),
        }
    }
}

display_value!(Certificate);

/// Which key encrypts stored content: none of our own, a new one, or an existing KMS key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StorageKey {
    /// Encryption with keys that S3 manages.
    None,
    /// A KMS key made with the deployment.
    Create,
    /// This KMS key.
    Existing(Arn),
}

impl StorageKey {
    /// Reads `none`, `create`, or the ARN of a KMS key.
    ///
    /// # Errors
    /// When it is neither.
    pub fn new(text: &str) -> Result<Self, Problem> {
        match text {
            "none" => Ok(Self::None),
            "create" => Ok(Self::Create),
            _ if text.starts_with("arn:") => {
                let arn = Arn::new(text)?;
                if arn.service() == "kms" && arn.as_str().contains(":key/") {
                    Ok(Self::Existing(arn))
                } else {
                    Err(Problem::new(format!("{} is not the ARN of a KMS key", quote(text))))
                }
            }
            _ => {
                let message =
                    format!("{} is neither none, create, nor the ARN of a KMS key", quote(text));
                Err(Problem::new(message))
            }
        }
    }
}

impl fmt::Display for StorageKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => formatter.write_str("none"),
            Self::Create => formatter.write_str("create"),
            Self::Existing(arn) => arn.fmt(formatter),
        }
    }
}

display_value!(StorageKey);
