//! The servers: group, instances, load balancer, logs.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::Result;

/// EC2 Auto Scaling, Elastic Load Balancing and CloudWatch Logs, as far as the deployer uses them.
#[async_trait]
pub trait Fleet: Send + Sync {
    /// The group; `None` where there is none.
    async fn group(&self, group: &str) -> Result<Option<Group>>;
    /// What the group did lately, newest first, at most 100.
    async fn activities(&self, group: &str) -> Result<Vec<Activity>>;
    /// The newest instance refresh; `None` before the first one.
    async fn refresh(&self, group: &str) -> Result<Option<Refresh>>;
    /// Health of every target of a target group.
    async fn target_health(&self, target_group: &str) -> Result<Vec<TargetHealth>>;
    /// The last 64 KB an instance wrote to its console; `None` while there is nothing.
    async fn console_output(&self, instance: &str) -> Result<Option<String>>;
    /// The newest `limit` lines of a log group from `since` on, oldest first; a log group that does not exist has none.
    async fn log_lines(&self, group: &str, since: Timestamp, limit: u32) -> Result<Vec<LogLine>>;
}

/// An Auto Scaling group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Name.
    pub name: String,
    /// Fewest, wanted, most.
    pub sizes: (u32, u32, u32),
    /// Its instances.
    pub members: Vec<Member>,
    /// Launch template and version that new instances get.
    pub launch_template: Option<(String, String)>,
    /// Zones it may use.
    pub zones: Vec<String>,
    /// Processes that somebody suspended.
    pub suspended: Vec<String>,
}

/// An instance of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Instance id.
    pub instance: String,
    /// Zone.
    pub zone: String,
    /// For example `InService`, `Pending:Wait`.
    pub lifecycle: String,
    /// Whether the group holds it for healthy.
    pub is_healthy: bool,
    /// Launch template and version it was made from.
    pub launch_template: Option<(String, String)>,
}

/// Something a group did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// Id.
    pub id: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// For example `Successful`, `Failed`, `InProgress`.
    pub status: String,
    /// AWS's words: what and on which instance.
    pub description: String,
    /// AWS's words: why.
    pub cause: String,
    /// AWS's words to a failure.
    pub message: Option<String>,
}

/// An instance refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refresh {
    /// Id.
    pub id: String,
    /// For example `InProgress`, `Successful`, `Failed`, `Baking`.
    pub status: String,
    /// AWS's words to it.
    pub reason: Option<String>,
    /// Share done.
    pub percent: u32,
    /// Instances still to be replaced.
    pub left: u32,
    /// When it began.
    pub started: Option<Timestamp>,
}

/// A target of the load balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetHealth {
    /// Instance id.
    pub instance: String,
    /// For example `healthy`, `initial`, `unhealthy`, `draining`.
    pub state: String,
    /// AWS's reason code, for example `Target.Timeout`.
    pub reason: Option<String>,
    /// AWS's words to it.
    pub description: Option<String>,
}

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written.
    pub at: Timestamp,
    /// Stream it came by, which names the instance.
    pub stream: String,
    /// The line.
    pub text: String,
}
