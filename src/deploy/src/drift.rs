//! What was changed past `syncctl`.

use std::time::Duration;

use cloud::{DriftDetection, Reason};

use crate::deployer::Deployer;
use crate::error::Result;
use crate::observe::Observed;
use crate::plan::{Drift, DriftedProperty, Kind, Operation, StackPlan};

/// Longest wait for a detection. CloudFormation looks at every resource, which takes minutes for a large stack.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// Asks CloudFormation to compare both stacks with the world.
///
/// # Errors
/// When AWS does not answer. What it cannot look at is told and left out.
pub async fn detect(deployer: &Deployer<'_>, observed: &Observed) -> Result<Vec<Drift>> {
    let look = async |kind, stack: &Option<crate::observe::ObservedStack>| match stack {
        Some(stack) if stack.is_deployed() => detect_in(deployer, kind, &stack.summary.id).await,
        _ => Ok(Vec::new()),
    };
    let (data, app) =
        tokio::try_join!(look(Kind::Data, &observed.data), look(Kind::App, &observed.app))?;
    Ok(data.into_iter().chain(app).collect())
}

async fn detect_in(deployer: &Deployer<'_>, kind: Kind, stack: &str) -> Result<Vec<Drift>> {
    let id = match deployer.cloud.detect_drift(stack).await {
        Err(error) if error.reason == Reason::Unsupported => {
            deployer.trouble(
                "This endpoint cannot look for drift; what was changed by hand is not shown.",
            );
            return Ok(Vec::new());
        }
        Err(error) if error.reason == Reason::Denied => {
            deployer.trouble(format!(
                "Drift was not looked for: these credentials may not call {}:{}.",
                error.service, error.operation
            ));
            return Ok(Vec::new());
        }
        id => id?,
    };
    let begun = tokio::time::Instant::now();
    for wait in deployer.pace.waits() {
        match deployer.cloud.drift_detection(&id).await? {
            DriftDetection::Pending if begun.elapsed() < LONGEST => tokio::time::sleep(wait).await,
            DriftDetection::Pending => {
                deployer.trouble("CloudFormation looks for drift for over ten minutes; its findings are left out.");
                return Ok(Vec::new());
            }
            DriftDetection::Failed(reason) => {
                deployer.trouble(format!(
                    "CloudFormation could not look for drift everywhere: {reason}"
                ));
                break;
            }
            DriftDetection::Done(0) => return Ok(Vec::new()),
            DriftDetection::Done(_) => break,
        }
    }
    let found = deployer.cloud.drifted(stack).await?;
    Ok(found
        .into_iter()
        .map(|it| Drift {
            stack: kind,
            logical_id: it.logical_id,
            physical_id: it.physical_id,
            resource_type: it.resource_type,
            is_deleted: it.is_deleted,
            properties: it
                .properties
                .into_iter()
                .map(|property| DriftedProperty {
                    path: property.path,
                    expected: property.expected,
                    actual: property.actual,
                })
                .collect(),
            is_touched: false,
        })
        .filter_map(lasting)
        .collect())
}

/// What moves by itself as long as the service runs: scaling sets the size of the group.
const MOVING: [(&str, &str); 1] = [("AWS::AutoScaling::AutoScalingGroup", "/DesiredCapacity")];

/// Drift that somebody made; `None` where there is nothing but what moves by itself.
fn lasting(mut drift: Drift) -> Option<Drift> {
    let had_properties = !drift.properties.is_empty();
    let moves = |path: &str| MOVING.contains(&(drift.resource_type.as_str(), path));
    let kept = drift.properties.iter().filter(|property| !moves(&property.path));
    drift.properties = kept.cloned().collect();
    (drift.is_deleted || !had_properties || !drift.properties.is_empty()).then_some(drift)
}

/// Marks what the plan overwrites or trips over.
pub(crate) fn mark_touched(drift: &mut [Drift], stacks: &[StackPlan]) {
    for drifted in drift {
        let stack = stacks.iter().find(|stack| stack.kind == drifted.stack);
        drifted.is_touched = stack.is_some_and(|stack| {
            stack.operation != Operation::Nothing
                && stack.changes.iter().any(|change| change.logical_id == drifted.logical_id)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::lasting;
    use crate::plan::{Drift, DriftedProperty};
    use crate::report::sample;

    #[test]
    fn a_group_that_scales_has_not_drifted() {
        let group = sample::harmful().drift.remove(0);
        let at = |path: &str| DriftedProperty {
            path: path.to_owned(),
            expected: "3".to_owned(),
            actual: "5".to_owned(),
        };
        let with = |properties| lasting(Drift { properties, ..group.clone() });
        assert_eq!(with(vec![at("/DesiredCapacity")]), None);
        let found = with(vec![at("/DesiredCapacity"), at("/MaxSize")]).unwrap();
        assert_eq!(found.properties, [at("/MaxSize")]);
        assert!(lasting(Drift { is_deleted: true, ..group.clone() }).is_some());
    }
}
