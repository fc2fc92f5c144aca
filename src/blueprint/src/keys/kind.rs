/// Type of a key's value, with its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Version of the format.
    Version,
    Boolean,
    Integer {
        least: u32,
        most: u32,
    },
    Percent {
        least: u32,
        most: u32,
    },
    /// Limits in seconds.
    Duration {
        least: u64,
        most: u64,
    },
    Choice(&'static [&'static str]),
    Choices(&'static [&'static str]),
    Name,
    Region,
    /// A private range of the size a VPC may have.
    Network,
    /// Any ranges.
    Networks,
    Domain,
    /// Of the entry.
    Certificate,
    HostedZone,
    HttpPath,
    Url,
    InstanceType,
    Image,
    Release,
    StorageKey,
    MailIdentity,
    EmailAddress,
    Address,
    FilePath,
    /// One line of at least one character.
    Text,
    TagValue,
}

impl Kind {
    /// Whether YAML must see a text here, so that a bare `no` or `123` is a mistake.
    pub(crate) const fn is_text(self) -> bool {
        !matches!(self, Self::Version | Self::Boolean | Self::Integer { .. } | Self::Percent { .. })
    }

    pub(crate) const fn is_list(self) -> bool {
        matches!(self, Self::Choices(_) | Self::Networks)
    }

    /// What belongs here, with an example, as the end of "needs …".
    pub(crate) fn expectation(self) -> String {
        match self {
            Self::Version => "1".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::Integer { least, most } => format!("a whole number from {least} to {most}"),
            Self::Percent { least, most } => format!("a percentage from {least} to {most}"),
            Self::Duration { least, most } => {
                let (least, most) =
                    (crate::Duration::from_seconds(least), crate::Duration::from_seconds(most));
                format!("a duration from {least} to {most}, such as 30s, 5m, 2h or 1d")
            }
            Self::Choice(names) => format!("one of {}", names.join(", ")),
            Self::Choices(names) => format!("a list of {}", names.join(", ")),
            Self::Name => "a name such as acme-sync".to_owned(),
            Self::Region => "a Region such as eu-west-1".to_owned(),
            Self::Network => "a private address range such as 10.20.0.0/16".to_owned(),
            Self::Networks => "a list of address ranges such as [0.0.0.0/0]".to_owned(),
            Self::Domain => "a host name such as sync.example.com".to_owned(),
            Self::Certificate => {
                "self-made, request, the path of a PEM file, or the ARN of a certificate".to_owned()
            }
            Self::HostedZone => "the id of a hosted zone such as Z0123456789ABCDEFGHIJ".to_owned(),
            Self::HttpPath => "the path of a URL such as /health".to_owned(),
            Self::Url => "an address such as https://id.example.com".to_owned(),
            Self::InstanceType => "an instance type such as t3.small".to_owned(),
            Self::Image => "al2023 or the id of an image (ami-…)".to_owned(),
            Self::Release => "bundled, or the path of a program such as ./syncd".to_owned(),
            Self::StorageKey => "none, create, or the ARN of a KMS key".to_owned(),
            Self::MailIdentity => "a domain or an e-mail address, such as example.com".to_owned(),
            Self::EmailAddress => "an e-mail address such as sync@example.com".to_owned(),
            Self::Address => "an IP address such as 127.0.0.1".to_owned(),
            Self::FilePath => "a path such as /var/lib/sync".to_owned(),
            Self::Text => "a text of one line".to_owned(),
            Self::TagValue => "a text of at most 256 characters".to_owned(),
        }
    }
}
