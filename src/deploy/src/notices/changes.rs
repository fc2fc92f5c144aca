//! What a change makes possible from now on. Nobody notices it today, and somebody might be sorry tomorrow.

use blueprint::values::StorageKey;

use crate::plan::{Change, ChangeAction, Level, Notice, Plan, PropertyChange, opened_to};

pub(super) fn check(plan: &Plan) -> Vec<Notice> {
    let changes: Vec<&Change> = plan.stacks.iter().flat_map(|stack| &stack.changes).collect();
    let found = [kept(&changes), table(&changes), opened(&changes), policy(&changes)];
    found.into_iter().flatten().collect()
}

/// The key that a new deployment uses again, where an earlier one left it: it is in no stack, and only the rights
/// name it.
pub(super) fn kept_key(plan: &Plan, wanted: &StorageKey) -> Option<String> {
    let changes: Vec<&Change> = plan.stacks.iter().flat_map(|stack| &stack.changes).collect();
    let of = |id: &str| changes.iter().find(|change| change.logical_id == id);
    if !matches!(wanted, StorageKey::Create) || of("Key").is_some() {
        return None;
    }
    let properties = &of("ReaderAccess")?.properties;
    let is_policy = |property: &&PropertyChange| property.path == "Properties.PolicyDocument";
    let texts = properties.iter().find(is_policy)?.after.as_ref()?.to_string();
    let key = texts.split('"').find(|text| text.starts_with("arn:") && text.contains(":key/"))?;
    Some(key.rsplit_once(":key/")?.1.to_owned())
}

/// What `down` deletes, in the order in which it hurts.
const KEPT: [(&str, &str); 5] = [
    ("Content", "content"),
    ("Metadata", "table"),
    ("Artifacts", "releases"),
    ("Logs", "access logs"),
    ("Key", "the key of the content"),
];

/// What `down` kept so far and deletes from now on.
fn kept(changes: &[&Change]) -> Option<Notice> {
    let is_freed = |property: &&PropertyChange| {
        let value = |value: &Option<serde_json::Value>| {
            value.as_ref().and_then(|it| it.as_str()).unwrap_or("Delete").to_owned()
        };
        property.path == "DeletionPolicy"
            && value(&property.before).starts_with("Retain")
            && value(&property.after) == "Delete"
    };
    let freed = |id: &str| {
        let change = changes.iter().find(|change| change.logical_id == id)?;
        change.properties.iter().find(is_freed)
    };
    let found: Vec<(&str, &PropertyChange)> =
        KEPT.iter().filter_map(|(id, name)| Some((*name, freed(id)?))).collect();
    let (_, first) = found.first()?;
    let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
    Some(warning(
        format!("From now on `down` deletes {} for good.", listed(&names)),
        first.line.clone(),
    ))
}

fn table(changes: &[&Change]) -> Option<Notice> {
    let table = changes.iter().find(|change| change.logical_id == "Metadata")?;
    let is_on = |value: &Option<serde_json::Value>| {
        value.as_ref().is_some_and(|it| *it == true || *it == "true")
    };
    let comes_off = |property: &&PropertyChange| {
        property.path == "Properties.DeletionProtectionEnabled"
            && is_on(&property.before)
            && !is_on(&property.after)
    };
    let property = table.properties.iter().find(comes_off)?;
    Some(warning(
        "The table loses its protection: afterwards whoever may delete tables can delete it, from anywhere."
            .to_owned(),
        property.line.clone(),
    ))
}

/// One record speaks for all mail of a domain, also for what others send.
fn policy(changes: &[&Change]) -> Option<Notice> {
    let is_new =
        |change: &&&Change| change.logical_id == "Dmarc" && change.action == ChangeAction::Add;
    let properties = &changes.iter().find(is_new)?.properties;
    let name = properties.iter().find(|property| property.path == "Properties.Name");
    let name = name.and_then(|property| property.after.as_ref()?.as_str()).unwrap_or("_dmarc");
    let domain = name.trim_start_matches("_dmarc.");
    Some(Notice {
        level: Level::Warning,
        text: format!(
            "The DNS record {name} is made, which speaks for all mail of {domain}; where there is one already, CloudFormation refuses to make another."
        ),
        advice: Some("without `zone` under email all records are yours to make".to_owned()),
        line: None,
    })
}

fn opened(changes: &[&Change]) -> Option<Notice> {
    let opened = |change: &&&Change| !opened_to(change).is_empty();
    let change = changes.iter().find(opened)?;
    let ranges = opened_to(change);
    let to = match ranges.iter().any(Option::is_none) {
        true => "the whole internet".to_owned(),
        false => ranges.into_iter().flatten().collect::<Vec<_>>().join(", "),
    };
    let line = change.properties.iter().find_map(|property| property.line.clone());
    Some(warning(format!("This opens the service to {to}."), line))
}

