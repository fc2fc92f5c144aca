//! What the templates may ask for: one struct per template, made from the deployment and nothing else.

pub(crate) mod alarms;
mod app;
mod data;
mod entry;
mod network;
mod shared;

pub(crate) use app::AppContext;
pub(crate) use data::DataContext;
