//! `sync --once` between two machines.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use protocol::id::FileId;
use protocol::space::Role;
use sync::error::SyncError;
use sync::synchronise::{MassDelete, Pairing};

use crate::world::{World, tree};

#[tokio::test(flavor = "multi_thread")]
async fn changes_travel_both_ways_and_then_there_is_silence() {
    let world = World::start().await;
    let (one, two) = (world.device("one"), world.device("two"));
    one.write("a", "a1");
    one.write("sub/b", "b1");
    one.write("empty", "");
    fs::create_dir_all(one.directory.join("hollow")).unwrap();
    two.write("c", "c1");
    world.sync(&one).await;
    world.sync(&two).await;
    world.sync(&one).await;
    assert_eq!(one.tree(), two.tree());
    assert_eq!(world.listing().await, ["/a", "/c", "/empty", "/hollow", "/sub", "/sub/b"]);

    one.write("a", "a2");
    two.remove("sub/b");
    two.write("new", "n1");
    world.sync(&one).await;
    world.sync(&two).await;
    let summary = world.sync(&one).await;
    assert_eq!((summary.deleted_here, summary.received, summary.conflicts), (1, 1, 0));
    assert_eq!(one.tree(), two.tree());
    assert_eq!(two.read("a"), b"a2");
    let trash = tree(&one.directory.join(".sync-agent/trash"));
    assert!(trash.values().any(|content| content.as_deref() == Some(b"b1")), "I5");

    for device in [&one, &two] {
        let quiet = world.sync(device).await;
        assert_eq!((quiet.commits, quiet.uploaded_bytes, quiet.downloaded_bytes), (0, 0, 0), "I15");
    }
}

/// I2, I7: the copy has one name everywhere, equal bytes make none.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_edits_keep_both_and_equal_ones_do_not_conflict() {
    let world = World::start().await;
    let (one, two) = (world.device("one"), world.device("two"));
    one.write("note.txt", "old");
    one.write("same.txt", "old");
    world.sync(&one).await;
    world.sync(&two).await;
    for (device, text) in [(&one, "from one"), (&two, "from two")] {
        device.write("note.txt", text);
        device.write("same.txt", "both wrote this");
    }
    world.sync(&one).await;
    let summary = world.sync(&two).await;
    assert_eq!(summary.conflicts, 1);
    world.sync(&one).await;
    assert_eq!(one.tree(), two.tree());
    assert_eq!(one.read("note.txt"), b"from one");
    assert_eq!(one.tree().len(), 3);
    let copies = one.tree().into_values().flatten();
    assert!(copies.filter(|content| content == b"from two").count() == 1);
}

/// I8.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_beats_a_deletion_on_either_side() {
    let world = World::start().await;
    let (one, two) = (world.device("one"), world.device("two"));
    one.write("a", "1");
    one.write("d/b", "1");
    world.sync(&one).await;
    world.sync(&two).await;
    one.remove("a");
    two.write("a", "2");
    one.write("d/b", "2");
    fs::remove_dir_all(two.directory.join("d")).unwrap();
    for device in [&one, &two, &one, &two] {
        world.sync(device).await;
    }
    assert_eq!(one.tree(), two.tree());
    assert_eq!((one.read("a"), one.read("d/b")), (b"2".to_vec(), b"2".to_vec()));
}

/// I16: a rename is one small commit and no content.
#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_directory_moves_without_content() {
    let world = World::start().await;
    let (one, two) = (world.device("one"), world.device("two"));
    for number in 0..50 {
        one.write(&format!("photos/{number}"), format!("photo {number}"));
    }
    world.sync(&one).await;
    world.sync(&two).await;
    one.rename("photos", "pictures/2026");
    let sent = world.sync(&one).await;
    assert_eq!((sent.uploaded_bytes, sent.sent, sent.moved_there), (0, 0, 1));
    let received = world.sync(&two).await;
    assert_eq!((received.downloaded_bytes, received.moved_here), (0, 1));
    assert_eq!(one.tree(), two.tree());
}

