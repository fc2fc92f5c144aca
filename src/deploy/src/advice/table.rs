//! The entries, special before general. Each names where AWS's words were seen; `tests` has the words.

/// An error and what helps.
pub(super) struct Entry {
    /// For tests and for nobody else.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests pair entries with messages"))]
    pub(super) id: &'static str,
    /// Any of these.
    pub(super) when: &'static [When],
    /// `{what|otherwise}` is filled from the message, see `extract`.
    pub(super) advice: &'static str,
    /// Key of the blueprint that has to do with it.
    pub(super) key: Option<&'static str>,
}

/// How an error is recognised.
pub(super) enum When {
    /// By AWS's code.
    Code(&'static str),
    /// By all these pieces of the message, capitals aside.
    Says(&'static [&'static str]),
    /// By both.
    Both(&'static str, &'static [&'static str]),
}

use When::{Both, Code, Says};

const fn entry(id: &'static str, when: &'static [When], advice: &'static str) -> Entry {
    Entry { id, when, advice, key: None }
}

const fn of_key(
    id: &'static str,
    when: &'static [When],
    key: &'static str,
    advice: &'static str,
) -> Entry {
    Entry { id, when, advice, key: Some(key) }
}

pub(super) static ENTRIES: &[Entry] = &[
    // --- What undoes a roll -------------------------------------------------------------------------------------
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackTrigger.html
    of_key(
        "alarm-gone",
        &[Says(&["Rollback trigger", "does not exist"])],
        "rollout.alarms",
        "Somebody has deleted an alarm that guards rolls. `syncctl apply --revert-drift` makes it again; `--set 'rollout.alarms=[]'` rolls without.",
    ),
    of_key(
        "alarm-rings",
        &[
            Says(&["Rollback trigger", "ALARM"]),
            Says(&["alarm", "went into the ALARM state"]),
            Says(&["alarm", "in ALARM"]),
        ],
        "rollout.alarms",
        "An alarm of rollout.alarms undid it. Where it rang before, and this change is to make it stop: `--set 'rollout.alarms=[]'`; `syncctl rollback` leaves alarms out by itself.",
    ),
    // --- Who may do what ---------------------------------------------------------------------------------------
    // https://github.com/aws-solutions-library-samples/guidance-for-multi-provider-generative-ai-gateway-on-aws/issues/120
    entry(
        "scp",
        &[Says(&["explicit deny in a service control policy"])],
        "Your organisation forbids {action|this} in this account, for everybody. Only who manages the organisation's service control policies can allow it.",
    ),
    // https://github.com/brentley/ecsworkshop/issues/32
    entry(
        "service-linked-role",
        &[Says(&["iam:CreateServiceLinkedRole"])],
        "The account has never used this service. Let somebody with the right run `aws iam create-service-linked-role --aws-service-name SERVICE` once, with {service|the service named in the message} as SERVICE.",
    ),
    // https://repost.aws/knowledge-center/iam-passrole-error
    entry(
        "pass-role",
        &[Says(&["not authorized to perform: iam:PassRole"])],
        "Whoever deploys has to hand the servers their role: allow `iam:PassRole` on the deployment's roles for `ec2.amazonaws.com`. `syncctl permissions` prints the policy.",
    ),
    // https://github.com/aws/aws-cdk/issues/27622
    entry(
        "explicit-deny",
        &[Says(&["is not authorized to perform", "explicit deny"])],
        "A policy of whoever deploys denies {action|this} outright; no other policy can allow it. Find the `Deny` statement, often one that asks for MFA or a Region.",
    ),
    // https://repost.aws/knowledge-center/cfn-resolve-missing-permissions
    entry(
        "not-authorized",
        &[Says(&["is not authorized to perform"])],
        "Allow {action|the action in the message} on {resource|the resource in the message} to whoever deploys. `syncctl permissions` prints everything that is needed.",
    ),
    // https://github.com/aws-amplify/amplify-cli/issues/10116
    entry(
        "encoded-authorization",
        &[Says(&["Encoded authorization failure message"])],
        "`aws sts decode-authorization-message --encoded-message TEXT` tells which action is missing. `syncctl permissions` prints everything that is needed.",
    ),
    // https://github.com/widdix/aws-cf-templates/issues/349
    entry(
        "access-log-bucket",
        &[
            Both("InvalidConfigurationRequest", &["Access Denied for bucket"]),
            Says(&["Please check S3bucket permission"]),
        ],
        "The load balancer may not write to the access log bucket: its policy was changed, or the bucket is another one of the same name. Run `syncctl plan` and look for drift.",
    ),
    // https://github.com/prowler-cloud/prowler/issues/793
    entry(
        "bucket-policy",
        &[Says(&["s3:PutBucketPolicy", "Access Denied"])],
        "Allow `s3:PutBucketPolicy` to whoever deploys; `syncctl permissions` prints everything that is needed.",
    ),
    // https://github.com/tensult/cloud-reports/issues/74
    entry(
        "unauthorized",
        &[
            Code("UnauthorizedOperation"),
            Says(&["You are not authorized to perform this operation"]),
        ],
        "Whoever deploys lacks a permission that the message does not name. `syncctl permissions` prints everything that is needed; CloudTrail names the one that was refused.",
    ),
    // --- Credentials and time ----------------------------------------------------------------------------------
    // https://github.com/eksctl-io/eksctl/issues/5968
    entry(
        "expired-token",
        &[
            Code("ExpiredToken"),
            Code("ExpiredTokenException"),
            Says(&["security token included in the request is expired"]),
        ],
        "Sign in again and run the same command: what CloudFormation has begun goes on meanwhile, and `syncctl attach` follows it.",
    ),
    // https://github.com/convox/rack/issues/235
    entry(
        "clock",
        &[
            Says(&["Signature expired", "is now earlier than"]),
            // https://github.com/JuliaCloud/AWS.jl/issues/206
            Says(&["Signature not yet current"]),
            // https://github.com/aws/aws-sdk-php/issues/612
            Code("RequestTimeTooSkewed"),
        ],
        "This machine's clock is wrong by more than five minutes. Set it, for example with `timedatectl set-ntp true`.",
    ),
    // https://github.com/Appliscale/cloud-security-audit/issues/24
    entry(
        "opt-in",
        &[Code("OptInRequired")],
        "The account is not signed up for this service or Region. Complete the sign-up, or enable the Region under Account, AWS Regions.",
    ),
    // https://github.com/aws/aws-sdk-ruby/issues/2850
    of_key(
        "invalid-token",
        &[
            Code("InvalidClientTokenId"),
            Code("UnrecognizedClientException"),
            Says(&["security token included in the request is invalid"]),
        ],
        "region",
        "Either the access key is wrong or deleted, or the Region has to be enabled first: `aws account enable-region --region-name REGION`.",
    ),
    // https://github.com/turbot/steampipe-plugin-aws/issues/75
    of_key(
        "auth-failure",
        &[Code("AuthFailure"), Says(&["not able to validate the provided access credentials"])],
        "region",
        "EC2 does not know these credentials here. Mostly the Region is not enabled: `aws account get-region-opt-status --region-name REGION` tells.",
    ),
    // https://github.com/awslabs/aws-sdk-rust/issues/988
    entry(
        "no-credentials",
        &[
            Says(&["credential provider was not enabled"]),
            Says(&["MissingCredentials"]),
            Says(&["Unable to locate credentials"]),
        ],
        "There are no AWS credentials here. Sign in (`aws sso login`), name a profile of `~/.aws/config` with `--profile` (`aws configure list-profiles` lists them), or set `AWS_ACCESS_KEY_ID` and its companions.",
    ),
    // https://github.com/UA-TECH-POWER/DDoS_terraform_aws/issues/5
    entry(
        "pending-verification",
        &[
            Code("PendingVerification"),
            Says(&["Your request for accessing resources in this region is being validated"]),
        ],
        "AWS is still checking this account for the Region; that takes minutes, at most four hours. Run the same command again then.",
    ),
    // --- Quotas ------------------------------------------------------------------------------------------------
    // https://github.com/awslabs/landing-zone-accelerator-on-aws/issues/241
    entry(
        "vpc-limit",
        &[Code("VpcLimitExceeded"), Says(&["maximum number of VPCs has been reached"])],
        "The Region has as many VPCs as the account may have, 5 unless raised. Delete one, or ask for more: Service Quotas, VPC, L-F678F1CE.",
    ),
    // https://github.com/CloudSmith-Delivery-Troubleshooting/backend-infra-cdk/issues/36
    entry(
        "gateway-limit",
        &[
            Code("InternetGatewayLimitExceeded"),
            Says(&["maximum number of internet gateways has been reached"]),
        ],
        "The Region has as many internet gateways as the account may have, 5 unless raised; the quota of VPCs raises both. Service Quotas, VPC, L-A4707A72.",
    ),
    // https://github.com/radius-project/samples/issues/711
    of_key(
        "address-limit",
        &[Code("AddressLimitExceeded"), Says(&["maximum number of addresses has been reached"])],
        "network.egress",
        "The Region has as many Elastic IP addresses as the account may have, 5 unless raised. Release unused ones, ask for more (Service Quotas, EC2, L-0263D0A3), or set `network.egress: public-ip`, which needs none.",
    ),
    // https://github.com/scrapoxy/scrapoxy/issues/202
    of_key(
        "vcpu-limit",
        &[
            Code("VcpuLimitExceeded"),
            Says(&["requested more vCPU capacity than your current vCPU limit"]),
        ],
        "servers.max",
        "The account may run {limit|only so many} vCPUs of this kind in the Region, and a roll needs some on top. Ask for more (Service Quotas, EC2, L-1216C47A), or lower `servers.max`.",
    ),
    // https://github.com/ansible/workshops/issues/1801
    entry(
        "iam-quota",
        &[Says(&["Cannot exceed quota for"])],
        "The account's quota {quota|in the message} is used up. Delete what nobody uses, or ask for more: Service Quotas, IAM, in us-east-1.",
    ),
    // https://github.com/aws-amplify/amplify-cli/issues/5221
    entry(
        "stack-limit",
        &[
            Says(&["Limit for stack has been exceeded"]),
            Says(&["Limit for stacks has been exceeded"]),
        ],
        "The Region has as many stacks as the account may have, 2,000 unless raised. Remove previews that nobody needs with `syncctl down`, or ask for more: Service Quotas, CloudFormation, L-0485CB21.",
    ),
    // https://github.com/aws/aws-cli/issues/3002
    entry(
        "throttled",
        &[
            Code("Throttling"),
            Code("ThrottlingException"),
            Code("RequestLimitExceeded"),
            Says(&["Rate exceeded"]),
        ],
        "AWS had too many calls at once, from everybody in this account. Nothing is wrong; run the same command again in a minute.",
    ),
    // --- Names that are taken ----------------------------------------------------------------------------------
    // https://github.com/aws-solutions/instance-scheduler-on-aws/issues/183
    of_key(
        "exists-in-stack",
        &[Says(&["already exists in stack"])],
        "name",
        "Another stack, which the message names, has it. Choose another `name`, or remove that stack first.",
    ),
    // https://github.com/widdix/mastodon-on-aws/issues/27
    of_key(
        "mail-identity-exists",
        // https://github.com/anomalyco/sst/issues/4556
        &[
            Says(&["AWS::SES::EmailIdentity", "already exists"]),
            Says(&["Email identity", "already exist"]),
        ],
        "email.manage",
        "An account has one identity of each name in a Region, and this one is there already. Set `email.manage: existing`.",
    ),
    // https://github.com/cloudbees-oss/terraform-aws-cloudbees-ci-eks-addon/issues/66
    of_key(
        "alias-exists",
        &[Says(&["An alias with the name", "already exists"])],
        "storage.key",
        "An earlier deployment of this name left its key behind. `syncctl up` adopts it, unless it is about to be deleted: `aws kms cancel-key-deletion` brings it back.",
    ),
    // https://github.com/clouddrove/terraform-aws-ses/issues/25
    of_key(
        "record-exists",
        &[Says(&["Tried to create resource record set", "already exists"])],
        "entry.zone",
        "The hosted zone has a record of this name and type: {quoted|see the message}. Delete it if nobody needs it, or leave the key out and make the record yourself.",
    ),
    // https://github.com/RJPearson94/terraform-aws-open-next/issues/24
    of_key(
        "record-conflict",
        &[
            Says(&["RRSet of type", "conflicting RRSet"]),
            // https://github.com/ansible-collections/amazon.aws/issues/2694
            Says(&["RRSet of type", "conflicts with other records"]),
        ],
        "entry.domain",
        "A CNAME cannot stand beside another record of the same name. Delete the other one in the hosted zone, or choose another `entry.domain`.",
    ),
    // https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
    entry(
        "balancer-quota",
        &[Code("TooManyLoadBalancers"), Says(&["maximum number of load balancers", "reached"])],
        "Every deployment needs one application load balancer. Remove one that nobody uses, or ask for a higher quota: `aws service-quotas request-service-quota-increase --service-code elasticloadbalancing --quota-code L-53DA6B97 --desired-value N`.",
    ),
    // https://github.com/fortinet/fortigate-terraform-deploy/issues/21
    of_key(
        "balancer-exists",
        &[Code("DuplicateLoadBalancerName"), Says(&["A load balancer with the same name"])],
        "name",
        "A load balancer named {quoted|like this one} is left over from another deployment. Delete it, or choose another `name`.",
    ),
    // https://github.com/fortinet/fortigate-terraform-deploy/issues/21
    of_key(
        "target-group-exists",
        &[Code("DuplicateTargetGroupName"), Says(&["A target group with the same name"])],
        "name",
        "A target group named {quoted|like this one} is left over from another deployment. Delete it, or choose another `name`.",
    ),
    // https://github.com/aws/aws-cli/issues/2593
    entry(
        "bucket-busy",
        &[
            Code("OperationAborted"),
            Says(&["conflicting conditional operation is currently in progress"]),
        ],
        "A bucket of this name was deleted a moment ago; S3 gives the name free again within the hour. Run the same command again later.",
    ),
    // https://github.com/aws/aws-cdk/pull/24581 has the protection, https://github.com/nubo-db/dynoxide/issues/46 the words
    of_key(
        "table-protected",
        &[Says(&["protected against deletion"])],
        "database.protect",
        "The table refuses to be deleted. Set `database.protect: false` and apply that first; then it can go.",
    ),
    // https://github.com/serverless/examples/issues/314
    of_key(
        "exists",
        &[
            Code("AlreadyExists"),
            Code("AlreadyExistsException"),
            Code("BucketAlreadyExists"),
            Code("BucketAlreadyOwnedByYou"),
            Says(&[" already exists"]),
        ],
        "name",
        "The name is taken. If it is yours, left by an earlier deployment, `syncctl up` takes it over; bucket names are shared by all accounts of the world, so a stranger's needs another `name`.",
    ),
    // --- Machines ----------------------------------------------------------------------------------------------
    // https://github.com/runs-on/runs-on/issues/73
    of_key(
        "no-capacity",
        &[
            Code("InsufficientInstanceCapacity"),
            Says(&["We currently do not have sufficient", "capacity in the Availability Zone"]),
        ],
        "servers.instance",
        "AWS has no {type|such machines} left in {zone|the zone} for now; {elsewhere|other zones} may have some. The group keeps trying; another `servers.instance` is the way around.",
    ),
    // https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-awsutilities-commandrunner/issues/37
    of_key(
        "not-in-zone",
        &[Says(&["requested instance type", "not supported in your requested Availability Zone"])],
        "servers.instance",
        "{zone|The zone} has no {type|machines of this type}; {elsewhere|other zones} have. Choose another `servers.instance`, or fewer `network.zones`.",
    ),
    // https://github.com/hashicorp/terraform-provider-aws/issues/9113
    of_key(
        "not-in-region",
        &[Says(&["The requested configuration is currently not supported"])],
        "servers.instance",
        "The Region does not have this instance type, or not with this image. `aws ec2 describe-instance-type-offerings` lists what it has.",
    ),
    // https://github.com/doccano/doccano/issues/190
    of_key(
        "no-image",
        &[Code("InvalidAMIID.NotFound"), Says(&["The image id", "does not exist"])],
        "servers.image",
        "There is no image {quoted|of this id} in the Region; image ids differ from Region to Region, and old ones are withdrawn. Set `servers.image: al2023`, or the id of one that is there.",
    ),
    // https://github.com/gtaws/ProtectWithWAF/issues/4
    of_key(
        "image-not-yours",
        &[Says(&["Not authorized for images"])],
        "servers.image",
        "The image {hook|in the message} belongs to another account, which has not shared it with this one. Ask its owner, or set `servers.image: al2023`.",
    ),
    // https://github.com/terraform-aws-modules/terraform-aws-autoscaling/issues/109
    of_key(
        "launch-key",
        &[Says(&["Client.InternalError: Client error on launch"])],
        "servers.image",
        "EC2 could not decrypt the server's volume. Mostly the account encrypts volumes with a key that Auto Scaling may not use: let `AWSServiceRoleForAutoScaling` use it.",
    ),
    // https://github.com/hashicorp/terraform-provider-aws/issues/4769
    entry(
        "instance-profile",
        &[Says(&["Invalid IAM Instance Profile"]), Says(&["Invalid IamInstanceProfile"])],
        "EC2 has not heard of the servers' new role yet; IAM takes seconds to spread. Run the same command again.",
    ),
    // https://github.com/PrairieLearn/PrairieLearn/issues/3271
    of_key(
        "subnet-full",
        &[
            Code("InsufficientFreeAddressesInSubnet"),
            Says(&["not enough free addresses in subnet"]),
            Says(&["does not have enough free addresses"]),
            // https://github.com/aws/aws-rfdk/pull/621
            Says(&["Not enough IP space available"]),
        ],
        "network.cidr",
        "{quoted|A subnet} has too few free addresses; the load balancer alone needs 8 in each. Lower `servers.max`, or deploy anew with a wider `network.cidr`.",
    ),
    // https://github.com/widdix/mastodon-on-aws/issues/13
    of_key(
        "balancer-zone",
        &[Says(&["cannot be associated with a load balancer"])],
        "network.zones",
        "{zone|One zone} takes no load balancers in this account. Choose fewer `network.zones`, or another Region.",
    ),
    // https://repost.aws/knowledge-center/lifecycle-actions-code-deploy
    of_key(
        "boot-abandoned",
        &[Says(&["was abandoned: Lifecycle Action Completed with ABANDON"])],
        "servers.release",
        "A new server said that it cannot start. `syncctl logs` has its words; mostly the release does not run, or a setting is wrong.",
    ),
    // https://repost.aws/knowledge-center/lifecycle-actions-code-deploy
    of_key(
        "boot-timeout",
        &[Says(&["was abandoned: Heartbeat Timeout"])],
        "network.egress",
        "A new server did not get ready within five minutes and said nothing. Mostly it has no way to AWS: look at `network.egress`, and at the boot log with `syncctl logs`.",
    ),
    // --- Certificates ------------------------------------------------------------------------------------------
    // https://github.com/hashicorp/terraform-provider-aws/issues/11334
    of_key(
        "no-certificate",
        &[
            Code("CertificateNotFound"),
            // https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/2134
            Says(&["Certificate ARN", "is not valid"]),
        ],
        "entry.certificate",
        "The certificate {quoted|in the message} is not in this account and Region. A load balancer takes only those of its own Region: request one here, or set `entry.certificate: request`.",
    ),
    // https://github.com/aws-samples/aws-secure-environment-accelerator/issues/990
    of_key(
        "certificate-pending",
        &[
            Code("UnsupportedCertificate"),
            Says(&["must have a fully-qualified domain name, a supported signature"]),
        ],
        "entry.certificate",
        "The certificate is not issued yet, or its key is of a kind that load balancers do not take (RSA up to 4096 and P-256, P-384, P-521 are). `aws acm describe-certificate` shows which, and the DNS record that is missing.",
    ),
    // --- Data --------------------------------------------------------------------------------------------------
    // https://github.com/hashicorp/terraform-provider-aws/issues/17889
    of_key(
        "key-pending-deletion",
        &[Says(&["is pending deletion"])],
        "storage.key",
        "The key is about to be deleted, and everything encrypted with it becomes unreadable then. `aws kms cancel-key-deletion` and `aws kms enable-key` bring it back.",
    ),
    // https://github.com/gruntwork-io/cloud-nuke/issues/369
    of_key(
        "bucket-not-empty",
        &[Code("BucketNotEmpty"), Says(&["The bucket you tried to delete is not empty"])],
        "storage.content.retain",
        "Something wrote to the bucket while it was being emptied. Run `syncctl down` again: it goes on where it stopped.",
    ),
    // https://github.com/aws-samples/aws-batch-architecture-for-alphafold/issues/1
    entry(
        "unknown-principal",
        &[Says(&["Invalid principal in policy"])],
        "A bucket's policy names a role or user that does not exist. If somebody edited the policy by hand, `syncctl plan` shows it as drift.",
    ),
    // --- Mail --------------------------------------------------------------------------------------------------
    // https://github.com/danilop/LambdAuth/issues/64
    of_key(
        "mail-sandbox",
        &[Says(&["Email address is not verified"])],
        "email.identity",
        "SES sends only from verified identities, and in its sandbox only to verified ones. Complete the identity's DNS records (`syncctl outputs` lists them), and ask for production access in the SES console.",
    ),
    // --- CloudFormation ----------------------------------------------------------------------------------------
    // https://github.com/localstack/localstack/pull/7159
    of_key(
        "stack-policy",
        &[Says(&["denied by stack policy"]), Says(&["not allowed by stack policy"])],
        "protect",
        "The deployment is protected, and this change would replace or delete what holds data. `syncctl apply` asks for its name and lifts the protection for that one change.",
    ),
    // https://github.com/ekristen/aws-nuke/issues/821
    of_key(
        "termination-protection",
        &[Says(&["cannot be deleted while TerminationProtection is enabled"])],
        "protect",
        "The deployment is protected. Set `protect: false` and apply that first; then `syncctl down` can remove it.",
    ),
    // https://github.com/aws/amazon-chime-sdk-js/issues/1089
    entry(
        "change-set-stale",
        &[
            Says(&["cannot be executed in its current execution status of [OBSOLETE]"]),
            // https://github.com/aws/serverless-application-model/issues/52
            Code("ChangeSetNotFound"),
        ],
        "Somebody changed the stack since this plan was made. Plan again, read what is different, and apply that.",
    ),
    // https://github.com/aws/aws-cdk/issues/26182
    entry(
        "change-set-busy",
        &[Code("InvalidChangeSetStatus")],
        "Another run is at work on the same change set. `syncctl attach` follows it; plan again once it is done.",
    ),
    // https://github.com/aws/aws-cdk/issues/21674
    entry(
        "hook",
        &[
            Says(&["The following hook(s) failed"]),
            // https://github.com/aws/aws-cdk-cli/pull/1198
            Says(&["Hook failed with message"]),
        ],
        "A CloudFormation hook of your organisation, {hook|named in the message}, refused the change. Whoever runs the hook knows the rule; trying again does not help.",
    ),
    // https://github.com/envato/stack_master/issues/138
    entry(
        "capabilities",
        &[Code("InsufficientCapabilitiesException"), Says(&["Requires capabilities"])],
        "The template makes roles, and the call did not say that this is wanted. syncctl always says so: please report this.",
    ),
    // https://github.com/convox/rack/issues/2941
    entry(
        "named-replacement",
        &[Says(&["cannot update a stack when a custom-named resource requires replacing"])],
        "The change needs a new resource while the old one still has the name. Take the change back, or deploy under another `name` beside this one.",
    ),
    // https://github.com/bitovi/bitops/issues/128
    entry(
        "dead-stack",
        &[
            Says(&["is in ROLLBACK_COMPLETE state"]),
            Says(&["is in ROLLBACK_FAILED state"]),
            Says(&["is in CREATE_FAILED state"]),
        ],
        "The first deployment failed, and what is left of it can only be deleted. `syncctl recover` does that and says why it failed.",
    ),
    // https://github.com/org-formation/org-formation-cli/issues/455
    entry(
        "rollback-failed",
        &[Says(&["is in UPDATE_ROLLBACK_FAILED state"])],
        "An earlier update failed and could not be taken back either. `syncctl recover` shows what blocks it and goes on.",
    ),
    // https://github.com/remind101/empire/issues/932
    entry(
        "busy",
        &[Says(&["_IN_PROGRESS state and can not be updated"])],
        "Another operation is under way on this stack. `syncctl attach` follows it; run the same command again once it is done.",
    ),
    // https://github.com/aws/aws-cdk/issues/14456
    entry(
        "dependency",
        &[
            Code("DependencyViolation"),
            Says(&["has dependencies and cannot be deleted"]),
            Says(&["has a dependent object"]),
        ],
        "Something that syncctl did not make still uses {quoted|it}. Network interfaces of a load balancer can take 20 minutes to go; after that, remove what is left and run `syncctl down` again.",
    ),
    // https://github.com/widdix/aws-cf-templates/issues/169
    entry(
        "template-size",
        &[Says(&["templateBody", "less than or equal to 51200"])],
        "The template is larger than CloudFormation takes in a call. Fewer `tags`, `entry.allow` ranges or `network.zones` make it smaller.",
    ),
];
