//! `push` and `pull`.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, SystemTime};

use protocol::error::ErrorCode;
use sync::pull::Different;

use crate::moments::{Moment, Scripted};
use crate::world::{World, noise, tree};

/// FS-1, FS-4: what is pushed comes back byte for byte, and a second push sends nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_tree_with_odd_names_comes_back_identical() {
    let world = World::start().await;
    let source = world.path("source");
    let deep = source.join("d/".repeat(60));
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("deep"), "deep").unwrap();
    for (name, content) in [
        ("empty", Vec::new()),
        ("new\nline", b"1".to_vec()),
        ("emoji 🦀 e\u{301}", b"2".to_vec()),
        (&"n".repeat(255), b"3".to_vec()),
        ("-rf", b"4".to_vec()),
        ("small", noise(1, 70_000)),
        ("same as small", noise(1, 70_000)),
        ("large", noise(2, 9_000_000)),
    ] {
        fs::write(source.join(name), content).unwrap();
    }
    for number in 0..1_000 {
        let directory = source.join(format!("many/{}", number % 10));
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(number.to_string()), number.to_string()).unwrap();
    }
    let tool = source.join("many/1/1");
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
    let then = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_789);
    fs::File::options().write(true).open(&tool).unwrap().set_modified(then).unwrap();

    let first = world.push(&source, "/").await;
    assert_eq!((first.files, first.created, first.problems.len()), (1_009, 1_009, 0));
    assert!(first.commits < 60, "FS: commits are batched, {} were made", first.commits);
    let second = world.push(&source, "/").await;
    assert_eq!((second.unchanged, second.commits, second.uploaded_bytes), (1_009, 0, 0), "I15");

    let target = world.path("target");
    let pulled = world.pull("/source", &target, Different::Keep).await;
    assert_eq!((pulled.downloaded, pulled.problems.len()), (1_009, 0));
    assert!(tree(&source) == tree(&target.join("source")));
    let tool = fs::metadata(target.join("source/many/1/1")).unwrap();
    assert_eq!((tool.permissions().mode() & 0o111, tool.modified().unwrap()), (0o111, then));
    let again = world.pull("/source", &target, Different::Keep).await;
    assert_eq!((again.unchanged, again.downloaded), (1_009, 0));
    assert!(!target.join(".sync-agent").exists(), "nothing of ours is left behind");
}

