//! What a resource is there for, and what things of its type are called.

use crate::plan::Change;

/// What a resource is there for, in the order in which a person asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Concern {
    Content,
    Metadata,
    Network,
    Entry,
    Servers,
    Identity,
    Mail,
    Alarms,
    Other,
}

impl Concern {
    pub(super) const ALL: [Self; 9] = [
        Self::Content,
        Self::Metadata,
        Self::Network,
        Self::Entry,
        Self::Servers,
        Self::Identity,
        Self::Mail,
        Self::Alarms,
        Self::Other,
    ];

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Metadata => "metadata",
            Self::Network => "network",
            Self::Entry => "entry",
            Self::Servers => "servers",
            Self::Identity => "roles",
            Self::Mail => "mail",
            Self::Alarms => "alarms",
            Self::Other => "other",
        }
    }

    pub(super) fn of(change: &Change) -> Self {
        let mut parts = change.resource_type.split("::").skip(1);
        match (parts.next().unwrap_or_default(), parts.next().unwrap_or_default()) {
            ("S3" | "KMS", _) => Self::Content,
            ("DynamoDB", _) => Self::Metadata,
            ("ElasticLoadBalancingV2" | "CertificateManager", _) => Self::Entry,
            ("EC2", "SecurityGroup") if change.logical_id == "BalancerFirewall" => Self::Entry,
            ("EC2", "SecurityGroup") if change.logical_id == "EndpointsFirewall" => Self::Network,
            ("Logs", _) if change.logical_id == "FlowLogs" => Self::Network,
            ("Route53", _) if change.logical_id == "DomainRecord" => Self::Entry,
            ("SES" | "Route53", _) => Self::Mail,
            ("AutoScaling" | "Logs", _)
            | ("EC2", "LaunchTemplate" | "SecurityGroup" | "SecurityGroupIngress") => Self::Servers,
            ("EC2", _) => Self::Network,
            ("IAM", _) => Self::Identity,
            ("CloudWatch" | "SNS", _) => Self::Alarms,
            _ => Self::Other,
        }
    }
}

/// One and many of a type; a type that is not listed is told apart by the last part of its name.
const NOUNS: &[(&str, &str, &str)] = &[
    ("AWS::AutoScaling::AutoScalingGroup", "Auto Scaling group", "Auto Scaling groups"),
    ("AWS::AutoScaling::ScalingPolicy", "scaling policy", "scaling policies"),
    ("AWS::CertificateManager::Certificate", "certificate", "certificates"),
    ("AWS::CloudWatch::Alarm", "alarm", "alarms"),
    ("AWS::DynamoDB::Table", "table", "tables"),
    ("AWS::EC2::FlowLog", "flow log", "flow logs"),
    ("AWS::EC2::InternetGateway", "internet gateway", "internet gateways"),
    ("AWS::EC2::LaunchTemplate", "launch template", "launch templates"),
    ("AWS::EC2::NatGateway", "NAT gateway", "NAT gateways"),
    ("AWS::EC2::Route", "route", "routes"),
    ("AWS::EC2::RouteTable", "route table", "route tables"),
    ("AWS::EC2::SecurityGroup", "security group", "security groups"),
    ("AWS::EC2::SecurityGroupIngress", "security group rule", "security group rules"),
    ("AWS::EC2::Subnet", "subnet", "subnets"),
    (
        "AWS::EC2::SubnetRouteTableAssociation",
        "route table association",
        "route table associations",
    ),
    ("AWS::EC2::VPC", "VPC", "VPCs"),
    ("AWS::EC2::VPCEndpoint", "VPC endpoint", "VPC endpoints"),
    ("AWS::EC2::VPCGatewayAttachment", "gateway attachment", "gateway attachments"),
    ("AWS::ElasticLoadBalancingV2::Listener", "listener", "listeners"),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "load balancer", "load balancers"),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "target group", "target groups"),
    ("AWS::IAM::InstanceProfile", "instance profile", "instance profiles"),
    ("AWS::IAM::Policy", "policy", "policies"),
    ("AWS::IAM::Role", "role", "roles"),
    ("AWS::KMS::Alias", "key alias", "key aliases"),
    ("AWS::KMS::Key", "KMS key", "KMS keys"),
    ("AWS::Logs::LogGroup", "log group", "log groups"),
    ("AWS::Route53::RecordSet", "DNS record", "DNS records"),
    ("AWS::S3::Bucket", "bucket", "buckets"),
    ("AWS::S3::BucketPolicy", "bucket policy", "bucket policies"),
    ("AWS::SES::ConfigurationSet", "configuration set", "configuration sets"),
    ("AWS::SES::ConfigurationSetEventDestination", "event destination", "event destinations"),
    ("AWS::SES::EmailIdentity", "mail identity", "mail identities"),
    ("AWS::SNS::Topic", "topic", "topics"),
    ("AWS::SNS::TopicPolicy", "topic policy", "topic policies"),
];

/// `VPC`, `6 subnets`.
pub(super) fn counted(resource_type: &str, number: usize) -> String {
    let noun = NOUNS.iter().find(|(kind, ..)| *kind == resource_type);
    match (noun, number) {
        (Some((_, one, _)), 1) => (*one).to_owned(),
        (Some((_, _, many)), number) => format!("{number} {many}"),
        (None, 1) => resource_type.to_owned(),
        (None, number) => format!("{number} {resource_type}"),
    }
}

#[cfg(test)]
mod tests {
    use super::NOUNS;

    #[test]
    fn every_type_has_a_noun() {
        for kind in crate::report::sample::every_type() {
            assert!(NOUNS.iter().any(|(known, ..)| *known == kind), "{kind} has no noun");
        }
    }
}
