//! A cloud some of whose calls fail, around one that would answer.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    Activity, BucketContents, Caller, CertificateState, ChangeSet, ChangeSetRequest,
    ChangeSetSummary, CloudError, Deletion, DriftDetection, DriftedResource, Emptied, Execution,
    Fleet, Group, ImageFacts, LogLine, MailAccount, MailIdentityState, Object, Reason, Refresh,
    Region, Resources, Result, StackEvent, StackResource, StackSummary, Stacks, TableFacts,
    TargetHealth, Upload, Validation,
};

/// Counts calls by their AWS name and lets some of them fail.
#[derive(Debug)]
pub struct Failing<C> {
    inner: C,
    state: Mutex<State>,
}

/// Calls that fail.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The operation as AWS names it: `DescribeStacks`.
    pub operation: &'static str,
    /// The first call that fails, counted from 1.
    pub nth: usize,
    /// How many fail in a row.
    pub times: usize,
    /// In which way.
    pub how: How,
}

/// How a call fails. Codes are those of <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html>.
#[derive(Clone, Debug)]
pub enum How {
    /// Too many calls; all retries are used up.
    Throttled,
    /// The caller may not do it.
    Denied,
    /// The endpoint does not know it.
    Unsupported,
    /// The credentials have expired.
    Expired,
    /// It is carried out, and the answer is lost.
    LostReply,
    /// It is carried out, the answer is lost, and the client's second attempt is answered with this.
    Repeated(Reason, &'static str, &'static str),
    /// With this code and message.
    Answer(Reason, &'static str, &'static str),
}

#[derive(Debug, Default)]
struct State {
    faults: Vec<Fault>,
    counts: BTreeMap<&'static str, usize>,
}

impl<C> Failing<C> {
    /// A cloud whose calls all go through.
    pub fn new(inner: C) -> Self {
        Self { inner, state: Mutex::default() }
    }

    /// The cloud within.
    pub const fn inner(&self) -> &C {
        &self.inner
    }

    /// Lets calls fail, counted from now on.
    pub fn fail(&self, fault: Fault) {
        let mut state = self.state();
        state.counts.remove(fault.operation);
        state.faults.push(fault);
    }

