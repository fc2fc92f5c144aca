use std::fmt;

use serde_json::Value;

/// A step into a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Into an object.
    Name(String),
    /// Into a list, by position.
    Index(usize),
    /// Into a list, by what names its items: the name's property and value.
    Item(&'static str, String),
}

/// Where something stands in a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Path(Vec<Step>);

impl Path {
    pub(super) fn name(&self, name: &str) -> Self {
        self.then(Step::Name(name.to_owned()))
    }

    pub(super) fn then(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether the other one is the same place or one in it.
    pub(super) fn holds(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// The path below `Properties` as schemas have it; `None` outside of them.
    pub(super) fn in_schema(&self) -> Option<Vec<&str>> {
        let (first, rest) = self.0.split_first()?;
        let names = rest.iter().map(|step| match step {
            Step::Name(name) => name.as_str(),
            Step::Index(_) | Step::Item(..) => "*",
        });
        (*first == Step::Name("Properties".to_owned())).then(|| names.collect())
    }

    /// What stands there, or the nearest thing around it that can be found: a function of a template stands for all
    /// that it gives.
    pub(super) fn nearest<'a>(&self, value: &'a Value) -> &'a Value {
        let mut found = value;
        for step in &self.0 {
            let next = match step {
                Step::Name(name) => found.get(name),
                Step::Index(index) => found.get(*index),
                Step::Item(property, name) => {
                    let mut items = found.as_array().into_iter().flatten();
                    items.find(|item| item[*property] == name.as_str())
                }
            };
            match next {
                Some(next) => found = next,
                None => break,
            }
        }
        found
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Name(name) if at == 0 => formatter.write_str(name)?,
                Step::Name(name) => write!(formatter, ".{name}")?,
                Step::Index(index) => write!(formatter, "[{index}]")?,
                Step::Item(_, name) => write!(formatter, "[{name}]")?,
            }
        }
        Ok(())
    }
}
