//! Resolved settings to the typed deployment.

use super::{
    Accounts, Alarm, Content, Database, Deployment, Egress, Email, Entry, Health, Identity, Local,
    Manage, Network, Rollout, Scale, Servers, Storage, Target,
};
use crate::resolve::Settings;
use std::collections::BTreeMap;

/// `None` only when a setting is missing or of another type, which would be a mistake in the table of keys.
pub(crate) fn build(settings: &Settings) -> Option<Deployment> {
    Some(Deployment {
        version: settings.get("version")?,
        name: settings.get("name")?,
        target: Target::from_word(&settings.get::<String>("target")?)?,
        region: settings.get("region")?,
        protect: settings.get("protect")?,
        ttl: settings.get("ttl")?,
        network: Network {
            cidr: settings.get("network.cidr")?,
            zones: settings.get("network.zones")?,
            egress: Egress::from_word(&settings.get::<String>("network.egress")?)?,
        },
        entry: Entry {
            domain: settings.get("entry.domain")?,
            certificate: settings.get("entry.certificate")?,
            zone: settings.get("entry.zone")?,
            allow: settings.get("entry.allow")?,
            health: health(settings)?,
        },
        servers: servers(settings)?,
        rollout: rollout(settings)?,
        storage: Storage {
            content: Content {
                retain: settings.get("storage.content.retain")?,
                versions: settings.get("storage.content.versions")?,
            },
            key: settings.get("storage.key")?,
        },
        database: Database {
            point_in_time_recovery: settings.get("database.point_in_time_recovery")?,
            protect: settings.get("database.protect")?,
        },
        identity: Identity { accounts: accounts(settings)? },
        email: Email {
            identity: settings.get("email.identity")?,
            manage: Manage::from_word(&settings.get::<String>("email.manage")?)?,
            zone: settings.get("email.zone")?,
            from: settings.get("email.from")?,
            digest: settings.get("email.digest")?,
        },
        tags: tags(settings),
        local: Local {
            port: u16::try_from(settings.get::<u32>("local.port")?).ok()?,
            listen: settings.get("local.listen")?,
            data: settings.get("local.data")?,
            certificate_key: settings.get("local.certificate_key")?,
            connections: settings.get("local.connections")?,
        },
    })
}

fn health(settings: &Settings) -> Option<Health> {
    Some(Health {
        path: settings.get("entry.health.path")?,
        interval: settings.get("entry.health.interval")?,
        timeout: settings.get("entry.health.timeout")?,
        unhealthy: settings.get("entry.health.unhealthy")?,
        healthy: settings.get("entry.health.healthy")?,
    })
}

fn servers(settings: &Settings) -> Option<Servers> {
    Some(Servers {
        instance: settings.get("servers.instance")?,
        image: settings.get("servers.image")?,
        min: settings.get("servers.min")?,
        max: settings.get("servers.max")?,
        desired: settings.get("servers.desired")?,
        scale: Scale {
            cpu: settings.get("servers.scale.cpu")?,
            requests: settings.get("servers.scale.requests")?,
        },
        release: settings.get("servers.release")?,
    })
}

fn rollout(settings: &Settings) -> Option<Rollout> {
    let alarms: Vec<String> = settings.get("rollout.alarms")?;
    Some(Rollout {
        min_healthy: settings.get("rollout.min_healthy")?,
        max_healthy: settings.get("rollout.max_healthy")?,
        bake: settings.get("rollout.bake")?,
        alarms: alarms.iter().map(|word| Alarm::from_word(word)).collect::<Option<_>>()?,
    })
}

fn accounts(settings: &Settings) -> Option<Accounts> {
    match settings.get("identity.accounts.oidc.issuer") {
        None => Some(Accounts::Builtin),
        Some(issuer) => Some(Accounts::Oidc {
            issuer,
            audience: settings.get("identity.accounts.oidc.audience")?,
        }),
    }
}

fn tags(settings: &Settings) -> BTreeMap<String, String> {
    let tags = settings.iter().filter_map(|(path, _)| {
        let name = path.strip_prefix("tags.")?;
        let value = settings.get::<Option<String>>(path)??;
        Some((name.to_owned(), value))
    });
    tags.collect()
}
