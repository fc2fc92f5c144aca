//! The real program in a closed world: cleared environment, its own home, a server in this process.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rand::{RngCore, SeedableRng};
use tempfile::TempDir;
use testkit::{Front, PASSWORD, Service};

struct Machine {
    folder: TempDir,
}

impl Machine {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("password"), format!("{PASSWORD}\n")).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sync-agent"));
        command
            .env_clear()
            .env("HOME", self.folder.path())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .args(arguments);
        command
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    async fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {talk}");
        String::from_utf8(output.stdout).unwrap()
    }

    async fn fail(&self, arguments: &[&str], code: i32) -> String {
        let output = self.run(arguments).await;
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {talk}");
        talk
    }

    async fn log_in(&self, service: &Service) {
        self.log_in_at(&service.url, service).await;
    }

    async fn log_in_at(&self, url: &str, service: &Service) {
        let code = service.invitation("ada@example.com").await;
        std::fs::write(self.path("invitation"), code).unwrap();
        let flags = ["--invitation-file", "invitation", "--password-file", "password"];
        let login = ["login", url, "--login", "ada@example.com"];
        self.succeed(&[login.as_slice(), flags.as_slice()].concat()).await;
        self.succeed(&["space", "create", "home"]).await;
    }
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_login_needs_no_terminal_and_leaves_no_secret_readable() {
    let service = Service::start().await;
    let machine = Machine::new();
    assert!(machine.fail(&["whoami"], 77).await.contains("sync-agent login"));
    machine.log_in(&service).await;
    assert!(machine.succeed(&["whoami"]).await.starts_with("ada@example.com at http://127.0.0.1:"));
    let credentials = machine.path(".config/sync-agent/credentials.json");
    assert_eq!((mode(&credentials), mode(credentials.parent().unwrap())), (0o600, 0o700));
    let spaces = machine.succeed(&["space", "list", "--format", "json"]).await;
    assert!(spaces.contains("\"name\": \"home\""));
    machine.succeed(&["space", "create", "home", "--if-missing"]).await;
    machine.succeed(&["mail", "on", "home"]).await;
    machine.succeed(&["logout"]).await;
    machine.fail(&["space", "list"], 77).await;
    let url = service.url.as_str();
    let again = ["login", url, "--login", "ada@example.com", "--password-file", "password"];
    machine.succeed(&again).await;
    std::fs::write(machine.path("password"), "not this one").unwrap();
    machine.fail(&again, 77).await;
}

#[tokio::test]
async fn wrong_usage_says_what_to_write() {
    let machine = Machine::new();
    for (arguments, hint) in [
        (&["push", "file", "no/where"][..], "SPACE:/path, perhaps no:/where"),
        (&["login", "http://sync.example.com", "--login", "a@b.c"], "--allow-plain-http"),
        (&["login", "nonsense", "--login", "a@b.c"], "https://"),
        (&["login", "http://127.0.0.1:1", "--login", "a@b.c"], "--password-file"),
        (&["sync", ".", "home"], "--once"),
        (&["frobnicate"], "frobnicate"),
    ] {
        let talk = machine.fail(arguments, 64).await;
        assert!(talk.contains(hint), "{arguments:?}: {talk}");
    }
    let told = machine.run(&["ls", "no/where", "--format", "json"]).await;
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!((&told["format"], &told["exit_code"]), (&"sync-agent/error/1".into(), &64.into()));
    let told = machine.run(&["frobnicate", "--format=json"]).await;
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!((&told["format"], &told["exit_code"]), (&"sync-agent/error/1".into(), &64.into()));
    assert!(machine.succeed(&["version"]).await.starts_with("sync-agent "));
    assert!(machine.succeed(&["completions", "bash"]).await.contains("sync-agent"));
}

