use serde_json::{Map, Value};

use crate::canonical;

/// A CloudFormation template.
#[derive(Clone, Debug, PartialEq)]
pub struct Template(Value);

impl Template {
    pub(crate) fn new(value: Value) -> Self {
        Self(value)
    }

    /// A deployed template as it was handed in; `None` for one that is not ours, which is JSON.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        value.is_object().then_some(Self(value))
    }

    /// The same with the fixed names as they are in one account and Region, which lets CloudFormation take over what
    /// exists under them.
    #[must_use]
    pub fn with_literal_names(mut self, account: &str, region: &str) -> Self {
        crate::literal::names(&mut self.0, account, region);
        self
    }

    /// The document.
    #[must_use]
    pub fn as_json(&self) -> &Value {
        &self.0
    }

    /// The document as CloudFormation gets it: the same bytes for the same deployment, on any machine.
    #[must_use]
    pub fn to_text(&self) -> String {
        canonical::write(&self.0)
    }

    /// Resources by logical id.
    #[must_use]
    pub fn resources(&self) -> &Map<String, Value> {
        self.section("Resources")
    }

    /// Parameters by name.
    #[must_use]
    pub fn parameters(&self) -> &Map<String, Value> {
        self.section("Parameters")
    }

    /// Outputs by name.
    #[must_use]
    pub fn outputs(&self) -> &Map<String, Value> {
        self.section("Outputs")
    }

    fn section(&self, name: &str) -> &Map<String, Value> {
        static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        self.0.get(name).and_then(Value::as_object).unwrap_or(&NONE)
    }
}
