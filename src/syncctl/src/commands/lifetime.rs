use clap::Args;

use crate::env_vars;

/// How long a preview may live.
#[derive(Debug, Args)]
pub(crate) struct Lifetime {
    /// Make a preview of it, which `syncctl preview gc` may collect after this time, e.g. 48h [default: the blueprint's ttl]
    #[arg(long, value_name = "DURATION", env = env_vars::TTL, hide_env = true)]
    ttl: Option<String>,
}

impl Lifetime {
    /// As it was typed; the blueprint reads it.
    pub(crate) fn ttl(&self) -> Option<&str> {
        self.ttl.as_deref()
    }
}
