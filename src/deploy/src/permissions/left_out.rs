//! Where the schemas ask for more, or for less, than our templates need.

/// Actions of a handler that are not granted.
#[derive(Clone, Copy, Debug)]
pub struct LeftOut {
    /// Type whose handlers may call them.
    pub resource_type: &'static str,
    /// The actions.
    pub actions: &'static [&'static str],
    /// Properties that they serve; no template of ours has any of them.
    pub properties: &'static [&'static str],
    /// Why they are not needed.
    pub because: &'static str,
}

/// What handlers call for properties that no template of ours has, by type. A test reads the templates.
pub const LEFT_OUT: &[LeftOut] = &[
    LeftOut {
        resource_type: "AWS::AutoScaling::AutoScalingGroup",
        actions: &["ec2:Get*"],
        properties: &["MixedInstancesPolicy"],
        because: "types are chosen by requirements only in a mix; it would grant passwords and consoles as well",
    },
    LeftOut {
        resource_type: "AWS::AutoScaling::AutoScalingGroup",
        actions: &["ssm:Get*"],
        properties: &[],
        because: "the image is an id, not a parameter; it would grant every parameter of the account",
    },
    LeftOut {
        resource_type: "AWS::AutoScaling::AutoScalingGroup",
        actions: &[
            "managed-fleets:CreateAutoScalingGroup",
            "managed-fleets:DeleteAutoScalingGroup",
            "managed-fleets:DeregisterAutoScalingGroup",
            "managed-fleets:Get*",
            "managed-fleets:RegisterAutoScalingGroup",
            "managed-fleets:UpdateAutoScalingGroup",
        ],
        properties: &["MixedInstancesPolicy"],
        because: "the group is not of a managed fleet",
    },
    LeftOut {
        resource_type: "AWS::AutoScaling::AutoScalingGroup",
        actions: &[
            "autoscaling:AttachTrafficSources",
            "autoscaling:DetachTrafficSources",
            "vpc-lattice:DeregisterTargets",
            "vpc-lattice:GetTargetGroup",
            "vpc-lattice:ListTargets",
            "vpc-lattice:RegisterTargets",
        ],
        properties: &["TrafficSources"],
        because: "requests come from a load balancer",
    },
    LeftOut {
        resource_type: "AWS::AutoScaling::AutoScalingGroup",
        actions: &[
            "autoscaling:AttachLoadBalancers",
            "autoscaling:DeleteNotificationConfiguration",
            "autoscaling:DetachLoadBalancers",
            "autoscaling:PutNotificationConfiguration",
        ],
        properties: &["LoadBalancerNames", "NotificationConfigurations"],
        because: "no classic load balancer, no notifications",
    },
    LeftOut {
        resource_type: "AWS::CertificateManager::Certificate",
        actions: &["acm-pca:GetCertificate", "acm-pca:IssueCertificate"],
        properties: &["CertificateAuthorityArn"],
        because: "certificates are public",
    },
    LeftOut {
        resource_type: "AWS::DynamoDB::Table",
        actions: &[
            "dynamodb:AssociateTableReplica",
            "dynamodb:BatchWriteItem",
            "dynamodb:CreateTableReplica",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:Scan",
            "dynamodb:UpdateItem",
        ],
        properties: &["GlobalTableWitnesses", "GlobalTableSourceArn", "ReplicaSpecification"],
        because: "there are no replicas to fill",
    },
    LeftOut {
        resource_type: "AWS::DynamoDB::Table",
        actions: &[
            "dynamodb:DescribeImport",
            "dynamodb:ImportTable",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogGroups",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
            "logs:PutRetentionPolicy",
            "s3:GetObject",
            "s3:GetObjectMetadata",
            "s3:ListBucket",
        ],
        properties: &["ImportSourceSpecification"],
        because: "nothing is imported",
    },
    LeftOut {
        resource_type: "AWS::DynamoDB::Table",
        actions: &[
            "dynamodb:DisableKinesisStreamingDestination",
            "dynamodb:EnableKinesisStreamingDestination",
            "dynamodb:UpdateKinesisStreamingDestination",
            "iam:CreateServiceLinkedRole",
            "kinesis:DescribeStream",
            "kinesis:PutRecords",
        ],
        properties: &["KinesisStreamSpecification"],
        because: "changes are not streamed",
    },
    LeftOut {
        resource_type: "AWS::DynamoDB::Table",
        actions: &[
            "kms:CreateGrant",
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:ListAliases",
            "kms:RevokeGrant",
        ],
        properties: &["SSESpecification"],
        because: "the table is encrypted with a key of DynamoDB's own",
    },
    LeftOut {
        resource_type: "AWS::DynamoDB::Table",
        actions: &["dynamodb:DeleteResourcePolicy", "dynamodb:PutResourcePolicy"],
        properties: &["ResourcePolicy"],
        because: "rights are granted to roles, not at the table",
    },
    LeftOut {
        resource_type: "AWS::EC2::FlowLog",
        actions: &["s3:GetBucketPolicy", "s3:PutBucketPolicy", "iam:CreateServiceLinkedRole"],
        properties: &["LogDestination"],
        because: "flow logs go to CloudWatch",
    },
    LeftOut {
        resource_type: "AWS::EC2::NatGateway",
        actions: &["ec2:AssignPrivateNatGatewayAddress", "ec2:UnassignPrivateNatGatewayAddress"],
        properties: &["SecondaryPrivateIpAddresses", "SecondaryPrivateIpAddressCount"],
        because: "the gateway is a public one",
    },
    LeftOut {
        resource_type: "AWS::EC2::Subnet",
        actions: &["ec2:AssociateSubnetCidrBlock", "ec2:DisassociateSubnetCidrBlock"],
        properties: &["Ipv6CidrBlock"],
        because: "the network has IPv4 only",
    },
    LeftOut {
        resource_type: "AWS::EC2::VPC",
        actions: &["ec2:CreateVpcEncryptionControl", "ec2:ModifyVpcTenancy"],
        properties: &["InstanceTenancy", "VpcEncryptionControl"],
        because: "tenancy is the default, and encryption is not controlled by the network",
    },
    LeftOut {
        resource_type: "AWS::EC2::VPCEndpoint",
        actions: &[
            "vpc-lattice:CreateServiceNetworkVpcEndpointAssociation",
            "vpc-lattice:DescribeServiceNetworkVpcEndpointAssociation",
            "vpce:AllowMultiRegion",
        ],
        properties: &["ServiceNetworkArn", "ServiceRegion"],
        because: "endpoints are of AWS services in the same Region",
    },
    LeftOut {
        resource_type: "AWS::EC2::VPCGatewayAttachment",
        actions: &["ec2:AttachVpnGateway", "ec2:DetachVpnGateway"],
        properties: &["VpnGatewayId"],
        because: "there is no VPN",
    },
    LeftOut {
        resource_type: "AWS::ElasticLoadBalancingV2::Listener",
        actions: &["cognito-idp:DescribeUserPoolClient"],
        properties: &[],
        because: "the load balancer does not log people in",
    },
    LeftOut {
        resource_type: "AWS::ElasticLoadBalancingV2::LoadBalancer",
        actions: &[
            "elasticloadbalancing:ModifyCapacityReservation",
            "elasticloadbalancing:ModifyIpPools",
        ],
        properties: &["Ipv4IpamPoolId", "MinimumLoadBalancerCapacity"],
        because: "capacity and addresses are the load balancer's own",
    },
    LeftOut {
        resource_type: "AWS::ElasticLoadBalancingV2::TargetGroup",
        actions: &[
            "elasticloadbalancing:DeregisterTargets",
            "elasticloadbalancing:RegisterTargets",
        ],
        properties: &["Targets"],
        because: "the group registers its instances, with rights of its own",
    },
    LeftOut {
        resource_type: "AWS::IAM::Policy",
        actions: &[
            "iam:DeleteGroupPolicy",
            "iam:DeleteUserPolicy",
            "iam:GetGroupPolicy",
            "iam:GetUserPolicy",
            "iam:PutGroupPolicy",
            "iam:PutUserPolicy",
        ],
        properties: &["Groups", "Users"],
        because: "policies are of roles only",
    },
    LeftOut {
        resource_type: "AWS::IAM::Role",
        actions: &[
            "iam:AttachRolePolicy",
            "iam:DeleteRolePermissionsBoundary",
            "iam:PutRolePermissionsBoundary",
        ],
        properties: &["ManagedPolicyArns", "PermissionsBoundary"],
        because: "roles have policies of their own and nothing else; it would let a deployer attach any policy",
    },
    LeftOut {
        resource_type: "AWS::Logs::LogGroup",
        actions: &[
            "firehose:TagDeliveryStream",
            "logs:AssociateKmsKey",
            "logs:CreateLogDelivery",
            "logs:DeleteIndexPolicy",
            "logs:DeleteResourcePolicy",
            "logs:DisassociateKmsKey",
            "logs:PutBearerTokenAuthentication",
            "logs:PutDataProtectionPolicy",
            "logs:PutIndexPolicy",
            "logs:PutLogGroupDeletionProtection",
            "logs:PutResourcePolicy",
            "s3:REST.PUT.OBJECT",
        ],
        properties: &[
            "BearerTokenAuthenticationEnabled",
            "DataProtectionPolicy",
            "DeletionProtectionEnabled",
            "FieldIndexPolicies",
            "KmsKeyId",
            "ResourcePolicyDocument",
        ],
        because: "log groups have a time of retention and nothing else",
    },
    LeftOut {
        resource_type: "AWS::S3::Bucket",
        actions: &[
            "s3:CreateBucketMetadataTableConfiguration",
            "s3:DeleteBucketMetadataTableConfiguration",
            "s3:UpdateBucketMetadataAnnotationTableConfiguration",
            "s3:UpdateBucketMetadataInventoryTableConfiguration",
            "s3:UpdateBucketMetadataJournalTableConfiguration",
            "s3tables:CreateNamespace",
            "s3tables:CreateTable",
            "s3tables:CreateTableBucket",
            "s3tables:GetTable",
            "s3tables:GetTableMetadataLocation",
            "s3tables:PutTableBucketPolicy",
            "s3tables:PutTableEncryption",
            "s3tables:PutTablePolicy",
            "s3tables:UpdateTableMetadataLocation",
        ],
        properties: &["MetadataConfiguration", "MetadataTableConfiguration"],
        because: "objects are not listed in tables",
    },
    LeftOut {
        resource_type: "AWS::S3::Bucket",
        actions: &[
            "iam:PassRole",
            "s3:DeleteBucketReplication",
            "s3:PutBucketReplication",
            "s3:PutReplicationConfiguration",
        ],
        properties: &["ReplicationConfiguration"],
        because: "buckets are not replicated",
    },
    LeftOut {
        resource_type: "AWS::S3::Bucket",
        actions: &[
            "s3:DeleteBucketAnalyticsConfiguration",
            "s3:DeleteBucketMetricsConfiguration",
            "s3:DeleteBucketWebsite",
            "s3:PutAccelerateConfiguration",
            "s3:PutAnalyticsConfiguration",
            "s3:PutBucketNotification",
            "s3:PutBucketObjectLockConfiguration",
            "s3:PutBucketWebsite",
            "s3:PutIntelligentTieringConfiguration",
            "s3:PutInventoryConfiguration",
            "s3:PutMetricsConfiguration",
            "s3:PutObjectLockConfiguration",
        ],
        properties: &[
            "AccelerateConfiguration",
            "AnalyticsConfigurations",
            "IntelligentTieringConfigurations",
            "InventoryConfigurations",
            "MetricsConfigurations",
            "NotificationConfiguration",
            "ObjectLockConfiguration",
            "WebsiteConfiguration",
        ],
        because: "buckets have none of these",
    },
    LeftOut {
        resource_type: "AWS::S3::Bucket",
        actions: &[
            "s3:DeleteBucketCors",
            "s3:DeleteBucketEncryption",
            "s3:DeleteBucketLifecycle",
            "s3:DeleteBucketTagging",
        ],
        properties: &[],
        because: "IAM has no such actions: the right to put the configuration is also that to remove it",
    },
    LeftOut {
        resource_type: "AWS::S3::Bucket",
        actions: &["s3:DeleteObject", "s3:PutBucketAcl", "s3:PutObjectAcl"],
        properties: &["AccessControl"],
        because: "objects are no business of a stack, and there are no access control lists",
    },
    LeftOut {
        resource_type: "AWS::SES::ConfigurationSet",
        actions: &["ses:PutConfigurationSetArchivingOptions", "ses:PutConfigurationSetVdmOptions"],
        properties: &["ArchivingOptions", "VdmOptions"],
        because: "mails are not archived, and not watched for delivery",
    },
    LeftOut {
        resource_type: "AWS::SNS::Topic",
        actions: &[
            "iam:GetRole",
            "sns:PutDataProtectionPolicy",
            "sns:Subscribe",
            "sns:Unsubscribe",
        ],
        properties: &["DataProtectionPolicy", "DeliveryStatusLogging", "Subscription"],
        because: "the team subscribes by itself",
    },
];

/// What services ask for on top of what a handler lists: type, action and reason.
pub(super) const ADDED: &[(&str, &str, &str)] = &[
    (
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "iam:CreateServiceLinkedRole",
        "the first load balancer of an account makes a role for its service",
    ),
    (
        "AWS::EC2::NatGateway",
        "iam:CreateServiceLinkedRole",
        "a NAT gateway for all zones takes its addresses with a role of its service",
    ),
];

/// Why an action is not granted for a type; `None` where it is.
pub(super) fn reason(resource_type: &str, action: &str) -> Option<&'static str> {
    let mut entries = LEFT_OUT.iter().filter(|it| it.resource_type == resource_type);
    entries.find(|it| it.actions.contains(&action)).map(|it| it.because)
}
