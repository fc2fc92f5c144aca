//! A cloud of plain data, for what AWS documents and no emulator does.
//!
//! A story puts stacks, buckets and facts into a [`World`], says what change sets and operations will come to
//! ([`Answer`], [`Script`]), lets the deployer work, and then reads what is there and what was [`Asked`]. Nothing
//! waits: an operation goes one step further each time somebody looks at its stack.
//!
//! What CloudFormation refuses by its documentation is refused here as well, so that a story cannot pass by asking
//! for what AWS would not do. Nothing else is modelled: what a story does not say does not happen.

use std::sync::{Mutex, MutexGuard, PoisonError};

mod change_sets;
mod facts;
mod fleet;
mod region;
mod resources;
mod rules;
mod script;
mod stack;
mod stacks;
mod world;

pub use facts::Facts;
pub use script::{Happening, Script};
pub use stack::{FakeChangeSet, FakeStack};
pub use world::{Answer, Asked, Servers, World};

/// The cloud.
#[derive(Debug)]
pub struct Fake {
    /// Apart from the world: it is lent out without a lock.
    region: String,
    world: Mutex<World>,
}

impl Fake {
    /// A cloud with this in it.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self { region: world.facts.region.clone(), world: Mutex::new(world) }
    }

    /// What is in it. Let go of it before the deployer goes on.
    pub fn world(&self) -> MutexGuard<'_, World> {
        // A story that has failed while it held the world has failed already.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
