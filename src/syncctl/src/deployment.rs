//! From what was typed to what is meant: which blueprint, resolved, as a local specification.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use blueprint::deployment::Accounts;
use blueprint::values::Architecture;
use blueprint::{Certificate, Deployment, FilePath, Resolved, Target};
use local::{LocalSpec, TlsSpec};

use crate::error::{CliError, Kind, Result, from_blueprint};
use crate::programs::{self, Installed};
use crate::ui::Ui;

mod of_previews;
pub(crate) mod source;

pub(crate) use of_previews::{load_for_previews, load_or_by_name};
pub(crate) use source::{DEFAULT_FILE, Source, find};

/// Sender of the local target's mail when the blueprint names none. It leaves this machine nowhere.
const LOCAL_SENDER: &str = "sync@localhost.localdomain";

/// A blueprint that is valid, with the flags and variables applied.
pub(crate) struct Chosen {
    resolved: Resolved,
    /// The blueprint as it was named.
    source: String,
    /// What `--data-dir` named; wins over the blueprint.
    data_dir: Option<PathBuf>,
}

/// Finds, reads and resolves the blueprint of this command; shows its warnings.
pub(crate) fn load(ui: &mut Ui) -> Result<Chosen> {
    load_with_ttl(ui, None)
}

/// The same with a time of its own, for commands that take `--ttl`.
pub(crate) fn load_with_ttl(ui: &mut Ui, ttl: Option<&str>) -> Result<Chosen> {
    let source = source::find_with_ttl(ui, ttl)?;
    let resolved = resolve(&source, ui)?;
    ui.detail(&format!("Blueprint digest {}.", resolved.deployment().digest()));
    ui.every_detail(&resolved.to_yaml(true));
    Ok(Chosen { resolved, source: source.name, data_dir: ui.settings().data_dir.clone() })
}

/// The same for commands that want to know where each value came from.
pub(crate) fn resolve(source: &Source, ui: &mut Ui) -> Result<Resolved> {
    let color = ui.settings().terminal.color_stderr;
    let resolved = source.resolve().map_err(|found| from_blueprint::error(&found, color))?;
    if !resolved.warnings().is_empty() {
        ui.findings(&resolved.warnings().render(color));
    }
    Ok(resolved)
}

/// Better now than a service that nobody can log in to.
pub(crate) fn refuse_unsupported(deployment: &Deployment) -> Result<()> {
    match deployment.identity.accounts {
        Accounts::Builtin => Ok(()),
        Accounts::Oidc { .. } => Err(CliError::new(
            Kind::BlueprintInvalid,
            "identity.accounts.oidc: servers of this release keep accounts of their own only",
        )
        .hint("write `identity: { accounts: builtin }`, or leave it out")),
    }
}

impl Chosen {
    pub(crate) fn name(&self) -> &str {
        self.deployment().name.as_str()
    }

    /// The blueprint's result.
    pub(crate) fn deployment(&self) -> &Deployment {
        self.resolved.deployment()
    }

    /// Refuses what a blueprint can say and this release cannot do.
    pub(crate) fn refuse_unsupported(&self) -> Result<()> {
        refuse_unsupported(self.deployment())
    }

    /// Whether it runs on AWS.
    pub(crate) fn is_aws(&self) -> bool {
        self.deployment().target == Target::Aws
    }

    /// The processors of its servers.
    pub(crate) fn architecture(&self) -> Architecture {
        self.deployment().servers.instance.architecture()
    }

    /// The blueprint with the story of its values, and its name.
    pub(crate) fn into_parts(self) -> (Resolved, String) {
        (self.resolved, self.source)
    }

    /// Whether destroying needs the name typed.
    pub(crate) fn is_protected(&self) -> bool {
        self.deployment().protect
    }

