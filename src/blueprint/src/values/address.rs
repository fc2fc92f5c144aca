use super::{Problem, display_value, quote};
use std::fmt;
use std::net::IpAddr;

/// An IP address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(IpAddr);

impl Address {
    /// Reads an IPv4 or IPv6 address.
    ///
    /// # Errors
    /// When it is a host name, has a port, is no address at all, or stands for every address:
    /// clients are told where content lies, and "everywhere" is no place to send them to.
    pub fn new(text: &str) -> Result<Self, Problem> {
        if let Ok(address) = text.parse::<IpAddr>() {
            if address.is_unspecified() {
                let what = "stands for every address; clients need one that they can connect to";
                return Err(Problem::new(format!("{} {what}", quote(text))));
            }
            return Ok(Self(address));
        }
        let problem = Problem::new(format!("{} is not an IP address", quote(text)));
        let host = text.rsplit_once(':').map_or(text, |(host, _)| host);
        Err(if host == "localhost" || host == "127.0.0.1" {
            problem.instead("127.0.0.1")
        } else {
            problem
        })
    }

    /// The address itself.
    #[must_use]
    pub const fn ip(self) -> IpAddr {
        self.0
    }

    /// Whether only programs on the same machine reach it.
    #[must_use]
    pub fn is_loopback(self) -> bool {
        self.0.is_loopback()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

display_value!(Address);
