//! What people type: logins, passwords, names of devices.

use crate::error::{Result, invalid};

/// Longest address of RFC 5321, section 4.5.3.1.
const MAX_LOGIN: usize = 254;

const PASSWORD_BYTES: std::ops::RangeInclusive<usize> = 10..=1024;

const MAX_DEVICE_NAME: usize = 100;

/// An e-mail address in lower case. The domain may be a single label, for local use.
pub(super) fn login(text: &str) -> Result<String> {
    let login = text.trim().to_ascii_lowercase();
    let fits = login.len() <= MAX_LOGIN
        && login
            .split_once('@')
            .is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain));
    if fits {
        return Ok(login);
    }
    Err(invalid("a login is an e-mail address such as ada@example.com"))
}

fn is_local_part(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    (1..=64).contains(&text.len())
        && text.chars().all(allowed)
        && text.split('.').all(|part| !part.is_empty())
}

fn is_domain(text: &str) -> bool {
    text.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    })
}

pub(super) fn password(text: &str) -> Result<()> {
    if PASSWORD_BYTES.contains(&text.len()) {
        return Ok(());
    }
    let (least, most) = PASSWORD_BYTES.into_inner();
    Err(invalid(format!("a password is {least} to {most} bytes long")))
}

pub(super) fn device_name(text: &str) -> Result<String> {
    let name = text.trim();
    let characters = name.chars().count();
    if (1..=MAX_DEVICE_NAME).contains(&characters) && !name.contains(char::is_control) {
        return Ok(name.to_owned());
    }
    Err(invalid(format!(
        "a device's name is 1 to {MAX_DEVICE_NAME} characters without control characters"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_addresses_in_lower_case() {
        assert_eq!(login(" Ada@Example.COM ").unwrap(), "ada@example.com");
        assert!(login("a.b+c@localhost").is_ok());
        for bad in
            ["", "a", "@b", "a@", "a@b@c", "a b@c", ".a@b", "a..b@c", "a@-b", "a@b..c", "ä@b"]
        {
            assert!(login(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn passwords_have_a_length() {
        assert!(password("123456789").is_err());
        assert!(password("1234567890").is_ok());
        assert!(password(&"x".repeat(1025)).is_err());
    }
}
