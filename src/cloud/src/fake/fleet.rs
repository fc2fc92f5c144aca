use async_trait::async_trait;
use jiff::Timestamp;

use super::Fake;
use crate::{Activity, Fleet, Group, LogLine, Refresh, Result, TargetHealth};

#[async_trait]
impl Fleet for Fake {
    async fn group(&self, group: &str) -> Result<Option<Group>> {
        Ok(self.world().servers.get(group).map(|it| it.group.clone()))
    }

    async fn activities(&self, group: &str) -> Result<Vec<Activity>> {
        Ok(self.world().servers.get(group).map(|it| it.activities.clone()).unwrap_or_default())
    }

    async fn refresh(&self, group: &str) -> Result<Option<Refresh>> {
        Ok(self.world().servers.get(group).and_then(|it| it.refresh.clone()))
    }

    async fn target_health(&self, target_group: &str) -> Result<Vec<TargetHealth>> {
        let world = self.world();
        let of_it = world.servers.values().find(|it| it.target_group == target_group);
        Ok(of_it.map(|it| it.health.clone()).unwrap_or_default())
    }

    async fn console_output(&self, instance: &str) -> Result<Option<String>> {
        let world = self.world();
        Ok(world.servers.values().find_map(|it| it.consoles.get(instance).cloned()))
    }

    /// Nothing the deployer decides depends on logs.
    async fn log_lines(&self, _: &str, _: Timestamp, _: u32) -> Result<Vec<LogLine>> {
        Ok(Vec::new())
    }
}
