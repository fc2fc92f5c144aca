//! What an instance runs at its first boot.

use minijinja::{Value as Context, context};
use serde_json::Value;

use crate::environment::fill_in;
use crate::error::RenderError;

/// Longest text that CloudFormation may put in place of one reference in user data: the ARN of a role.
const LONGEST_VALUE: usize = 160;

/// The script behind the settings, with the service's unit in it.
///
/// `stop_seconds` is how long the service may take to leave.
pub(crate) fn boot_script(stop_seconds: u64) -> Result<String, RenderError> {
    let unit = fill_in("instance/syncd.service", &context! { stop_seconds })?;
    let unit = Context::from_safe_string(unit.trim_end().to_owned());
    Ok(fill_in("instance/boot.sh", &context! { unit })?)
}

/// Bytes that the user data of a template has at most, before base64. EC2 takes 16,384.
#[must_use]
pub fn longest_user_data(template: &Value) -> usize {
    let resources = template["Resources"].as_object();
    let templates = resources.into_iter().flatten().map(|(_, resource)| resource);
    let launch = templates.filter(|resource| resource["Type"] == "AWS::EC2::LaunchTemplate");
    let data = launch.map(|it| &it["Properties"]["LaunchTemplateData"]["UserData"]["Fn::Base64"]);
    data.map(longest).max().unwrap_or(0)
}

fn longest(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Object(_) => {
            if let Some(text) = value["Fn::Sub"].as_str() {
                return text.len() + text.matches("${").count() * LONGEST_VALUE;
            }
            let join = &value["Fn::Join"];
            let separator = join[0].as_str().map_or(0, str::len);
            let parts = join[1].as_array().map(Vec::as_slice).unwrap_or_default();
            match parts {
                [] => LONGEST_VALUE,
                parts => parts.iter().map(|part| longest(part) + separator).sum(),
            }
        }
        _ => 0,
    }
}
