use std::collections::BTreeSet;

use super::table::ENTRIES;
use super::{advice, matches};

/// AWS's words as the sources in the table quote them, with account numbers and names made up.
const MESSAGES: &[(&str, Option<&str>, &str)] = &[
    (
        "alarm-gone",
        None,
        "Rollback trigger arn:aws:cloudwatch:eu-west-1:123456789012:alarm:acme-BootFailed-1 does not exist",
    ),
    (
        "alarm-rings",
        None,
        "Rollback trigger arn:aws:cloudwatch:eu-west-1:123456789012:alarm:acme-ServerErrors-1 went into the ALARM state",
    ),
    (
        "scp",
        Some("AccessDenied"),
        "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: elasticloadbalancing:CreateLoadBalancer on resource: * with an explicit deny in a service control policy",
    ),
    (
        "service-linked-role",
        None,
        "API: elasticloadbalancingv2:CreateLoadBalancer User: arn:aws:sts::123456789012:assumed-role/ci/AWSCloudFormation is not authorized to perform: iam:CreateServiceLinkedRole on resource: arn:aws:iam::123456789012:role/aws-service-role/elasticloadbalancing.amazonaws.com/AWSServiceRoleForElasticLoadBalancing",
    ),
    (
        "pass-role",
        None,
        "You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/Bob is not authorized to perform: iam:PassRole.",
    ),
    (
        "explicit-deny",
        Some("AccessDenied"),
        "User: arn:aws:iam::123:user/AliceLeyou is not authorized to perform: cloudformation:DescribeStacks on resource: arn:aws:cloudformation:eu-central-1:123:stack/CDKToolkit/* with an explicit deny in an identity-based policy",
    ),
    (
        "not-authorized",
        None,
        "User: [IAM Role] is not authorized to perform: ec2:RunInstances on resource: [Resource Id] because no identity-based policy allows the ec2:RunInstances action",
    ),
    (
        "encoded-authorization",
        None,
        "You are not authorized to perform this operation. Encoded authorization failure message: KzCTdjlfnw3kFnfFPzPDmpF530fFDONK9EnK5cZIRTaavlLqLjLyEeneWsxcgLT4",
    ),
    (
        "access-log-bucket",
        Some("InvalidConfigurationRequest"),
        "Access Denied for bucket: mw-mgm-elbaccesslogwrites3. Please check S3bucket permission (Service: AmazonElasticLoadBalancingV2; Status Code: 400; Error Code: InvalidConfigurationRequest; Request ID: 636b4517-d9f5-11e9-ba45-99f17beeaad7)",
    ),
    ("bucket-policy", None, "API: s3:PutBucketPolicy Access Denied"),
    (
        "unauthorized",
        Some("UnauthorizedOperation"),
        "You are not authorized to perform this operation.",
    ),
    (
        "expired-token",
        Some("ExpiredToken"),
        "The security token included in the request is expired",
    ),
    (
        "clock",
        Some("SignatureDoesNotMatch"),
        "Signature expired: 20151221T200419Z is now earlier than 20151221T201450Z (20151221T201950Z - 5 min.)",
    ),
    (
        "clock",
        Some("InvalidSignatureException"),
        "Signature not yet current: 20201002T065532Z is still later than 20201002T062118Z (20201002T061618Z + 5 min.)",
    ),
    (
        "clock",
        Some("RequestTimeTooSkewed"),
        "The difference between the request time and the current time is too large.",
    ),
    (
        "opt-in",
        Some("OptInRequired"),
        "You are not subscribed to this service. Please go to http://aws.amazon.com to subscribe.",
    ),
    (
        "invalid-token",
        Some("InvalidClientTokenId"),
        "The security token included in the request is invalid.",
    ),
    (
        "auth-failure",
        Some("AuthFailure"),
        "AWS was not able to validate the provided access credentials",
    ),
    (
        "no-credentials",
        None,
        "the credential provider was not enabled: profile `default` did not contain credential information (CredentialsNotLoaded(CredentialsNotLoaded { source: ProfileDidNotContainCredentials { profile: \"default\" } }))",
    ),
    (
        "pending-verification",
        Some("PendingVerification"),
        "Your request for accessing resources in this region is being validated, and you will not be able to launch additional resources in this region until the validation is complete.",
    ),
    (
        "vpc-limit",
        None,
        "Resource handler returned message: \"The maximum number of VPCs has been reached. (Service: Ec2, Status Code: 400, Request ID: 5ce9e2b3-ab97-48ae-9110-21df5e97e9b5)\" (RequestToken: 79d65bb7-1d80-c629-18dc-b61fe9935538, HandlerErrorCode: GeneralServiceException)",
    ),
    (
        "gateway-limit",
        None,
        "Resource handler returned message: \"The maximum number of internet gateways has been reached. (Service: Ec2, Status Code: 400, Request ID: fe23f9df-8f32-4fa7-a67d-05a356fda3ec) (SDK Attempt Count: 1)\" (RequestToken: 3b19167c-3f5a-5126-f1f7-ea6b44207302, HandlerErrorCode: ServiceLimitExceeded)",
    ),
    (
        "address-limit",
        None,
        "Resource handler returned message: \"The maximum number of addresses has been reached. (Service: Ec2, Status Code: 400, Request ID: 6b8cf3d3-1afc-40de-91d7-4ac4c55bfc32)\" (RequestToken: 5f2495db-493f-e12b-ebf1-187d26148fde, HandlerErrorCode: GeneralServiceException)",
    ),
    (
        "vcpu-limit",
        Some("VcpuLimitExceeded"),
        "You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.",
    ),
    (
        "iam-quota",
        Some("LimitExceeded"),
        "Cannot exceed quota for InstanceProfilesPerAccount: 1000",
    ),
    ("stack-limit", Some("LimitExceededException"), "Limit for stack has been exceeded"),
    (
        "throttled",
        Some("Throttling"),
        "Rate exceeded (Service: AmazonCloudWatch; Status Code: 400; Error Code: Throttling; Request ID: 1f0a35b7-d542-11e7-83ca-0d260ce2adf0)",
    ),
    (
        "exists-in-stack",
        None,
        "alias/instance-scheduler-encryption-key already exists in stack arn:aws:cloudformation:us-east-1:012345678901:stack/scheduler-dev/cfea3810-abe7-11ea-bbf3-02ae28e83a86",
    ),
    (
        "mail-identity-exists",
        Some("AlreadyExists"),
        "Resource handler returned message: \"Resource of type 'AWS::SES::EmailIdentity' with identifier 'example.social' already exists.\" (RequestToken: b4171337-8e59-b080-5f57-9b5605e10fce, HandlerErrorCode: AlreadyExists)",
    ),
    (
        "mail-identity-exists",
        Some("AlreadyExistsException"),
        "Email identity predictablemedia.com already exist.",
    ),
    (
        "alias-exists",
        Some("AlreadyExistsException"),
        "An alias with the name arn:aws:kms:us-east-1:123456789012:alias/eks/cbci-bp01-ci-v2-eks already exists",
    ),
    (
        "record-exists",
        Some("InvalidChangeBatch"),
        "[Tried to create resource record set [name='mydomain.dev.', type='TXT'] but it already exists]",
    ),
    (
        "record-conflict",
        Some("InvalidChangeBatch"),
        "[RRSet of type A with DNS name www.dev.example.com. is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone dev.example.com.]",
    ),
    (
        "record-conflict",
        Some("InvalidChangeBatch"),
        "[RRSet of type CNAME with DNS name aws.example.com. is not permitted as it conflicts with other records with the same DNS name in zone example.com.]",
    ),
    (
        "balancer-quota",
        Some("TooManyLoadBalancers"),
        "The maximum number of load balancers has been reached (Service: ElasticLoadBalancingV2, Status Code: 400)",
    ),
    (
        "balancer-exists",
        Some("DuplicateLoadBalancerName"),
        "A load balancer with the same name 'gatewaylb' exists, but with different settings",
    ),
    (
        "target-group-exists",
        Some("DuplicateTargetGroupName"),
        "A target group with the same name 'fgttarget' exists, but with different settings",
    ),
    (
        "bucket-busy",
        Some("OperationAborted"),
        "A conflicting conditional operation is currently in progress against this resource. Please try again. (Service: Amazon S3; Status Code: 409; Error Code: OperationAborted; Request ID: F8AD1BA818366C8B)",
    ),
    (
        "table-protected",
        Some("ValidationException"),
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
    ),
    ("exists", None, "mybucket already exists."),
    (
        "no-capacity",
        Some("InsufficientInstanceCapacity"),
        "We currently do not have sufficient m7a.xlarge capacity in the Availability Zone you requested (us-east-1c). Our system will be working on provisioning additional capacity. You can currently get m7a.xlarge capacity by not specifying an Availability Zone in your request or choosing us-east-1a, us-east-1b, us-east-1d, us-east-1f.",
    ),
    (
        "not-in-zone",
        Some("Unsupported"),
        "Your requested instance type (t3.micro) is not supported in your requested Availability Zone (us-east-1e). Please retry your request by not specifying an Availability Zone or choosing us-east-1a, us-east-1b, us-east-1c, us-east-1d, us-east-1f. (Service: AmazonEC2; Status Code: 400; Error Code: Unsupported; Request ID: removed; Proxy: null)",
    ),
    (
        "not-in-region",
        Some("Unsupported"),
        "The requested configuration is currently not supported. Please check the documentation for supported configurations.",
    ),
    (
        "no-image",
        Some("InvalidAMIID.NotFound"),
        "The image id '[ami-0ac019f4fcb7cb7e6]' does not exist (Service: AmazonEC2; Status Code: 400; Error Code: InvalidAMIID.NotFound; Request ID: 5310f864-f225-44c3-ae1e-d24ba7269474)",
    ),
    (
        "image-not-yours",
        None,
        "API: ec2:RunInstances Not authorized for images: [ami-0dbbd6f952e12feba]",
    ),
    (
        "launch-key",
        None,
        "Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: Client.InternalError: Client error on launch",
    ),
    (
        "instance-profile",
        Some("ValidationError"),
        "You must use a valid fully-formed launch template. Value (scaling-group-profile) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
    ),
    (
        "subnet-full",
        None,
        "There are not enough free addresses in subnet 'subnet-66d3dd2c' to satisfy the requested number of instances. Launching EC2 instance failed.",
    ),
    (
        "subnet-full",
        Some("InvalidSubnet"),
        "Not enough IP space available in subnet-08885c5805228af7a. ELB requires at least 8 free IP addresses in each subnet. (Service: AmazonElasticLoadBalancing; Status Code: 400; Error Code: InvalidSubnet; Request ID: 76f87391-94f2-4297-92d7-70811fe8f136; Proxy: null)",
    ),
    (
        "balancer-zone",
        Some("ValidationError"),
        "The following Availability Zones us-west-1a cannot be associated with a load balancer. Please try a different Availability Zone. (Service: AmazonElasticLoadBalancing; Status Code: 400; Error Code: ValidationError; Request ID: 93e9babc-7135-4d02-b79a-8cfbc27642b2; Proxy: null)",
    ),
    (
        "boot-abandoned",
        None,
        "Instance failed to complete user's Lifecycle Action: Lifecycle Action with token 0fc62a4b-153b-4dba-9bf4-9f233e72a697 was abandoned: Lifecycle Action Completed with ABANDON Result",
    ),
    (
        "boot-timeout",
        None,
        "Instance failed to complete user's Lifecycle Action: Lifecycle Action with token 95c60857-3c0a-4a67-8518-6dc18797e421 was abandoned: Heartbeat Timeout",
    ),
    (
        "no-certificate",
        Some("CertificateNotFound"),
        "Certificate 'arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000' not found",
    ),
    ("no-certificate", Some("ValidationError"), "Certificate ARN 'xxx' is not valid"),
    (
        "certificate-pending",
        Some("UnsupportedCertificate"),
        "The certificate 'arn:aws:acm:us-west-2:123456789012:certificate/bf0bdcaa-9cb8-4271-876e-30e16d25fd9a' must have a fully-qualified domain name, a supported signature, and a supported key size. (Service: ElasticLoadBalancingV2, Status Code: 400, Request ID: debf3455-11eb-4753-94b6-66fe531b0f0f, Extended Request ID: null)",
    ),
    (
        "key-pending-deletion",
        Some("KMSInvalidStateException"),
        "arn:aws:kms:somewhere:123456789012:key/abc-123-def-09876 is pending deletion.",
    ),
    (
        "bucket-not-empty",
        Some("BucketNotEmpty"),
        "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
    ),
    (
        "unknown-principal",
        Some("MalformedPolicy"),
        "Invalid principal in policy (Service: Amazon S3; Status Code: 400; Error Code: MalformedPolicy; Request ID: 3XN0NQQSCEXV1Z3V; Proxy: null)",
    ),
    (
        "mail-sandbox",
        Some("MessageRejected"),
        "Email address is not verified. The following identities failed the check in region US-WEST-2: a@example.com",
    ),
    (
        "stack-policy",
        None,
        "Action denied by stack policy: Statement [#1] does not allow [Update:Replace] for resource [LogicalResourceId/DB]",
    ),
    (
        "termination-protection",
        Some("ValidationError"),
        "Stack [eksctl-unique-wardrobe-1764939855-cluster] cannot be deleted while TerminationProtection is enabled",
    ),
    (
        "change-set-stale",
        Some("InvalidChangeSetStatus"),
        "ChangeSet [arn:aws:cloudformation:us-east-1:123456789012:stack/chime-sdk-demo-canary/1] cannot be executed in its current execution status of [OBSOLETE]",
    ),
    ("change-set-stale", Some("ChangeSetNotFound"), "ChangeSet [ProdChangeSet] does not exist"),
    (
        "change-set-busy",
        Some("InvalidChangeSetStatus"),
        "An operation on this ChangeSet is currently in progress.  Please attempt this operation again later.",
    ),
    ("hook", None, "The following hook(s) failed: [Example::CFNHook::Full]"),
    (
        "hook",
        None,
        "Hook failed with message: Template failed validation, the following rule(s) failed: AWS_S3_Bucket_AccessControl.",
    ),
    (
        "capabilities",
        Some("InsufficientCapabilitiesException"),
        "Requires capabilities : [CAPABILITY_NAMED_IAM]",
    ),
    (
        "named-replacement",
        None,
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename prod-convox-db and update the stack again.",
    ),
    (
        "dead-stack",
        Some("ValidationError"),
        "Stack:arn:aws:cloudformation:us-east-1:123456789012:stack/y/z is in ROLLBACK_COMPLETE state and can not be updated.",
    ),
    (
        "rollback-failed",
        Some("ValidationError"),
        "Stack:arn:aws:cloudformation:eu-west-1:123456789012:stack/con-cloudwan/1 is in UPDATE_ROLLBACK_FAILED state and can not be updated.",
    ),
    (
        "busy",
        Some("ValidationError"),
        "Stack:arn:aws:cloudformation:us-east-1:123456789012:stack/acme-inc/94bc8530 is in UPDATE_IN_PROGRESS state and can not be updated.",
    ),
    (
        "dependency",
        Some("DependencyViolation"),
        "The subnet 'subnet-0d544dc539aeafb80' has dependencies and cannot be deleted. (Service: AmazonEC2; Status Code: 400; Error Code: DependencyViolation; Request ID: 02f317e9-0bd8-4565-91ae-707d9e847412; Proxy: null)",
    ),
    (
        "template-size",
        Some("ValidationError"),
        "1 validation error detected: Value '...' at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to 51200",
    ),
];