/// A push that is killed at any moment leaves no half file, and the next one brings the rest.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_push_is_finished_by_the_next_one() {
    let service = Service::start().await;
    let machine = Machine::new();
    machine.log_in(&service).await;
    let source = machine.path("source");
    std::fs::create_dir(&source).unwrap();
    let mut random = rand::rngs::StdRng::seed_from_u64(1);
    for number in 0..400 {
        let mut bytes = vec![0; 30_000 + number * 200];
        random.fill_bytes(&mut bytes);
        std::fs::write(source.join(number.to_string()), bytes).unwrap();
    }
    let mut kept = 0;
    for milliseconds in [60, 150, 300, 500, 800, 1200] {
        let mut child = machine.command(&["push", "source", "home:/"]).spawn().unwrap();
        // The moment is what is varied here; nothing waits for something to be ready.
        tokio::time::sleep(std::time::Duration::from_millis(milliseconds)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let check = machine.run(&["check", "source", "home:/source", "--format", "json"]).await;
        let check: serde_json::Value = serde_json::from_slice(&check.stdout).unwrap();
        let states = check["files"].as_array().unwrap().iter().map(|file| &file["state"]);
        let (current, others): (Vec<_>, Vec<_>) = states.partition(|state| *state == "current");
        assert!(others.iter().all(|state| *state == "missing"), "no half file is visible");
        assert!(current.len() >= kept, "what was committed stays");
        kept = current.len();
    }
    let finished = machine.succeed(&["push", "source", "home:/", "--format", "json"]).await;
    let finished: serde_json::Value = serde_json::from_str(&finished).unwrap();
    assert_eq!(
        (finished["files"].as_u64(), finished["unchanged"].as_u64()),
        (Some(400), Some(kept as u64))
    );
    machine.succeed(&["check", "source", "home:/source"]).await;
    machine.succeed(&["pull", "home:/source", "copy"]).await;
    machine.succeed(&["check", "copy/source", "home:/source"]).await;
}

/// A pull that is killed at any moment shows no half file, and the next one goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_pull_is_finished_by_the_next_one() {
    let service = Service::start().await;
    let machine = Machine::new();
    machine.log_in(&service).await;
    let source = machine.path("source");
    std::fs::create_dir(&source).unwrap();
    let mut random = rand::rngs::StdRng::seed_from_u64(2);
    let mut sizes = vec![120_000_000];
    sizes.extend((0..60).map(|number| 20_000 + number * 5_000));
    for (number, size) in sizes.into_iter().enumerate() {
        let mut bytes = vec![0; size];
        random.fill_bytes(&mut bytes);
        std::fs::write(source.join(number.to_string()), bytes).unwrap();
    }
    machine.succeed(&["push", "source/", "home:/"]).await;
    let incoming = machine.path("copy/.sync-agent/incoming");
    let beginnings = || {
        let partial = std::fs::read_dir(&incoming).into_iter().flatten();
        let partial = partial.filter_map(|entry| Some(entry.ok()?.path()));
        partial.filter(|path| path.extension().is_some_and(|end| end == "part")).count()
    };
    let mut resumable = 0;
    for milliseconds in [50, 150, 250, 350, 0] {
        let mut child = machine.command(&["pull", "home:/", "copy"]).spawn().unwrap();
        // The moment is what is varied here; the last one is in the middle of the large file.
        tokio::time::sleep(std::time::Duration::from_millis(milliseconds)).await;
        while milliseconds == 0 && beginnings() == 0 && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for entry in std::fs::read_dir(machine.path("copy")).into_iter().flatten() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                let original = std::fs::read(source.join(entry.file_name())).unwrap();
                assert!(
                    std::fs::read(entry.path()).unwrap() == original,
                    "no half file is visible"
                );
            }
        }
        resumable += beginnings();
    }
    assert!(resumable > 0, "the large file was never cut");
    machine.succeed(&["pull", "home:/", "copy"]).await;
    for number in 0..61 {
        let name = number.to_string();
        let copy = std::fs::read(machine.path("copy").join(&name)).unwrap();
        assert!(copy == std::fs::read(source.join(&name)).unwrap(), "{name}");
    }
}

