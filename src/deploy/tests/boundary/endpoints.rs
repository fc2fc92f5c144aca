//! `OnStackFailure`: <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html>

use cloud::fake::{Asked, Script};
use deploy::DeployError;
use deploy::recover::{Consent, Cure, cure, diagnose};

use crate::scene::Scene;

const NO_TABLES: &str = "Subscriber limit exceeded: there is a limit of 2500 tables per subscriber";

const PREVIEW: &str =
    "ttl: 72h\ndatabase: { protect: false }\nstorage: { content: { retain: false } }\n";

fn failing() -> Script {
    Script::default()
        .stack("CREATE_IN_PROGRESS")
        .resource_because("Metadata", "CREATE_FAILED", NO_TABLES)
        .resource_because("Content", "CREATE_FAILED", "Resource creation cancelled")
}

#[tokio::test]
async fn a_creation_that_fails_leaves_nothing_where_the_endpoint_can_remove_it() {
    let scene = Scene::empty("");
    let script = failing()
        .stack_because(
            "DELETE_IN_PROGRESS",
            "The following resource(s) failed to create: [Metadata]",
        )
        .stack("DELETE_COMPLETE");
    scene.world().script("acme-data", script);

    let error = scene.up(&[]).await.unwrap_err();

    let DeployError::Failed { cause: Some(cause), status, .. } = error else { panic!("{error}") };
    assert_eq!((status.as_str(), cause.message.as_str()), ("DELETE_COMPLETE", NO_TABLES));
    assert_eq!(cause.hidden, 1, "what was cancelled because of it");
    assert_eq!(scene.status("acme-data"), "none");
    assert_eq!(scene.status("acme"), "none", "the app stack was never begun");
    assert_eq!(deletes(&scene), [true]);
}

#[tokio::test]
async fn an_endpoint_that_cannot_remove_it_is_asked_without_and_recover_does() {
    let scene = Scene::empty("");
    scene.world().unknown.insert("OnStackFailure");
    let script = failing().stack("ROLLBACK_IN_PROGRESS").stack("ROLLBACK_COMPLETE");
    scene.world().script("acme-data", script);

    let error = scene.up(&[]).await.unwrap_err();

    assert!(matches!(error, DeployError::Failed { .. }), "{error}");
    assert_eq!(deletes(&scene), [true, false], "asked again without");
    assert!(scene.heard.notes()[0].contains("OnStackFailure"), "{:?}", scene.heard.notes());
    let ailment = diagnose(&scene.deployer()).await.unwrap().remove(0);
    assert_eq!(ailment.cure, Cure::Remove);
    assert_eq!(ailment.cause.as_ref().unwrap().message, NO_TABLES);
    cure(&scene.deployer(), &ailment, &Consent::default()).await.unwrap();
    assert_eq!(scene.status("acme-data"), "none");
}

/// A preview is created in express mode, which is younger still.
#[tokio::test]
async fn an_endpoint_that_knows_neither_argument_is_asked_without_both() {
    let scene = Scene::empty(PREVIEW);
    scene.world().unknown.extend(["OnStackFailure", "DeploymentConfig"]);
    scene.world().script("acme-data", failing().stack("ROLLBACK_COMPLETE"));
    let error = scene.up(&[]).await.unwrap_err();
    assert!(matches!(error, DeployError::Failed { .. }), "it was begun: {error}");
    assert_eq!(deletes(&scene), [true, false, false]);
    assert_eq!(scene.heard.notes().len(), 2, "{:?}", scene.heard.notes());
}

/// Whether each change set asked for the stack to be deleted where its creation fails.
fn deletes(scene: &Scene) -> Vec<bool> {
    let delete = |asked| match asked {
        Asked::ChangeSet(request) => Some(request.delete_on_failure),
        _ => None,
    };
    scene.asked().into_iter().filter_map(delete).collect()
}
