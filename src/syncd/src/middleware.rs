//! What every request passes, from the outside in: request id, log and counters, error bodies and
//! security headers, deadline.

pub(crate) mod deadline;
pub(crate) mod finish;
pub(crate) mod observe;
pub(crate) mod request_id;