/// Each renamed directory takes a round of its own; what is new in the last of them is no newcomer.
#[tokio::test(flavor = "multi_thread")]
async fn many_renamed_directories_keep_no_new_file_waiting() {
    const DIRECTORIES: usize = 14;
    let world = World::start().await;
    let (one, two) = (world.device("one"), world.device("two"));
    for number in 0..DIRECTORIES {
        one.write(&format!("album {number}/first"), format!("photo {number}"));
    }
    world.sync(&one).await;
    world.sync(&two).await;
    for number in 0..DIRECTORIES {
        two.rename(&format!("album {number}"), &format!("year {number}"));
        one.write(&format!("album {number}/second"), format!("another {number}"));
    }
    world.sync(&two).await;
    let summary = world.sync(&one).await;
    assert!(summary.problems.is_empty(), "{:?}", summary.problems);
    assert_eq!((summary.moved_here, summary.sent), (DIRECTORIES as u64, DIRECTORIES as u64));
    world.sync(&two).await;
    assert_eq!(one.tree(), two.tree());
    assert_eq!(two.read("year 13/second"), b"another 13");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_or_missing_directory_deletes_nothing() {
    let world = World::start().await;
    let one = world.device("one");
    one.write("a", "1");
    world.sync(&one).await;
    fs::remove_dir_all(&one.directory).unwrap();
    let gone = world.try_sync(&one, Pairing::Continue).await;
    assert!(matches!(gone, Err(SyncError::RootLost { .. })));
    fs::create_dir_all(&one.directory).unwrap();
    let empty = world.try_sync(&one, Pairing::Continue).await;
    assert!(matches!(empty, Err(SyncError::RootLost { .. })));
    assert_eq!(world.listing().await, ["/a"]);
    world.try_sync(&one, Pairing::Afresh).await.unwrap();
    assert_eq!(one.read("a"), b"1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mass_deletion_asks_first() {
    let world = World::start().await;
    let mut one = world.device("one");
    for number in 0..30 {
        one.write(&number.to_string(), "x");
    }
    world.sync(&one).await;
    for number in 0..25 {
        one.remove(&number.to_string());
    }
    let stopped = world.try_sync(&one, Pairing::Continue).await;
    assert!(matches!(stopped, Err(SyncError::MassDelete { deletes: 25, files: 30, .. })));
    assert_eq!(world.listing().await.len(), 30);
    one.mass_delete = MassDelete::Allow;
    assert_eq!(world.sync(&one).await.deleted_there, 25);
}

/// A lost state file means joining again: nothing is deleted, nothing is sent twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_state_joins_both_sides() {
    let world = World::start().await;
    let (one, two) = (world.device("one"), world.device("two"));
    one.write("a", "1");
    one.write("b", "1");
    world.sync(&one).await;
    world.sync(&two).await;
    two.remove("b");
    world.sync(&two).await;
    fs::remove_dir_all(&one.state).unwrap();
    let joined = world.sync(&one).await;
    assert_eq!((joined.deleted_here, joined.conflicts), (0, 0));
    assert_eq!(one.read("b"), b"1", "unknown files are kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn local_names_that_the_space_can_not_tell_apart_get_a_mark() {
    let world = World::start().await;
    let (one, two) = (world.device("one"), world.device("two"));
    one.write("case", "1");
    one.write("Case", "2");
    world.sync(&one).await;
    world.sync(&two).await;
    assert_eq!(one.tree(), two.tree());
    assert_eq!(one.tree().len(), 2);
    one.rename("Case", "CASE");
    world.sync(&one).await;
    world.sync(&two).await;
    assert_eq!(one.tree(), two.tree(), "a rename of the case alone is a move");
}

/// Directories are no files: they neither hide a mass deletion nor make one.
#[tokio::test(flavor = "multi_thread")]
async fn directories_do_not_hide_a_mass_deletion() {
    let world = World::start().await;
    let one = world.device("one");
    for number in 0..40 {
        fs::create_dir_all(one.directory.join(format!("directory {number}"))).unwrap();
    }
    for number in 0..30 {
        one.write(&format!("directory {number}/file"), "x");
    }
    world.sync(&one).await;
    for number in 0..30 {
        one.remove(&format!("directory {number}/file"));
    }
    let stopped = world.try_sync(&one, Pairing::Continue).await;
    assert!(matches!(stopped, Err(SyncError::MassDelete { deletes: 30, files: 30, .. })));
}

/// What another program removed and made again under other names is no mass deletion.
#[tokio::test(flavor = "multi_thread")]
async fn files_that_come_back_under_other_names_are_no_loss() {
    let world = World::start().await;
    let (one, two) = (world.device("one"), world.device("two"));
    for number in 0..30 {
        one.write(&format!("old/{number}"), format!("{}", number / 2));
    }
    world.sync(&one).await;
    world.sync(&two).await;
    for number in 0..30 {
        // Every content is there twice, so that nobody can tell which one moved where.
        one.write(&format!("new/{number}"), format!("{}", number / 2));
    }
    for number in 0..30 {
        one.remove(&format!("old/{number}"));
    }
    let sent = world.sync(&one).await;
    assert_eq!((sent.deleted_there, sent.sent), (30, 30));
    let received = world.sync(&two).await;
    assert_eq!((received.deleted_here, received.received), (30, 30));
    assert_eq!(one.tree(), two.tree());
    for number in 0..29 {
        two.remove(&format!("new/{number}"));
    }
    let stopped = world.try_sync(&two, Pairing::Continue).await;
    assert!(matches!(stopped, Err(SyncError::MassDelete { deletes: 29, files: 30, .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_in_the_place_of_a_file_or_directory_deletes_nothing() {
    let world = World::start().await;
    let one = world.device("one");
    one.write("photos/a", "1");
    one.write("note", "1");
    world.sync(&one).await;
    for name in ["photos", "note"] {
        one.rename(name, &format!("../moved {name}"));
        symlink(world.path(name), one.directory.join(name)).unwrap();
    }
    let summary = world.sync(&one).await;
    assert_eq!((summary.deleted_there, summary.problems.len()), (0, 2));
    assert_eq!(world.listing().await, ["/note", "/photos", "/photos/a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_file_stays_private_when_it_is_replaced() {
    let world = World::start().await;
    let (one, two) = (world.device("one"), world.device("two"));
    one.write("diary", "1");
    world.sync(&one).await;
    world.sync(&two).await;
    let mode = |name: &str| {
        let metadata = fs::metadata(two.directory.join(name)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    two.write("ordinary", "1");
    assert_eq!(mode("diary"), mode("ordinary"), "new files get what the mask leaves");
    fs::set_permissions(two.directory.join("diary"), fs::Permissions::from_mode(0o600)).unwrap();
    one.write("diary", "2");
    world.sync(&one).await;
    world.sync(&two).await;
    assert_eq!((two.read("diary"), mode("diary")), (b"2".to_vec(), 0o600));
}

/// A run that stopped right after an exchange left the user's old bytes among the downloads.
#[tokio::test(flavor = "multi_thread")]
async fn leftovers_of_an_interrupted_run_go_to_the_trash() {
    let world = World::start().await;
    let one = world.device("one");
    one.write("a", "1");
    world.sync(&one).await;
    one.write(".sync-agent/incoming/0123456789abcdef", "old bytes");
    one.write(".sync-agent/incoming/of-the-user.part", "foreign");
    let gone = FileId::from_random(1);
    one.write(&format!(".sync-agent/incoming/{gone}.1.part"), "beginning of what is gone");
    world.sync(&one).await;
    let incoming = tree(&one.directory.join(".sync-agent/incoming"));
    assert_eq!(incoming.into_keys().collect::<Vec<_>>(), [Path::new("of-the-user.part")]);
    let trash = tree(&one.directory.join(".sync-agent/trash"));
    assert!(trash.values().any(|content| content.as_deref() == Some(b"old bytes")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_our_own_folders_name_is_reported() {
    let world = World::start().await;
    let source = world.path(".sync-agent");
    fs::write(&source, "1").unwrap();
    world.push(&source, "/").await;
    let summary = world.sync(&world.device("one")).await;
    assert_eq!(summary.problems.len(), 1);
    assert_eq!(summary.problems[0].path, "/.sync-agent");
}

/// Our folder is never one that lies somewhere else.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_in_the_place_of_our_own_folder_is_refused() {
    let world = World::start().await;
    let elsewhere = world.path("elsewhere");
    fs::create_dir_all(&elsewhere).unwrap();
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o755)).unwrap();
    for (name, place) in [("one", ".sync-agent"), ("two", ".sync-agent/incoming")] {
        let device = world.device(name);
        let link = device.directory.join(place);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(&elsewhere, &link).unwrap();
        let refused = world.try_sync(&device, Pairing::Continue).await;
        let Err(SyncError::Refused(text)) = refused else { panic!("{refused:?}") };
        assert!(text.contains("is a symbolic link"), "{text}");
        let pulled = world.pull_through(
            world.api.clone(),
            "/",
            &device.directory,
            sync::pull::Different::Keep,
        );
        assert!(matches!(pulled.await, Err(SyncError::Refused(_))));
    }
    assert!(tree(&elsewhere).is_empty());
    let mode = fs::metadata(&elsewhere).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
}

/// Somebody who may only read gets everything, and is told what stays with them.
#[tokio::test(flavor = "multi_thread")]
async fn a_viewers_own_changes_do_not_hold_up_those_of_others() {
    let world = World::start().await;
    let (one, bobs) = (world.device("one"), world.device("bobs"));
    let bob = world.member("bob@example.com", Role::Viewer).await;
    for (name, content) in [("edited", "1"), ("removed", "2"), ("kept", "3"), ("mine", "4")] {
        one.write(name, content);
    }
    world.sync(&one).await;
    world.sync_through(bob.clone(), &bobs, Pairing::Continue).await.unwrap();
    bobs.write("mine", "bob's");
    bobs.write("new", "bob's too");
    bobs.remove("kept");
    one.write("edited", "changed");
    one.remove("removed");
    one.write("added", "5");
    world.sync(&one).await;
    let summary = world.sync_through(bob, &bobs, Pairing::Continue).await.unwrap();
    assert_eq!((summary.received, summary.deleted_here, summary.sent), (2, 1, 0));
    assert_eq!(bobs.read("edited"), b"changed");
    assert_eq!((bobs.read("mine"), bobs.read("new")), (b"bob's".to_vec(), b"bob's too".to_vec()));
    let reasons = summary.problems.iter().map(|problem| (&problem.path, &problem.reason));
    let told: Vec<_> = reasons.filter(|(_, reason)| reason.contains("here only")).collect();
    assert_eq!((told.len(), summary.problems.len()), (3, 3), "{:?}", summary.problems);
    assert_eq!(world.listing().await, ["/added", "/edited", "/kept", "/mine"]);
}

/// A link where a directory or a file was: what the space has for it is counted, not passed over.
#[tokio::test(flavor = "multi_thread")]
async fn changes_for_what_is_a_link_here_are_told() {
    let world = World::start().await;
    let (one, two) = (world.device("one"), world.device("two"));
    for path in ["x/a", "x/b", "x/sub/c", "note", "kept"] {
        one.write(path, "1");
    }
    world.sync(&one).await;
    world.sync(&two).await;
    two.rename("x", "../elsewhere");
    symlink(world.path("two/elsewhere"), two.directory.join("x")).unwrap();
    let quiet = world.sync(&two).await;
    assert_eq!((quiet.problems.len(), quiet.problems[0].failed), (1, false), "nothing is missing");
    symlink("/nowhere", two.directory.join("new")).unwrap();
    one.write("x/a", "2");
    one.remove("x/b");
    one.write("x/sub/new", "2");
    one.rename("kept", "x/kept");
    one.write("new", "2");
    one.write("note", "2");
    world.sync(&one).await;
    for _ in 0..2 {
        let summary = world.sync(&two).await;
        let failed: Vec<_> = summary.problems.iter().filter(|problem| problem.failed).collect();
        let told: Vec<_> = failed.iter().map(|problem| problem.reason.as_str()).collect();
        assert_eq!(
            told,
            [
                "1 change of the space can't be brought here: it is a symbolic link here",
                "4 changes of the space can't be brought here: it is a symbolic link here",
            ]
        );
        assert!(failed[1].path.ends_with("/x"), "{}", failed[1].path);
        assert_eq!(two.read("note"), b"2", "the rest goes on");
    }
    assert_eq!(fs::read(world.path("two/elsewhere/a")).unwrap(), b"1", "nothing is followed");
    fs::remove_file(two.directory.join("x")).unwrap();
    fs::remove_file(two.directory.join("new")).unwrap();
    fs::rename(world.path("two/elsewhere"), two.directory.join("x")).unwrap();
    assert!(world.sync(&two).await.problems.is_empty());
    assert_eq!(one.tree(), two.tree());
}
