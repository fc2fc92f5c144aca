//! What the deployer calls itself, by the method of [`cloud`] that does.

/// A method and the IAM actions behind it.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// `Trait::method`.
    pub method: &'static str,
    /// IAM actions.
    pub actions: &'static [&'static str],
    /// What they act on.
    pub on: On,
    /// Who needs it.
    pub purpose: Purpose,
}

/// What a call acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// One of the two stacks, or a change set of it.
    Stacks,
    /// One of the buckets.
    Buckets,
    /// Objects in them.
    Objects,
    /// Releases, in the artifact bucket.
    Releases,
    /// Whatever else the deployer keeps there.
    Artifacts,
    /// The table.
    Table,
    /// Keys, found by the alias of ours.
    Key,
    /// The servers' log group.
    Logs,
    /// Certificates, which a blueprint may name.
    Certificates,
    /// Mail identities, which a blueprint may name.
    MailIdentities,
    /// Parameters that AWS publishes.
    PublicParameters,
    /// Whatever there is: the action can be limited to nothing.
    Anything,
}

/// Who needs a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Whoever plans.
    Plan,
    /// Whoever applies.
    Apply,
    /// Whoever destroys data that the blueprint calls disposable.
    Empty,
}

/// Every method that asks AWS, in the order of the traits. Accounts of people are the last entry: `syncctl user`
/// writes them through `store`, with the deployer's credentials.
pub const CALLS: &[Call] = &[
    plan("Stacks::stack", &["cloudformation:DescribeStacks"], On::Stacks),
    plan("Stacks::stacks", &["cloudformation:DescribeStacks"], On::Anything),
    plan("Stacks::template", &["cloudformation:GetTemplate"], On::Stacks),
    plan("Stacks::resources", &["cloudformation:ListStackResources"], On::Stacks),
    plan("Stacks::events", &["cloudformation:DescribeStackEvents"], On::Stacks),
    plan(
        "Stacks::create_change_set",
        &[
            "cloudformation:CreateChangeSet",
            "cloudformation:TagResource",
            "cloudformation:UntagResource",
        ],
        On::Stacks,
    ),
    plan("Stacks::change_set", &["cloudformation:DescribeChangeSet"], On::Stacks),
    plan("Stacks::change_set_template", &["cloudformation:GetTemplate"], On::Stacks),
    plan("Stacks::change_sets", &["cloudformation:ListChangeSets"], On::Stacks),
    plan("Stacks::validations", &["cloudformation:DescribeEvents"], On::Stacks),
    plan("Stacks::delete_change_set", &["cloudformation:DeleteChangeSet"], On::Stacks),
    apply("Stacks::execute", &["cloudformation:ExecuteChangeSet"], On::Stacks),
    apply("Stacks::delete_stack", &["cloudformation:DeleteStack"], On::Stacks),
    apply("Stacks::cancel_update", &["cloudformation:CancelUpdateStack"], On::Stacks),
    apply("Stacks::continue_rollback", &["cloudformation:ContinueUpdateRollback"], On::Stacks),
    apply("Stacks::protect_stack", &["cloudformation:UpdateTerminationProtection"], On::Stacks),
    apply("Stacks::set_stack_policy", &["cloudformation:SetStackPolicy"], On::Stacks),
    plan("Stacks::stack_policy", &["cloudformation:GetStackPolicy"], On::Stacks),
    plan(
        "Stacks::detect_drift",
        &["cloudformation:DetectStackDrift", "cloudformation:DetectStackResourceDrift"],
        On::Stacks,
    ),
    plan(
        "Stacks::drift_detection",
        &["cloudformation:DescribeStackDriftDetectionStatus"],
        On::Anything,
    ),
    plan("Stacks::drifted", &["cloudformation:DescribeStackResourceDrifts"], On::Stacks),
    plan("Resources::bucket_exists", &["s3:ListBucket"], On::Buckets),
    plan("Resources::bucket_contents", &["s3:ListBucketVersions"], On::Buckets),
    call(
        "Resources::empty_some",
        &["s3:ListBucketMultipartUploads", "s3:ListBucketVersions"],
        On::Buckets,
        Purpose::Empty,
    ),
    call(
        "Resources::empty_some",
        &["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion"],
        On::Objects,
        Purpose::Empty,
    ),
    plan("Resources::object", &["s3:GetObject"], On::Releases),
    plan("Resources::keys", &["s3:ListBucket"], On::Buckets),
    apply("Resources::upload", &["s3:PutObject"], On::Releases),
    apply("Resources::put_text", &["s3:PutObject"], On::Artifacts),
    plan("Resources::text", &["s3:GetObject"], On::Artifacts),
    plan("Resources::table", &["dynamodb:DescribeTable"], On::Table),
    apply("Resources::protect_table", &["dynamodb:UpdateTable"], On::Table),
    plan("Resources::key_of_alias", &["kms:DescribeKey"], On::Key),
    plan("Fleet::group", &["autoscaling:DescribeAutoScalingGroups"], On::Anything),
    plan("Fleet::activities", &["autoscaling:DescribeScalingActivities"], On::Anything),
    plan("Fleet::refresh", &["autoscaling:DescribeInstanceRefreshes"], On::Anything),
    plan("Fleet::target_health", &["elasticloadbalancing:DescribeTargetHealth"], On::Anything),
    apply("Fleet::console_output", &["ec2:GetConsoleOutput"], On::Anything),
    apply("Fleet::log_lines", &["logs:FilterLogEvents"], On::Logs),
    plan("Region::caller", &["sts:GetCallerIdentity"], On::Anything),
    plan("Region::is_opted_in", &["ec2:DescribeRegions"], On::Anything),
    plan(
        "Region::zones_offering",
        &["ec2:DescribeAvailabilityZones", "ec2:DescribeInstanceTypeOfferings"],
        On::Anything,
    ),
    plan("Region::image_of_parameter", &["ssm:GetParameter"], On::PublicParameters),
    plan("Region::image", &["ec2:DescribeImages"], On::Anything),
    plan("Region::has_endpoint_service", &["ec2:DescribeVpcEndpointServices"], On::Anything),
    plan("Region::quota", &["servicequotas:GetServiceQuota"], On::Anything),
    plan("Region::running_vcpus", &["ec2:DescribeInstances"], On::Anything),
    plan("Region::vpcs", &["ec2:DescribeVpcs"], On::Anything),
    plan("Region::load_balancers", &["elasticloadbalancing:DescribeLoadBalancers"], On::Anything),
    plan("Region::certificate", &["acm:DescribeCertificate"], On::Certificates),
    plan("Region::mail_account", &["ses:GetAccount"], On::Anything),
    plan("Region::mail_identity", &["ses:GetEmailIdentity"], On::MailIdentities),
    apply(
        "store",
        &[
            "dynamodb:BatchGetItem",
            "dynamodb:ConditionCheckItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        ],
        On::Table,
    ),
];

/// The methods that a collection of previews calls.
pub const COLLECTING: &[&str] = &[
    "Stacks::stack",
    "Stacks::stacks",
    "Stacks::template",
    "Stacks::resources",
    "Stacks::events",
    "Stacks::change_sets",
    "Stacks::delete_stack",
    "Resources::bucket_exists",
    "Resources::empty_some",
    "Resources::table",
    "Region::caller",
];

const fn plan(method: &'static str, actions: &'static [&'static str], on: On) -> Call {
    call(method, actions, on, Purpose::Plan)
}

const fn apply(method: &'static str, actions: &'static [&'static str], on: On) -> Call {
    call(method, actions, on, Purpose::Apply)
}

const fn call(
    method: &'static str,
    actions: &'static [&'static str],
    on: On,
    purpose: Purpose,
) -> Call {
    Call { method, actions, on, purpose }
}
