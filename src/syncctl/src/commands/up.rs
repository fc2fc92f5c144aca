use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use local::{Connection, Programs, Running, UpOutcome};
use serde::Serialize;

use crate::accounts::{Entry, Service};
use crate::aws::apply::Request;
use crate::aws::flags::{self, ServiceRole, Waiting};
use crate::aws::{self, Session};
use crate::commands::lifetime::Lifetime;
use crate::deployment;
use crate::env_vars;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::invitation::{self, InvitationDocument, InvitationFile};
use crate::reporter::ProgressReporter;
use crate::ui::Ui;
use crate::ui::units;

/// Bring the service up, or to what the blueprint says now
///
/// Returns when the endpoint answers. While nobody has an account, a fresh start prints an
/// invitation for the first user; it works once and is not shown again. Running it again changes
/// nothing and says so. The service goes on in the background until `syncctl down`.
#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    /// Write the first user's invitation to this new file (mode 0600) instead of printing it
    #[arg(long, value_name = "FILE", env = env_vars::UP_INVITATION_FILE, hide_env = true)]
    invitation_file: Option<PathBuf>,
    #[command(flatten)]
    lifetime: Lifetime,
    #[command(flatten)]
    role: ServiceRole,
    #[command(flatten)]
    waiting: Waiting,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    outcome: Outcome,
    name: &'a str,
    endpoint: &'a str,
    /// What clients have to trust, where the certificate is self-made.
    #[serde(skip_serializing_if = "Option::is_none")]
    authority: Option<&'a std::path::Path>,
    data_dir: &'a std::path::Path,
    servers: u8,
    zones: u8,
    /// Parts that were started or replaced in a running service.
    replaced: &'a [String],
    seconds: f64,
    /// For the first user; absent once somebody has an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<InvitationDocument>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Started,
    Unchanged,
    Changed,
}

/// Where the first user's invitation goes.
enum Destination {
    Printed,
    File(InvitationFile),
    /// An earlier `up` wrote it into the file that was asked for. Another one would end it and
    /// leave a dead code there.
    WrittenBefore,
}

/// Who can log in after this `up`.
enum FirstUser {
    Invited(InvitationDocument),
    /// Nobody has an account. Until when the invitation can be redeemed that an earlier `up` has
    /// made; `None` where it has ended.
    Awaited(Option<Timestamp>),
    /// Somebody has an account.
    Known,
}

pub(crate) fn run(args: UpArgs, ui: &mut Ui) -> Result<ExitCode> {
    let deployment = deployment::load_with_ttl(ui, args.lifetime.ttl())?;
    if deployment.is_aws() {
        let mut session = Session::open(deployment, ui)?;
        session.set_service_role(args.role.role_arn);
        let request = Request { waiting: args.waiting, ..Request::default() };
        return aws::up::run(&session, &request, args.invitation_file, ui);
    }
    flags::refuse_here(&args.role, &args.waiting)?;
    deployment.refuse_unsupported()?;
    let spec = deployment.local_spec()?;
    let installed = deployment.programs()?;
    ui.detail(&format!("Server program {}.", installed.syncd.display()));
    let has_run = local::DataDir::open(&spec.data_dir).is_ok();
    if has_run {
        // Told here, at once: the engines would be started again and again to say it in their log.
        engines::check_formats(&spec.data_dir)?;
    }
    let destination = match args.invitation_file {
        Some(path) if has_run && path.exists() => {
            ui.note(&format!("{} is there already and stays as it is.", path.display()));
            Destination::WrittenBefore
        }
        path => invitation::reserve(path)?.map_or(Destination::Printed, Destination::File),
    };
    let programs = Programs { syncctl: installed.syncctl, syncd: installed.syncd };
    let begun = Instant::now();
    let up = {
        let reporter = ProgressReporter::new(ui.settings(), "starting");
        local::up(&spec, &programs, &reporter)?
    };
    let elapsed = begun.elapsed();
    let connection = local::connection(&up.running().data_dir)?;
    let first_user = first_user(&up, &connection, destination)?;
    let entry = Entry::of(&connection);
    report(deployment.name(), &up, elapsed, first_user, &entry, ui)?;
    Ok(ExitCode::Done)
}

