//! The handlers: one file per resource. They read the request, ask the store and answer; what may
//! be done by whom is decided in the store.

pub(crate) mod access;
pub(crate) mod changes;
pub(crate) mod check;
pub(crate) mod commits;
pub(crate) mod content;
pub(crate) mod devices;
pub(crate) mod entries;
pub(crate) mod health;
pub(crate) mod invitations;
pub(crate) mod locate;
pub(crate) mod login;
pub(crate) mod mail;
pub(crate) mod me;
pub(crate) mod members;
pub(crate) mod metrics;
pub(crate) mod openapi;
pub(crate) mod password;
pub(crate) mod ready;
pub(crate) mod sessions;
pub(crate) mod spaces;
pub(crate) mod unsubscribe;
pub(crate) mod versions;
pub(crate) mod welcome;
