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
    ("AWS::AutoScaling::AutoScalingGroup", "TargetGroupARNs", "target group", ""),
    ("AWS::AutoScaling::AutoScalingGroup", "DeletionProtection", "deletion protection", ""),
    ("AWS::AutoScaling::ScalingPolicy", "TargetTrackingConfiguration.TargetValue", "target", ""),
    ("AWS::AutoScaling::ScalingPolicy", "AutoScalingGroupName", "server group", ""),
    (
        "AWS::AutoScaling::ScalingPolicy",
        "TargetTrackingConfiguration.PredefinedMetricSpecification.ResourceLabel",
        "where it counts",
        "",
    ),
    ("AWS::CloudWatch::Alarm", "Dimensions", "what it watches", ""),
    ("AWS::CloudWatch::Alarm", "Metrics", "what it watches", ""),
    ("AWS::CloudWatch::Alarm", "Threshold", "threshold", ""),
    ("AWS::CertificateManager::Certificate", "DomainValidationOptions", "proof of the domain", ""),
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
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateData.UserData[RELEASE]", "release", ""),
    (
        "AWS::EC2::LaunchTemplate",
        "LaunchTemplateData.UserData[SYNCD_DIGEST_INTERVAL]",
        "changes are collected for",
        "s",
    ),
    (
        "AWS::EC2::LaunchTemplate",
        "LaunchTemplateData.UserData[SYNCD_MAIL_FROM]",
        "sender of mail",
        "",
    ),
    (
        "AWS::EC2::LaunchTemplate",
        "LaunchTemplateData.UserData[SYNCD_PUBLIC_URL]",
        "address of the service",
        "",
    ),
    (
        "AWS::EC2::LaunchTemplate",
        "LaunchTemplateData.UserData[SYNCD_TRUSTED_PROXIES]",
        "addresses of the load balancer",
        "",
    ),
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateData.NetworkInterfaces", "network interface", ""),
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateData.SecurityGroupIds", "security groups", ""),
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateData.TagSpecifications", "tags of servers", ""),
    ("AWS::EC2::SecurityGroup", "SecurityGroupIngress", "who may come in", ""),
    ("AWS::EC2::SecurityGroup", "SecurityGroupEgress", "where it may go", ""),
    (
        "AWS::EC2::SecurityGroup",
        "SecurityGroupEgress[0].DestinationSecurityGroupId",
        "where it may go",
        "",
    ),
    ("AWS::EC2::SecurityGroupIngress", "GroupId", "security group", ""),
    ("AWS::EC2::SecurityGroupIngress", "SourceSecurityGroupId", "who may come in", ""),
    ("AWS::EC2::FlowLog", "ResourceId", "VPC", ""),
    ("AWS::EC2::Subnet", "AvailabilityZone", "zone", ""),
    ("AWS::EC2::Subnet", "CidrBlock", "addresses", ""),
    ("AWS::EC2::VPC", "CidrBlock", "addresses", ""),
    ("AWS::EC2::VPCEndpoint", "RouteTableIds", "route tables", ""),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "SecurityGroups", "security groups", ""),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "Subnets", "networks", ""),
    (
        "AWS::ElasticLoadBalancingV2::Listener",
        "DefaultActions[0].TargetGroupArn",
        "target group",
        "",
    ),
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
    ("AWS::Route53::RecordSet", "AliasTarget", "points to", ""),
    ("AWS::S3::Bucket", "BucketName", "bucket name", ""),
    ("AWS::S3::Bucket", "BucketEncryption", "encryption", ""),
    (
        "AWS::S3::Bucket",
        "BucketEncryption.ServerSideEncryptionConfiguration[0].BucketKeyEnabled",
        "bucket key",
        "",
    ),
    (
        "AWS::S3::Bucket",
        "BucketEncryption.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault.KMSMasterKeyID",
        "key",
        "",
    ),
    (
        "AWS::S3::Bucket",
        "BucketEncryption.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault.SSEAlgorithm",
        "encryption",
        "",
    ),
    ("AWS::S3::Bucket", "CorsConfiguration", "browsers' access (CORS)", ""),
    (
        "AWS::S3::Bucket",
        "CorsConfiguration.CorsRules[0].AllowedOrigins",
        "web page that may fetch content (CORS)",
        "",
    ),
    ("AWS::S3::Bucket", "PublicAccessBlockConfiguration", "block of public access", ""),
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
    ("*", "NatGatewayId", "NAT gateway", ""),
    ("*", "RouteTableId", "route table", ""),
    ("*", "SubnetId", "subnet", ""),
    ("*", "VpcId", "VPC", ""),
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
    if let Some(tag) = path.strip_prefix(TAG).and_then(|rest| rest.strip_suffix(']')) {
        return Label { text: format!("tag {tag} of servers, disks and interfaces"), unit: "" };
    }
    let found = labelled(resource_type, &path);
    // Items have names where the templates give them one: `Rules[restorable]` is looked up as `Rules[0]`.
    let first = labelled(resource_type, &first_items(&path));
    if first.is_exact && !found.is_exact { first.label } else { found.label }
}

/// A tag of what the group starts.
const TAG: &str = "Properties.LaunchTemplateData.TagSpecifications[instance].Tags[";

struct Found {
    label: Label,
    /// Whether nothing of the path is left over.
    is_exact: bool,
}

fn labelled(resource_type: &str, path: &str) -> Found {
    let inner = path.strip_prefix("Properties.").unwrap_or(path);
    let named = |kind: &str, prefix: &str| {
        (kind == "*" || kind == resource_type).then(|| rest(inner, prefix)).flatten()
    };
    let mut best: Option<(usize, &str, &str, &'static str)> = None;
    let of_type =
        LABELS.iter().map(|&(kind, prefix, text, unit)| (named(kind, prefix), prefix, text, unit));
    let attributes =
        ATTRIBUTES.iter().map(|&(prefix, text, unit)| (rest(path, prefix), prefix, text, unit));
    for (found, prefix, text, unit) in of_type.chain(attributes) {
        if let Some(rest) = found
            && best.is_none_or(|(length, ..)| prefix.len() > length)
        {
            best = Some((prefix.len(), text, rest, unit));
        }
    }
    let is_exact = matches!(best, Some((_, _, "", _)));
    let label = match best {
        Some((_, text, "", unit)) => Label { text: text.to_owned(), unit },
        Some((_, text, rest, _)) if rest.starts_with('[') => {
            Label { text: format!("{text} {rest}"), unit: "" }
        }
        Some((_, text, rest, _)) => Label { text: format!("{text}, {rest}"), unit: "" },
        None => Label { text: inner.to_owned(), unit: "" },
    };
    Found { label, is_exact }
}

/// `A[b].C[1]` as `A[0].C[0]`.
fn first_items(path: &str) -> String {
    let mut parts = path.split('[');
    let start = parts.next().unwrap_or_default().to_owned();
    parts.fold(start, |path, part| {
        let rest = part.split_once(']').map_or("", |(_, rest)| rest);
        format!("{path}[0]{rest}")
    })
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
        let days = "Properties.LifecycleConfiguration.Rules[restorable].NoncurrentVersionExpiration.NoncurrentDays";
        let expected = ("what was deleted can be restored for".to_owned(), "days");
        assert_eq!(shown("AWS::S3::Bucket", days), expected);
        let statement = "Properties.PolicyDocument.Statement[0].Action";
        assert_eq!(shown("AWS::IAM::Policy", statement).0, "policy, Statement[0].Action");
    }
}
