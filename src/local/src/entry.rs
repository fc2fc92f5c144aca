//! The hidden entry points: what `syncctl __supervisor`, `__balancer` and `__engines` run.

use std::path::Path;
use std::process::{Command, ExitCode};

use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::component::{BUCKET, READER_ROLE, REGION, TABLE, WRITER_ROLE};
use crate::data::DataDir;
use crate::data::secrets::read_credential;
use crate::desired::Desired;
use crate::error::{LocalError, Result};
use crate::layout::{ENGINES_API, ENGINES_S3, Layout};
use crate::sessions::sessions_file;
use crate::supervisor::outage::disk_file;

/// Says that the process has been started again already, to have a session of its own.
const ENV_AGAIN: &str = "SYNCCTL_LOCAL_AGAIN";

/// Supervises. The first call starts a second process in a session of its own and returns.
pub fn supervisor(data_dir: &Path) -> ExitCode {
    start_log();
    // A process that leads a group can't begin a session; its child can. The kernel is asked by
    // trying: inside a process namespace, the ids of group and session may say nothing.
    if let Err(error) = rustix::process::setsid() {
        if std::env::var_os(ENV_AGAIN).is_none() {
            return conclude(again());
        }
        tracing::warn!(%error, "no session of its own");
    }
    conclude(DataDir::open(data_dir).and_then(|data| crate::supervisor::run(&data)))
}

/// Balances.
pub fn balancer(data_dir: &Path) -> ExitCode {
    start_log();
    conclude(DataDir::open(data_dir).and_then(|data| crate::balancer::run(&data)))
}

/// Serves the embedded engines.
pub fn engines(data_dir: &Path) -> ExitCode {
    start_log();
    conclude(DataDir::open(data_dir).and_then(|data| serve_engines(&data)))
}

fn again() -> Result<()> {
    let program = std::env::current_exe()
        .map_err(|error| LocalError::io("find", Path::new("syncctl"), error))?;
    let started =
        Command::new(&program).args(std::env::args_os().skip(1)).env(ENV_AGAIN, "1").spawn();
    started
        .map(drop)
        .map_err(|error| LocalError::ProgramMissing { path: program, reason: error.to_string() })
}

fn serve_engines(data: &DataDir) -> Result<()> {
    let damaged = |reason: &str| LocalError::Damaged {
        path: data.root().to_owned(),
        reason: reason.to_owned(),
    };
    let desired = Desired::read(data)?.ok_or_else(|| damaged("nothing says what should run"))?;
    let layout = Layout::read(data);
    let (Some(s3), Some(api)) = (layout.get(ENGINES_S3), layout.get(ENGINES_API)) else {
        return Err(damaged("the engines have no address"));
    };
    let root = read_credential(&data.credentials_file())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| LocalError::io("start a runtime for", data.root(), error))?;
    let config = engines::EnginesConfig {
        data_dir: data.root().to_owned(),
        s3_listen: s3,
        api_listen: api,
        root: engines::RootCredential {
            access_key_id: root.access_key_id,
            secret_access_key: root.secret_access_key,
        },
        table: TABLE.to_owned(),
        bucket: BUCKET.to_owned(),
        writer_role_arn: WRITER_ROLE.to_owned(),
        reader_role_arn: READER_ROLE.to_owned(),
        mail_from: Some(desired.spec.mail_from),
        region: REGION.to_owned(),
    };
    runtime.block_on(async {
        let listen = |address| async move {
            TcpListener::bind(address)
                .await
                .map_err(|source| LocalError::CannotListen { address, source })
        };
        let (s3, api) = (listen(s3).await?, listen(api).await?);
        let limits = engines::Limits {
            full_until: Some(disk_file(data)),
            ended_sessions: Some(sessions_file(data)),
            ..Default::default()
        };
        let end = crate::balancer::termination();
        engines::serve_within(config, limits, s3, api, end).await.map_err(|error| {
            LocalError::DoesNotStart {
                component: crate::component::ENGINES.to_owned(),
                reason: error.to_string(),
                log_tail: Vec::new(),
            }
        })
    })
}

/// JSON lines to standard error, which is the component's log file.
fn start_log() {
    let filter = EnvFilter::try_from_env("SYNCCTL_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // A second call in one process (tests) keeps the first.
    let _ = tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A full disk costs log lines, never the process: the fallback would panic.
        .log_internal_errors(false)
        .try_init();
}

fn conclude(outcome: Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let cause =
                std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            tracing::error!(%error, cause, hint = error.hint(), "cannot go on");
            ExitCode::FAILURE
        }
    }
}