    /// Where the local target keeps everything; absolute.
    pub(crate) fn data_dir(&self) -> Result<PathBuf> {
        self.require_local()?;
        let from_blueprint = self.deployment().local.data.as_ref().map(|path| path.as_str().into());
        match self.data_dir.clone().or(from_blueprint) {
            Some(path) => absolute(&path),
            None => Ok(data_home()?.join("syncctl").join(self.name())),
        }
    }

    pub(crate) fn local_spec(&self) -> Result<LocalSpec> {
        let Deployment { network, entry, servers, rollout, email, local, .. } = self.deployment();
        let mut spec = LocalSpec::new(self.name(), self.data_dir()?);
        spec.listen = SocketAddr::new(local.listen.ip(), local.port);
        spec.max_connections = local.connections as usize;
        spec.tls = tls(entry.certificate.as_ref(), local.certificate_key.as_ref())?;
        spec.servers = small(servers.desired);
        spec.least_servers = small(servers.min);
        spec.most_servers = small(servers.max);
        spec.scale.cpu = servers.scale.cpu.map(|percent| percent.get());
        spec.scale.requests = servers.scale.requests;
        spec.bake = rollout.bake.to_std();
        spec.zones = small(network.zones);
        spec.health = local::HealthSpec {
            path: entry.health.path.as_str().to_owned(),
            interval: entry.health.interval.to_std(),
            timeout: entry.health.timeout.to_std(),
            unhealthy: entry.health.unhealthy,
            healthy: entry.health.healthy,
        };
        spec.mail_from =
            email.from.as_ref().map_or(LOCAL_SENDER, |address| address.as_str()).to_owned();
        spec.digest_interval = email.digest.to_std();
        spec.protect = self.deployment().protect;
        spec.blueprint_digest = self.deployment().digest();
        Ok(spec)
    }

    /// The programs to run: the bundled server, or the one the blueprint names.
    pub(crate) fn programs(&self) -> Result<Installed> {
        match self.deployment().servers.release.path() {
            Some(path) => programs::with_server(Path::new(path)),
            None => programs::find(),
        }
    }

    /// What the blueprint says of the server program: `bundled`, or a path.
    pub(crate) fn named_release(&self) -> String {
        self.deployment().servers.release.to_string()
    }

    fn require_local(&self) -> Result<()> {
        match self.deployment().target {
            Target::Local => Ok(()),
            Target::Aws => Err(CliError::new(
                Kind::Failed,
                format!("this command is for `target: local`, and `{}` runs on AWS", self.name()),
            )
            .hint("to try the service on this machine, add `--set target=local`")),
        }
    }
}

/// A certificate of AWS rests on this machine; the blueprint has said so.
fn tls(certificate: Option<&Certificate>, key: Option<&FilePath>) -> Result<Option<TlsSpec>> {
    Ok(match certificate {
        None | Some(Certificate::Existing(_) | Certificate::Requested) => None,
        Some(Certificate::SelfMade) => Some(TlsSpec::SelfMade),
        Some(Certificate::File(path)) => Some(TlsSpec::Files {
            certificate: absolute(Path::new(path.as_str()))?,
            key: absolute(Path::new(key.unwrap_or(path).as_str()))?,
        }),
    })
}

/// A count the blueprint has limited already.
fn small(count: u32) -> u8 {
    u8::try_from(count).unwrap_or(u8::MAX)
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path)
        .map_err(|error| CliError::io(format!("cannot use the path {}", path.display()), &error))
}

/// `$XDG_DATA_HOME`, which must be absolute to count, else `~/.local/share`.
fn data_home() -> Result<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let chosen = variable("XDG_DATA_HOME").filter(|path| path.is_absolute());
    let home = || variable("HOME").filter(|path| path.is_absolute());
    chosen.or_else(|| Some(home()?.join(".local/share"))).ok_or_else(|| {
        CliError::new(Kind::Failed, "cannot tell where to keep data: HOME is not set")
            .hint("name a directory with --data-dir")
    })
}