/// I16: an edit in the middle of a large file sends the chunks around it and no others.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_a_large_file_sends_little() {
    let world = World::start().await;
    let file = world.path("large");
    let mut bytes = noise(3, 60_000_000);
    fs::write(&file, &bytes).unwrap();
    world.push(&file, "/").await;
    bytes.splice(30_000_000..30_000_000, *b"inserted");
    fs::write(&file, &bytes).unwrap();
    let summary = world.push(&file, "/").await;
    assert_eq!((summary.updated, summary.created), (1, 0));
    assert!(summary.uploaded_bytes <= 3 * 16 * 1024 * 1024, "{}", summary.uploaded_bytes);
    assert!(summary.already_there_bytes > 10_000_000);
    let target = world.path("target");
    world.pull("/large", &target, Different::Keep).await;
    assert!(fs::read(target.join("large")).unwrap() == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_differ_only_in_case_are_both_kept() {
    let world = World::start().await;
    let source = world.path("source");
    fs::create_dir_all(source.join("Straße")).unwrap();
    fs::create_dir_all(source.join("STRASSE")).unwrap();
    fs::write(source.join("Straße/a"), "1").unwrap();
    fs::write(source.join("STRASSE/a"), "2").unwrap();
    fs::write(source.join("Readme"), "3").unwrap();
    fs::write(source.join("README"), "4").unwrap();
    let summary = world.push(&source, "/").await;
    assert_eq!(summary.created, 4);
    assert_eq!(summary.problems.len(), 2, "both collisions are told");
    let again = world.push(&source, "/").await;
    assert_eq!((again.unchanged, again.commits), (4, 0), "the names stay the same");
    let target = world.path("target");
    world.pull("/source", &target, Different::Keep).await;
    let kept: HashSet<_> = tree(&target).into_values().flatten().collect();
    assert_eq!(kept, [b"1", b"2", b"3", b"4"].map(|value| value.to_vec()).into());
}

/// What the space has under a name that differs only in case is another file, and stays.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_differs_in_case_from_one_in_the_space_replaces_nothing() {
    let world = World::start().await;
    let (first, second) = (world.path("first"), world.path("second"));
    for (folder, name, content) in [
        (&first, "README", "theirs"),
        (&first, "caf\u{e9}", "old"),
        (&second, "readme", "mine"),
        (&second, "cafe\u{301}", "new"),
    ] {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(name), content).unwrap();
    }
    world.push(&first.join(""), "/HP").await;
    for (source, to) in
        [("second/readme", "/HP/"), ("second/", "/HP"), ("second/readme", "/HP/readme")]
    {
        let pushed = world.push(&world.path(source), to).await;
        let renamed: Vec<_> = pushed.problems.iter().map(|problem| &problem.kept_as).collect();
        assert_eq!(renamed, [&Some("readme (name conflict)".to_owned())], "{source}");
        let problem = &pushed.problems[0];
        assert!(problem.reason.contains("the space has README") && !problem.failed);
    }
    // The same letters in another Unicode form are the same name.
    let target = world.path("target");
    world.pull("/HP/", &target, Different::Keep).await;
    let kept: Vec<_> = tree(&target).into_iter().collect();
    let expected = [("README", "theirs"), ("caf\u{e9}", "new"), ("readme (name conflict)", "mine")];
    assert_eq!(kept, expected.map(|(name, text)| (name.into(), Some(text.as_bytes().to_vec()))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_file_with_other_bytes_is_never_lost() {
    let world = World::start().await;
    let source = world.path("note");
    fs::write(&source, "theirs").unwrap();
    world.push(&source, "/").await;
    let target = world.path("target");
    fs::create_dir_all(&target).unwrap();
    fs::write(target.join("note"), "mine").unwrap();
    let kept = world.pull("/note", &target, Different::Keep).await;
    assert!(kept.problems[0].failed);
    assert_eq!(fs::read(target.join("note")).unwrap(), b"mine");
    let replaced = world.pull("/note", &target, Different::Replace).await;
    assert_eq!((replaced.replaced, replaced.problems.len()), (1, 0));
    assert_eq!(fs::read(target.join("note")).unwrap(), b"theirs");
    let trash = tree(&target.join(".sync-agent/trash"));
    assert!(trash.values().any(|content| content.as_deref() == Some(b"mine")));
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_reported_and_never_followed() {
    let world = World::start().await;
    let source = world.path("source");
    fs::create_dir_all(source.join("inside")).unwrap();
    fs::write(source.join("inside/a"), "1").unwrap();
    symlink("/etc/hostname", source.join("link")).unwrap();
    let pushed = world.push(&source, "/").await;
    assert_eq!((pushed.files, pushed.problems.len()), (1, 1));
    assert!(!pushed.problems[0].failed);

    // A link here must not lead a download out of the directory.
    let (target, outside) = (world.path("target"), world.path("outside"));
    fs::create_dir_all(&target).unwrap();
    fs::create_dir_all(&outside).unwrap();
    symlink(&outside, target.join("inside")).unwrap();
    let pulled = world.pull("/source/", &target, Different::Replace).await;
    assert_eq!(pulled.downloaded, 0);
    assert!(pulled.problems.iter().any(|problem| problem.failed));
    assert!(tree(&outside).is_empty());
}

/// A file that somebody keeps writing to is never uploaded half.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_while_it_is_read_is_reported_or_whole() {
    let world = World::start().await;
    let file = world.path("log");
    let block = noise(5, 1_000_000);
    fs::write(&file, block.repeat(20)).unwrap();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let writing = file.clone();
    let writer = std::thread::spawn(move || {
        use std::io::Write;
        let mut out = fs::File::options().append(true).open(writing).unwrap();
        while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            out.write_all(b"more").unwrap();
        }
    });
    let busy = world.push(&file, "/").await;
    stop.send(()).unwrap();
    writer.join().unwrap();
    if busy.created == 0 {
        assert!(busy.problems[0].failed, "left out, and said so");
    }
    let quiet = world.push(&file, "/").await;
    assert_eq!(quiet.problems.len(), 0);
    let target = world.path("target");
    world.pull("/log", &target, Different::Keep).await;
    assert!(fs::read(&file).unwrap() == fs::read(target.join("log")).unwrap());
}

/// A server with a smaller limit than ours, or files of very many chunks, only take more calls.
#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_that_is_too_large_is_made_in_halves() {
    let world = World::start().await;
    let source = world.path("source");
    fs::create_dir_all(&source).unwrap();
    for number in 0..70 {
        fs::write(source.join(number.to_string()), number.to_string()).unwrap();
    }
    world.push(&source, "/").await;
    let target = world.path("target");
    for (most, pulled) in [(10, 70), (1, 70), (0, 0)] {
        let service = Scripted::new(&world.api, move |moment| match moment {
            Moment::Locate { items } if *items > most => Err(ErrorCode::TooLarge),
            _ => Ok(()),
        });
        let target = target.join(most.to_string());
        let keep = Different::Keep;
        let summary = world.pull_through(service.clone(), "/source", &target, keep).await.unwrap();
        assert_eq!(summary.downloaded, pulled, "at most {most}");
        assert!(service.seen().len() <= 7 + 140, "{} calls", service.seen().len());
        if pulled > 0 {
            assert!(tree(&source) == tree(&target.join("source")));
        } else {
            assert_eq!(summary.problems.len(), 70);
        }
    }
}

/// One line says that a file is in the way, on either side, however much lies below.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_where_a_directory_should_be_is_told_once() {
    let world = World::start().await;
    let (source, note) = (world.path("source"), world.path("note"));
    fs::create_dir_all(source.join("below/it")).unwrap();
    fs::write(source.join("below/it/a"), "1").unwrap();
    fs::write(source.join("b"), "2").unwrap();
    fs::write(&note, "3").unwrap();
    world.push(&note, "/").await;
    let refused = world.push_through(world.api.clone(), &source, "/note").await.unwrap_err();
    assert!(refused.to_string().starts_with("/note is a file in the space"), "{refused}");

    fs::rename(&note, world.path("below")).unwrap();
    world.push(&world.path("below"), "/source/").await;
    let pushed = world.push(&source, "/").await;
    assert_eq!((pushed.created, pushed.problems.len()), (1, 1), "{:?}", pushed.problems);
    assert_eq!(pushed.problems[0].path, "/source/below");

    let target = world.path("below");
    let refused = world.pull_through(world.api.clone(), "/note", &target, Different::Keep).await;
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("not a directory to put things in") && text.contains("--overwrite"));
    assert_eq!(fs::read(&target).unwrap(), b"3");
}