#[test]
fn every_message_finds_its_entry() {
    for (id, code, message) in MESSAGES {
        let found = ENTRIES.iter().find(|entry| matches(entry, *code, message));
        assert_eq!(found.map(|entry| entry.id), Some(*id), "{message}");
    }
}

#[test]
fn every_entry_has_a_message_and_an_id_of_its_own() {
    let ids: Vec<&str> = ENTRIES.iter().map(|entry| entry.id).collect();
    let known: BTreeSet<&str> = MESSAGES.iter().map(|(id, ..)| *id).collect();
    assert_eq!(ids.iter().copied().collect::<BTreeSet<_>>(), known);
    assert_eq!(ids.len(), known.len());
    assert!(ids.len() >= 40, "{}", ids.len());
}

#[test]
fn names_of_the_message_are_in_the_advice() {
    let text = |id: &str| {
        let (_, code, message) = MESSAGES.iter().find(|(known, ..)| *known == id).unwrap();
        advice(*code, message).unwrap().text
    };
    let expected = [
        ("scp", "`elasticloadbalancing:CreateLoadBalancer`"),
        ("service-linked-role", "`elasticloadbalancing.amazonaws.com`"),
        ("not-authorized", "Allow `ec2:RunInstances` on"),
        ("vcpu-limit", "may run 32 vCPUs"),
        ("iam-quota", "`InstanceProfilesPerAccount`"),
        ("no-capacity", "no `m7a.xlarge` left in `us-east-1c`"),
        (
            "not-in-zone",
            "`us-east-1e` has no `t3.micro`; `us-east-1a, us-east-1b, us-east-1c, us-east-1d, us-east-1f` have.",
        ),
        ("no-image", "`ami-0ac019f4fcb7cb7e6`"),
        ("image-not-yours", "`ami-0dbbd6f952e12feba`"),
        ("subnet-full", "`subnet-66d3dd2c` has too few"),
        ("balancer-zone", "`us-west-1a` takes no"),
        ("hook", "`Example::CFNHook::Full`"),
        ("record-exists", "`mydomain.dev`"),
        ("balancer-exists", "`gatewaylb`"),
        ("dependency", "`subnet-0d544dc539aeafb80`"),
    ];
    for (id, piece) in expected {
        let text = text(id);
        assert!(text.contains(piece), "{id}: {text}");
    }
}

/// No advice shows a slot that nothing filled, whatever the message is.
#[test]
fn no_slot_is_left() {
    for entry in ENTRIES {
        for message in ["", "'", "[", "on resource: ", "limit of", "(t3.micro"] {
            let text = super::fill(entry.advice, message);
            assert!(!text.contains(['{', '}', '|']), "{}: {text}", entry.id);
            assert!(text.ends_with('.'), "{}: {text}", entry.id);
        }
    }
}

#[test]
fn every_key_is_one_of_the_blueprint() {
    let deployment =
        blueprint::Sources { preset: blueprint::Preset::find("reference"), ..Default::default() };
    let resolved = blueprint::resolve(&deployment).unwrap();
    for key in ENTRIES.iter().filter_map(|entry| entry.key) {
        assert!(resolved.origin(key).is_some(), "{key}");
    }
}

#[test]
fn what_nobody_knows_gets_no_advice() {
    assert_eq!(advice(Some("InternalFailure"), "Something went wrong"), None);
    assert_eq!(advice(None, ""), None);
}
