//! What `up`, `down` and `purge` refuse, without touching anything (DP-1, DP-2).

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use local::{LocalError, Silent};

use crate::support::Deployment;

fn refused(deployment: &Deployment) -> LocalError {
    let error = local::up(&deployment.spec, &deployment.programs, &Silent).unwrap_err();
    assert!(!error.hint().is_empty());
    assert!(deployment.processes().is_empty());
    error
}

#[test]
fn a_foreign_directory_is_left_alone() {
    let deployment = Deployment::new();
    fs::create_dir(deployment.data()).unwrap();
    fs::write(deployment.data().join("thesis.txt"), "mine").unwrap();
    assert!(matches!(refused(&deployment), LocalError::ForeignDirectory { .. }));
    assert!(matches!(local::purge(deployment.data()), Err(LocalError::ForeignDirectory { .. })));
    assert_eq!(names(deployment.data()), ["thesis.txt"]);
}

#[test]
fn a_newer_format_is_left_alone() {
    let deployment = Deployment::new();
    fs::create_dir(deployment.data()).unwrap();
    let marker = r#"{"product":"syncctl-local-data","format":2,"written_by":"the future"}"#;
    fs::write(deployment.data().join("format.json"), marker).unwrap();
    assert!(matches!(refused(&deployment), LocalError::NewerFormat { found: 2, known: 1, .. }));
    assert!(matches!(local::down(deployment.data(), &Silent), Err(LocalError::NewerFormat { .. })));
    assert!(matches!(local::purge(deployment.data()), Err(LocalError::NewerFormat { .. })));
    assert_eq!(names(deployment.data()), ["format.json"]);
}

#[test]
fn open_secrets_and_links_are_refused() {
    let deployment = Deployment::started();
    local::down(deployment.data(), &Silent).unwrap();
    let secret = deployment.data().join("secrets/credentials");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(refused(&deployment), LocalError::TooOpen { mode: 0o640, .. }));
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();

    let link = deployment.outside().join("link");
    symlink(deployment.data(), &link).unwrap();
    assert!(matches!(local::purge(&link), Err(LocalError::SymbolicLink { .. })));
    assert!(deployment.data().join("format.json").exists());
}

#[test]
fn a_taken_port_names_its_holder_and_leaves_no_directory() {
    let deployment = Deployment::new();
    let holder = TcpListener::bind(deployment.spec.listen).unwrap();
    let error = refused(&deployment);
    let text = format!("{error} {}", error.hint());
    assert!(text.contains(&deployment.spec.listen.port().to_string()), "{text}");
    assert!(text.contains(&std::process::id().to_string()), "{text}");
    assert!(!deployment.data().exists());
    drop(holder);
}

#[test]
fn a_missing_server_program_is_told_before_anything_is_made() {
    let mut deployment = Deployment::new();
    deployment.programs.syncd = deployment.outside().join("syncd");
    assert!(matches!(refused(&deployment), LocalError::ProgramMissing { .. }));
    assert!(!deployment.data().exists());
}

#[test]
fn everything_made_is_private() {
    let deployment = Deployment::started();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(deployment.data()), 0o700);
    assert_eq!(mode(&deployment.data().join("secrets")), 0o700);
    assert_eq!(mode(&deployment.data().join("secrets/credentials")), 0o600);
    for log in fs::read_dir(deployment.data().join("log")).unwrap().flatten() {
        assert_eq!(mode(&log.path()), 0o600, "{}", log.path().display());
    }
    let secret = fs::read_to_string(deployment.data().join("secrets/credentials")).unwrap();
    let secret = secret.lines().last().unwrap().rsplit(' ').next().unwrap().to_owned();
    assert!(secret.len() >= 43);
    for pid in deployment.processes() {
        let shown = fs::read(format!("/proc/{pid}/environ")).unwrap();
        let shown =
            String::from_utf8_lossy(&shown).into_owned() + &crate::support::command_line(pid);
        assert!(!shown.contains(&secret), "process {pid} shows the secret");
        assert!(!shown.contains("HOME="), "process {pid} has more environment than it needs");
        assert_eq!(fs::read_link(format!("/proc/{pid}/cwd")).unwrap(), Path::new("/"));
    }
}

#[test]
fn purge_removes_our_files_and_no_others() {
    let deployment = Deployment::started();
    assert!(matches!(local::purge(deployment.data()), Err(LocalError::StillRunning { .. })));
    local::down(deployment.data(), &Silent).unwrap();
    let elsewhere = deployment.outside().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("kept"), "").unwrap();
    symlink(&elsewhere, deployment.data().join("objects/link")).unwrap();
    fs::write(deployment.data().join("notes.txt"), "mine").unwrap();
    assert!(matches!(local::purge(deployment.data()), Err(LocalError::ForeignFilesLeft { .. })));
    assert!(deployment.data().join("notes.txt").exists());
    fs::remove_file(deployment.data().join("notes.txt")).unwrap();
    local::purge(deployment.data()).unwrap();
    assert!(!deployment.data().exists());
    assert!(elsewhere.join("kept").exists());
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}
