//! What a property is called, and in which unit it counts.

/// Type, path below `Properties`, label, unit. A type of its own comes before `*`.
const LABELS: &[(&str, &str, &str, &str)] = &[
    ("AWS::AutoScaling::AutoScalingGroup", "MinSize", "min servers", ""),
    ("AWS::AutoScaling::AutoScalingGroup", "MaxSize", "max servers", ""),
    ("AWS::AutoScaling::AutoScalingGroup", "DesiredCapacity", "servers at the first start", ""),
    (
        "AWS::AutoScaling::AutoScalingGroup",
        "LaunchTemplate.LaunchTemplateId",
        "launch template",
        "",
    ),
    (
        "AWS::AutoScaling::AutoScalingGroup",
        "LaunchTemplate.Version",
        "version of the launch template",
        "",
    ),
    ("AWS::AutoScaling::AutoScalingGroup", "LaunchTemplate", "launch template", ""),
    ("AWS::AutoScaling::AutoScalingGroup", "VPCZoneIdentifier", "networks", ""),
    ("AWS::AutoScaling::AutoScalingGroup", "DeletionProtection", "deletion protection", ""),
    ("AWS::AutoScaling::ScalingPolicy", "TargetTrackingConfiguration.TargetValue", "target", ""),
    ("AWS::CertificateManager::Certificate", "DomainName", "domain", ""),
    ("AWS::DynamoDB::Table", "DeletionProtectionEnabled", "deletion protection", ""),
    (
        "AWS::DynamoDB::Table",
        "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled",
        "point-in-time recovery",
        "",
    ),
    (
        "AWS::DynamoDB::Table",
        "PointInTimeRecoverySpecification.RecoveryPeriodInDays",
        "restorable for",
        "days",
    ),
    ("AWS::DynamoDB::Table", "TableName", "table name", ""),
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateData.ImageId", "image", ""),
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateData.InstanceType", "instance type", ""),
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateData.UserData", "runs at boot", ""),
    ("AWS::EC2::SecurityGroup", "SecurityGroupIngress", "who may come in", ""),
    ("AWS::EC2::SecurityGroup", "SecurityGroupEgress", "where it may go", ""),
    ("AWS::EC2::Subnet", "AvailabilityZone", "zone", ""),
    ("AWS::EC2::Subnet", "CidrBlock", "addresses", ""),
    ("AWS::EC2::VPC", "CidrBlock", "addresses", ""),
    ("AWS::ElasticLoadBalancingV2::Listener", "Certificates", "certificate", ""),
    ("AWS::ElasticLoadBalancingV2::Listener", "Certificates[0].CertificateArn", "certificate", ""),
    ("AWS::ElasticLoadBalancingV2::Listener", "DefaultActions", "what happens to requests", ""),
    (
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "HealthCheckIntervalSeconds",
        "time between health checks",
        "s",
    ),
    (
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "HealthCheckTimeoutSeconds",
        "health check timeout",
        "s",
    ),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "HealthCheckPath", "health check path", ""),
    (
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "UnhealthyThresholdCount",
        "failed checks that take a server out",
        "",
    ),
    (
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "HealthyThresholdCount",
        "passed checks that bring a server in",
        "",
    ),
    ("AWS::KMS::Key", "KeyPolicy", "key policy", ""),
    ("AWS::Logs::LogGroup", "RetentionInDays", "logs are kept", "days"),
    ("AWS::Route53::RecordSet", "Name", "name", ""),
    ("AWS::S3::Bucket", "BucketName", "bucket name", ""),
    ("AWS::S3::Bucket", "BucketEncryption", "encryption", ""),
    ("AWS::S3::Bucket", "CorsConfiguration", "browsers' access (CORS)", ""),
    ("AWS::S3::Bucket", "LifecycleConfiguration", "what is deleted when", ""),
    (
        "AWS::S3::Bucket",
        "LifecycleConfiguration.Rules[0].NoncurrentVersionExpiration.NoncurrentDays",
        "what was deleted can be restored for",
        "days",
    ),
    ("AWS::S3::Bucket", "VersioningConfiguration.Status", "versioning", ""),
    ("AWS::SES::EmailIdentity", "EmailIdentity", "identity", ""),
    ("*", "PolicyDocument", "policy", ""),
    ("*", "AssumeRolePolicyDocument", "who may take the role", ""),
    ("*", "Tags", "tags", ""),
];

