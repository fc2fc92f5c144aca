//! Blueprint YAML to a typed, validated, fully resolved [`Deployment`].
//!
//! Text goes in, values or [`Diagnostics`] come out. This crate reads no file, no environment and no clock; what
//! it needs to know is passed in through [`Sources`]. Untrusted text is safe to pass: its size, depth and number of
//! values are bounded before anything is built from it.
//!
//! ```
//! let text = "version: 1\nname: acme-sync\nservers: { min: 2 }\n";
//! let file = blueprint::parse(text, "blueprint.yaml")?;
//! let sources = blueprint::Sources { file: Some(file), ..Default::default() };
//! let resolved = blueprint::resolve(&sources)?;
//! assert_eq!(resolved.deployment().servers.min, 2);
//! # Ok::<(), blueprint::Diagnostics>(())
//! ```

pub mod deployment;
mod diagnostic;
mod document;
mod keys;
mod layer;
mod presets;
mod resolve;
mod resolved;
mod schema;
mod source;
mod value;
pub mod values;
mod variables;
mod yaml;

pub use deployment::{Deployment, Target};
pub use diagnostic::{Code, Diagnostic, Diagnostics, Place, Related, Severity};
pub use document::{Document, parse};
pub use layer::Origin;
pub use presets::{PRESETS, Preset};
pub use resolve::{Sources, resolve, validate};
pub use resolved::{Explained, Resolved};
pub use schema::schema;
pub use source::Location;
pub use values::{Certificate, Duration, FilePath, Percent, Region, StackName};
pub use yaml::MOST_BYTES;
