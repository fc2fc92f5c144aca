//! Test vocabulary, development only: parts of the product started in the
//! test's own process, on free ports, in folders that vanish.

mod engines;
mod front;
mod service;

pub use self::engines::{Engines, EnginesBuilder, sdk_config_for};
pub use self::front::Front;
pub use self::service::{PASSWORD, Service, server_config, server_store};
