use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::canonical;

/// Output with the digest of the template.
pub const DIGEST_OUTPUT: &str = "TemplateDigest";

/// A CloudFormation template.
#[derive(Clone, Debug, PartialEq)]
pub struct Template(Value);

impl Template {
    /// Adds an output with the digest of everything else: whether a deployed template is this one can be told
    /// without fetching it.
    pub(crate) fn new(mut value: Value) -> Self {
        let digest = hex::encode(Sha256::digest(canonical::write(&value)));
        if let Some(template) = value.as_object_mut() {
            let outputs = template.entry("Outputs").or_insert_with(|| json!({}));
            outputs[DIGEST_OUTPUT] =
                json!({"Description": "Digest of this template", "Value": digest});
        }
        Self(value)
    }

    /// A deployed template as it was handed in; `None` for one that is not ours, which is JSON.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        value.is_object().then_some(Self(value))
    }

    /// SHA-256 in hexadecimal, the same in every account and Region; the deployed stack tells it as
    /// [`DIGEST_OUTPUT`].
    #[must_use]
    pub fn digest(&self) -> &str {
        self.outputs().get(DIGEST_OUTPUT).and_then(|it| it["Value"].as_str()).unwrap_or_default()
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
