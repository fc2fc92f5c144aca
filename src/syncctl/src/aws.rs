//! `target: aws`: the deployer's operations as commands.

pub(crate) mod accounts;
pub(crate) mod apply;
pub(crate) mod attach;
pub(crate) mod consent;
pub(crate) mod doctor;
pub(crate) mod down;
pub(crate) mod endpoint;
pub(crate) mod flags;
pub(crate) mod images;
pub(crate) mod listener;
pub(crate) mod logs;
pub(crate) mod plan;
pub(crate) mod recover;
pub(crate) mod rollback;
pub(crate) mod session;
pub(crate) mod show;
pub(crate) mod signals;
pub(crate) mod status;
pub(crate) mod up;

pub(crate) use session::Session;
