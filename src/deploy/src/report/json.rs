//! For programs.

use serde::Serialize;

use crate::plan::{Counts, Harm, Level, Plan};

/// Name and version of the format. The number grows when a reader could break.
pub const FORMAT: &str = "syncctl/plan/1";

/// The published JSON Schema of the format.
pub const SCHEMA: &str = include_str!("../../data/plan.schema.json");

/// A plan with its format in front and its numbers, ready to be serialised. The order of the fields is that of
/// the text.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    /// [`FORMAT`].
    pub format: &'static str,
    /// The numbers.
    pub summary: Summary,
    /// Everything else.
    #[serde(flatten)]
    pub plan: &'a Plan,
}

/// What a pipeline decides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Whether `apply` would do anything.
    pub has_changes: bool,
    /// Resources by what happens to them.
    pub resources: Counts,
    /// Changes that destroy data.
    pub destroys: usize,
    /// Changes that can interrupt.
    pub interrupts: usize,
    /// Changes by which servers are replaced.
    pub rolls: usize,
    /// Resources changed outside `syncctl`.
    pub drifted: usize,
    /// Notices that keep `apply` from starting.
    pub blockers: usize,
    /// Notices that something will not work as expected.
    pub warnings: usize,
}

impl<'a> Document<'a> {
    /// The document of a plan.
    #[must_use]
    pub fn new(plan: &'a Plan) -> Self {
        Self { format: FORMAT, summary: Summary::of(plan), plan }
    }
}

impl Summary {
    fn of(plan: &Plan) -> Self {
        let changes = || plan.stacks.iter().flat_map(|stack| &stack.changes);
        let harm = |harm| changes().filter(|change| change.harm == harm).count();
        let level = |level| plan.notices.iter().filter(|notice| notice.level == level).count();
        Self {
            has_changes: plan.has_changes(),
            resources: plan.counts(),
            destroys: harm(Harm::Destroys),
            interrupts: harm(Harm::Interrupts),
            rolls: harm(Harm::Rolls),
            drifted: plan.drift.len(),
            blockers: level(Level::Blocker),
            warnings: level(Level::Warning),
        }
    }
}

/// The document as a value. Whether `format` comes first when it is printed depends on how `serde_json` was built;
/// [`Document`] keeps the order in any case.
#[must_use]
pub fn json(plan: &Plan) -> serde_json::Value {
    // Text, numbers, lists and maps with text keys only: nothing here can fail to serialise.
    serde_json::to_value(Document::new(plan)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Document, SCHEMA, json};
    use crate::plan::{
        ChangeAction, Harm, Kind, Level, Operation, Plan, PolicyAction, Replacement, Source,
    };
    use crate::report::sample;
    use serde_json::{Value, json as value};

    fn schema() -> jsonschema::Validator {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        jsonschema::meta::validate(&schema).unwrap();
        jsonschema::draft202012::new(&schema).unwrap()
    }

    #[track_caller]
    fn accept(document: &Value) {
        let problems: Vec<String> = schema()
            .iter_errors(document)
            .map(|it| format!("{}: {it}", it.instance_path))
            .collect();
        assert_eq!(problems, Vec::<String>::new());
    }

    #[test]
    fn every_plan_fits_the_schema() {
        for plan in [sample::first(), sample::harmful(), sample::empty()] {
            accept(&json(&plan));
        }
    }

    /// Every word of every enumeration, at the first place where it stands.
    #[test]
    fn every_word_fits_the_schema() {
        let mut plan = sample::harmful();
        let words = [
            value!({"kind": [Kind::Data, Kind::App]}),
            value!({"operation": [Operation::Create, Operation::Update, Operation::Nothing]}),
            value!({"source": [Source::ChangeSet, Source::Templates]}),
        ];
        plan.drift.clear();
        for pair in words {
            let (name, words) = pair.as_object().unwrap().iter().next().unwrap();
            for word in words.as_array().unwrap() {
                let mut document = json(&plan);
                document["stacks"][0][name] = word.clone();
                accept(&document);
            }
        }
        let words = value!({
            "action": [
                ChangeAction::Add, ChangeAction::Modify, ChangeAction::Remove,
                ChangeAction::Import, ChangeAction::Dynamic, ChangeAction::Sync,
            ],
            "replacement": [Replacement::Never, Replacement::Conditional, Replacement::Always],
            "policy": [
                null, PolicyAction::Delete, PolicyAction::Retain, PolicyAction::Snapshot,
                PolicyAction::ReplaceAndDelete, PolicyAction::ReplaceAndRetain,
                PolicyAction::ReplaceAndSnapshot,
            ],
            "harm": [Harm::Destroys, Harm::Interrupts, Harm::Rolls, Harm::Safe],
        });
        for (name, words) in words.as_object().unwrap() {
            for word in words.as_array().unwrap() {
                let mut document = json(&plan);
                document["stacks"][0]["changes"][0][name] = word.clone();
                accept(&document);
            }
        }
        for level in [Level::Blocker, Level::Warning, Level::Note] {
            let mut document = json(&plan);
            document["notices"][0]["level"] = value!(level);
            accept(&document);
        }
    }

    /// Left out where there is nothing to say, as readers of the first documents expect.
    fn is_optional(pointer: &str, name: &str) -> bool {
        ["effects", "is_echo"].contains(&name) || pointer.contains("/tags/") && name == "line"
    }

    /// A field that is added to a plan has to be added to the schema, and one that goes has to go there.
    #[test]
    fn a_field_more_or_less_is_noticed_everywhere() {
        let document = json(&sample::harmful());
        let validator = schema();
        let mut checked = 0;
        for pointer in objects(&document, String::new()) {
            let mut more = document.clone();
            let object = more.pointer_mut(&pointer).unwrap().as_object_mut().unwrap();
            object.insert("surprise".to_owned(), value!(1));
            assert!(!validator.is_valid(&more), "{pointer} takes any field");
            let names: Vec<String> =
                document.pointer(&pointer).unwrap().as_object().unwrap().keys().cloned().collect();
            for name in names.into_iter().filter(|name| !is_optional(&pointer, name)) {
                let mut less = document.clone();
                less.pointer_mut(&pointer).unwrap().as_object_mut().unwrap().remove(&name);
                assert!(!validator.is_valid(&less), "{pointer} does not need {name}");
                checked += 1;
            }
        }
        assert!(checked > 200, "{checked}");
    }

    /// Pointers to the objects of the format; values of properties are anybody's.
    fn objects(value: &Value, pointer: String) -> Vec<String> {
        if pointer.ends_with("/before") || pointer.ends_with("/after") {
            return Vec::new();
        }
        match value {
            Value::Object(map) => {
                let inner =
                    map.iter().flat_map(|(key, value)| objects(value, format!("{pointer}/{key}")));
                let inner: Vec<String> = inner.collect();
                [vec![pointer], inner].concat()
            }
            Value::Array(items) => {
                let items = items.iter().enumerate();
                items.flat_map(|(at, item)| objects(item, format!("{pointer}/{at}"))).collect()
            }
            _ => Vec::new(),
        }
    }

    #[test]
    fn the_format_comes_first_and_the_plan_reads_back() {
        let plan = sample::harmful();
        let text = serde_json::to_string(&Document::new(&plan)).unwrap();
        assert!(text.starts_with(r#"{"format":"syncctl/plan/1","summary":{"has_changes":true,"#));
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    }
}
