//! A durable object store on a folder.
//!
//! Every object is one immutable file: its bytes, then a trailer with its
//! metadata, so no reader can see the bytes of one version with the metadata
//! of another. A write goes to a temporary file, is synced, gets its name by
//! `link` (never replacing) or `rename`, and the folder is synced before the
//! write is acknowledged.

mod bucket;
mod digest;
mod key;
mod list;
mod meta;
mod publish;
mod read;
mod store;
mod upload;
mod write;

pub(crate) use digest::{Algorithm, Digests};
pub(crate) use list::Page;
pub(crate) use meta::{Checksums, Headers, Meta};
pub(crate) use publish::Condition;
pub(crate) use read::Opened;
pub(crate) use store::{FORMAT, ObjectStore, StoreError};
pub(crate) use upload::{PartRecord, UploadRecord};
pub(crate) use write::Draft;
