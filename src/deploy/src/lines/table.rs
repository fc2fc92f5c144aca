//! The table. `templates/stack` has the properties, `blueprints/reference.yaml` the keys.

/// A property and the key behind it.
pub(super) struct Row {
    pub(super) resource_type: &'static str,
    /// With `#` for a zone's number; `LaunchTemplate` without its digest.
    pub(super) id: &'static str,
    /// Below `Properties`, or an attribute such as `UpdatePolicy`; without list positions.
    pub(super) path: &'static str,
    pub(super) key: &'static str,
}

const fn row(
    resource_type: &'static str,
    id: &'static str,
    path: &'static str,
    key: &'static str,
) -> Row {
    Row { resource_type, id, path, key }
}

const GROUP: &str = "AWS::AutoScaling::AutoScalingGroup";
const TARGETS: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";
const TEMPLATE: &str = "AWS::EC2::LaunchTemplate";

pub(super) static PROPERTIES: &[Row] = &[
    // Network.
    row("AWS::EC2::VPC", "Network", "CidrBlock", "network.cidr"),
    row("AWS::EC2::Subnet", "PublicSubnet#", "CidrBlock", "network.cidr"),
    row("AWS::EC2::Subnet", "PrivateSubnet#", "CidrBlock", "network.cidr"),
    row("AWS::EC2::Subnet", "PublicSubnet#", "AvailabilityZone", "network.zones"),
    row("AWS::EC2::Subnet", "PrivateSubnet#", "AvailabilityZone", "network.zones"),
    row("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancer", "Subnets", "network.zones"),
    row(GROUP, "Group", "VPCZoneIdentifier", "network.zones"),
    row(TEMPLATE, "LaunchTemplate", "LaunchTemplateData.NetworkInterfaces", "network.egress"),
    row(TEMPLATE, "LaunchTemplate", "LaunchTemplateData.SecurityGroupIds", "network.egress"),
    // The time of a preview.
    row("AWS::S3::Bucket", "Artifacts", "Tags", "ttl"),
    row("AWS::SNS::Topic", "Alarms", "Tags", "ttl"),
    // Entry.
    row("AWS::EC2::SecurityGroup", "BalancerFirewall", "SecurityGroupIngress", "entry.allow"),
    row(TARGETS, "TargetGroup", "HealthCheckPath", "entry.health.path"),
    row(TARGETS, "TargetGroup", "HealthCheckIntervalSeconds", "entry.health.interval"),
    row(TARGETS, "TargetGroup", "HealthCheckTimeoutSeconds", "entry.health.timeout"),
    row(TARGETS, "TargetGroup", "UnhealthyThresholdCount", "entry.health.unhealthy"),
    row(TARGETS, "TargetGroup", "HealthyThresholdCount", "entry.health.healthy"),
    row("AWS::CertificateManager::Certificate", "Certificate", "DomainName", "entry.domain"),
    row(
        "AWS::CertificateManager::Certificate",
        "Certificate",
        "DomainValidationOptions.HostedZoneId",
        "entry.zone",
    ),
    row(
        "AWS::ElasticLoadBalancingV2::Listener",
        "HttpsListener",
        "Certificates",
        "entry.certificate",
    ),
    row(
        "AWS::ElasticLoadBalancingV2::Listener",
        "HttpListener",
        "DefaultActions",
        "entry.certificate",
    ),
    row("AWS::Route53::RecordSet", "DomainRecord", "HostedZoneId", "entry.zone"),
    row("AWS::Route53::RecordSet", "DomainRecord", "Name", "entry.domain"),
    row("AWS::CloudWatch::Alarm", "CertificateExpires", "Dimensions", "entry.certificate"),
    // Servers.
    row(TEMPLATE, "LaunchTemplate", "LaunchTemplateData.InstanceType", "servers.instance"),
    row(TEMPLATE, "LaunchTemplate", "LaunchTemplateData.EbsOptimized", "servers.instance"),
    row(TEMPLATE, "LaunchTemplate", "LaunchTemplateData.ImageId", "servers.image"),
    row(TEMPLATE, "LaunchTemplate", "LaunchTemplateData.TagSpecifications", "tags"),
    row(TEMPLATE, "LaunchTemplate", "LaunchTemplateData.UserData.RELEASE", "servers.release"),
    row(TEMPLATE, "LaunchTemplate", "LaunchTemplateData.UserData.SYNCD_PUBLIC_URL", "entry.domain"),
    row(
        TEMPLATE,
        "LaunchTemplate",
        "LaunchTemplateData.UserData.SYNCD_TRUSTED_PROXIES",
        "network.zones",
    ),
    row(
        TEMPLATE,
        "LaunchTemplate",
        "LaunchTemplateData.UserData.SYNCD_DIGEST_INTERVAL",
        "email.digest",
    ),
    row(TEMPLATE, "LaunchTemplate", "LaunchTemplateData.UserData.SYNCD_MAIL_FROM", "email.from"),
    row(GROUP, "Group", "MinSize", "servers.min"),
    row(GROUP, "Group", "MaxSize", "servers.max"),
    row(GROUP, "Group", "DesiredCapacity", "servers.desired"),
    row(GROUP, "Group", "DeletionProtection", "protect"),
    row(
        "AWS::AutoScaling::ScalingPolicy",
        "ScaleByProcessor",
        "TargetTrackingConfiguration.TargetValue",
        "servers.scale.cpu",
    ),
    row(
        "AWS::AutoScaling::ScalingPolicy",
        "ScaleByRequests",
        "TargetTrackingConfiguration.TargetValue",
        "servers.scale.requests",
    ),
    row("AWS::CloudWatch::Alarm", "TooFewServers", "Threshold", "servers.min"),
    // Rollout.
    row(
        GROUP,
        "Group",
        "UpdatePolicy.AutoScalingInstanceRefresh.Preferences.MinHealthyPercentage",
        "rollout.min_healthy",
    ),
    row(
        GROUP,
        "Group",
        "UpdatePolicy.AutoScalingInstanceRefresh.Preferences.MaxHealthyPercentage",
        "rollout.max_healthy",
    ),
    row(
        GROUP,
        "Group",
        "UpdatePolicy.AutoScalingInstanceRefresh.Preferences.BakeTime",
        "rollout.bake",
    ),
    row(
        GROUP,
        "Group",
        "UpdatePolicy.AutoScalingInstanceRefresh.Preferences.AlarmSpecification",
        "rollout.alarms",
    ),
    row(GROUP, "Group", "InstanceMaintenancePolicy.MinHealthyPercentage", "rollout.min_healthy"),
    row(GROUP, "Group", "InstanceMaintenancePolicy.MaxHealthyPercentage", "rollout.max_healthy"),
    // Data.
    row("AWS::S3::Bucket", "Content", "DeletionPolicy", "storage.content.retain"),
    row("AWS::S3::Bucket", "Content", "UpdateReplacePolicy", "storage.content.retain"),
    row("AWS::S3::Bucket", "Artifacts", "DeletionPolicy", "storage.content.retain"),
    row("AWS::S3::Bucket", "Artifacts", "UpdateReplacePolicy", "storage.content.retain"),
    row("AWS::S3::Bucket", "Logs", "DeletionPolicy", "storage.content.retain"),
    row("AWS::S3::Bucket", "Logs", "UpdateReplacePolicy", "storage.content.retain"),
    row("AWS::KMS::Key", "Key", "DeletionPolicy", "storage.content.retain"),
    row("AWS::KMS::Key", "Key", "UpdateReplacePolicy", "storage.content.retain"),
    row("AWS::KMS::Alias", "KeyAlias", "DeletionPolicy", "storage.content.retain"),
    row("AWS::KMS::Alias", "KeyAlias", "UpdateReplacePolicy", "storage.content.retain"),
    row("AWS::DynamoDB::Table", "Metadata", "DeletionPolicy", "storage.content.retain"),
    row("AWS::DynamoDB::Table", "Metadata", "UpdateReplacePolicy", "storage.content.retain"),
    row(
        "AWS::S3::Bucket",
        "Content",
        "LifecycleConfiguration.Rules.NoncurrentVersionExpiration.NoncurrentDays",
        "storage.content.versions",
    ),
    row("AWS::S3::Bucket", "Content", "BucketEncryption", "storage.key"),
    row("AWS::S3::Bucket", "Content", "CorsConfiguration.CorsRules.AllowedOrigins", "entry.domain"),
    row("AWS::S3::Bucket", "Content", "BucketName", "name"),
    row("AWS::S3::Bucket", "Artifacts", "BucketName", "name"),
    row("AWS::S3::Bucket", "Logs", "BucketName", "name"),
    row("AWS::KMS::Alias", "KeyAlias", "AliasName", "name"),
    row("AWS::DynamoDB::Table", "Metadata", "TableName", "name"),
    row("AWS::DynamoDB::Table", "Metadata", "DeletionProtectionEnabled", "database.protect"),
    row(
        "AWS::DynamoDB::Table",
        "Metadata",
        "PointInTimeRecoverySpecification",
        "database.point_in_time_recovery",
    ),
    row(GROUP, "Group", "AutoScalingGroupName", "name"),
    // Mail.
    row("AWS::SES::EmailIdentity", "MailIdentity", "EmailIdentity", "email.identity"),
    row(
        "AWS::SES::EmailIdentity",
        "MailIdentity",
        "MailFromAttributes.MailFromDomain",
        "email.identity",
    ),
    row("AWS::Route53::RecordSet", "Dkim#", "HostedZoneId", "email.zone"),
    row("AWS::Route53::RecordSet", "BounceExchanger", "HostedZoneId", "email.zone"),
    row("AWS::Route53::RecordSet", "BounceSender", "HostedZoneId", "email.zone"),
    row("AWS::Route53::RecordSet", "Dmarc", "HostedZoneId", "email.zone"),
];

