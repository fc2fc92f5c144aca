//! What the server is told by its environment. Read once, at start; everything has a unit.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use http::HeaderValue;
use url::Url;

mod proxies;
pub mod variables;

pub use proxies::TrustedProxies;

/// Everything decided; nothing is optional that need not be.
#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
    /// Names this process in logs, metrics and the `x-syncd-instance` header.
    pub instance: String,
    pub region: String,
    pub table: String,
    pub bucket: String,
    pub writer_role_arn: String,
    pub reader_role_arn: String,
    /// Handed to clients; absent on AWS.
    pub client_s3_endpoint: Option<String>,
    /// Start of every link in mail, without a trailing slash.
    pub public_url: String,
    /// The sender; absent means that no mail is sent.
    pub mail_from: Option<String>,
    pub digest_interval: Duration,
    pub watch_interval: Duration,
    pub drain: DrainTimes,
    /// How long an idle connection is kept; above the load balancer's own idle timeout.
    pub keep_alive: Duration,
    /// Files that are streamed to clients at the same time.
    pub content_streams: usize,
    /// Whose `X-Forwarded-For` entries are believed, as far as they themselves appended them.
    pub trusted_proxies: TrustedProxies,
    /// Web origins that may call this API; empty means none but our own.
    pub allowed_origins: Vec<HeaderValue>,
    /// A `tracing` filter.
    pub log_filter: String,
    pub log_format: LogFormat,
}

/// How long the two halves of leaving may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrainTimes {
    /// Failing the health checks while still accepting, so that the load balancer can notice.
    pub delay: Duration,
    /// Finishing what is in flight after that.
    pub timeout: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Json,
    Text,
}

/// Every variable that is missing or can't be used, at once.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError {
    pub problems: Vec<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the environment is not complete:")?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))?;
        f.write_str("\n`syncd --help` lists every variable")
    }
}

impl Config {
    /// Reads the variables through `lookup`, which is `std::env::var` outside tests. A variable
    /// that is set to nothing counts as absent.
    ///
    /// # Errors
    /// Names every variable that is missing or does not parse.
    pub fn from_variables(
        lookup: impl Fn(&str) -> Option<String>,
    ) -> std::result::Result<Self, ConfigError> {
        let mut read = Reader { lookup: &lookup, problems: Vec::new() };
        let config = read.config();
        match config {
            Some(config) if read.problems.is_empty() => Ok(config),
            _ => Err(ConfigError { problems: read.problems }),
        }
    }
}

struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn config(&mut self) -> Option<Config> {
        let listen = self.required(variables::LISTEN).and_then(|text| {
            self.parsed::<SocketAddr>(variables::LISTEN, &text, "an address and a port")
        });
        let instance = self.required(variables::INSTANCE);
        let region = self.required(variables::REGION);
        let table = self.required(variables::TABLE);
        let bucket = self.required(variables::BUCKET);
        let writer_role_arn = self.required(variables::WRITER_ROLE_ARN);
        let reader_role_arn = self.required(variables::READER_ROLE_ARN);
        let public_url = self.public_url();
        let digest_interval = self.seconds(variables::DIGEST_INTERVAL, 900);
        let watch_interval =
            Duration::from_millis(self.number(variables::WATCH_INTERVAL_MS, 2_000).max(10));
        let drain = DrainTimes {
            delay: self.seconds(variables::DRAIN_DELAY, 15),
            timeout: self.seconds(variables::DRAIN_TIMEOUT, 60),
        };
        let keep_alive = self.seconds(variables::KEEP_ALIVE, 75);
        let content_streams = self.number(variables::CONTENT_STREAMS, 64).clamp(1, 10_000);
        let trusted_proxies = self.trusted_proxies();
        let allowed_origins = self.origins();
        let log_format = self.log_format();
        if let Some(name) = &instance
            && HeaderValue::from_str(name).is_err()
        {
            self.refuse(variables::INSTANCE, "a name without control characters");
        }
        Some(Config {
            listen: listen?,
            instance: instance?,
            region: region?,
            table: table?,
            bucket: bucket?,
            writer_role_arn: writer_role_arn?,
            reader_role_arn: reader_role_arn?,
            client_s3_endpoint: self.get(variables::CLIENT_S3_ENDPOINT),
            public_url: public_url?,
            mail_from: self.get(variables::MAIL_FROM),
            digest_interval,
            watch_interval,
            drain,
            keep_alive,
            content_streams: usize::try_from(content_streams).unwrap_or(64),
            trusted_proxies,
            allowed_origins,
            log_filter: self.get(variables::LOG).unwrap_or_else(|| variables::LOG_FILTER.into()),
            log_format,
        })
    }

    fn get(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    fn required(&mut self, name: &str) -> Option<String> {
        let value = self.get(name);
        if value.is_none() {
            self.problems.push(format!("{name} is not set"));
        }
        value
    }

    fn refuse(&mut self, name: &str, expected: &str) {
        self.problems.push(format!("{name} must be {expected}"));
    }

    fn parsed<T: FromStr>(&mut self, name: &str, text: &str, expected: &str) -> Option<T> {
        let value = text.parse().ok();
        if value.is_none() {
            self.refuse(name, expected);
        }
        value
    }

    fn number(&mut self, name: &str, default: u64) -> u64 {
        let Some(text) = self.get(name) else {
            return default;
        };
        self.parsed(name, &text, "a whole number").unwrap_or(default)
    }

    fn seconds(&mut self, name: &str, default: u64) -> Duration {
        Duration::from_secs(self.number(name, default))
    }

    fn public_url(&mut self) -> Option<String> {
        let text = self.required(variables::PUBLIC_URL)?;
        let fits = Url::parse(&text).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.has_host()
        });
        if !fits {
            self.refuse(variables::PUBLIC_URL, "an http or https URL without query");
            return None;
        }
        Some(text.trim_end_matches('/').to_owned())
    }

    fn origins(&mut self) -> Vec<HeaderValue> {
        let text = self.get(variables::ALLOWED_ORIGINS).unwrap_or_default();
        let mut origins = Vec::new();
        for origin in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let canonical = Url::parse(origin).ok().map(|url| url.origin().ascii_serialization());
            match HeaderValue::from_str(origin) {
                Ok(value) if canonical.as_deref() == Some(origin) => origins.push(value),
                _ => self.refuse(
                    variables::ALLOWED_ORIGINS,
                    "a list of origins such as https://files.example.com, separated by commas",
                ),
            }
        }
        origins
    }

    fn trusted_proxies(&mut self) -> TrustedProxies {
        let Some(text) = self.get(variables::TRUSTED_PROXIES) else {
            return TrustedProxies::default();
        };
        let expected = "addresses and networks such as 10.0.0.0/16, separated by commas, or none";
        self.parsed(variables::TRUSTED_PROXIES, &text, expected).unwrap_or_default()
    }

    fn log_format(&mut self) -> LogFormat {
        match self.get(variables::LOG_FORMAT).as_deref() {
            None | Some("json") => LogFormat::Json,
            Some("text") => LogFormat::Text,
            Some(_) => {
                self.refuse(variables::LOG_FORMAT, "json or text");
                LogFormat::Json
            }
        }
    }
}

#[cfg(test)]
mod tests;
