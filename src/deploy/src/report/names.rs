//! What a resource is called by somebody who has not read the templates.

/// Plain names by logical id, with `#` for a number. `templates/stack` has the ids.
const NAMES: &[(&str, &str)] = &[
    ("Alarms", "topic of the alarms"),
    ("AlarmsPolicy", "policy of the alarms' topic"),
    ("Artifacts", "release bucket"),
    ("ArtifactsPolicy", "policy of the release bucket"),
    ("BalancerFirewall", "security group of the load balancer"),
    ("BootFailed", "alarm: a server fails to boot"),
    ("BounceExchanger", "DNS record for bounced mail (MX)"),
    ("BounceSender", "DNS record for bounced mail (SPF)"),
    ("Certificate", "certificate"),
    ("CertificateExpires", "alarm: certificate expires"),
    ("Content", "content bucket"),
    ("ContentPolicy", "policy of the content bucket"),
    ("Dkim#", "DNS record that signs mail (DKIM #)"),
    ("Dmarc", "DNS record about the sender (DMARC)"),
    ("DomainRecord", "DNS record of the service"),
    ("DynamoDbEndpoint", "endpoint for DynamoDB"),
    ("EndpointsFirewall", "security group of the endpoints"),
    ("FlowLogs", "logs of refused traffic"),
    ("FlowLogsAccess", "what the flow logs may do"),
    ("FlowLogsRole", "role of the flow logs"),
    ("Gateway", "internet gateway"),
    ("GatewayAttachment", "attachment of the internet gateway"),
    ("Group", "server group"),
    ("HealthChecksFail", "alarm: a server fails its health checks"),
    ("HttpListener", "HTTP listener"),
    ("HttpsListener", "HTTPS listener"),
    ("InstanceAccess", "what an instance may do"),
    ("Key", "key of the content"),
    ("KeyAlias", "alias of the key"),
    ("LaunchTemplate", "launch template"),
    ("LoadBalancer", "load balancer"),
    ("LogsEndpoint", "endpoint for logs"),
    ("Logs", "access log bucket"),
    ("LogsPolicy", "policy of the access log bucket"),
    ("MailBounces", "alarm: mail bounces"),
    ("MailComplaints", "alarm: mail is called spam"),
    ("MailConfiguration", "mail configuration set"),
    ("MailEndpoint", "endpoint for mail"),
    ("MailEvents", "mail events"),
    ("MailIdentity", "mail identity"),
    ("Metadata", "metadata table"),
    ("MonitoringEndpoint", "endpoint for metrics"),
    ("Nat", "NAT gateway"),
    ("Network", "VPC"),
    ("AutoScalingEndpoint", "endpoint for Auto Scaling"),
    ("PrivateDefaultRoute", "private default route"),
    ("PrivateRoutes", "private route table"),
    ("PrivateSubnet#", "private subnet #"),
    ("PrivateSubnet#Routes", "routes of private subnet #"),
    ("PublicDefaultRoute", "public default route"),
    ("PublicRoutes", "public route table"),
    ("PublicSubnet#", "public subnet #"),
    ("PublicSubnet#Routes", "routes of public subnet #"),
    ("ReaderAccess", "what readers may do"),
    ("ReaderRole", "role of readers"),
    ("RejectedTraffic", "flow log of refused traffic"),
    ("S#Endpoint", "endpoint for S#"),
    ("ScaleByProcessor", "scaling by processor load"),
    ("ScaleByRequests", "scaling by requests"),
    ("ServerErrors", "alarm: servers answer 5xx"),
    ("ServerLogs", "logs of the servers"),
    ("ServerProfile", "instance profile of the servers"),
    ("ServerRole", "role of the servers"),
    ("ServersFirewall", "security group of the servers"),
    ("ServersFromBalancer", "rule that lets the load balancer in"),
    ("ServiceAccess", "what the service may do"),
    ("SlowAnswers", "alarm: slow answers"),
    ("SsmEndpoint", "endpoint for Session Manager"),
    ("SsmMessagesEndpoint", "endpoint for Session Manager's messages"),
    ("StsEndpoint", "endpoint for STS"),
    ("TableThrottled", "alarm: table turns requests away"),
    ("TargetGroup", "target group"),
    ("TooFewServers", "alarm: too few servers"),
    ("UnhealthyServers", "alarm: unhealthy server"),
    ("WriterAccess", "what writers may do"),
    ("WriterRole", "role of writers"),
];

/// `server group`, `public subnet 2`; words of the id where the templates have none by now.
pub(crate) fn name(logical_id: &str) -> String {
    known(logical_id).unwrap_or_else(|| words(stem(logical_id)))
}

/// The same, for ids of resources that the templates have.
pub(super) fn known(logical_id: &str) -> Option<String> {
    let stem = stem(logical_id);
    let digits: String = stem.chars().filter(char::is_ascii_digit).collect();
    let pattern: String =
        stem.chars().map(|it| if it.is_ascii_digit() { '#' } else { it }).collect();
    let (_, name) = NAMES.iter().find(|(id, _)| *id == pattern)?;
    Some(name.replace('#', &digits))
}

/// Two launch templates of one deployment differ by a digest of their content in their logical id.
pub(super) fn stem(logical_id: &str) -> &str {
    const DIGITS: usize = 12;
    let Some(digest) = logical_id.strip_prefix("LaunchTemplate") else { return logical_id };
    let is_digest = digest.len() == DIGITS && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_digest { "LaunchTemplate" } else { logical_id }
}

fn words(id: &str) -> String {
    let mut text = String::new();
    let mut was_lower = false;
    for letter in id.chars() {
        if letter.is_uppercase() && was_lower {
            text.push(' ');
        }
        was_lower = letter.is_lowercase() || letter.is_ascii_digit();
        text.extend(letter.to_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn ids_become_names() {
        let ids = ["Group", "PublicSubnet2Routes", "S3Endpoint", "LaunchTemplate0123456789ab"];
        let names =
            ["server group", "routes of public subnet 2", "endpoint for S3", "launch template"];
        assert_eq!(ids.map(name), names);
        assert_eq!(name("SomethingQuiteNew"), "something quite new");
    }

    #[test]
    fn every_resource_has_a_name() {
        for resource in crate::report::sample::every_resource() {
            let id = super::stem(&resource).replace(|letter: char| letter.is_ascii_digit(), "#");
            assert!(super::NAMES.iter().any(|(known, _)| *known == id), "{resource} has no name");
        }
    }
}
