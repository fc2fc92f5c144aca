//! What happens, as JSON: one document a line on standard output, for programs.

use std::io::{self, Write as _};

use jiff::Timestamp;
use serde::Serialize;

/// What a line looks like, for programs that read it.
pub(crate) const SCHEMA: &str = include_str!("../../data/progress.schema.json");

/// Name and version of an event.
const FORMAT: &str = "syncctl/progress/1";

/// The events of whatever has no richer ones of its own.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Plain<'a> {
    /// A step begins.
    Began { step: &'a str },
    /// A step is done.
    Done { step: &'a str },
    /// Good to know.
    Note { text: &'a str },
    /// Not as it should be, and it goes on.
    Trouble { text: &'a str },
}

#[derive(Serialize)]
struct Line<'a, T> {
    format: &'static str,
    at: Timestamp,
    #[serde(flatten)]
    event: &'a T,
}

/// Writes an event at once. Nobody is left to tell when standard output is gone.
pub(crate) fn write(event: &impl Serialize) {
    document(&Line { format: FORMAT, at: Timestamp::now(), event });
}

/// Writes a document that says its format itself.
pub(crate) fn document(document: &impl Serialize) {
    if let Ok(text) = serde_json::to_string(document) {
        let mut stdout = io::stdout().lock();
        let _ = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
    }
}

#[cfg(test)]
mod tests {
    use deploy::Event;
    use deploy::events::{Progress, Step};
    use deploy::plan::Kind;
    use jiff::Timestamp;
    use serde::Serialize;

    use super::{FORMAT, Line, Plain, SCHEMA};

    fn check(event: &impl Serialize) {
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let line = Line { format: FORMAT, at: Timestamp::UNIX_EPOCH, event };
        let document = serde_json::to_value(&line).unwrap();
        let found: Vec<String> =
            validator.iter_errors(&document).map(|it| it.to_string()).collect();
        assert!(found.is_empty(), "{document}: {found:?}");
    }

    #[test]
    fn every_event_is_as_the_schema_says() {
        let text = || "a".to_owned();
        let resource = |progress| Event::Resource {
            stack: Kind::Data,
            logical_id: text(),
            resource_type: text(),
            physical_id: None,
            progress,
            reason: Some(text()),
        };
        let every = [
            Progress::Working,
            Progress::Configured,
            Progress::Ready,
            Progress::Gone,
            Progress::Kept,
            Progress::Failed,
        ];
        for progress in every {
            check(&resource(progress));
        }
        check(&Event::Began { step: Step::Observe });
        check(&Event::Done { step: Step::RemoveData });
        check(&Event::Server { instance: text(), zone: text(), state: text() });
        check(&Event::Activity { description: text(), status: text(), reason: None });
        check(&Event::Shipped { sha256: text(), bytes: 0 });
        check(&Event::Emptied { bucket: text(), removed: 1 });
        check(&Event::Note { text: text() });
        check(&Event::Trouble { text: text() });
        check(&Plain::Began { step: "engines" });
        check(&Plain::Done { step: "engines" });
        check(&Plain::Note { text: "a" });
        check(&Plain::Trouble { text: "a" });
    }
}
