//! Parameters and conditions of a template, put in place.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::intrinsic::{as_text, function, placeholders, substitution};
use crate::plan::Values;

/// How deep conditions may name each other. CloudFormation refuses circles, and so a template that has one was never
/// deployed.
const DEPTH: usize = 16;

pub(super) struct Resolver<'a> {
    parameters: BTreeMap<String, Value>,
    conditions: &'a Value,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(template: &'a Value, values: &Values) -> Self {
        let declared = template["Parameters"].as_object().into_iter().flatten();
        let parameters = declared.filter_map(|(name, declaration)| {
            let default = as_text(&declaration["Default"]);
            let value = values.get(name).cloned().or(default)?;
            Some((name.clone(), typed(&value, declaration["Type"].as_str().unwrap_or("String"))))
        });
        Self { parameters: parameters.collect(), conditions: &template["Conditions"] }
    }

    pub(super) fn into_parameters(self) -> BTreeMap<String, Value> {
        self.parameters
    }

    /// Whether a condition holds; one that is not declared does not.
    pub(super) fn holds(&self, condition: &str) -> bool {
        self.is_true(&json!({ "Condition": condition }), DEPTH)
    }

    /// The value with everything in place that is known; `None` for `AWS::NoValue`.
    pub(super) fn resolve(&self, value: &Value) -> Option<Value> {
        if let Some((name, argument)) = function(value) {
            return self.call(name, argument);
        }
        Some(match value {
            Value::Object(map) => Value::Object(self.entries(map)),
            Value::Array(items) => items.iter().filter_map(|item| self.resolve(item)).collect(),
            scalar => scalar.clone(),
        })
    }

    fn entries(&self, map: &Map<String, Value>) -> Map<String, Value> {
        map.iter().filter_map(|(key, value)| Some((key.clone(), self.resolve(value)?))).collect()
    }

    fn call(&self, name: &str, argument: &Value) -> Option<Value> {
        let done = match name {
            "Ref" if argument == "AWS::NoValue" => return None,
            "Ref" => argument.as_str().and_then(|name| self.parameters.get(name)).cloned(),
            "Fn::If" => {
                let holds = self.holds(argument[0].as_str().unwrap_or_default());
                return self.resolve(&argument[if holds { 1 } else { 2 }]);
            }
            "Fn::Sub" => Some(self.substitute(argument)),
            "Fn::Join" => self.join(argument),
            "Fn::Select" => self.select(argument),
            "Fn::Split" => self.split(argument),
            _ => None,
        };
        done.or_else(|| Some(json!({ name: self.resolve(argument).unwrap_or_default() })))
    }

    fn substitute(&self, argument: &Value) -> Value {
        let (written, own) = substitution(argument);
        let own = own.and_then(|own| self.resolve(own));
        let mut text = written.to_owned();
        let mut unknown = Map::new();
        for name in placeholders(written) {
            let value = match own.as_ref().and_then(|own| own.get(name)) {
                Some(value) => as_text(value),
                None => self.parameters.get(name).and_then(as_text).map(|it| escaped(&it)),
            };
            match (value, own.as_ref().and_then(|own| own.get(name))) {
                (Some(value), _) => text = text.replace(&format!("${{{name}}}"), &value),
                (None, Some(value)) => {
                    unknown.insert(name.to_owned(), value.clone());
                }
                (None, None) => {}
            }
        }
        match (placeholders(&text).is_empty(), unknown.is_empty()) {
            (true, _) => Value::from(text.replace("${!", "${")),
            (false, true) => json!({ "Fn::Sub": text }),
            (false, false) => json!({ "Fn::Sub": [text, unknown] }),
        }
    }

    fn join(&self, argument: &Value) -> Option<Value> {
        let items = self.resolve(argument.get(1)?)?;
        let items: Option<Vec<String>> = items.as_array()?.iter().map(plain).collect();
        Some(Value::from(items?.join(argument[0].as_str()?)))
    }

    fn select(&self, argument: &Value) -> Option<Value> {
        let index = plain(&self.resolve(argument.get(0)?)?)?.parse::<usize>().ok()?;
        self.resolve(argument.get(1)?)?.get(index).cloned()
    }

    fn split(&self, argument: &Value) -> Option<Value> {
        let text = plain(&self.resolve(argument.get(1)?)?)?;
        Some(text.split(argument[0].as_str()?).collect())
    }

    fn is_true(&self, condition: &Value, depth: usize) -> bool {
        let Some((name, argument)) = function(condition).filter(|_| depth > 0) else {
            return false;
        };
        let mut all = argument.as_array().into_iter().flatten();
        match name {
            "Condition" => {
                self.is_true(&self.conditions[argument.as_str().unwrap_or("")], depth - 1)
            }
            "Fn::Equals" => {
                let [one, other] = [0, 1].map(|index| self.resolve(&argument[index]));
                one.as_ref().and_then(plain) == other.as_ref().and_then(plain) && one.is_some()
            }
            "Fn::Not" => !self.is_true(&argument[0], depth - 1),
            "Fn::And" => all.all(|it| self.is_true(it, depth - 1)),
            "Fn::Or" => all.any(|it| self.is_true(it, depth - 1)),
            _ => false,
        }
    }
}