/// Parameters of the templates: a value that comes from one comes from the blueprint.
pub(super) static PARAMETERS: &[&str] = &[
    "Expires",
    "FirstServers",
    "Image",
    "InstanceType",
    "MaxServers",
    "MinServers",
    "Release",
    "TableProtection",
    "Zones",
];

/// Resources that are there because of one key.
pub(super) static RESOURCES: &[(&str, &str)] = &[
    ("BounceExchanger", "email.zone"),
    ("BounceSender", "email.zone"),
    ("Certificate", "entry.certificate"),
    ("CertificateExpires", "entry.certificate"),
    ("Dkim#", "email.zone"),
    ("Dmarc", "email.zone"),
    ("DomainRecord", "entry.zone"),
    ("EndpointsFirewall", "network.egress"),
    ("HttpsListener", "entry.certificate"),
    ("Key", "storage.key"),
    ("KeyAlias", "storage.key"),
    ("MailBounces", "email.identity"),
    ("MailComplaints", "email.identity"),
    ("MailConfiguration", "email.manage"),
    ("MailEvents", "email.manage"),
    ("MailIdentity", "email.manage"),
    ("Nat", "network.egress"),
    ("Network", "network.cidr"),
    ("PrivateDefaultRoute", "network.egress"),
    ("PrivateSubnet#", "network.zones"),
    ("PrivateSubnet#Routes", "network.zones"),
    ("PublicSubnet#", "network.zones"),
    ("PublicSubnet#Routes", "network.zones"),
    ("ScaleByProcessor", "servers.scale.cpu"),
    ("ScaleByRequests", "servers.scale.requests"),
];
