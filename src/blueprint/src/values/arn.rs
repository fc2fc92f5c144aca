use super::{Problem, quote, text_value};

/// Name of an AWS resource: `arn:aws:acm:eu-west-1:123456789012:certificate/…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn(String);

impl Arn {
    /// Checks the six parts.
    ///
    /// # Errors
    /// When a part is missing, or the account is not twelve digits.
    pub fn new(text: &str) -> Result<Self, Problem> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [start, partition, service, region, account, resource] = parts.as_slice() else {
            let message =
                format!("{} is not an ARN (arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE)", quote(text));
            return Err(Problem::new(message));
        };
        let printable = text.len() <= 2_048 && text.bytes().all(|byte| byte.is_ascii_graphic());
        let reason = if *start != "arn" || !(*partition == "aws" || partition.starts_with("aws-")) {
            "does not start with arn:aws:"
        } else if service.is_empty() {
            "names no service"
        } else if !region.is_empty() && super::Region::new(region).is_err() {
            "has no Region as its fourth part"
        } else if !account.is_empty() && !is_account(account) {
            "has no account of twelve digits as its fifth part"
        } else if resource.is_empty() {
            "names no resource"
        } else if !printable {
            "is too long or has characters that no ARN has"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(Problem::new(format!("{} {reason}", quote(text))))
    }

    fn part(&self, number: usize) -> &str {
        self.0.splitn(6, ':').nth(number).unwrap_or("")
    }

    /// Service, for example `acm`.
    #[must_use]
    pub fn service(&self) -> &str {
        self.part(2)
    }

    /// Region, empty for global resources.
    #[must_use]
    pub fn region(&self) -> &str {
        self.part(3)
    }

    /// Account number, empty for resources without one.
    #[must_use]
    pub fn account(&self) -> &str {
        self.part(4)
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

text_value!(Arn);