/// What newcomers write and meet: short places, a header, an owner's name, a hint.
#[tokio::test(flavor = "multi_thread")]
async fn places_may_be_short_and_lists_say_whose() {
    let service = Service::start().await;
    let machine = Machine::new();
    machine.log_in(&service).await;
    std::fs::write(machine.path("note"), "1").unwrap();
    machine.succeed(&["push", "note", "home"]).await;
    machine.succeed(&["push", "note", "home:other"]).await;
    for place in ["home", "home:", "home:/"] {
        let listed = machine.succeed(&["ls", place]).await;
        assert!(listed.contains("note") && listed.contains("other"), "{place}: {listed}");
    }
    machine.succeed(&["sync", "files", "home:/", "--once"]).await;
    let told = machine.fail(&["pull", "home:note", "note"], 1).await;
    assert!(told.contains("not a directory to put things in") && !told.contains("os error"));

    let invitation = service.invitation("bob@example.com").await;
    let told = machine.fail(&["space", "share", "home", "bob@example.com"], 1).await;
    assert!(told.contains("has to log in once first"), "{told}");
    let bob = Machine::new();
    std::fs::write(bob.path("invitation"), invitation).unwrap();
    let flags = ["--invitation-file", "invitation", "--password-file", "password"];
    bob.succeed(&[&["login", service.url.as_str()][..], &flags].concat()).await;
    machine.succeed(&["space", "share", "home", "bob@example.com", "--role", "viewer"]).await;
    let mine = machine.succeed(&["space", "list"]).await;
    let row: Vec<_> = mine.lines().nth(1).unwrap().split_whitespace().collect();
    assert!(mine.starts_with("NAME  ROLE"), "{mine}");
    assert_eq!(row[..3], ["home", "owner", "you"]);
    let his = bob.succeed(&["space", "list"]).await;
    let row: Vec<_> = his.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[..3], ["home", "viewer", "ada@example.com"]);
    for (arguments, format) in [
        (&["whoami"][..], "whoami"),
        (&["space", "list"], "spaces"),
        (&["ls", "home"], "ls"),
        (&["mail", "off", "home"], "mail"),
        (&["sync", "files", "home", "--once"], "sync"),
        (&["logout"], "logout"),
    ] {
        let text = bob.succeed(&[arguments, &["--format", "json"]].concat()).await;
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["format"], format!("sync-agent/{format}/1"));
    }
}

/// Anybody may share a space that is called like one of yours.
#[tokio::test(flavor = "multi_thread")]
async fn your_own_space_wins_over_a_shared_one_of_its_name() {
    let service = Service::start().await;
    let ada = Machine::new();
    ada.log_in(&service).await;
    std::fs::write(ada.path("mine"), "1").unwrap();
    let flags = ["--invitation-file", "invitation", "--password-file", "password"];
    for login in ["eve@example.com", "bob@example.com"] {
        let other = Machine::new();
        std::fs::write(other.path("invitation"), service.invitation(login).await).unwrap();
        other.succeed(&[&["login", service.url.as_str()][..], &flags].concat()).await;
        std::fs::write(other.path("theirs"), "2").unwrap();
        for space in ["home", "notes"] {
            other.succeed(&["space", "create", space]).await;
            other.succeed(&["push", "theirs", space]).await;
            other.succeed(&["space", "share", space, "ada@example.com"]).await;
        }
    }
    let pushed = ada.run(&["push", "mine", "home"]).await;
    let told = String::from_utf8_lossy(&pushed.stderr).into_owned();
    assert!(pushed.status.success() && told.contains("home is your own space"), "{told}");
    assert!(told.contains("eve@example.com/home") && told.contains("bob@example.com/home"));
    ada.succeed(&["sync", "files", "home", "--once"]).await;
    assert!(ada.path("files/mine").exists() && !ada.path("files/theirs").exists());
    for place in ["eve@example.com/home", "Eve@example.com/home:/", "eve@example.com/notes:"] {
        let listed = ada.succeed(&["ls", place]).await;
        assert!(listed.contains("theirs") && !listed.contains("mine"), "{place}: {listed}");
    }
    ada.succeed(&["sync", "hers", "eve@example.com/notes", "--once"]).await;
    let told = ada.fail(&["ls", "notes"], 1).await;
    assert!(told.contains("eve@example.com/notes") && told.contains("bob@example.com/notes"));
    ada.fail(&["ls", "carol@example.com/notes"], 1).await;
}

