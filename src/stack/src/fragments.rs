//! Files of `templates/stack`, filled in and put together to one template.

use minijinja::Value as Context;
use serde_json::{Map, Value, json};

use crate::catalog;
use crate::environment::fill_in;
use crate::error::RenderError;
use crate::render::StackKind;

/// Sections that a file may have.
const SECTIONS: [&str; 4] = ["Metadata", "Parameters", "Resources", "Outputs"];

pub(crate) fn assemble(
    kind: StackKind,
    files: impl IntoIterator<Item = &'static str>,
    context: &Context,
) -> Result<Value, RenderError> {
    let mut sections: Map<String, Value> = Map::new();
    for file in files {
        for (section, entries) in parse(file, &fill_in(file, context)?)? {
            let wrong = |key: &str| RenderError::Merge {
                file,
                section: section.clone(),
                key: key.to_owned(),
            };
            if !SECTIONS.contains(&section.as_str()) {
                return Err(wrong(""));
            }
            let Value::Object(entries) = entries else { return Err(wrong("")) };
            let target = sections.entry(section.clone()).or_insert_with(|| json!({}));
            let Value::Object(target) = target else { return Err(wrong("")) };
            for (key, value) in entries {
                if target.insert(key.clone(), value).is_some() {
                    return Err(wrong(&key));
                }
            }
        }
    }
    sections.insert("AWSTemplateFormatVersion".to_owned(), json!("2010-09-09"));
    sections.insert("Description".to_owned(), json!(catalog::description(kind)));
    Ok(Value::Object(sections))
}

fn parse(file: &'static str, text: &str) -> Result<Map<String, Value>, RenderError> {
    serde_yaml::from_str(text)
        .map_err(|error| RenderError::Yaml { file, message: error.to_string() })
}