/// Attributes of a resource besides its properties, and what is inside them.
const ATTRIBUTES: &[(&str, &str, &str)] = &[
    (
        "UpdatePolicy.AutoScalingInstanceRefresh.Preferences.MinHealthyPercentage",
        "stays in service during a roll",
        "%",
    ),
    (
        "UpdatePolicy.AutoScalingInstanceRefresh.Preferences.MaxHealthyPercentage",
        "exists during a roll at most",
        "%",
    ),
    ("UpdatePolicy.AutoScalingInstanceRefresh.Preferences.BakeTime", "watched after a roll", "s"),
    (
        "UpdatePolicy.AutoScalingInstanceRefresh.Preferences.AlarmSpecification.Alarms",
        "alarms that stop a roll",
        "",
    ),
    ("UpdatePolicy", "how it is rolled", ""),
    ("DeletionPolicy", "when the stack goes", ""),
    ("UpdateReplacePolicy", "when it is replaced", ""),
    ("CreationPolicy", "when it counts as made", ""),
    ("DependsOn", "made after", ""),
    ("Metadata", "notes in the template", ""),
    ("Tags", "tags", ""),
];

/// A label and what stays of the path behind it, with the unit.
pub(super) struct Label {
    pub(super) text: String,
    pub(super) unit: &'static str,
}

/// `min servers`; the path itself where nobody gave it a name. AWS's own names are known to whoever reads plans.
pub(super) fn label(resource_type: &str, path: &str) -> Label {
    let path = dotted(path);
    let inner = path.strip_prefix("Properties.").unwrap_or(&path);
    let named = |kind: &str, prefix: &str| {
        (kind == "*" || kind == resource_type).then(|| rest(inner, prefix)).flatten()
    };
    let mut best: Option<(usize, &str, &str, &'static str)> = None;
    let of_type =
        LABELS.iter().map(|&(kind, prefix, text, unit)| (named(kind, prefix), prefix, text, unit));
    let attributes =
        ATTRIBUTES.iter().map(|&(prefix, text, unit)| (rest(&path, prefix), prefix, text, unit));
    for (found, prefix, text, unit) in of_type.chain(attributes) {
        if let Some(rest) = found
            && best.is_none_or(|(length, ..)| prefix.len() > length)
        {
            best = Some((prefix.len(), text, rest, unit));
        }
    }
    match best {
        Some((_, text, "", unit)) => Label { text: text.to_owned(), unit },
        Some((_, text, rest, _)) if rest.starts_with('[') => {
            Label { text: format!("{text} {rest}"), unit: "" }
        }
        Some((_, text, rest, _)) => Label { text: format!("{text}, {rest}"), unit: "" },
        None => Label { text: inner.to_owned(), unit: "" },
    }
}

/// Drift has paths with slashes: `/Rules/0/Id` is `Rules[0].Id`.
fn dotted(path: &str) -> String {
    let Some(path) = path.strip_prefix('/') else { return path.to_owned() };
    path.split('/').fold(String::new(), |path, step| match step.parse::<usize>() {
        Ok(index) => format!("{path}[{index}]"),
        Err(_) if path.is_empty() => step.to_owned(),
        Err(_) => format!("{path}.{step}"),
    })
}

/// What follows a path, where it begins with the other at a joint.
fn rest<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(prefix)?;
    match rest.bytes().next() {
        None => Some(""),
        Some(b'.') => Some(&rest[1..]),
        Some(b'[') => Some(rest),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn labels_are_found_by_the_longest_path() {
        let shown = |kind, path| {
            let label = label(kind, path);
            (label.text, label.unit)
        };
        let group = "AWS::AutoScaling::AutoScalingGroup";
        assert_eq!(shown(group, "Properties.MinSize"), ("min servers".to_owned(), ""));
        assert_eq!(shown(group, "/MinSize"), ("min servers".to_owned(), ""));
        assert_eq!(shown("T", "/Rules/0/Id"), ("Rules[0].Id".to_owned(), ""));
        assert_eq!(shown(group, "Properties.Cooldown"), ("Cooldown".to_owned(), ""));
        let bake = "UpdatePolicy.AutoScalingInstanceRefresh.Preferences.BakeTime";
        assert_eq!(shown(group, bake), ("watched after a roll".to_owned(), "s"));
        let statement = "Properties.PolicyDocument.Statement[0].Action";
        assert_eq!(shown("AWS::IAM::Policy", statement).0, "policy, Statement[0].Action");
    }
}