/// An earlier version, and a file that was deleted with its directory, come back; nothing that was
/// there is lost by it.
#[tokio::test(flavor = "multi_thread")]
async fn earlier_versions_and_deleted_files_come_back() {
    let service = Service::start().await;
    let machine = Machine::new();
    machine.log_in(&service).await;
    std::fs::create_dir_all(machine.path("files/docs")).unwrap();
    let versions = async |place: &str| {
        let text = machine.succeed(&["versions", place, "--format", "json"]).await;
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    for text in ["one", "two", "three"] {
        std::fs::write(machine.path("files/docs/note"), text).unwrap();
        std::fs::write(machine.path("files/kept"), "kept").unwrap();
        machine.succeed(&["sync", "files", "home", "--once"]).await;
    }
    let list = versions("home:/docs/note").await;
    let revisions: Vec<_> =
        list["versions"].as_array().unwrap().iter().map(|row| row["rev"].to_string()).collect();
    assert_eq!(revisions.len(), 3);
    let first = revisions[2].as_str();
    machine.succeed(&["pull", "home:/docs/note", "old", "--revision", first]).await;
    assert_eq!(std::fs::read(machine.path("old/note")).unwrap(), b"one");
    let told = machine.fail(&["restore", "home:/docs/note"], 1).await;
    assert!(told.contains("--revision"), "{told}");
    machine.fail(&["restore", "home:/docs/note", "--revision", "999"], 1).await;
    machine.succeed(&["restore", "home:/docs/note", "--revision", &format!("r{first}")]).await;
    machine.succeed(&["sync", "files", "home", "--once"]).await;
    assert_eq!(std::fs::read(machine.path("files/docs/note")).unwrap(), b"one");
    assert_eq!(versions("home:/docs/note").await["versions"].as_array().unwrap().len(), 4);

    std::fs::remove_dir_all(machine.path("files/docs")).unwrap();
    machine.succeed(&["sync", "files", "home", "--once"]).await;
    let gone = versions("home:/docs/note").await;
    assert_eq!(gone["versions"].as_array().unwrap().len(), 4);
    assert!(gone["deleted"]["time"].is_string() && gone["deleted"]["user"].is_string());
    for place in ["home", "home:/docs"] {
        assert_eq!(versions(place).await["deleted"][0]["path"], "/docs/note");
    }
    machine.fail(&["versions", "home:/never"], 1).await;
    let listed = machine.succeed(&["versions", "home:/"]).await;
    assert!(listed.contains("ada@example.com") && listed.contains("/docs/note"), "{listed}");
    machine.fail(&["restore", "home:/docs/note", "--to", "home:/kept"], 1).await;
    machine
        .succeed(&["restore", "home:/docs/note", "--to", "home:/copy", "--revision", first])
        .await;
    machine.succeed(&["restore", "home:/docs/note", "--to", "here"]).await;
    machine
        .fail(&["restore", "home:/docs/note", "--to", "here", "--revision", &revisions[0]], 1)
        .await;
    let told = machine.succeed(&["restore", "home:/docs/note", "--format", "json"]).await;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["format"], &told["changed"]), (&"sync-agent/restore/1".into(), &true.into()));
    machine.succeed(&["sync", "files", "home", "--once"]).await;
    for (path, text) in [("files/docs/note", "one"), ("files/copy", "one"), ("here", "one")] {
        assert_eq!(std::fs::read_to_string(machine.path(path)).unwrap(), text, "{path}");
    }
    assert!(!machine.path(".local/state/sync-agent/restore").exists(), "nothing is left behind");
}

