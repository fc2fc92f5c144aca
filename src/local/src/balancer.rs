//! The load balancer: one process between the clients and the servers, on Pingora.
//!
//! It depends on nobody while it runs: it reads which servers there are from a file, probes them
//! itself and keeps serving when the supervisor is gone.

mod chunks;
pub(crate) mod config;
mod connection;
mod front;
mod head;
mod health;
mod hesitant;
pub(crate) mod limits;
mod loan;
mod proxy;
mod refusal;
mod self_made;
pub(crate) use self::proxy::HEALTH_PATH;
mod registry;
pub(crate) mod report;
mod seats;
pub(crate) mod tls;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use pingora::listeners::tls::Acceptor;
use pingora::listeners::{L4BufferSettings, ListenerConfig};
use pingora::proxy::HttpProxy;
use pingora::server::configuration::ServerConf;
use pingora::server::{RunArgs, Server, ShutdownSignal, ShutdownSignalWatch};
use pingora::services::listening::Service;
use tokio::sync::watch;

use self::config::BalancerConfig;
use self::front::Front;
use self::registry::Registry;
use self::seats::Seats;
use crate::data::DataDir;
use crate::error::{LocalError, Result};

/// Attempts at other servers for one request, beyond the first.
pub(super) const MOST_RETRIES: usize = 4;

/// Serves until SIGTERM or SIGINT, then finishes what is in flight within the drain limit.
pub(crate) fn run(data: &DataDir) -> Result<()> {
    let config = BalancerConfig::read(data)?;
    // Pingora panics (after half a minute of tries) on a taken port; this gives a reason at once.
    drop(TcpListener::bind(config.listen).map_err(|source| match source.kind() {
        std::io::ErrorKind::AddrInUse => {
            LocalError::PortTaken { address: config.listen, holder: None }
        }
        _ => LocalError::CannotListen { address: config.listen, source },
    })?);
    let connections = limits::connections(config.max_connections, raise_file_limit());
    if connections < config.max_connections {
        tracing::warn!(connections, "the limit of open files lowers the limit of connections");
    }
    // Half of the requests may be unfinished: the other half is for those that have arrived.
    let seats = Seats::new(connections, config.max_requests.div_ceil(2), config.times);
    let acceptor = tls::acceptor(data, &config)?;
    let registry = Arc::new(Registry::default());
    registry.apply(&config);
    health::start(&registry, &config);
    config::follow(data.clone(), config.clone(), Arc::clone(&registry));
    report::start(data.clone(), Arc::clone(&registry), Arc::clone(&seats));
    serve(&config, &registry, &seats, acceptor)
}

fn serve(
    config: &BalancerConfig,
    registry: &Arc<Registry>,
    seats: &Arc<Seats>,
    acceptor: Option<Acceptor>,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| LocalError::CannotListen { address: config.listen, source })?;
    let (stop, stopping) = watch::channel(false);
    let server_config = config.clone();
    let balancer = proxy::Balancer::new(Arc::clone(registry), Arc::clone(seats), config);
    let server_seats = Arc::clone(seats);
    // Pingora makes its own runtimes, so it gets a thread of its own.
    let pingora = std::thread::spawn(move || {
        run_pingora(&server_config, balancer, server_seats, acceptor, stopping);
    });
    runtime.block_on(async {
        let mut liveness = tokio::time::interval(Duration::from_millis(200));
        let wait = termination();
        tokio::pin!(wait);
        loop {
            tokio::select! {
                () = &mut wait => break,
                _ = liveness.tick() => if pingora.is_finished() { break },
            }
        }
    });
    if pingora.is_finished() {
        return Err(LocalError::CannotListen {
            address: config.listen,
            source: std::io::Error::other("the server ended by itself"),
        });
    }
    tracing::info!(in_flight = registry.in_flight(), "draining");
    // Nobody listens on the other side only when Pingora is gone already.
    let _ = stop.send(true);
    let deadline = Instant::now() + config.drain_timeout;
    while registry.in_flight() > 0 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    // Lets the last answers leave. Returning ends the process and Pingora's threads with it.
    std::thread::sleep(Duration::from_millis(20));
    tracing::info!(in_flight = registry.in_flight(), "stopped");
    Ok(())
}

fn run_pingora(
    config: &BalancerConfig,
    balancer: proxy::Balancer,
    seats: Arc<Seats>,
    acceptor: Option<Acceptor>,
    stopping: watch::Receiver<bool>,
) {
    let server_conf = ServerConf {
        threads: std::thread::available_parallelism().map_or(2, |count| count.get().clamp(2, 8)),
        grace_period_seconds: Some(config.drain_timeout.as_secs() + 1),
        graceful_shutdown_timeout_seconds: Some(1),
        // It counts the first attempt as well.
        max_retries: MOST_RETRIES + 1,
        upstream_keepalive_pool_size: 256,
        ..ServerConf::default()
    };
    let mut server = Server::new_with_opt_and_conf(None, server_conf);
    server.bootstrap();
    let mut proxy = HttpProxy::new(balancer, Arc::clone(&server.configuration));
    proxy.handle_init_modules();
    let mut service = Service::new("balancer".to_owned(), Front::new(proxy, seats, acceptor));
    // The connection has its own place for what it reads ahead.
    let endpoint = ListenerConfig::tcp(config.listen.to_string())
        .l4_buffer(L4BufferSettings { read: Some(0), write: None });
    service.add_listener(endpoint);
    server.add_service(service);
    server.run(RunArgs { shutdown_signal: Box::new(StopWatch(stopping)) });
}

/// Hands our own signal to Pingora, which would otherwise install its own handlers.
struct StopWatch(watch::Receiver<bool>);

#[async_trait]
impl ShutdownSignalWatch for StopWatch {
    async fn recv(&self) -> ShutdownSignal {
        let mut stopping = self.0.clone();
        // An error means that the sender is gone, which is a reason to stop as well.
        let _ = stopping.wait_for(|stop| *stop).await;
        ShutdownSignal::GracefulTerminate
    }
}

/// Resolves on SIGTERM or SIGINT.
pub(crate) async fn termination() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        }
        // Without handlers the default action ends the process, which is a stop too.
        _ => std::future::pending().await,
    }
}

/// One connection from a client and one to a server per request: the usual soft limit is too low.
/// Says how many files may be open then; `None` without a limit.
fn raise_file_limit() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised =
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    if let Err(error) = raised {
        tracing::warn!(%error, "the limit of open files stays as it is");
        return limit.current;
    }
    limit.maximum
}
