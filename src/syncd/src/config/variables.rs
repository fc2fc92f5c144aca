//! Every environment variable that the server reads: the one place that documents them.
//!
//! There are no flags and no configuration file, so the precedence is short: the environment,
//! then the default. Durations are whole numbers in the unit named here.

/// One variable, as `syncd --help` shows it.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    pub name: &'static str,
    /// `None`: the server does not start without it (or, where said so, does without).
    pub default: Option<&'static str>,
    pub about: &'static str,
}

macro_rules! variables {
    ($($constant:ident = $name:literal, $default:expr, $about:literal;)*) => {
        $(#[doc = $about] pub const $constant: &str = $name;)*

        /// All of them, in the order of the help text.
        pub const ALL: &[Variable] = &[
            $(Variable { name: $name, default: $default, about: $about },)*
        ];
    };
}

/// The SDK tells at `info` which credentials it found, and names their keys.
pub const LOG_FILTER: &str =
    "info,aws_config=warn,aws_smithy_runtime=warn,aws_runtime=warn,hyper=warn";

variables! {
    LISTEN = "SYNCD_LISTEN", None,
        "Address and port to listen on, for example 127.0.1.1:8421.";
    INSTANCE = "SYNCD_INSTANCE", None,
        "Name of this process in logs, metrics and the x-syncd-instance header.";
    REGION = "AWS_REGION", None,
        "Region of the table, the bucket and the mail service.";
    TABLE = "SYNCD_TABLE", None,
        "DynamoDB table that holds the metadata.";
    BUCKET = "SYNCD_BUCKET", None,
        "S3 bucket that holds the content.";
    WRITER_ROLE_ARN = "SYNCD_WRITER_ROLE_ARN", None,
        "Role that clients who may write get a temporary credential for.";
    READER_ROLE_ARN = "SYNCD_READER_ROLE_ARN", None,
        "Role that clients who may only read get a temporary credential for.";
    PUBLIC_URL = "SYNCD_PUBLIC_URL", None,
        "Where people reach the service; links in mail start with it.";
    CLIENT_S3_ENDPOINT = "SYNCD_CLIENT_S3_ENDPOINT", Some("AWS's own"),
        "S3 endpoint handed to clients, addressed in path style when set.";
    MAIL_FROM = "SYNCD_MAIL_FROM", Some("no mail"),
        "Sender of change digests, an identity that SES has verified.";
    DIGEST_INTERVAL = "SYNCD_DIGEST_INTERVAL", Some("900"),
        "Seconds for which a digest collects changes before it is sent.";
    WATCH_INTERVAL_MS = "SYNCD_WATCH_INTERVAL_MS", Some("2000"),
        "Milliseconds between looks at a journal while somebody waits for it, 10 at least.";
    DRAIN_DELAY = "SYNCD_DRAIN_DELAY", Some("15"),
        "Seconds to fail the health checks while still accepting, after SIGTERM.";
    DRAIN_TIMEOUT = "SYNCD_DRAIN_TIMEOUT", Some("60"),
        "Seconds to finish what is in flight after that.";
    KEEP_ALIVE = "SYNCD_KEEP_ALIVE", Some("75"),
        "Seconds to keep an idle connection; longer than the load balancer's idle timeout.";
    CONTENT_STREAMS = "SYNCD_CONTENT_STREAMS", Some("64"),
        "Files streamed to clients at the same time, 12 MiB of memory each; more get 503.";
    TRUSTED_PROXIES = "SYNCD_TRUSTED_PROXIES", Some("127.0.0.0/8,::1"),
        "Proxies: addresses, networks. The last X-Forwarded-For entry that is none of them counts.";
    ALLOWED_ORIGINS = "SYNCD_ALLOWED_ORIGINS", Some("none"),
        "Web origins, separated by commas, whose pages may call this API.";
    LOG = "SYNCD_LOG", Some(LOG_FILTER),
        "Log filter, for example info,syncd=debug.";
    LOG_FORMAT = "SYNCD_LOG_FORMAT", Some("json"),
        "json or text, written to standard error.";
}

/// The ordinary variables of the AWS SDK, which it reads by itself.
pub const SDK: &str = "AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3, AWS_SHARED_CREDENTIALS_FILE and \
                       the other variables of the AWS SDK work as everywhere.";
