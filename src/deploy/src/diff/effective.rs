use std::collections::BTreeMap;

use serde_json::Value;

use super::resolve::Resolver;
use crate::plan::Values;

/// What a template comes to with its parameters: no resource whose condition is false, no branch that is not taken,
/// and values in the place of parameters.
pub(super) struct Effective {
    resources: BTreeMap<String, Resource>,
    parameters: BTreeMap<String, Value>,
}

/// A resource of a template.
pub(super) struct Resource {
    pub(super) resource_type: String,
    /// As the template has it.
    pub(super) written: Value,
    /// As it comes out.
    pub(super) resolved: Value,
}

impl Effective {
    pub(super) fn new(template: &Value, parameters: &Values) -> Self {
        let resolver = Resolver::new(template, parameters);
        let resources = template["Resources"].as_object().into_iter().flatten();
        let resources = resources.filter(|(_, resource)| {
            resource["Condition"].as_str().is_none_or(|name| resolver.holds(name))
        });
        let resources = resources.map(|(id, resource)| (id.clone(), read(resource, &resolver)));
        Self { resources: resources.collect(), parameters: resolver.into_parameters() }
    }

    pub(super) fn keep(&mut self, is_kept: impl Fn(&str) -> bool) {
        self.resources.retain(|id, _| is_kept(id));
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.resources.keys().map(String::as_str)
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.resources.contains_key(id)
    }

    pub(super) fn get(&self, id: &str) -> Option<&Resource> {
        self.resources.get(id)
    }

    pub(super) fn resource_type(&self, id: &str) -> &str {
        self.get(id).map_or("", |resource| &resource.resource_type)
    }

    /// The value of a parameter, with its default in mind.
    pub(super) fn parameter(&self, name: &str) -> Option<&Value> {
        self.parameters.get(name)
    }
}

fn read(resource: &Value, resolver: &Resolver<'_>) -> Resource {
    Resource {
        resource_type: resource["Type"].as_str().unwrap_or_default().to_owned(),
        written: resource.clone(),
        resolved: resolver.resolve(resource).unwrap_or_default(),
    }
}
