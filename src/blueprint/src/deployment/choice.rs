use serde::Serialize;
use std::fmt;

macro_rules! choice {
    ($(#[$about:meta])* $type:ident { $($(#[$note:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
        pub enum $type {
            $($(#[$note])* #[serde(rename = $name)] $variant,)*
        }

        impl $type {
            /// The word as written in a blueprint.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            pub(crate) fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}

choice! {
    /// Where the service runs.
    Target {
        /// In an AWS account.
        Aws = "aws",
        /// On this machine.
        Local = "local",
    }
}

choice! {
    /// How servers reach AWS.
    Egress {
        /// Each server has a public address.
        PublicIp = "public-ip",
        /// One NAT gateway for all zones.
        Nat = "nat",
        /// Private endpoints only.
        Endpoints = "endpoints",
    }
}

choice! {
    /// Who owns the mail identity.
    Manage {
        /// It exists and is only used.
        Existing = "existing",
        /// It is created, and removed, with the deployment.
        Create = "create",
    }
}

choice! {
    /// What stops a rollout.
    Alarm {
        /// Servers that fail to boot.
        Boot = "boot",
        /// Answers with status 5xx.
        ServerErrors = "5xx",
        /// Servers that served and then fail their health checks.
        Unhealthy = "unhealthy",
    }
}
