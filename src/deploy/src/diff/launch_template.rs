//! The launch template, whose logical id says what it holds.

use std::collections::BTreeMap;

use serde_json::Value;

use super::intrinsic::rename;

pub(super) const TYPE: &str = "AWS::EC2::LaunchTemplate";

/// What logical ids of launch templates begin with; a digest follows.
const PREFIX: &str = "LaunchTemplate";

/// A launch template that takes another one's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Renamed {
    pub(super) old: String,
    pub(super) new: String,
}

impl Renamed {
    /// The pair, if exactly one goes and one comes.
    pub(super) fn find(before: &Value, after: &Value) -> Option<Self> {
        let (old, new) = (ids(before), ids(after));
        Self::pair(
            old.iter().copied().filter(|id| !new.contains(id)),
            new.iter().copied().filter(|id| !old.contains(id)),
        )
    }

    /// The pair among logical ids of launch templates that go and that come.
    pub(super) fn pair<'a>(
        old: impl Iterator<Item = &'a str>,
        new: impl Iterator<Item = &'a str>,
    ) -> Option<Self> {
        let only = |mut ids: Box<dyn Iterator<Item = &'a str> + '_>| {
            let first = ids.next()?;
            ids.next().is_none().then(|| first.to_owned())
        };
        let is_ours = |id: &&str| id.starts_with(PREFIX);
        Some(Self {
            old: only(Box::new(old.filter(is_ours)))?,
            new: only(Box::new(new.filter(is_ours)))?,
        })
    }

    /// Gives the old one the new one's id, in its place and wherever it is referred to.
    pub(super) fn apply(&self, template: &mut Value) {
        if let Some(resources) = template["Resources"].as_object_mut()
            && let Some(resource) = resources.remove(&self.old)
        {
            resources.insert(self.new.clone(), resource);
        }
        rename(template, &BTreeMap::from([(self.old.clone(), self.new.clone())]));
    }
}

fn ids(template: &Value) -> Vec<&str> {
    let resources = template["Resources"].as_object().into_iter().flatten();
    let templates = resources.filter(|(_, resource)| resource["Type"] == TYPE);
    templates.map(|(id, _)| id.as_str()).collect()
}
