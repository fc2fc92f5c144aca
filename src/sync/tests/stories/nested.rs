//! A synchronised directory inside another one.

use std::sync::Arc;

use protocol::commit::{CommitRequest, Content, Meta, Op};
use protocol::hash::ContentHash;
use protocol::id::{CommitId, FileId};
use protocol::space::CreateSpaceRequest;
use sync::clock::SystemClock;
use sync::pull::Different;
use sync::report::Silent;
use sync::service::Service;
use sync::synchronise::{MassDelete, Pairing, Request, synchronise};

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn its_files_belong_to_both_and_its_private_folder_to_itself() {
    let world = World::start().await;
    let (one, two) = (world.device("one"), world.device("two"));
    let request = CreateSpaceRequest { name: "inner".to_owned() };
    let request = Request {
        directory: one.directory.join("deep/inner"),
        space: world.api.create_space(&request).await.unwrap().id,
        state: one.state.clone(),
        mass_delete: MassDelete::Stop,
        pairing: Pairing::Continue,
    };
    let inner = || {
        let (clock, reporter) = (Arc::new(SystemClock), Arc::new(Silent));
        synchronise(world.api.clone(), clock, reporter, request.clone())
    };
    one.write("outer", "1");
    one.write("deep/inner/shared", "1");
    inner().await.unwrap();
    for _ in 0..2 {
        let summary = world.sync(&one).await;
        assert!(summary.problems.iter().all(|problem| !problem.failed));
        assert!(summary.problems[0].reason.contains("private folder"));
        assert_eq!(inner().await.unwrap().commits, 0);
    }
    assert_eq!(world.listing().await, ["/deep", "/deep/inner", "/deep/inner/shared", "/outer"]);
    world.sync(&two).await;
    two.write("deep/inner/shared", "2");
    world.sync(&two).await;
    world.sync(&one).await;
    assert_eq!(inner().await.unwrap().sent, 1, "it came from the outer one");
}

/// An earlier release uploaded such folders; with its marker, one would make a directory pass for
/// another.
#[tokio::test(flavor = "multi_thread")]
async fn a_private_folder_in_the_space_is_written_nowhere() {
    let world = World::start().await;
    let [outer, own, marker] = [1, 2, 3].map(FileId::from_random);
    let empty = Content { hash: ContentHash::of(b""), size: 0, extents: Vec::new() };
    let mkdir = |file: &FileId, parent: &FileId, name: &str| Op::Mkdir {
        file: file.clone(),
        parent: parent.clone(),
        name: name.parse().unwrap(),
        meta: Meta::default(),
    };
    let create = Op::Create {
        file: marker,
        parent: own.clone(),
        name: "root.json".parse().unwrap(),
        content: empty,
        meta: Meta::default(),
    };
    let root = FileId::root();
    let ops = vec![mkdir(&outer, &root, "docs"), mkdir(&own, &outer, ".sync-agent"), create];
    let commit = CommitId::from_random(rand::random());
    let request = CommitRequest { commit, session: None, ops };
    world.api.commit(&world.space, &request).await.unwrap();
    let one = world.device("one");
    let summary = world.sync(&one).await;
    assert_eq!((summary.problems.len(), summary.problems[0].failed), (1, false));
    assert!(one.directory.join("docs").is_dir());
    assert!(!one.directory.join("docs/.sync-agent").exists());
    world.pull("/", &world.path("pulled"), Different::Keep).await;
    assert!(!world.path("pulled/docs/.sync-agent").exists());
}
