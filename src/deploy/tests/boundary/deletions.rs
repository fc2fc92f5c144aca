//! Somebody's network interface keeps the network from going:
//! <https://repost.aws/knowledge-center/cloudformation-stack-delete-failed>,
//! <https://repost.aws/knowledge-center/troubleshoot-dependency-error-delete-vpc>,
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-delete-stack.html>.

use cloud::Deletion;
use cloud::fake::{Asked, Script};
use deploy::recover::{Ailment, Consent, Cure, cure, diagnose};
use deploy::{DeployError, destroy};

use crate::scene::Scene;

const IN_USE: &str = "Resource handler returned message: \"resource id-of-ServersFirewall has a dependent object (Service: Ec2, Status Code: 400, Request ID: 4a1c) (SDK Attempt Count: 1)\" (RequestToken: 7e, HandlerErrorCode: GeneralServiceException)";
const NOT_EMPTY: &str = "Resource handler returned message: \"The vpc 'id-of-Network' has dependencies and cannot be deleted. (Service: Ec2, Status Code: 400, Request ID: 9d2e) (SDK Attempt Count: 1)\" (RequestToken: 7e, HandlerErrorCode: InvalidRequest)";

/// A deletion that gets as far as the firewall. The group is gone after the first one.
fn stopping() -> Script {
    Script::default()
        .stack("DELETE_IN_PROGRESS")
        .resource("Group", "DELETE_COMPLETE")
        .resource_because("ServersFirewall", "DELETE_FAILED", IN_USE)
        .resource_because("Network", "DELETE_FAILED", NOT_EMPTY)
        .stack_because(
            "DELETE_FAILED",
            "The following resource(s) failed to delete: [ServersFirewall, Network].",
        )
}

/// A deployment that stopped half-way while it was taken down.
async fn stuck() -> Scene {
    let scene = Scene::deployed("storage: { content: { retain: false } }\n").await;
    for _ in 0..3 {
        scene.world().script("acme", stopping());
    }
    let (plan, observed) = destroy::plan(&scene.deployer()).await.unwrap();
    let error =
        destroy::destroy(&scene.deployer(), &plan, &observed, Some("acme")).await.unwrap_err();
    let DeployError::Failed { stack, cause: Some(cause), .. } = error else { panic!("{error}") };
    assert_eq!(stack, "acme");
    assert_eq!(cause.logical_id, "ServersFirewall", "the first cause, not the network around it");
    assert!(cause.message.ends_with("has a dependent object"), "{}", cause.message);
    assert!(cause.advice.unwrap().contains("Network interfaces"));
    scene
}

#[tokio::test]
async fn a_network_that_is_in_use_stops_the_removal_before_any_data_goes() {
    let scene = stuck().await;
    assert_eq!(scene.status("acme-data"), "CREATE_COMPLETE");
    assert_eq!(deletions(&scene).len(), 3, "each after a look at what has come in meanwhile");
    assert_eq!(scene.heard.troubles().len(), 2);
}

#[tokio::test]
async fn recover_names_what_is_in_the_way_and_tries_the_rest_again() {
    let scene = stuck().await;
    let ailment = ailment(&scene).await;
    assert_eq!(ailment.cure, Cure::RemoveAgain);
    assert_eq!(ailment.blockers, ["Network", "ServersFirewall"]);
    assert_eq!(ailment.cause.as_ref().unwrap().logical_id, "ServersFirewall");

    // Meanwhile the interface has gone.
    let rest = Script::default()
        .stack("DELETE_IN_PROGRESS")
        .resource("ServersFirewall", "DELETE_COMPLETE")
        .resource("Network", "DELETE_COMPLETE")
        .stack("DELETE_COMPLETE");
    scene.world().script("acme", rest);
    cure(&scene.deployer(), &ailment, &Consent::default()).await.unwrap();
    assert_eq!(scene.status("acme"), "none");
    assert!(deletions(&scene).iter().all(|it| !it.force && it.retain.is_empty()));
}

#[tokio::test]
async fn as_the_last_step_the_stack_goes_and_what_it_leaves_is_named() {
    let scene = stuck().await;
    scene.world().script("acme", stopping());
    let found = ailment(&scene).await;
    let error = cure(&scene.deployer(), &found, &Consent::default()).await.unwrap_err();
    assert!(matches!(error, DeployError::Failed { .. }), "not by force unless told: {error}");

    let skipping = Script::default()
        .stack("DELETE_IN_PROGRESS")
        .resource_because("ServersFirewall", "DELETE_SKIPPED", IN_USE)
        .resource_because("Network", "DELETE_SKIPPED", NOT_EMPTY)
        .stack("DELETE_COMPLETE");
    scene.world().script("acme", skipping);
    let by_force = Consent { force: true, ..Consent::default() };
    cure(&scene.deployer(), &ailment(&scene).await, &by_force).await.unwrap();

    assert!(deletions(&scene).last().unwrap().force);
    let told = scene.heard.troubles();
    assert_eq!(
        told[told.len() - 2..],
        [
            "Left in the world: ServersFirewall (id-of-ServersFirewall).",
            "Left in the world: Network (id-of-Network).",
        ]
    );
}

async fn ailment(scene: &Scene) -> Ailment {
    diagnose(&scene.deployer()).await.unwrap().remove(0)
}

fn deletions(scene: &Scene) -> Vec<Deletion> {
    let deletion = |asked| match asked {
        Asked::Delete(_, deletion) => Some(deletion),
        _ => None,
    };
    scene.asked().into_iter().filter_map(deletion).collect()
}