fn warning(text: String, line: Option<String>) -> Notice {
    Notice { level: Level::Warning, text, advice: None, line }
}

/// `content, table and releases`.
fn listed(names: &[&str]) -> String {
    match names {
        [names @ .., last] if !names.is_empty() => format!("{} and {last}", names.join(", ")),
        names => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use blueprint::values::StorageKey;

    use super::{check, kept_key};
    use crate::plan::{Change, ChangeAction, Harm, Plan};
    use crate::report::sample::{self, change, property};

    const LINE: &str = "syncctl.yaml:15 storage.content.retain";

    fn plan(changes: Vec<Change>) -> Plan {
        let mut plan = sample::empty();
        plan.stacks[0].changes = changes;
        plan
    }

    fn one(
        id: &str,
        kind: &str,
        path: &str,
        before: serde_json::Value,
        after: serde_json::Value,
    ) -> Change {
        Change {
            properties: vec![property(path, Some(before), Some(after), LINE)],
            ..change(id, kind, ChangeAction::Modify, Harm::Safe)
        }
    }

    #[test]
    fn what_is_no_longer_kept_is_said_once() {
        let freed = |id, kind| {
            one(id, kind, "DeletionPolicy", json!("RetainExceptOnCreate"), json!("Delete"))
        };
        let changes = vec![
            freed("Logs", "AWS::S3::Bucket"),
            freed("Content", "AWS::S3::Bucket"),
            freed("Metadata", "AWS::DynamoDB::Table"),
        ];
        let notices = check(&plan(changes));
        assert_eq!(notices.len(), 1);
        assert_eq!(
            notices[0].text,
            "From now on `down` deletes content, table and access logs for good."
        );
        assert_eq!(notices[0].line.as_deref(), Some(LINE));
    }

    #[test]
    fn a_key_that_is_used_again_is_found_by_the_rights_to_it() {
        let key = "arn:aws:kms:eu-west-1:123456789012:key/1-2";
        let document = json!({"Statement": [{"Action": "kms:Decrypt", "Resource": key}]});
        let policy = Change {
            properties: vec![property("Properties.PolicyDocument", None, Some(document), "")],
            ..change("ReaderAccess", "AWS::IAM::Policy", ChangeAction::Add, Harm::Safe)
        };
        let found = |wanted, changes| kept_key(&plan(changes), wanted);
        let create = &StorageKey::Create;
        assert_eq!(found(create, vec![policy.clone()]).as_deref(), Some("1-2"));
        assert_eq!(found(&StorageKey::None, vec![policy.clone()]), None);
        let new = change("Key", "AWS::KMS::Key", ChangeAction::Add, Harm::Safe);
        assert_eq!(found(create, vec![policy, new]), None);
    }

    #[test]
    fn a_record_for_the_whole_domain_is_worth_a_warning() {
        let name = property("Properties.Name", None, Some(json!("_dmarc.example.com")), "");
        let record = Change {
            properties: vec![name],
            ..change("Dmarc", "AWS::Route53::RecordSet", ChangeAction::Add, Harm::Safe)
        };
        let notices = check(&plan(vec![record]));
        assert!(notices[0].text.contains("speaks for all mail of example.com"), "{notices:?}");
    }

    #[test]
    fn a_table_that_anybody_can_delete_is_worth_a_warning() {
        let path = "Properties.DeletionProtectionEnabled";
        let at = |before, after| {
            check(&plan(vec![one("Metadata", "AWS::DynamoDB::Table", path, before, after)]))
        };
        assert_eq!(at(json!("true"), json!("false")).len(), 1);
        assert_eq!(at(json!("false"), json!("true")), []);
    }

    #[test]
    fn an_entry_that_opens_says_to_whom() {
        let rules = |range: &str| json!([{"CidrIp": range}]);
        let at = |before: &str, after: &str| {
            let path = "Properties.SecurityGroupIngress";
            let kind = "AWS::EC2::SecurityGroup";
            let change = one("BalancerFirewall", kind, path, rules(before), rules(after));
            check(&plan(vec![change])).first().map(|notice| notice.text.clone())
        };
        let everybody = at("10.0.0.0/8", "0.0.0.0/0").unwrap();
        assert_eq!(everybody, "This opens the service to the whole internet.");
        let some = at("10.0.0.0/16", "10.0.0.0/8").unwrap();
        assert_eq!(some, "This opens the service to 10.0.0.0/8.");
        assert_eq!(at("0.0.0.0/0", "10.0.0.0/8"), None);
        assert_eq!(check(&sample::first()), [], "what is new opens nothing that was closed");
    }
}
