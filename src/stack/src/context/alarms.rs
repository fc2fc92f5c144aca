//! What somebody should look at, with every number. Sources of the numbers: the defaults AWS and its operators recommend, unless said.

use blueprint::Deployment;
use blueprint::deployment::Alarm as GateAlarm;
use serde::Serialize;
use serde_json::{Value, json};

use super::entry::certificate_arn;
use crate::names::{Purpose, fixed};

/// Logical ids of those that can stop a rollout.
pub(crate) const BOOT_FAILED: &str = "BootFailed";
pub(crate) const SERVER_ERRORS: &str = "ServerErrors";
pub(crate) const HEALTH_CHECKS_FAIL: &str = "HealthChecksFail";

/// Logical id of an alarm that can stop a rollout.
#[must_use]
pub const fn alarm_id(alarm: GateAlarm) -> &'static str {
    match alarm {
        GateAlarm::Boot => BOOT_FAILED,
        GateAlarm::ServerErrors => SERVER_ERRORS,
        GateAlarm::Unhealthy => HEALTH_CHECKS_FAIL,
    }
}

const ABOVE: &str = "GreaterThanThreshold";
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// One alarm.
#[derive(Serialize)]
pub(crate) struct Alarm {
    /// Logical id.
    id: &'static str,
    about: &'static str,
    namespace: &'static str,
    dimensions: Value,
    /// One, or what the expression is made of.
    metrics: Vec<Metric>,
    /// Metric math over the metrics.
    expression: Option<&'static str>,
    comparison: &'static str,
    threshold: Value,
    /// Length of a period.
    seconds: u64,
    /// Periods in a row that have to be over the threshold.
    periods: u32,
    /// What silence means.
    missing: &'static str,
    /// Whether the statistic is one.
    percentile: bool,
}

#[derive(Serialize)]
struct Metric {
    id: &'static str,
    name: &'static str,
    statistic: &'static str,
}

impl Alarm {
    fn new(
        id: &'static str,
        about: &'static str,
        namespace: &'static str,
        dimensions: Value,
    ) -> Self {
        Self {
            id,
            about,
            namespace,
            dimensions,
            metrics: Vec::new(),
            expression: None,
            comparison: ABOVE,
            threshold: json!(0),
            seconds: MINUTE,
            periods: 1,
            missing: "notBreaching",
            percentile: false,
        }
    }

    fn of(mut self, name: &'static str, statistic: &'static str) -> Self {
        self.percentile = statistic.starts_with('p');
        self.metrics = vec![Metric { id: "value", name, statistic }];
        self
    }

    fn above(mut self, threshold: impl Into<Value>, seconds: u64, periods: u32) -> Self {
        self.threshold = threshold.into();
        self.seconds = seconds;
        self.periods = periods;
        self
    }
}

pub(crate) fn all(deployment: &Deployment) -> Vec<Alarm> {
    let mut alarms = vec![
        boot_failed(deployment),
        server_errors(),
        health_checks_fail(),
        unhealthy(),
        too_few(),
        slow(),
        throttled(deployment),
    ];
    alarms.extend(certificate(deployment));
    if deployment.email.identity.is_some() {
        alarms.extend(mail());
    }
    alarms
}

fn boot_failed(deployment: &Deployment) -> Alarm {
    let dimensions = json!([{"Name": "Stack", "Value": deployment.name}]);
    let about = "A server did not get ready after its start";
    Alarm::new(BOOT_FAILED, about, "syncctl", dimensions).of("BootFailed", "Sum")
}

/// A share, so that it means the same for one server and for a hundred.
fn server_errors() -> Alarm {
    let about = "More than 5 % of the requests failed in the servers for two minutes";
    Alarm {
        metrics: vec![
            Metric { id: "errors", name: "HTTPCode_Target_5XX_Count", statistic: "Sum" },
            Metric { id: "requests", name: "RequestCount", statistic: "Sum" },
        ],
        expression: Some("IF(requests > 0, 100 * FILL(errors, 0) / requests, 0)"),
        ..Alarm::new(SERVER_ERRORS, about, "AWS/ApplicationELB", balancer())
    }
    .above(5, MINUTE, 2)
}

