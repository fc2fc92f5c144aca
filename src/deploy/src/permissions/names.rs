use blueprint::Deployment;
use serde_json::Value;
use stack::{Purpose, Rendered, bucket_name};

/// ARNs of what a deployment consists of, as far as they are known before it exists.
///
/// CloudFormation names a resource `STACK-LOGICALID-RANDOM` unless it has a name of its own.
pub(super) struct Names {
    partition: &'static str,
    region: String,
    /// `*` where it is not known.
    account: String,
    deployment: String,
    stacks: [String; 2],
    pub(super) buckets: [String; 3],
    pub(super) table: String,
    pub(super) group: String,
    alias: String,
    /// Logical ids, and whether a service takes the role.
    roles: Vec<(String, bool)>,
    hosted_zones: Vec<String>,
    mail_identity: Option<String>,
    pub(super) keeps_data: bool,
    /// Whether stacks are known by the tag of previews, not by name.
    pub(super) of_previews: bool,
}

impl Names {
    pub(super) fn new(deployment: &Deployment, account: Option<&str>, rendered: &Rendered) -> Self {
        let region = deployment.region.to_string();
        let account = account.unwrap_or("*").to_owned();
        let name = |purpose| bucket_name(&deployment.name, purpose, &account, &region);
        let resources = rendered.app.template.resources();
        let roles = resources.iter().filter(|(_, resource)| resource["Type"] == "AWS::IAM::Role");
        let zones = [&deployment.entry.zone, &deployment.email.zone].into_iter().flatten();
        let mut hosted_zones: Vec<String> = zones.map(ToString::to_string).collect();
        hosted_zones.dedup();
        Self {
            partition: partition(&region),
            deployment: deployment.name.to_string(),
            stacks: [rendered.data.name.clone(), rendered.app.name.clone()],
            buckets: [Purpose::Content, Purpose::Artifacts, Purpose::Logs].map(name),
            table: name(Purpose::Metadata),
            group: name(Purpose::Servers),
            alias: format!("alias/{}", name(Purpose::Key)),
            roles: roles.map(|(id, role)| (id.clone(), is_for_service(role))).collect(),
            hosted_zones,
            mail_identity: deployment.email.identity.as_ref().map(ToString::to_string),
            keeps_data: deployment.storage.content.retain,
            of_previews: false,
            region,
            account,
        }
    }

    /// The same for previews of any name.
    pub(super) fn of_previews(
        deployment: &Deployment,
        account: Option<&str>,
        rendered: &Rendered,
    ) -> Self {
        let names = Self::new(deployment, account, rendered);
        let any = |name: &String| name.replacen(deployment.name.as_str(), "*", 1);
        Self {
            deployment: "*".to_owned(),
            stacks: names.stacks.each_ref().map(any),
            buckets: names.buckets.each_ref().map(any),
            table: any(&names.table),
            group: any(&names.group),
            alias: any(&names.alias),
            of_previews: true,
            ..names
        }
    }

    /// Of something in this Region and account.
    pub(super) fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{rest}", self.partition, self.region, self.account)
    }

    /// Of something that AWS owns in this Region. AWS writes it without an account; stand-ins write the caller's.
    pub(super) fn public(&self, service: &str, rest: &str) -> String {
        format!("arn:{}:{service}:{}:*:{rest}", self.partition, self.region)
    }

    /// Of something that belongs to no Region.
    pub(super) fn global(&self, service: &str, rest: &str) -> String {
        format!("arn:{}:{service}::{}:{rest}", self.partition, self.account)
    }

    /// Of something that belongs to no Region and whose account does not stand in the ARN.
    pub(super) fn worldwide(&self, service: &str, rest: &str) -> String {
        format!("arn:{}:{service}:::{rest}", self.partition)
    }

    /// Of what CloudFormation names in the app stack, whatever its logical id.
    pub(super) fn generated(&self, service: &str, kind: &str) -> String {
        self.arn(service, &format!("{kind}{}-*", self.deployment))
    }

    pub(super) fn stack_arns(&self) -> Vec<String> {
        self.stacks
            .iter()
            .map(|name| self.arn("cloudformation", &format!("stack/{name}/*")))
            // Calls that name a change set by its ARN.
            .chain([self.arn("cloudformation", "changeSet/syncctl-*")])
            .collect()
    }

    pub(super) fn bucket_arns(&self) -> Vec<String> {
        self.buckets.iter().map(|bucket| self.worldwide("s3", bucket)).collect()
    }

    pub(super) fn role_arns(&self) -> Vec<String> {
        self.roles.iter().map(|(id, _)| self.role_arn(id)).collect()
    }

    /// Of the roles that are passed to a service; clients take the others themselves.
    pub(super) fn service_role_arns(&self) -> Vec<String> {
        let roles = self.roles.iter().filter(|(_, is_for_service)| *is_for_service);
        roles.map(|(id, _)| self.role_arn(id)).collect()
    }

    fn role_arn(&self, id: &str) -> String {
        self.global("iam", &format!("role/{}-{id}-*", self.deployment))
    }

    /// Names of instance profiles.
    pub(super) fn profile(&self) -> String {
        format!("{}-ServerProfile-*", self.deployment)
    }

    pub(super) fn alias_arn(&self) -> String {
        self.arn("kms", &self.alias)
    }

    pub(super) fn alias(&self) -> &str {
        &self.alias
    }

    pub(super) fn hosted_zone_arns(&self) -> Vec<String> {
        let zones = self.hosted_zones.iter();
        zones.map(|zone| self.worldwide("route53", &format!("hostedzone/{zone}"))).collect()
    }

    pub(super) fn mail_arns(&self) -> Vec<String> {
        let identity =
            self.mail_identity.as_ref().map(|it| self.arn("ses", &format!("identity/{it}")));
        identity.into_iter().chain([self.arn("ses", "configuration-set/*")]).collect()
    }
}

fn is_for_service(role: &Value) -> bool {
    let statement = &role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0];
    statement["Principal"].get("Service").is_some()
}

/// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
fn partition(region: &str) -> &'static str {
    let partitions = [("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("eusc-", "aws-eusc")];
    let found = partitions.into_iter().find(|(prefix, _)| region.starts_with(prefix));
    found.map_or("aws", |(_, partition)| partition)
}
