//! The group follows the load between its limits (HA-2).

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use local::{Event, ScaleSpec};

use crate::support::{Deployment, UntilDropped, all_healthy};

/// A group of two that may become four, looked at often.
fn deployment_that_scales(cpu: Option<u32>, requests: Option<u32>) -> Deployment {
    let mut deployment = Deployment::new();
    deployment.spec.least_servers = 2;
    deployment.spec.servers = 2;
    deployment.spec.most_servers = 4;
    deployment.spec.scale = ScaleSpec {
        cpu,
        requests,
        interval: Duration::from_millis(200),
        looks_to_grow: 2,
        looks_to_shrink: 3,
        cooldown: Duration::from_millis(500),
    };
    deployment.up();
    deployment
}

/// Asks for the path from several clients until the group has grown, then waits until it has shrunk.
/// The causes, as the history tells them.
fn see_growth_and_shrinking(deployment: &Deployment, path: &str, clients: usize) -> Vec<String> {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let until = UntilDropped(&over);
        for _ in 0..clients {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    assert_eq!(deployment.ask(path).status, 200);
                }
            });
        }
        deployment.status_when("it has grown to its limit", |status| {
            all_healthy(status) && status.servers.len() == 4
        });
        drop(until);
    });
    let status = deployment.status_when("it has shrunk to its limit", |status| {
        all_healthy(status) && status.servers.len() == 2
    });
    let scaled = |activity: &local::Activity| activity.event == Event::Scaled;
    let causes: Vec<String> =
        status.activities.into_iter().filter(scaled).map(|activity| activity.cause).collect();
    assert!(causes.iter().any(|cause| cause.contains("to 4 servers: ")), "{causes:?}");
    causes
}

#[test]
fn the_group_grows_under_load_and_shrinks_without() {
    // Above what looking at the status costs, below what busy clients ask for.
    let deployment = deployment_that_scales(None, Some(3000));
    let causes = see_growth_and_shrinking(&deployment, "/wait?2", 8);
    assert!(causes.iter().all(|cause| cause.contains("requests per server and minute")));
    // Another `up` leaves the size to the load, unless the blueprint says something new.
    assert!(matches!(deployment.up(), local::UpOutcome::AlreadyRunning(_)));
}

#[test]
fn the_group_follows_the_work_of_its_processors() {
    let deployment = deployment_that_scales(Some(10), None);
    let causes = see_growth_and_shrinking(&deployment, "/burn?50", 4);
    assert!(causes.iter().all(|cause| cause.contains("processor load")), "{causes:?}");
}
