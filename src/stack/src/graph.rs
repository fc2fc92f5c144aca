//! A picture of what a deployment becomes: zones, what stands in them, and who talks to whom.
//!
//! For people, so it leaves out what every network has (routes, policies) and names what decides how a deployment
//! behaves: the way in, the zones, the way out, and where data is kept.

mod mermaid;
mod model;
mod shapes;
mod svg;

pub use model::{Graph, Part, Zone};
