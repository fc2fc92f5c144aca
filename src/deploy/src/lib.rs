//! From a deployment to the two stacks that run it: observe, plan, change, ship, roll, verify; recover; destroy.
//!
//! Decisions are functions over plain data ([`plan`], [`diff`], [`explain`]); what asks the cloud takes it as
//! [`cloud::Cloud`], and what a person should hear goes to the caller's [`events::Listener`].

pub mod advice;
pub mod apply;
pub mod deployer;
pub mod destroy;
pub mod diff;
pub mod drift;
pub mod error;
pub mod events;
pub mod explain;
pub mod follow;
mod gate;
pub mod history;
pub mod lines;
pub mod lookup;
mod notices;
pub mod observe;
pub mod permissions;
pub mod plan;
pub mod planner;
pub mod previews;
mod protect;
pub mod recover;
pub mod release;
pub mod report;
mod roll;
pub mod schemas;
pub mod sealed;
mod ship;
pub mod status;
pub mod verify;
pub mod wait;

pub use deployer::{Answer, Deployer, Endpoint, Pace};
pub use error::{DeployError, Result};
pub use events::{Event, Listener, Step, Wish};
pub use roll::is_failure;