/// What changed is counted, and what is small has no speed.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_executable_bit_is_no_silence() {
    use std::os::unix::fs::PermissionsExt;
    let service = Service::start().await;
    let machine = Machine::new();
    machine.log_in(&service).await;
    std::fs::create_dir(machine.path("files")).unwrap();
    std::fs::write(machine.path("files/tool"), "1").unwrap();
    let talk =
        async |arguments: &[&str]| String::from_utf8(machine.run(arguments).await.stderr).unwrap();
    talk(&["sync", "files", "home", "--once"]).await;
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(machine.path("files/tool"), executable).unwrap();
    let told = talk(&["sync", "files", "home", "--once"]).await;
    assert!(told.starts_with("1 made executable or not in the space; 1 file in sync."), "{told}");
    let told = talk(&["push", "files/tool", "home:/copy"]).await;
    assert!(told.contains(" s);") && !told.contains("/s"), "{told}");
}

/// Nobody has to wonder for half a minute whether anything happens.
#[tokio::test]
async fn a_server_that_is_down_is_told_while_it_is_waited_for() {
    let machine = Machine::new();
    let url = "http://127.0.0.1:1";
    let login = ["login", url, "--login", "a@b.c", "--password-file", "password"];
    let silent = [&login[..], &["--quiet"]].concat();
    let (told, quiet) = tokio::join!(machine.fail(&login, 69), machine.fail(&silent, 69));
    assert_eq!(told.matches("does not answer; trying again").count(), 1, "{told}");
    assert!(!quiet.contains("trying again"), "{quiet}");
}

const BARE_ERRORS: [&str; 4] = [
    "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 14\r\n\r\n<h1>Sorry</h1>",
    "HTTP/1.1 503 Service Unavailable\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.1 504 Gateway Timeout\r\ncontent-length: 0\r\n\r\n",
];

/// I10: two of three requests meet a bad release or a balancer in trouble; nobody notices, and each
/// commit counts once.
#[tokio::test(flavor = "multi_thread")]
async fn bare_errors_on_the_way_are_waited_out() {
    let service = Service::start().await;
    let (mut number, mut errors) = (0, BARE_ERRORS.iter().cycle());
    let front = Front::start(&service.url, move |line| {
        // What works once is not repeated by itself.
        if line.contains("/redeem") || line.starts_with("POST /v1/spaces ") {
            return None;
        }
        number += 1;
        if number % 3 == 0 { None } else { errors.next().copied() }
    })
    .await;
    let machine = Machine::new();
    machine.log_in_at(&front.url, &service).await;
    std::fs::create_dir(machine.path("source")).unwrap();
    for number in 0..30 {
        std::fs::write(machine.path(&format!("source/{number}")), format!("{number}")).unwrap();
    }
    machine.succeed(&["push", "source", "home:/"]).await;
    machine.succeed(&["sync", "files", "home", "--once"]).await;
    std::fs::write(machine.path("files/source/7"), "changed").unwrap();
    machine.succeed(&["sync", "files", "home", "--once"]).await;
    machine.succeed(&["pull", "home:/source/", "copy"]).await;
    assert_eq!(std::fs::read(machine.path("copy/7")).unwrap(), b"changed");
    assert_eq!(std::fs::read(machine.path("copy/8")).unwrap(), b"8");
    let commits = front.seen().iter().filter(|line| line.contains("/commits ")).count();
    assert!(commits > 2, "a commit met an error as well");
    let versions = machine.succeed(&["versions", "home:/source/8", "--format", "json"]).await;
    let versions: serde_json::Value = serde_json::from_str(&versions).unwrap();
    assert_eq!(versions["versions"].as_array().unwrap().len(), 1, "and was carried out once");
}

/// Whether an invitation was used up by a request without an answer is for the person to find out.
#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_sent_once() {
    let service = Service::start().await;
    let front = Front::start(&service.url, |_| Some(BARE_ERRORS[1])).await;
    let machine = Machine::new();
    std::fs::write(machine.path("invitation"), "an invitation").unwrap();
    let flags = ["--invitation-file", "invitation", "--password-file", "password"];
    let told = machine.fail(&[&["login", front.url.as_str()][..], &flags].concat(), 69).await;
    let what = format!("error: {}/v1/invitations/redeem answered 502 Bad Gateway\n", front.url);
    assert!(told.contains(&what), "{told}");
    assert!(told.contains("log in with the password alone"), "{told}");
    assert_eq!(front.seen().len(), 1);
}
