//! The roll of the servers within a stack update:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html>,
//! <https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html>.
//! AWS's pages give no sentence for a refresh that fails; the ones here are ours.

use cloud::fake::{Answer, Script, World};
use cloud::{Activity, Replacement};
use deploy::history::{self, Outcome};
use deploy::{DeployError, verify};

use crate::said::{GROUP, modified};
use crate::scene::Scene;

const ALARM: &str = "Resource handler returned message: \"Instance refresh failed: CloudWatch alarm acme-BootFailed went into the ALARM state\" (RequestToken: 7e, HandlerErrorCode: GeneralServiceException)";

fn a_server_does_not_boot(world: &mut World) {
    let started = world.clock;
    let servers = world.servers.get_mut("id-of-Group").unwrap();
    let activity = Activity {
        id: "1".to_owned(),
        started,
        ended: None,
        status: "Failed".to_owned(),
        description: "Launching a new EC2 instance: i-0new".to_owned(),
        cause: "an instance refresh".to_owned(),
        message: Some("Instance was abandoned".to_owned()),
    };
    servers.activities.insert(0, activity);
    let console = "syncd: cannot open the table\n".to_owned();
    servers.consoles.insert("i-0new".to_owned(), console);
}

#[tokio::test]
async fn an_alarm_undoes_the_roll_and_its_words_come_first() {
    let scene = Scene::deployed("").await.again().released();
    let group = modified("Group", GROUP, "LaunchTemplate", Replacement::Never);
    scene.world().answer("acme", Answer::ready(vec![group]));
    let script = Script::default()
        .stack("UPDATE_IN_PROGRESS")
        .resource("Group", "UPDATE_IN_PROGRESS")
        .elsewhere(a_server_does_not_boot)
        .resource_because("Group", "UPDATE_FAILED", ALARM)
        .resource_because("TooFewServers", "UPDATE_FAILED", "Resource update cancelled")
        .stack_because(
            "UPDATE_ROLLBACK_IN_PROGRESS",
            "The following resource(s) failed to update: [Group].",
        )
        .resource("Group", "UPDATE_COMPLETE")
        .stack("UPDATE_ROLLBACK_COMPLETE");
    scene.world().script("acme", script);

    let error = scene.up(&[]).await.unwrap_err();

    let DeployError::Failed { status, cause: Some(cause), .. } = error else { panic!("{error}") };
    assert_eq!(status.as_str(), "UPDATE_ROLLBACK_COMPLETE");
    assert!(cause.message.contains("acme-BootFailed went into the ALARM state"), "{cause:?}");
    assert_eq!((cause.logical_id.as_str(), cause.hidden), ("Group", 1));
    assert_eq!(scene.heard.activities(), ["Launching a new EC2 instance: i-0new: Failed"]);
    assert!(
        scene.heard.troubles().contains(&"syncd: cannot open the table".to_owned()),
        "its last words"
    );
    let bucket = history::bucket(&scene.deployer(), "123456789012");
    let records = history::read(&scene.cloud, &bucket, 1).await.unwrap();
    assert_eq!(records[0].outcome, Outcome::Undone, "no rollback goes to it");
    assert_eq!(records[0].sha256, "0b".repeat(32));
}

/// Reason codes: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html>
#[tokio::test]
async fn a_server_that_never_becomes_healthy_is_named_with_probe_and_last_words() {
    let scene = Scene::deployed("").await;
    {
        let mut world = scene.world();
        let servers = world.servers.get_mut("id-of-Group").unwrap();
        let health = &mut servers.health[1];
        health.state = "unhealthy".to_owned();
        health.reason = Some("Target.Timeout".to_owned());
        health.description = Some("Request timed out".to_owned());
        servers.consoles.insert(health.instance.clone(), "out of memory\n".to_owned());
    }
    let error = verify::verify(&scene.deployer()).await.unwrap_err();
    insta::assert_snapshot!(error, @r"
    the service did not become ready: server i-00000000000000001 is unhealthy (Target.Timeout)
    probe: HTTP GET /health every 5s, at most 2s
    load balancer: Request timed out
    last lines of its console:
      out of memory
    ");
}

#[tokio::test]
async fn servers_that_stand_in_too_few_zones_are_not_done() {
    let scene = Scene::deployed("").await;
    for member in &mut scene.world().servers.get_mut("id-of-Group").unwrap().group.members {
        member.zone = "eu-west-1a".to_owned();
    }
    let error = verify::verify(&scene.deployer()).await.unwrap_err();
    assert_eq!(error.to_string(), "the service did not become ready: servers are in 1 of 3 zones");
}
