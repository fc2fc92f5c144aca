use super::{Domain, Problem, display_value, quote, text_value};
use std::fmt;

/// An e-mail address without a display name: `sync@example.com`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Checks the two parts.
    ///
    /// # Errors
    /// When the part before the `@` has unusual characters or the part behind is no host name.
    pub fn new(text: &str) -> Result<Self, Problem> {
        if is_address(text) {
            return Ok(Self(text.to_owned()));
        }
        let problem = Problem::new(format!("{} is not an e-mail address", quote(text)));
        let inner = text.rsplit_once('<').map_or(text, |(_, rest)| rest);
        let inner = inner.trim_end_matches('>').trim();
        let inner = inner.strip_prefix("mailto:").unwrap_or(inner);
        let lower = inner
            .rsplit_once('@')
            .map(|(local, domain)| format!("{local}@{}", domain.to_ascii_lowercase()));
        Err(match lower {
            Some(guess) if is_address(&guess) => problem.instead(guess),
            _ => problem,
        })
    }

    /// The part behind the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    (1..=64).contains(&local.len())
        && local.bytes().all(known)
        && local.split('.').all(|part| !part.is_empty())
        && Domain::new(domain).is_ok()
}

text_value!(EmailAddress);

/// What SES may send from: a whole domain, or one address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MailIdentity {
    /// Any address of this domain and of its subdomains.
    Domain(Domain),
    /// This address only.
    Address(EmailAddress),
}

impl MailIdentity {
    /// Reads a domain or an address; an address has an `@`.
    ///
    /// # Errors
    /// When it is neither.
    pub fn new(text: &str) -> Result<Self, Problem> {
        if text.contains('@') {
            EmailAddress::new(text).map(Self::Address)
        } else {
            Domain::new(text).map(Self::Domain)
        }
    }

    /// Whether mail from this address may be sent with the identity.
    #[must_use]
    pub fn covers(&self, from: &EmailAddress) -> bool {
        match self {
            Self::Address(address) => address == from,
            Self::Domain(domain) => {
                let sender = from.domain();
                let below = sender.strip_suffix(domain.as_str());
                below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
            }
        }
    }
}

impl fmt::Display for MailIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(domain) => domain.fmt(formatter),
            Self::Address(address) => address.fmt(formatter),
        }
    }
}

display_value!(MailIdentity);

#[cfg(test)]
mod tests {
    use super::{EmailAddress, MailIdentity};

    #[test]
    fn an_identity_covers_its_own_addresses_only() {
        let from = |text| EmailAddress::new(text).unwrap();
        let domain = MailIdentity::new("example.com").unwrap();
        assert!(domain.covers(&from("sync@example.com")));
        assert!(domain.covers(&from("sync@mail.example.com")));
        assert!(!domain.covers(&from("sync@badexample.com")));
        let address = MailIdentity::new("sync@example.com").unwrap();
        assert!(!address.covers(&from("other@example.com")));
    }

    #[test]
    fn an_address_is_found_in_what_people_paste() {
        for pasted in ["Sync <sync@example.com>", "mailto:sync@example.com", "sync@EXAMPLE.com"] {
            let problem = EmailAddress::new(pasted).unwrap_err();
            assert_eq!(problem.instead.as_deref(), Some("sync@example.com"), "{pasted}");
        }
        for bad in ["", "@", "a@", "@b.c", "a..b@c.de", "a b@c.de", "a@b"] {
            assert!(EmailAddress::new(bad).is_err(), "{bad}");
        }
        assert!(EmailAddress::new("sync@localhost.localdomain").is_ok());
    }
}