/// Invites the first user after a fresh start, or when a new file for it was asked for; otherwise
/// an invitation that is already on its way stays valid.
fn first_user(
    up: &UpOutcome,
    connection: &Connection,
    destination: Destination,
) -> Result<FirstUser> {
    let service = Service::open(connection)?;
    let (is_to_be_invited, file) = match destination {
        Destination::Printed => (matches!(up, UpOutcome::Started(_)), None),
        Destination::File(file) => (true, Some(file)),
        Destination::WrittenBefore => (false, None),
    };
    if is_to_be_invited {
        let invited = service.run(|accounts| async move { accounts.invite_first().await })?;
        return match invited {
            Some(invitation) => Ok(FirstUser::Invited(invitation::deliver(&invitation, file)?)),
            None => Ok(FirstUser::Known),
        };
    }
    let (known, pending) = service
        .run(|accounts| async move { tokio::try_join!(accounts.list(), accounts.pending()) })?;
    if !known.is_empty() {
        return Ok(FirstUser::Known);
    }
    // Only the first user's has no login: that user chooses one.
    let first = pending.into_iter().find(|invitation| invitation.login.is_none());
    Ok(FirstUser::Awaited(first.map(|invitation| invitation.expires_at)))
}

fn report(
    name: &str,
    up: &UpOutcome,
    elapsed: Duration,
    first_user: FirstUser,
    entry: &Entry,
    ui: &mut Ui,
) -> Result<()> {
    let running = up.running();
    if !ui.is_json() {
        headline(name, up, elapsed, ui)?;
        place(running, entry, ui)?;
        return next_steps(&first_user, entry, ui);
    }
    let (outcome, replaced) = match up {
        UpOutcome::Started(_) => (Outcome::Started, &[][..]),
        UpOutcome::AlreadyRunning(_) => (Outcome::Unchanged, &[][..]),
        UpOutcome::Changed { replaced, .. } => (Outcome::Changed, &replaced[..]),
    };
    let invitation = match first_user {
        FirstUser::Invited(invitation) => Some(invitation),
        FirstUser::Awaited(_) | FirstUser::Known => None,
    };
    let document = Document {
        outcome,
        name,
        endpoint: &running.endpoint,
        authority: entry.authority.as_deref(),
        data_dir: &running.data_dir,
        servers: running.servers,
        zones: running.zones,
        replaced,
        seconds: elapsed.as_secs_f64(),
        invitation,
    };
    ui.json("syncctl/up/1", &document)
}

fn headline(name: &str, up: &UpOutcome, elapsed: Duration, ui: &mut Ui) -> Result<()> {
    let after = units::seconds(elapsed);
    let style = ui.style();
    ui.line(&match up {
        UpOutcome::Started(_) => style.green(&format!("{name} is up after {after}.")),
        UpOutcome::AlreadyRunning(_) => format!("{name} is up already; nothing changed."),
        UpOutcome::Changed { replaced, .. } if replaced.is_empty() => {
            format!("{name} follows the blueprint now; no part had to be replaced.")
        }
        UpOutcome::Changed { replaced, .. } => {
            style.green(&format!("{name} is changed after {after}: {}.", replaced.join(", ")))
        }
    })
}

fn place(running: &Running, entry: &Entry, ui: &mut Ui) -> Result<()> {
    let (servers, zones) = (u64::from(running.servers), u64::from(running.zones));
    ui.line("")?;
    ui.line(&format!("  Endpoint  {}", ui.style().bold(&running.endpoint)))?;
    ui.line(&format!(
        "  Servers   {} in {}",
        units::count(servers, "server", "servers"),
        units::count(zones.min(servers), "zone", "zones")
    ))?;
    ui.line(&format!("  Data      {}", running.data_dir.display()))?;
    match &entry.authority {
        Some(path) => ui.line(&format!("  Trust     {}", path.display())),
        None => Ok(()),
    }
}

fn next_steps(first_user: &FirstUser, entry: &Entry, ui: &mut Ui) -> Result<()> {
    match first_user {
        FirstUser::Invited(invitation) => {
            ui.line("")?;
            invitation::report(invitation, ui)?;
            ui.note("\nNext:");
            for command in invitation::login_commands(invitation, entry) {
                ui.note(&format!("  {command}"));
            }
            ui.note("  sync-agent space create home && sync-agent push FILE… home:/");
        }
        FirstUser::Awaited(open) => ui.note(&format!("\n{}", awaited(*open))),
        FirstUser::Known => {}
    }
    Ok(())
}

/// Only a digest of an invitation is stored, so an open one can be told of but not shown.
fn awaited(open: Option<Timestamp>) -> String {
    match open {
        Some(until) => format!(
            "Nobody has an account yet. The first user's invitation is still open, until {}.\n\
             It was shown once and ends when anybody makes an account. To replace a lost one:\n\
             `syncctl user add EMAIL`.",
            invitation::moment(until)
        ),
        None => {
            "Nobody has an account yet. Invite somebody with `syncctl user add EMAIL`.".to_owned()
        }
    }
}