/// A list is a list once it is a parameter's value.
fn typed(value: &str, parameter_type: &str) -> Value {
    if parameter_type == "CommaDelimitedList" || parameter_type.starts_with("List<") {
        return value.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
    }
    Value::from(value)
}

/// The text of a value that holds nothing unknown.
fn plain(value: &Value) -> Option<String> {
    as_text(value).filter(|_| function(value).is_none())
}

fn escaped(text: &str) -> String {
    text.replace("${", "${!")
}

#[cfg(test)]
mod tests {
    use super::Resolver;
    use serde_json::{Value, json};

    fn resolved(value: &Value) -> Option<Value> {
        let template = json!({
            "Parameters": {
                "Size": {"Type": "Number"},
                "Zones": {"Type": "List<AWS::EC2::AvailabilityZone::Name>"},
                "Kind": {"Type": "String", "Default": "big"},
            },
            "Conditions": {
                "Big": {"Fn::Equals": [{"Ref": "Kind"}, "big"]},
                "Small": {"Fn::Not": [{"Condition": "Big"}]},
                "Circle": {"Fn::And": [{"Condition": "Circle"}]},
            },
        });
        let values = [("Size", "3"), ("Zones", "a, b")];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Resolver::new(&template, &values).resolve(value)
    }

    #[test]
    fn what_is_known_is_put_in_place() {
        let cases = [
            (json!({"Ref": "Size"}), json!("3")),
            (json!({"Ref": "Bucket"}), json!({"Ref": "Bucket"})),
            (json!({"Fn::Select": [1, {"Ref": "Zones"}]}), json!("b")),
            (json!({"Fn::Sub": "n=${Size}${!x}"}), json!("n=3${x}")),
            (json!({"Fn::Sub": "${Size}-${Bucket.Arn}"}), json!({"Fn::Sub": "3-${Bucket.Arn}"})),
            (json!({"Fn::Sub": ["${a}", {"a": {"Ref": "Kind"}}]}), json!("big")),
            (json!({"Fn::Join": ["-", ["a", {"Ref": "Size"}]]}), json!("a-3")),
            (json!({"Fn::Split": ["/", "a/b"]}), json!(["a", "b"])),
            (json!({"Fn::If": ["Big", 1, 2]}), json!(1)),
            (json!({"Fn::If": ["Small", 1, 2]}), json!(2)),
            (json!({"Fn::If": ["Circle", 1, 2]}), json!(2)),
            (json!([1, {"Fn::If": ["Small", 1, {"Ref": "AWS::NoValue"}]}]), json!([1])),
            (json!({"Fn::GetAtt": ["A", "B"]}), json!({"Fn::GetAtt": ["A", "B"]})),
        ];
        for (value, expected) in cases {
            assert_eq!(resolved(&value), Some(expected), "{value}");
        }
        assert_eq!(resolved(&json!({"Ref": "AWS::NoValue"})), None);
    }
}
