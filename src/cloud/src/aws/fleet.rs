use std::collections::VecDeque;

use async_trait::async_trait;
use aws_sdk_autoscaling::types::{AutoScalingGroup, Instance, LaunchTemplateSpecification};
use aws_smithy_types::base64;
use jiff::Timestamp;

use super::absent::OrAbsent as _;
use super::{Aws, failure, time};
use crate::fleet::{Activity, Fleet, Group, LogLine, Member, Refresh, TargetHealth};
use crate::{Reason, Result};

#[async_trait]
impl Fleet for Aws {
    async fn group(&self, group: &str) -> Result<Option<Group>> {
        let call = self.autoscaling.describe_auto_scaling_groups();
        let answer = call.auto_scaling_group_names(group).send().await;
        let answer = answer.map_err(failure::of("autoscaling", "DescribeAutoScalingGroups"))?;
        let found = answer.auto_scaling_groups.unwrap_or_default().into_iter().next();
        // A group on its way out is still listed.
        Ok(found.filter(|group| group.status.is_none()).map(ours))
    }

    async fn activities(&self, group: &str) -> Result<Vec<Activity>> {
        let call = self.autoscaling.describe_scaling_activities().auto_scaling_group_name(group);
        let answer = call.max_records(100).send().await;
        let answer = match answer.map_err(failure::of("autoscaling", "DescribeScalingActivities")) {
            Err(error) if matches!(error.reason, Reason::NotFound | Reason::Invalid) => {
                return Ok(Vec::new());
            }
            answer => answer?,
        };
        Ok(answer
            .activities
            .unwrap_or_default()
            .into_iter()
            .map(|it| Activity {
                id: it.activity_id.unwrap_or_default(),
                started: it.start_time.as_ref().map(time::ours).unwrap_or_default(),
                ended: it.end_time.as_ref().map(time::ours),
                status: it.status_code.map_or_else(String::new, |it| it.as_str().to_owned()),
                description: it.description.unwrap_or_default(),
                cause: it.cause.unwrap_or_default(),
                message: it.status_message,
            })
            .collect())
    }

    async fn refresh(&self, group: &str) -> Result<Option<Refresh>> {
        let call = self.autoscaling.describe_instance_refreshes().auto_scaling_group_name(group);
        let answer = call.max_records(1).send().await;
        let answer = match answer.map_err(failure::of("autoscaling", "DescribeInstanceRefreshes")) {
            Err(error)
                if matches!(
                    error.reason,
                    Reason::NotFound | Reason::Invalid | Reason::Unsupported
                ) =>
            {
                return Ok(None);
            }
            answer => answer?,
        };
        Ok(answer.instance_refreshes.unwrap_or_default().into_iter().next().map(|it| Refresh {
            id: it.instance_refresh_id.unwrap_or_default(),
            status: it.status.map_or_else(String::new, |it| it.as_str().to_owned()),
            reason: it.status_reason,
            percent: number(it.percentage_complete),
            left: number(it.instances_to_update),
            started: it.start_time.as_ref().map(time::ours),
        }))
    }

    async fn target_health(&self, target_group: &str) -> Result<Vec<TargetHealth>> {
        let call = self.elb.describe_target_health().target_group_arn(target_group).send().await;
        let answer = call.map_err(failure::of("elasticloadbalancing", "DescribeTargetHealth"))?;
        let described = answer.target_health_descriptions.unwrap_or_default().into_iter();
        Ok(described
            .filter_map(|it| {
                let health = it.target_health?;
                Some(TargetHealth {
                    instance: it.target?.id?,
                    state: health.state.map_or_else(String::new, |it| it.as_str().to_owned()),
                    reason: health.reason.map(|it| it.as_str().to_owned()),
                    description: health.description,
                })
            })
            .collect())
    }

    async fn console_output(&self, instance: &str) -> Result<Option<String>> {
        let call =
            |latest| self.ec2.get_console_output().instance_id(instance).latest(latest).send();
        // The latest is of this moment, which types before Nitro do not know; otherwise it is of the last change of state.
        // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html
        let latest = call(true).await.ok().and_then(|answer| answer.output);
        let output = match latest.filter(|text| !text.is_empty()) {
            Some(output) => output,
            None => {
                let answer = call(false).await;
                let answer = answer.map_err(failure::of("ec2", "GetConsoleOutput")).or_absent()?;
                answer.and_then(|answer| answer.output).unwrap_or_default()
            }
        };
        // AWS encodes it; a stand-in may not.
        let text = match base64::decode(output.trim()) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(_) => output,
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    async fn log_lines(&self, group: &str, since: Timestamp, limit: u32) -> Result<Vec<LogLine>> {
        let call = self.logs.filter_log_events().log_group_name(group);
        let call = call.start_time(since.as_millisecond());
        // Oldest first, in pages that may be empty although more follow: the newest are kept.
        let mut lines = VecDeque::new();
        let mut token = None;
        loop {
            let page = call.clone().set_next_token(token).send().await;
            let page = page.map_err(failure::of("logs", "FilterLogEvents")).or_absent()?;
            let Some(page) = page else { break };
            for event in page.events.unwrap_or_default() {
                let at = event.timestamp.and_then(|at| Timestamp::from_millisecond(at).ok());
                lines.push_back(LogLine {
                    at: at.unwrap_or_default(),
                    stream: event.log_stream_name.unwrap_or_default(),
                    text: event.message.unwrap_or_default(),
                });
                if lines.len() > limit as usize {
                    lines.pop_front();
                }
            }
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        Ok(lines.into())
    }
}

fn ours(group: AutoScalingGroup) -> Group {
    Group {
        name: group.auto_scaling_group_name.unwrap_or_default(),
        sizes: (number(group.min_size), number(group.desired_capacity), number(group.max_size)),
        members: group.instances.unwrap_or_default().into_iter().map(member).collect(),
        launch_template: group.launch_template.and_then(template),
        zones: group.availability_zones.unwrap_or_default(),
        suspended: group
            .suspended_processes
            .unwrap_or_default()
            .into_iter()
            .filter_map(|process| process.process_name)
            .collect(),
    }
}

fn member(instance: Instance) -> Member {
    Member {
        instance: instance.instance_id.unwrap_or_default(),
        zone: instance.availability_zone.unwrap_or_default(),
        lifecycle: instance.lifecycle_state.map_or_else(String::new, |it| it.as_str().to_owned()),
        is_healthy: instance.health_status.as_deref() == Some("Healthy"),
        launch_template: instance.launch_template.and_then(template),
    }
}

fn template(template: LaunchTemplateSpecification) -> Option<(String, String)> {
    Some((template.launch_template_id?, template.version.unwrap_or_default()))
}

fn number(value: Option<i32>) -> u32 {
    u32::try_from(value.unwrap_or_default()).unwrap_or_default()
}