/// A release that turns bad after a while: the load balancer takes its servers out before anybody sees an error, and the
/// group would replace them with the like for ever. A boot is unhealthy for seconds only, so the least of a minute counts.
fn health_checks_fail() -> Alarm {
    let about = "A server has been failing its health checks for two minutes";
    Alarm::new(HEALTH_CHECKS_FAIL, about, "AWS/ApplicationELB", target_group())
        .of("UnHealthyHostCount", "Minimum")
        .above(0, MINUTE, 2)
}

/// Longer than the group takes to replace a server: it did not help.
fn unhealthy() -> Alarm {
    let about = "A server has been failing its health checks for five minutes";
    Alarm::new("UnhealthyServers", about, "AWS/ApplicationELB", target_group())
        .of("UnHealthyHostCount", "Maximum")
        .above(0, MINUTE, 5)
}

fn too_few() -> Alarm {
    let about = "Fewer servers than the minimum have been in service for five minutes";
    let dimensions = json!([{"Name": "AutoScalingGroupName", "Value": {"Ref": "Group"}}]);
    let alarm = Alarm::new("TooFewServers", about, "AWS/AutoScaling", dimensions)
        .of("GroupInServiceInstances", "Minimum")
        .above(json!({"Ref": "MinServers"}), MINUTE, 5);
    Alarm { comparison: "LessThanThreshold", missing: "breaching", ..alarm }
}

/// Clients that wait for a change get their answer after 60.5 s at most (`src/syncd/src/routes/changes.rs`), and they
/// are many: anything below that would ring all day.
fn slow() -> Alarm {
    let about =
        "One request of a hundred has taken longer than 62 s, the longest wait, for five minutes";
    Alarm::new("SlowAnswers", about, "AWS/ApplicationELB", target_group())
        .of("TargetResponseTime", "p99")
        .above(62, MINUTE, 5)
}

fn throttled(deployment: &Deployment) -> Alarm {
    let about = "DynamoDB has been turning requests away for five minutes";
    let table = fixed(&deployment.name, Purpose::Metadata);
    let dimensions = json!([{"Name": "TableName", "Value": {"Fn::Sub": table}}]);
    Alarm {
        metrics: vec![
            Metric { id: "reads", name: "ReadThrottleEvents", statistic: "Sum" },
            Metric { id: "writes", name: "WriteThrottleEvents", statistic: "Sum" },
        ],
        expression: Some("FILL(reads, 0) + FILL(writes, 0)"),
        ..Alarm::new("TableThrottled", about, "AWS/DynamoDB", dimensions)
    }
    .above(0, MINUTE, 5)
}

fn certificate(deployment: &Deployment) -> Option<Alarm> {
    let dimensions = json!([{"Name": "CertificateArn", "Value": certificate_arn(deployment)?}]);
    let about = "The certificate expires in less than 30 days";
    let alarm = Alarm::new("CertificateExpires", about, "AWS/CertificateManager", dimensions)
        .of("DaysToExpiry", "Minimum")
        .above(30, DAY, 1);
    Some(Alarm { comparison: "LessThanThreshold", ..alarm })
}

/// The account's rates, because it is the account that SES pauses. It looks into senders at these.
fn mail() -> [Alarm; 2] {
    let alarm = |id, about| Alarm::new(id, about, "AWS/SES", json!([]));
    [
        alarm("MailBounces", "More than 5 % of the account's mail bounces")
            .of("Reputation.BounceRate", "Average")
            .above(json!(0.05), HOUR, 1),
        alarm("MailComplaints", "More than 0.1 % of the account's mail is called spam")
            .of("Reputation.ComplaintRate", "Average")
            .above(json!(0.001), HOUR, 1),
    ]
}

fn balancer() -> Value {
    json!([{"Name": "LoadBalancer", "Value": {"Fn::GetAtt": ["LoadBalancer", "LoadBalancerFullName"]}}])
}

fn target_group() -> Value {
    json!([
        {"Name": "TargetGroup", "Value": {"Fn::GetAtt": ["TargetGroup", "TargetGroupFullName"]}},
        {"Name": "LoadBalancer", "Value": {"Fn::GetAtt": ["LoadBalancer", "LoadBalancerFullName"]}},
    ])
}
