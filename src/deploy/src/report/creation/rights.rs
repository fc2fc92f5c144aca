//! Roles that are made, and who may assume them.

use serde_json::Value;

use super::super::names::name;
use super::Resources;

/// `readers and writers, assumed by the role of the servers`; one for everybody who may assume roles.
pub(super) fn roles(resources: &Resources<'_>) -> Vec<Option<String>> {
    let mut by_principal: Vec<(String, Vec<String>)> = Vec::new();
    for role in resources.of_type("AWS::IAM::Role") {
        let who = name(&role.logical_id).trim_start_matches("role of ").to_owned();
        let principals = principals(resources, &role.logical_id).unwrap_or_default();
        match by_principal.iter_mut().find(|(known, _)| *known == principals) {
            Some((_, roles)) => roles.push(who),
            None => by_principal.push((principals, vec![who])),
        }
    }
    let told = |(principals, roles): (String, Vec<String>)| match principals.as_str() {
        "" => roles.join(" and "),
        principals => format!("{}, assumed by {principals}", roles.join(" and ")),
    };
    by_principal.into_iter().map(told).map(Some).collect()
}

fn principals(resources: &Resources<'_>, role: &str) -> Option<String> {
    let statements = resources.value(role, "AssumeRolePolicyDocument.Statement")?.as_array()?;
    let found = statements.iter().filter_map(|it| principal(it.get("Principal")?));
    Some(found.collect::<Vec<_>>().join(", "))
}

/// A service, or another role of the deployment.
fn principal(value: &Value) -> Option<String> {
    if let Some(service) = value.get("Service").and_then(Value::as_str) {
        return Some(service.to_owned());
    }
    let other = value.get("AWS")?;
    let role = other.get("Fn::GetAtt").and_then(|parts| parts.get(0)?.as_str());
    Some(match role {
        Some(role) => format!("the {}", name(role)),
        None => other.as_str()?.to_owned(),
    })
}
