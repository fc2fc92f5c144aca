//! What was changed past `syncctl`.

use std::time::Duration;

use cloud::{DriftDetection, DriftedResource, Reason};

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
        .filter_map(without_own_moves)
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
        .collect())
}

/// Without what moves by itself: the group decides how many servers there are, and updates leave that alone.
fn without_own_moves(mut found: DriftedResource) -> Option<DriftedResource> {
    if found.resource_type == "AWS::AutoScaling::AutoScalingGroup" && !found.is_deleted {
        found.properties.retain(|property| property.path != "/DesiredCapacity");
        return (!found.properties.is_empty()).then_some(found);
    }
    Some(found)
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
