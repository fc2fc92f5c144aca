//! The command line, as typed. What it means is decided in `commands`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    done, or nothing to do
  1    error, or some files could not be handled (they are listed)
  3    stopped before deleting many files; none of those deletions was made, other changes may be
       done already
  64   wrong usage
  69   the server or the object store can't be reached
  75   busy: another run works on the same directory
  77   not logged in, or not allowed
  130  interrupted; run the same command again to continue

Every flag can be set by an environment variable, SYNC_AGENT_ and its name (SYNC_AGENT_FORMAT=json).
SYNC_AGENT_LOG=sync=debug logs to standard error. NO_COLOR is honoured.";

/// Keep folders in sync with a sync server.
#[derive(Debug, Parser)]
#[command(name = "sync-agent", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
pub(crate) struct Global {
    /// How to print results; JSON goes to standard output, talk to standard error.
    #[arg(long, global = true, env = "SYNC_AGENT_FORMAT", default_value = "text")]
    pub(crate) format: Format,
    /// Print no progress and no summary.
    #[arg(short, long, global = true, env = "SYNC_AGENT_QUIET")]
    pub(crate) quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Login(LoginArgs),
    /// End this device's login.
    Logout,
    /// Show who is logged in and where.
    Whoami,
    /// List this account's devices, or end the login of one.
    Devices {
        /// End the login of the device with this id.
        #[arg(long, env = "SYNC_AGENT_REVOKE", value_name = "ID")]
        revoke: Option<String>,
    },
    /// Create, list and share spaces (shared folders).
    #[command(subcommand)]
    Space(SpaceCommand),
    /// Ask for, or stop, a mail digest of others' changes in a space.
    Mail {
        /// Whether to send them.
        mode: Mail,
        /// The space's name or id, or OWNER/NAME for one that is shared with you.
        space: String,
    },
    Push(PushArgs),
    Pull(PullArgs),
    /// List a directory of a space.
    Ls(LsArgs),
    /// List the versions of a file, newest first, or what was deleted in a directory.
    ///
    /// Of a file that was deleted, also when and by whom. `pull --revision` fetches a version,
    /// `restore` makes one the newest again.
    Versions {
        /// The file in a space, there or deleted; of a directory, the deleted files below it.
        #[arg(value_name = "SPACE:/PATH")]
        file: String,
    },
    Restore(RestoreArgs),
    Sync(SyncArgs),
    /// Compare local files with a space without changing anything.
    ///
    /// Exit code 1 if any file is not the newest.
    Check {
        /// A file or a directory.
        local: PathBuf,
        /// Where it belongs: the file itself, or the directory whose contents are compared.
        #[arg(value_name = "SPACE:/PATH")]
        remote: String,
    },
    /// Print a completion script for a shell.
    Completions {
        /// The shell to print it for.
        shell: Shell,
    },
    /// Print the version.
    Version,
}

