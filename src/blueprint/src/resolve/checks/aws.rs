use super::Checks;
use crate::values::{
    Arn, Certificate, Duration, EmailAddress, HostedZone, MailIdentity, Region, StorageKey,
};

impl Checks<'_> {
    pub(super) fn aws(&mut self) {
        self.lifetime();
        if self.settings.is_local() == Some(false) {
            self.entry();
            self.key();
            self.mail();
            self.capacity();
        }
    }

    fn is(&self, path: &str) -> bool {
        self.settings.get::<bool>(path) == Some(true)
    }

    /// What expires must be possible to destroy.
    fn lifetime(&mut self) {
        if self.settings.get::<Duration>("ttl").is_none() {
            return;
        }
        if self.is("protect") {
            let message =
                "a deployment with a `ttl` cannot have `protect: true`: it could not be torn down"
                    .to_owned();
            self.conflict("ttl", &["protect"], message, "remove one of the two");
        }
        if self.settings.is_local() == Some(true) {
            return;
        }
        if self.is("database.protect") {
            let message = "a deployment with a `ttl` cannot have `database.protect: true`: its table could not be deleted".to_owned();
            self.conflict(
                "ttl",
                &["database.protect"],
                message,
                "write `database: { protect: false }`",
            );
        }
        if self.settings.get::<String>("email.manage").as_deref() == Some("create") {
            let message = "a deployment with a `ttl` cannot own a mail identity: there is only one per account and Region".to_owned();
            self.conflict("email.manage", &["ttl"], message, "write `manage: existing`");
        }
        if self.is("storage.content.retain") {
            let message = "the bucket of a deployment with a `ttl` is retained and stays, with its cost, after the deployment is gone";
            self.risk(
                "ttl",
                &["storage.content.retain"],
                message,
                "write `storage: { content: { retain: false } }`",
            );
        }
    }

    fn entry(&mut self) {
        let has = |path| {
            self.settings
                .setting(path)
                .is_some_and(|setting| setting.value != crate::value::Value::None)
        };
        // The other kinds rest on this target, which is reported already.
        let requested =
            matches!(self.settings.get("entry.certificate"), Some(Certificate::Requested));
        let certificate = requested
            || matches!(self.settings.get("entry.certificate"), Some(Certificate::Existing(_)));
        let domain = has("entry.domain");
        let zone = has("entry.zone");
        let keys = ["entry.domain", "entry.certificate", "entry.zone"];
        if keys.into_iter().any(|key| self.settings.is_broken(key)) {
            return;
        }
        if domain && !certificate {
            let message =
                "`entry.domain` needs `entry.certificate`: clients refuse plain HTTP".to_owned();
            self.conflict(
                "entry.domain",
                &[],
                message,
                "write `certificate:` with the ARN of a certificate for this domain, or `certificate: request`",
            );
        }
        if certificate && !domain {
            let message =
                "`entry.certificate` needs `entry.domain`: the certificate is for a host name"
                    .to_owned();
            self.conflict(
                "entry.certificate",
                &[],
                message,
                "write `domain:` with the host name of the certificate",
            );
        }
        if requested && !zone {
            let message = "`entry.certificate: request` needs `entry.zone`: ACM asks the domain's DNS for a proof"
                .to_owned();
            self.conflict(
                "entry.certificate",
                &[],
                message,
                "write `zone:` with the id of the hosted zone of the domain",
            );
        }
        if zone && !domain {
            let message =
                "`entry.zone` needs `entry.domain`: there is no name to make a record for"
                    .to_owned();
            self.conflict("entry.zone", &[], message, "write `domain:` with a name in this zone");
        }
        if !certificate && self.is("protect") {
            let message =
                "a protected deployment without `entry.certificate` answers on plain HTTP only";
            self.risk("protect", &[], message, "write `entry: { domain: …, certificate: … }`");
        }
        if let Some(Certificate::Existing(arn)) = self.settings.get("entry.certificate") {
            self.same_region("entry.certificate", Some(&arn));
        }
    }

    fn key(&mut self) {
        if let Some(StorageKey::Existing(arn)) = self.settings.get::<StorageKey>("storage.key") {
            self.same_region("storage.key", Some(&arn));
        }
    }

    fn same_region(&mut self, path: &str, arn: Option<&Arn>) {
        let Some((arn, region)) = arn.zip(self.settings.get::<Region>("region")) else { return };
        if arn.region() != region.as_str() {
            let there = arn.region();
            let message = format!("`{path}` is in the Region {there}, the deployment in {region}");
            self.conflict(
                path,
                &["region"],
                message,
                &format!("give an ARN of the Region {region}"),
            );
        }
    }

    fn mail(&mut self) {
        self.mail_zone();
        if self.settings.is_broken("email.identity") || self.settings.is_broken("email.from") {
            return;
        }
        let identity = self.settings.get::<MailIdentity>("email.identity");
        let from = self.settings.get::<EmailAddress>("email.from");
        match (identity, from) {
            (None, Some(_)) => {
                let message =
                    "`email.from` needs `email.identity`: SES sends only for identities it knows"
                        .to_owned();
                self.conflict(
                    "email.from",
                    &[],
                    message,
                    "write `identity:` with the domain of the sender",
                );
            }
            (Some(identity), Some(from)) if !identity.covers(&from) => {
                let message = format!("mail from {from} is outside the identity {identity}");
                let hint = match &identity {
                    MailIdentity::Domain(domain) => format!("write a sender such as sync@{domain}"),
                    MailIdentity::Address(address) => format!("write `from: {address}`"),
                };
                self.conflict("email.from", &["email.identity"], message, &hint);
            }
            (None, None)
                if self.settings.get::<String>("email.manage").as_deref() == Some("create") =>
            {
                let message = "`email.manage: create` needs `email.identity`".to_owned();
                self.conflict(
                    "email.manage",
                    &[],
                    message,
                    "write `identity:` with a domain of yours",
                );
            }
            _ => {}
        }
    }

    /// Records belong to a domain whose identity is made here; its keys are nobody else's to know.
    fn mail_zone(&mut self) {
        let zone = self.settings.get::<HostedZone>("email.zone");
        let identity = self.settings.get::<MailIdentity>("email.identity");
        let created = self.settings.get::<String>("email.manage").as_deref() == Some("create");
        let domain = matches!(identity, Some(MailIdentity::Domain(_)));
        if zone.is_some() && !(created && domain) && !self.settings.is_broken("email.identity") {
            let message =
                "`email.zone` needs `email.manage: create` with a domain as `email.identity`"
                    .to_owned();
            self.conflict(
                "email.zone",
                &["email.manage", "email.identity"],
                message,
                "remove it; the records of an existing identity are there already",
            );
        }
    }

    fn capacity(&mut self) {
        let min = self.settings.get::<u32>("servers.min");
        let zones = self.settings.get::<u32>("network.zones");
        if let (Some(min), Some(zones)) = (min, zones)
            && min < zones
            && self.is("protect")
        {
            let message =
                "fewer servers than zones: the loss of one zone may be the loss of the service";
            self.risk("servers.min", &["network.zones"], message, &format!("write `min: {zones}`"));
        }
        let off = |path| self.settings.get::<Option<crate::values::Percent>>(path) == Some(None);
        let requests = self.settings.get::<Option<u32>>("servers.scale.requests");
        let max = self.settings.get::<u32>("servers.max");
        if off("servers.scale.cpu")
            && requests == Some(None)
            && min.zip(max).is_some_and(|(min, max)| min < max)
        {
            let message = "nothing makes the group grow: `servers.scale.cpu` and `servers.scale.requests` are none";
            self.risk(
                "servers.scale.cpu",
                &["servers.scale.requests"],
                message,
                "keep one of them, or make `max` equal to `min`",
            );
        }
    }
}
