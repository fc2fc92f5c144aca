use super::Checks;
use crate::deployment::subnet_prefix;
use crate::values::{Address, Certificate, Cidr, Duration, Percent};

/// Addresses that AWS keeps for itself in each network.
const KEPT_BY_AWS: u64 = 5;
/// Addresses that the load balancer wants free in each of its networks.
const BALANCER: u64 = 8;
/// The load balancer takes no network smaller than /27.
const SMALLEST: u8 = 27;
/// Servers that one machine may be asked to run.
const MOST_LOCAL: u32 = 9;
/// Zones of the local target; each is a loopback address.
const MOST_LOCAL_ZONES: u32 = 3;

impl Checks<'_> {
    pub(super) fn sizes(&mut self) {
        self.health();
        self.servers();
        self.rollout();
        self.zones();
        self.listen();
    }

    fn health(&mut self) {
        let interval = self.settings.get::<Duration>("entry.health.interval");
        let timeout = self.settings.get::<Duration>("entry.health.timeout");
        if let (Some(interval), Some(timeout)) = (interval, timeout)
            && timeout >= interval
        {
            let message = format!(
                "the health check's timeout ({timeout}) is not shorter than its interval ({interval})"
            );
            let longest = Duration::from_seconds(interval.seconds().saturating_sub(1));
            let hint = format!("write a timeout of at most {longest}, or a longer interval");
            self.conflict("entry.health.timeout", &["entry.health.interval"], message, &hint);
        }
    }

    fn servers(&mut self) {
        let (min, max) =
            (self.settings.get::<u32>("servers.min"), self.settings.get::<u32>("servers.max"));
        let (Some(min), Some(max)) = (min, max) else { return };
        if min > max {
            let message = format!("servers.min ({min}) is greater than servers.max ({max})");
            let hint = format!("write `max: {min}` or more");
            self.conflict("servers.min", &["servers.max"], message, &hint);
            return;
        }
        let Some(desired) = self.settings.get::<u32>("servers.desired") else { return };
        if desired < min || desired > max {
            let message = format!(
                "servers.desired ({desired}) is outside servers.min and servers.max ({min} to {max})"
            );
            let hint = format!(
                "write a number from {min} to {max}, or remove the line to start with {min}"
            );
            self.conflict("servers.desired", &["servers.min", "servers.max"], message, &hint);
        } else if self.settings.is_local() == Some(true) && desired > MOST_LOCAL {
            let message =
                format!("{desired} servers on one machine; target local runs at most {MOST_LOCAL}");
            self.conflict(
                "servers.desired",
                &["servers.min", "target"],
                message,
                "write fewer servers",
            );
        } else if self.settings.is_local() == Some(true) && max > MOST_LOCAL {
            let message = format!(
                "up to {max} servers on one machine; target local runs at most {MOST_LOCAL}"
            );
            let hint = format!("write `max: {MOST_LOCAL}` or less");
            self.conflict("servers.max", &["target"], message, &hint);
        }
    }

    fn rollout(&mut self) {
        let least = self.settings.get::<Percent>("rollout.min_healthy");
        let most = self.settings.get::<Percent>("rollout.max_healthy");
        let (Some(least), Some(most)) = (least.map(Percent::get), most.map(Percent::get)) else {
            return;
        };
        if most <= least {
            let message = format!(
                "rollout.max_healthy ({most}) is not above rollout.min_healthy ({least}), so nothing could be replaced"
            );
            let hint = "leave room for at least one more server: `max_healthy: 134` for three, or a lower min_healthy";
            self.conflict("rollout.max_healthy", &["rollout.min_healthy"], message, hint);
        } else if most - least > 100 {
            let message = format!(
                "rollout.max_healthy ({most}) is more than 100 above rollout.min_healthy ({least})"
            );
            let hint = format!("write `max_healthy: {}` or less", least + 100);
            self.conflict("rollout.max_healthy", &["rollout.min_healthy"], message, &hint);
        }
    }

    fn zones(&mut self) {
        let (Some(zones), Some(local)) =
            (self.settings.get::<u32>("network.zones"), self.settings.is_local())
        else {
            return;
        };
        if local {
            if zones > MOST_LOCAL_ZONES {
                let message = format!("{zones} zones; target local has at most {MOST_LOCAL_ZONES}");
                self.conflict("network.zones", &["target"], message, "write `zones: 3`");
            }
            return;
        }
        if zones < 2 {
            let message = "one zone; a load balancer on AWS needs at least two".to_owned();
            self.conflict("network.zones", &["target"], message, "write `zones: 2` or `zones: 3`");
            return;
        }
        self.addresses(zones);
    }

    /// Whether the zones fit into the address range, and the servers into the zones.
    fn addresses(&mut self, zones: u32) {
        let Some(cidr) = self.settings.get::<Cidr>("network.cidr") else { return };
        let prefix = subnet_prefix(cidr, zones);
        if prefix > SMALLEST {
            let bits = prefix - cidr.prefix();
            let message = format!(
                "{zones} zones do not fit into {cidr}: their networks would be /{prefix}, and the smallest may be /{SMALLEST}"
            );
            let hint = format!("write a range of /{} or larger", SMALLEST - bits);
            self.conflict("network.cidr", &["network.zones"], message, &hint);
            return;
        }
        let room = (1_u64 << (32 - prefix)) - KEPT_BY_AWS - BALANCER;
        let max = self.settings.get::<u32>("servers.max");
        let most = self.settings.get::<Percent>("rollout.max_healthy");
        let (Some(max), Some(most)) = (max, most) else { return };
        let rolling = (u64::from(max) * u64::from(most.get())).div_ceil(100);
        let per_zone = rolling.div_ceil(u64::from(zones));
        if per_zone > room {
            let message = format!(
                "{max} servers do not fit into {cidr}: a zone has {room} addresses, and a rollout may need {per_zone}"
            );
            self.conflict(
                "servers.max",
                &["network.cidr", "network.zones"],
                message,
                "write a larger range or a smaller max",
            );
        }
    }

    fn listen(&mut self) {
        let open = self
            .settings
            .get::<Address>("local.listen")
            .is_some_and(|address| !address.is_loopback());
        if open && self.settings.is_local() == Some(true) {
            let certificate = self.settings.get::<Option<Certificate>>("entry.certificate");
            let (message, hint) = match certificate.flatten() {
                Some(_) => (
                    "other machines will reach the service, and files travel to them as plain HTTP: `entry.certificate` protects logins and names only",
                    "keep to a network that you trust, or listen on 127.0.0.1",
                ),
                None => (
                    "other machines will reach the service, and everything travels as plain HTTP, passwords included",
                    "write `entry: { certificate: self-made }`, which protects logins and names, or listen on 127.0.0.1",
                ),
            };
            self.risk("local.listen", &[], message, hint);
        }
    }
}
