use super::{Problem, quote, text_value};

/// A host name in DNS: lower case, at least two labels, no trailing dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(String);

impl Domain {
    /// Checks a host name.
    ///
    /// # Errors
    /// When it is a URL, an address, not ASCII, or breaks the rules for labels.
    pub fn new(text: &str) -> Result<Self, Problem> {
        if is_domain(text) {
            return Ok(Self(text.to_owned()));
        }
        let problem = Problem::new(format!("{} is not a host name", quote(text)));
        if !text.is_ascii() {
            let message = format!("{} is not ASCII; write its xn-- form", quote(text));
            return Err(Problem::new(message));
        }
        let host = text.split_once("://").map_or(text, |(_, rest)| rest);
        let host = host.split(['/', ':']).next().unwrap_or("");
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        Err(if is_domain(&host) { problem.instead(host) } else { problem })
    }
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or("");
    text.len() <= 253
        && text.contains('.')
        && text.split('.').all(label)
        && last.bytes().any(|byte| byte.is_ascii_lowercase())
}

text_value!(Domain);

/// Path of an HTTP request, without query.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpPath(String);

impl HttpPath {
    /// Checks a path.
    ///
    /// # Errors
    /// When it does not start with `/`, has a query, blanks or non-ASCII characters, or is over 1,024 bytes.
    pub fn new(text: &str) -> Result<Self, Problem> {
        let clean =
            text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#'));
        if text.starts_with('/') && text.len() <= 1_024 && clean {
            return Ok(Self(text.to_owned()));
        }
        let problem = Problem::new(format!("{} is not the path of a URL", quote(text)));
        let slashed = format!("/{text}");
        Err(
            if clean
                && !text.is_empty()
                && !text.contains("://")
                && slashed.len() <= 100
                && !text.starts_with('/')
            {
                problem.instead(slashed)
            } else {
                problem
            },
        )
    }
}

text_value!(HttpPath);

/// Id of a hosted zone in Route 53: `Z0123456789ABCDEFGHIJ`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostedZone(String);

impl HostedZone {
    /// Checks an id as consoles and tools show it.
    ///
    /// # Errors
    /// When it is not `Z` and up to 31 capitals and digits.
    pub fn new(text: &str) -> Result<Self, Problem> {
        if is_hosted_zone(text) {
            return Ok(Self(text.to_owned()));
        }
        let problem = Problem::new(format!("{} is not the id of a hosted zone", quote(text)));
        // The API writes the id with its path in front.
        let id = text.rsplit('/').next().unwrap_or("").trim();
        Err(if is_hosted_zone(id) { problem.instead(id) } else { problem })
    }
}

fn is_hosted_zone(text: &str) -> bool {
    text.starts_with('Z')
        && (8..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

text_value!(HostedZone);

/// An `https://` address without query.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Url(String);

impl Url {
    /// Checks scheme, host, port and path.
    ///
    /// # Errors
    /// When it is not https, or has a user, a query or a fragment.
    pub fn new(text: &str) -> Result<Self, Problem> {
        let problem = || Problem::new(format!("{} is not an https:// address", quote(text)));
        let Some(rest) = text.strip_prefix("https://") else {
            let host = text.strip_prefix("http://").unwrap_or(text);
            let secure = format!("https://{host}");
            return Err(match is_url(host) {
                true => problem().instead(secure),
                false => problem(),
            });
        };
        if is_url(rest) { Ok(Self(text.to_owned())) } else { Err(problem()) }
    }
}

/// Checks what follows the scheme.
fn is_url(rest: &str) -> bool {
    let (authority, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, ""),
    };
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let numeric = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let port = numeric && port.parse::<u16>().is_ok_and(|port| port > 0);
    is_domain(host) && port && (path.is_empty() || HttpPath::new(path).is_ok())
}

text_value!(Url);

#[cfg(test)]
mod tests {
    use super::{Domain, HostedZone, HttpPath, Url};

    #[test]
    fn a_domain_is_found_in_what_people_paste() {
        for pasted in [
            "https://sync.example.com/",
            "Sync.Example.com",
            "sync.example.com.",
            "sync.example.com:443",
        ] {
            let problem = Domain::new(pasted).unwrap_err();
            assert_eq!(problem.instead.as_deref(), Some("sync.example.com"), "{pasted}");
        }
        for bad in ["localhost", "10.0.0.1", "münchen.de", "-a.de", "a..de", "*.example.com", ""] {
            assert!(Domain::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_hosted_zone_is_found_in_what_the_api_prints() {
        assert!(HostedZone::new("Z0123456789ABCDEFGHIJ").is_ok());
        let problem = HostedZone::new("/hostedzone/Z1D633PJN98FT9").unwrap_err();
        assert_eq!(problem.instead.as_deref(), Some("Z1D633PJN98FT9"));
        for bad in ["", "Z1", "example.com", "z1d633pjn98ft9", "Z1D633PJN98FT9-"] {
            assert!(HostedZone::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_and_paths() {
        assert!(Url::new("https://id.example.com:8443/realm/a").is_ok());
        for bad in [
            "https://",
            "https://u@example.com",
            "https://example.com/?a",
            "https://example.com:0",
            "ftp://a.b",
        ] {
            assert!(Url::new(bad).is_err(), "{bad}");
        }
        let problem = Url::new("http://id.example.com").unwrap_err();
        assert_eq!(problem.instead.as_deref(), Some("https://id.example.com"));
        assert_eq!(HttpPath::new("health").unwrap_err().instead.as_deref(), Some("/health"));
        assert!(HttpPath::new("/a b").is_err());
    }
}