    /// How often an operation was called since it was last told to fail.
    pub fn count(&self, operation: &str) -> usize {
        self.state().counts.get(operation).copied().unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What becomes of the next call.
    fn fate(&self, operation: &'static str) -> Option<How> {
        let mut state = self.state();
        let count = state.counts.entry(operation).or_default();
        *count += 1;
        let nth = *count;
        let hits =
            |it: &&Fault| it.operation == operation && (it.nth..it.nth + it.times).contains(&nth);
        state.faults.iter().find(hits).map(|fault| fault.how.clone())
    }
}

impl How {
    fn error(self, service: &'static str, operation: &'static str) -> CloudError {
        let error = |reason, code: &str, message: &str| {
            CloudError::new(service, operation, reason, code, message)
        };
        match self {
            Self::Throttled => error(Reason::Overloaded, "Throttling", "Rate exceeded"),
            Self::Denied => error(
                Reason::Denied,
                "AccessDenied",
                &format!(
                    "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: {service}:{operation}"
                ),
            ),
            Self::Unsupported => error(
                Reason::Unsupported,
                "InvalidAction",
                &format!("Could not find operation {operation}"),
            ),
            Self::Expired => error(
                Reason::Credentials,
                "ExpiredToken",
                "The security token included in the request is expired",
            ),
            Self::LostReply => {
                error(Reason::Unreachable, "", "connection closed before message completed")
            }
            Self::Repeated(reason, code, message) | Self::Answer(reason, code, message) => {
                error(reason, code, message)
            }
        }
    }
}

/// A trait around its like: each method by its AWS service and operation.
macro_rules! wrap {
    ($trait:ident {
        $($service:ident $operation:ident $method:ident($($name:ident: $type:ty),*) -> $answer:ty;)*
    } $($rest:tt)*) => {
        #[async_trait]
        impl<C: $trait> $trait for Failing<C> {
            $($rest)*
            $(async fn $method(&self, $($name: $type),*) -> Result<$answer> {
                let (service, operation) = (stringify!($service), stringify!($operation));
                match self.fate(operation) {
                    None => self.inner.$method($($name),*).await,
                    Some(how @ (How::LostReply | How::Repeated(..))) => {
                        self.inner.$method($($name),*).await?;
                        Err(how.error(service, operation))
                    }
                    Some(how) => Err(how.error(service, operation)),
                }
            })*
        }
    };
}

wrap!(Stacks {
    cloudformation DescribeStacks stack(name: &str) -> Option<StackSummary>;
    cloudformation DescribeStacks stacks() -> Vec<StackSummary>;
    cloudformation GetTemplate template(stack: &str) -> String;
    cloudformation GetTemplate change_set_template(stack: &str, id: &str) -> String;
    cloudformation ListStackResources resources(stack: &str) -> Vec<StackResource>;
    cloudformation DescribeStackEvents events(stack: &str, until: Option<&str>) -> Vec<StackEvent>;
    cloudformation CreateChangeSet create_change_set(request: &ChangeSetRequest) -> String;
    cloudformation DescribeChangeSet change_set(stack: &str, id: &str) -> ChangeSet;
    cloudformation ListChangeSets change_sets(stack: &str) -> Vec<ChangeSetSummary>;
    cloudformation DescribeEvents validations(stack: &str, change_set: &str) -> Vec<Validation>;
    cloudformation DeleteChangeSet delete_change_set(stack: &str, id: &str) -> ();
    cloudformation ExecuteChangeSet execute(stack: &str, id: &str, execution: &Execution) -> ();
    cloudformation DeleteStack delete_stack(stack: &str, deletion: &Deletion) -> ();
    cloudformation CancelUpdateStack cancel_update(stack: &str, token: &str) -> ();
    cloudformation ContinueUpdateRollback
        continue_rollback(stack: &str, skip: &[String], token: &str) -> ();
    cloudformation UpdateTerminationProtection protect_stack(stack: &str, protected: bool) -> ();
    cloudformation SetStackPolicy set_stack_policy(stack: &str, policy: &str) -> ();
    cloudformation GetStackPolicy stack_policy(stack: &str) -> Option<String>;
    cloudformation DetectStackDrift detect_drift(stack: &str) -> String;
    cloudformation DescribeStackDriftDetectionStatus drift_detection(id: &str) -> DriftDetection;
    cloudformation DescribeStackResourceDrifts drifted(stack: &str) -> Vec<DriftedResource>;
});

wrap!(Resources {
    s3 HeadBucket bucket_exists(bucket: &str) -> bool;
    s3 ListObjectVersions bucket_contents(bucket: &str, limit: u64) -> BucketContents;
    s3 DeleteObjects empty_some(bucket: &str) -> Emptied;
    s3 HeadObject object(bucket: &str, key: &str) -> Option<Object>;
    s3 ListObjectsV2 keys(bucket: &str, prefix: &str) -> Vec<Object>;
    s3 PutObject upload(upload: Upload<'_>) -> ();
    s3 PutObject put_text(bucket: &str, key: &str, text: &str) -> ();
    s3 GetObject text(bucket: &str, key: &str) -> Option<String>;
    dynamodb DescribeTable table(table: &str) -> Option<TableFacts>;
    dynamodb UpdateTable protect_table(table: &str, protected: bool) -> ();
    kms DescribeKey key_of_alias(alias: &str) -> Option<String>;
});

wrap!(Fleet {
    autoscaling DescribeAutoScalingGroups group(group: &str) -> Option<Group>;
    autoscaling DescribeScalingActivities activities(group: &str) -> Vec<Activity>;
    autoscaling DescribeInstanceRefreshes refresh(group: &str) -> Option<Refresh>;
    elasticloadbalancing DescribeTargetHealth target_health(target_group: &str) -> Vec<TargetHealth>;
    ec2 GetConsoleOutput console_output(instance: &str) -> Option<String>;
    logs FilterLogEvents log_lines(group: &str, since: Timestamp, limit: u32) -> Vec<LogLine>;
});

wrap!(Region {
    sts GetCallerIdentity caller() -> Caller;
    ec2 DescribeRegions is_opted_in() -> bool;
    ec2 DescribeInstanceTypeOfferings zones_offering(instance_type: &str) -> Vec<String>;
    ssm GetParameter image_of_parameter(parameter: &str) -> String;
    ec2 DescribeImages image(id: &str) -> Option<ImageFacts>;
    ec2 DescribeVpcEndpointServices has_endpoint_service(service: &str) -> bool;
    servicequotas GetServiceQuota quota(service: &str, code: &str) -> Option<f64>;
    ec2 DescribeInstances running_vcpus() -> u32;
    ec2 DescribeVpcs vpcs() -> u32;
    elasticloadbalancing DescribeLoadBalancers load_balancers() -> u32;
    acm DescribeCertificate certificate(arn: &str) -> Option<CertificateState>;
    ses GetAccount mail_account() -> MailAccount;
    ses GetEmailIdentity mail_identity(identity: &str) -> Option<MailIdentityState>;
}
    fn region(&self) -> &str {
        self.inner.region()
    }
);