/// Log in with an invitation or a password.
///
/// With a terminal, what is missing is asked for. Without one, secrets come from files or standard
/// input, never from arguments. The first login with an invitation, unattended:
///
///   sync-agent login http://127.0.0.1:8420 --login ada@example.com \
///       --invitation-file invitation.txt --password-file password.txt
///
/// With both --invitation-stdin and --password-stdin, the first line is the invitation and the
/// second the password. A file may be - for standard input.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct LoginArgs {
    /// The server, such as https://sync.example.com.
    pub(crate) url: String,
    /// Your e-mail address; not needed where the invitation was made for one.
    #[arg(long, env = "SYNC_AGENT_LOGIN", value_name = "EMAIL")]
    pub(crate) login: Option<String>,
    /// How this device shows up in `devices`; the machine's name by default.
    #[arg(long, env = "SYNC_AGENT_DEVICE", value_name = "NAME")]
    pub(crate) device: Option<String>,
    /// Read the invitation code from this file.
    #[arg(long, env = "SYNC_AGENT_INVITATION_FILE", value_name = "FILE")]
    pub(crate) invitation_file: Option<PathBuf>,
    /// Read the invitation code from standard input.
    #[arg(long, env = "SYNC_AGENT_INVITATION_STDIN", conflicts_with = "invitation_file")]
    pub(crate) invitation_stdin: bool,
    /// Read the password from this file; with an invitation, it becomes the password.
    #[arg(long, env = "SYNC_AGENT_PASSWORD_FILE", value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Read the password from standard input.
    #[arg(long, env = "SYNC_AGENT_PASSWORD_STDIN", conflicts_with = "password_file")]
    pub(crate) password_stdin: bool,
    /// Speak plain HTTP to another machine. Password and files travel unprotected.
    #[arg(long, env = "SYNC_AGENT_ALLOW_PLAIN_HTTP")]
    pub(crate) allow_plain_http: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SpaceCommand {
    /// Create a space that you own.
    Create {
        /// What to call it; 1 to 64 characters.
        name: String,
        /// Succeed if you have a space of this name already.
        #[arg(long, env = "SYNC_AGENT_IF_MISSING")]
        if_missing: bool,
    },
    /// List the spaces that you are a member of.
    List,
    /// Give somebody who has an account a role in a space, or change it.
    Share {
        /// The space's name or id, or OWNER/NAME for one that is shared with you.
        space: String,
        /// Whom to share it with.
        #[arg(value_name = "EMAIL")]
        login: String,
        /// What they may do: read, also write, or also share.
        #[arg(long, env = "SYNC_AGENT_ROLE", default_value = "editor")]
        role: RoleName,
    },
    /// List a space's members.
    Members {
        /// The space's name or id, or OWNER/NAME for one that is shared with you.
        space: String,
    },
    /// Remove a member from a space.
    Unshare {
        /// The space's name or id, or OWNER/NAME for one that is shared with you.
        space: String,
        /// Whom to remove.
        #[arg(value_name = "EMAIL")]
        login: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RoleName {
    Viewer,
    Editor,
    Owner,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Mail {
    On,
    Off,
}

/// Bring files and directories into a space, one way.
///
/// A directory lands under its own name; written with a trailing slash, its contents do. What is
/// there already with the same bytes is not sent again, so an interrupted push is continued by
/// running it again. A file whose name differs only in case from another file's in the space
/// replaces nothing: it is brought under a marked name, and that is told.
#[derive(Debug, Args)]
pub(crate) struct PushArgs {
    /// Files and directories on this machine.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) sources: Vec<PathBuf>,
    /// Where to put them: home:/photos, or home for the top of the space.
    #[arg(value_name = "SPACE:/PATH")]
    pub(crate) to: String,
}

/// Bring a file or directory of a space here, one way.
///
/// A directory lands under its own name; written with a trailing slash, its contents do. Local
/// files with other bytes are left alone unless --overwrite is given.
#[derive(Debug, Args)]
pub(crate) struct PullArgs {
    /// What to fetch: home:/photos, or home for everything.
    #[arg(value_name = "SPACE:/PATH")]
    pub(crate) from: String,
    /// Where to put it; created if missing.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) to: PathBuf,
    /// Replace local files that differ; the old ones move to DIR/.sync-agent/trash.
    #[arg(long, env = "SYNC_AGENT_OVERWRITE")]
    pub(crate) overwrite: bool,
    /// Of a file, there or deleted, this version, as `versions` shows it: 12 or r12.
    #[arg(long, env = "SYNC_AGENT_REVISION", value_name = "N", value_parser = revision)]
    pub(crate) revision: Option<u64>,
}

/// Bring back an earlier version of a file, or a deleted file.
///
/// The version becomes the newest one; what is the newest now stays in the history, so this can be
/// taken back in the same way. Of a deleted file, the last version comes back unless another one is
/// named; its earlier versions stay listed under the deleted one.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The file, there or deleted.
    #[arg(value_name = "SPACE:/PATH")]
    pub(crate) file: String,
    /// Which version, as `versions` shows it: 12 or r12.
    #[arg(long, env = "SYNC_AGENT_REVISION", value_name = "N", value_parser = revision)]
    pub(crate) revision: Option<u64>,
    /// Put it elsewhere: a place in the same space (SPACE:/PATH), or a file or directory here.
    #[arg(long, env = "SYNC_AGENT_TO", value_name = "PLACE")]
    pub(crate) to: Option<String>,
}

fn revision(text: &str) -> Result<u64, String> {
    let number = text.strip_prefix('r').unwrap_or(text).parse();
    number.map_err(|_| "a revision is a number, as in r12".to_owned())
}

#[derive(Debug, Args)]
pub(crate) struct LsArgs {
    /// What to list: home:/photos, or home for the top of the space.
    #[arg(value_name = "SPACE:/PATH")]
    pub(crate) path: String,
    /// Also what lies in directories below.
    #[arg(short, long, env = "SYNC_AGENT_RECURSIVE")]
    pub(crate) recursive: bool,
    /// The versions of the file at the path.
    #[arg(long, env = "SYNC_AGENT_VERSIONS", conflicts_with = "recursive")]
    pub(crate) versions: bool,
}

/// Synchronise a directory with a space, both ways.
///
/// Both sides' creations, edits, moves and deletions are carried over. Where both sides changed the
/// same file, the space's version keeps the name and yours is kept beside it as a conflict copy.
/// Local files that are removed or replaced move to DIR/.sync-agent/trash first.
///
/// A synchronised directory inside DIR is taken like any other, and its files belong to both; only
/// its private folder .sync-agent is left out. Links, sockets and devices are left out and told;
/// what the space has for such a place is counted. So are paths of more than 4,000 bytes: what would
/// get one by a move stays where it was, on either side, until it is moved to a shorter place.
///
/// Names that differ only in case or Unicode form can't lie side by side on macOS and Windows, so a
/// space has no two of them in one directory. Where Linux has both, one is renamed here, to `NAME
/// (name conflict)`, which is told; its content stays as it is.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// The directory on this machine; created if missing.
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// The space's name or id, or OWNER/NAME for one that is shared with you.
    pub(crate) space: String,
    /// Synchronise once and stop.
    #[arg(long, env = "SYNC_AGENT_ONCE")]
    pub(crate) once: bool,
    /// Go on where more than half of the files, and more than 20, would be deleted.
    #[arg(long, env = "SYNC_AGENT_ALLOW_MASS_DELETE")]
    pub(crate) allow_mass_delete: bool,
    /// Forget what this directory was synchronised with and join both sides; deletes nothing.
    #[arg(long, env = "SYNC_AGENT_JOIN")]
    pub(crate) join: bool,
}

/// Whether JSON was asked for, of arguments that could not be understood otherwise.
pub(crate) fn wants_json(arguments: impl Iterator<Item = OsString>) -> bool {
    let arguments: Vec<_> = arguments.collect();
    let flag = arguments.iter().enumerate().find_map(|(index, argument)| {
        let argument = argument.to_str()?;
        match argument.strip_prefix("--format=") {
            Some(value) => Some(value.to_owned()),
            None if argument == "--format" => Some(arguments.get(index + 1)?.to_str()?.to_owned()),
            None => None,
        }
    });
    flag.or_else(|| std::env::var("SYNC_AGENT_FORMAT").ok()).is_some_and(|value| value == "json")
}
