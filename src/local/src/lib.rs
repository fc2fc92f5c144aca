//! The local target: the whole service on one machine, as the cloud would run it.
//!
//! Control plane and data plane are separate processes. A supervisor keeps the engines, the servers
//! and the balancer running; when it dies, they go on serving, and the next one takes them over.

mod activity;
mod balancer;
mod component;
mod connection;
mod data;
mod desired;
mod down;
mod drill;
pub mod entry;
mod error;
mod history;
mod layout;
mod logs;
mod probe;
mod process;
mod recorded;
mod release;
mod reporter;
mod roll;
mod rollout;
mod sessions;
mod spec;
mod state;
mod status;
mod supervisor;
mod up;

pub use activity::{Activity, Event};
pub use component::Kind;
pub use connection::{Connection, connection};
pub use data::DataDir;
pub use down::{DownOutcome, down, purge};
pub use drill::{DrillKind, DrillReport, DrillRequest, Moment, WriteProbe, drill};
pub use error::{LocalError, PortHolder, Result};
pub use history::{Release, Verdict, releases, short_digest};
pub use logs::{LogLine, LogQuery, Logs, logs};
pub use recorded::{Recorded, recorded};
pub use release::content_digest;
pub use reporter::{Reporter, Silent};
pub use roll::{RollOutcome, RollRequest, roll, rollback};
pub use rollout::Phase;
pub use sessions::{end_sessions, let_sessions_begin};
pub use spec::{HealthSpec, LocalSpec, Programs, ScaleSpec, TlsSpec};
pub use state::{ComponentState, ComponentStatus, RolloutStatus};
pub use status::{ServerTraffic, Status, Traffic, history, status};
pub use up::{Running, UpOutcome, revive, up};
