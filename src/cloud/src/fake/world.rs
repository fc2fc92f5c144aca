use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::{Facts, FakeStack, Script};
use crate::{
    Activity, ChangeSetRequest, ChangeSetStatus, Deletion, Execution, Group, Object, Refresh,
    ResourceChange, TableFacts, TargetHealth, Validation,
};

/// Everything there is, and everything that will be.
#[derive(Clone, Debug)]
pub struct World {
    /// What time it is. Moves on by a second with each event.
    pub clock: Timestamp,
    /// Account and Region.
    pub facts: Facts,
    /// Arguments and operations that the endpoint does not know.
    pub unknown: BTreeSet<&'static str>,
    /// Stacks, also those that are gone.
    pub stacks: Vec<FakeStack>,
    /// What the next change sets come to, by stack; ready and without changes where nothing is said.
    pub answers: BTreeMap<String, VecDeque<Answer>>,
    /// What the next operations come to, by stack; they succeed where nothing is said.
    pub scripts: BTreeMap<String, VecDeque<Script>>,
    /// Objects by bucket and key, with their text.
    pub buckets: BTreeMap<String, BTreeMap<String, (Object, String)>>,
    /// Buckets of other accounts.
    pub foreign_buckets: BTreeSet<String>,
    /// Tables by name.
    pub tables: BTreeMap<String, TableFacts>,
    /// ARNs of keys by alias.
    pub keys: BTreeMap<String, String>,
    /// Groups of servers by name.
    pub servers: BTreeMap<String, Servers>,
    /// What changed something, in order.
    pub asked: Vec<Asked>,
}

/// A group of servers and what is known of it.
#[derive(Clone, Debug)]
pub struct Servers {
    /// The group.
    pub group: Group,
    /// What it did, newest first.
    pub activities: Vec<Activity>,
    /// Its newest instance refresh.
    pub refresh: Option<Refresh>,
    /// Its target group.
    pub target_group: String,
    /// Its servers as the load balancer sees them.
    pub health: Vec<TargetHealth>,
    /// What servers wrote to their consoles.
    pub consoles: BTreeMap<String, String>,
}

/// What a change set comes to.
#[derive(Clone, Debug)]
pub struct Answer {
    /// How far it gets.
    pub status: ChangeSetStatus,
    /// What it would do.
    pub changes: Vec<ResourceChange>,
    /// What validation found.
    pub validations: Vec<Validation>,
}

/// A call that changed something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// `CreateChangeSet`.
    ChangeSet(Box<ChangeSetRequest>),
    /// `DeleteChangeSet`: stack and change set.
    Discard(String, String),
    /// `ExecuteChangeSet`: stack, and how.
    Execute(String, Execution),
    /// `DeleteStack`: stack, and how.
    Delete(String, Deletion),
    /// `CancelUpdateStack`: stack.
    Cancel(String),
    /// `ContinueUpdateRollback`: stack, and what is left out.
    GoOn(String, Vec<String>),
    /// `UpdateTerminationProtection`: stack, on or off.
    Protect(String, bool),
    /// `SetStackPolicy`: stack and policy.
    Policy(String, String),
    /// `UpdateTable`: table, protection on or off.
    ProtectTable(String, bool),
}

impl World {
    /// An account with nothing in it.
    #[must_use]
    pub fn new(clock: Timestamp, facts: Facts) -> Self {
        Self {
            clock,
            facts,
            unknown: BTreeSet::new(),
            stacks: Vec::new(),
            answers: BTreeMap::new(),
            scripts: BTreeMap::new(),
            buckets: BTreeMap::new(),
            foreign_buckets: BTreeSet::new(),
            tables: BTreeMap::new(),
            keys: BTreeMap::new(),
            servers: BTreeMap::new(),
            asked: Vec::new(),
        }
    }

    /// Says what the next change set of a stack comes to.
    pub fn answer(&mut self, stack: &str, answer: Answer) {
        self.answers.entry(stack.to_owned()).or_default().push_back(answer);
    }

    /// Says what the next operation on a stack comes to.
    pub fn script(&mut self, stack: &str, script: Script) {
        self.scripts.entry(stack.to_owned()).or_default().push_back(script);
    }

    /// A stack by name or ARN. One that is gone has an ARN only.
    #[must_use]
    pub fn stack(&self, name: &str) -> Option<&FakeStack> {
        self.stacks.iter().find(|stack| stack.is_named(name))
    }

    /// [`World::stack`], to change it.
    pub fn stack_mut(&mut self, name: &str) -> Option<&mut FakeStack> {
        self.stacks.iter_mut().find(|stack| stack.is_named(name))
    }

    /// A second later.
    pub(super) fn tick(&mut self) -> Timestamp {
        self.clock += SignedDuration::from_secs(1);
        self.clock
    }
}

impl Answer {
    /// It can be carried out, and does this.
    #[must_use]
    pub const fn ready(changes: Vec<ResourceChange>) -> Self {
        Self { status: ChangeSetStatus::Ready, changes, validations: Vec::new() }
    }

    /// It is refused for this reason, with these findings.
    #[must_use]
    pub fn refused(reason: &str, validations: Vec<Validation>) -> Self {
        let status = ChangeSetStatus::Failed(reason.to_owned());
        Self { status, changes: Vec::new(), validations }
    }
}
