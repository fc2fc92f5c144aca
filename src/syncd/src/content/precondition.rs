use http::HeaderMap;
use http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH, IF_RANGE};
use protocol::hash::ContentHash;

/// What the conditional headers of a GET or HEAD decide (RFC 9110 section 13.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Answer, with or without the range.
    Proceed,
    /// The client has these bytes: 304.
    NotModified,
    /// The client wanted other bytes: 412.
    Failed,
}

/// The entity tag of content is its quoted digest: strong, and the same on every server.
pub(crate) fn entity_tag(hash: &ContentHash) -> String {
    format!("\"{hash}\"")
}

pub(crate) fn judge(headers: &HeaderMap, tag: &str) -> Verdict {
    // If-Match compares strongly: a weak tag never matches.
    if headers.contains_key(IF_MATCH) && !any(headers, &IF_MATCH, |entry| entry == tag) {
        return Verdict::Failed;
    }
    let weak = |entry: &str| entry.strip_prefix("W/").unwrap_or(entry) == tag;
    if any(headers, &IF_NONE_MATCH, weak) {
        return Verdict::NotModified;
    }
    Verdict::Proceed
}

/// Whether a range may be answered: with `If-Range`, only for exactly the bytes the client began
/// with. There is no modification time to compare, so a date never matches.
pub(crate) fn range_applies(headers: &HeaderMap, tag: &str) -> bool {
    headers.get(IF_RANGE).is_none_or(|value| value.as_bytes() == tag.as_bytes())
}

fn any(headers: &HeaderMap, name: &HeaderName, fits: impl Fn(&str) -> bool) -> bool {
    // Our tags hold neither commas nor spaces, so splitting can't cut one that matches.
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|entry| entry == "*" || fits(entry))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::{Verdict, judge, range_applies};

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        let name = HeaderName::from_static(name);
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn conditions_as_rfc_9110_has_them() {
        for (name, value, verdict) in [
            ("if-none-match", "\"abc\"", Verdict::NotModified),
            ("if-none-match", "\"x\", W/\"abc\"", Verdict::NotModified),
            ("if-none-match", "*", Verdict::NotModified),
            ("if-none-match", "\"x\"", Verdict::Proceed),
            ("if-match", "\"abc\"", Verdict::Proceed),
            ("if-match", "*", Verdict::Proceed),
            ("if-match", "W/\"abc\"", Verdict::Failed),
            ("if-match", "\"x\"", Verdict::Failed),
        ] {
            assert_eq!(judge(&headers(name, value), "\"abc\""), verdict, "{name}: {value}");
        }
    }

    #[test]
    fn a_range_continues_only_the_same_bytes() {
        assert!(range_applies(&HeaderMap::new(), "\"abc\""));
        assert!(range_applies(&headers("if-range", "\"abc\""), "\"abc\""));
        assert!(!range_applies(&headers("if-range", "W/\"abc\""), "\"abc\""));
        let date = headers("if-range", "Fri, 20 Nov 2026 10:00:00 GMT");
        assert!(!range_applies(&date, "\"abc\""));
    }
}
