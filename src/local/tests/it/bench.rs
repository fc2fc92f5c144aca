//! A balancer process alone, before servers of the test's choosing.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

use crate::support::{Answer, eventually, free_address, request, stand_in};

/// A client's connection, whatever carries it.
pub(crate) trait Wire: Read + Write {}

impl<Stream: Read + Write> Wire for Stream {}

/// A balancer process and its servers; all end with it.
pub(crate) struct Bench {
    _folder: tempfile::TempDir,
    pub(crate) data: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) servers: Vec<Child>,
    pub(crate) balancer: Child,
}

impl Bench {
    pub(crate) fn with_servers(count: usize) -> Self {
        Self::with(count, |_| ())
    }

    /// With a change to what the balancer is given.
    pub(crate) fn with(count: usize, change: impl FnOnce(&mut Value)) -> Self {
        let addresses: Vec<SocketAddr> = (0..count).map(|_| free_address()).collect();
        let servers = addresses.iter().map(|address| server(*address)).collect();
        let bench = Self::before(addresses, servers, change);
        if count > 0 {
            eventually("a request comes through", || bench.get("/instance").status == 200);
        }
        bench
    }

    /// In front of servers that run already.
    pub(crate) fn before(
        addresses: Vec<SocketAddr>,
        servers: Vec<Child>,
        change: impl FnOnce(&mut Value),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        local::DataDir::open_or_create(&data).unwrap();
        let listen = free_address();
        let mut config = config(listen, &addresses);
        change(&mut config);
        write_config(&data, &config);
        let balancer =
            Command::new(stand_in()).args(["__balancer", "--data"]).arg(&data).spawn().unwrap();
        let bench = Self { _folder: folder, data, listen, addresses, servers, balancer };
        eventually("the balancer answers", || {
            request(listen, "GET", "/-/balancer/health", "", &[])
                .is_ok_and(|answer| answer.status == 200)
        });
        bench
    }

    /// A connection with patience, over TLS where the balancer has made itself a certificate.
    pub(crate) fn dial(&self) -> Box<dyn Wire> {
        let stream = TcpStream::connect(self.listen).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let authority = self.data.join("secrets/tls-authority.pem");
        if !authority.exists() {
            return Box::new(stream);
        }
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::from(self.listen.ip());
        let session = ClientConnection::new(Arc::new(config), name).unwrap();
        Box::new(StreamOwned::new(session, stream))
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        request(self.listen, "GET", path, "", &[]).unwrap()
    }

    /// Whether the balancer's own report has this text.
    pub(crate) fn reports(&self, text: &str) -> bool {
        std::fs::read_to_string(self.data.join("run/balancer.json"))
            .is_ok_and(|report| report.contains(text))
    }

    /// Most memory the balancer has ever had, in bytes.
    pub(crate) fn peak_memory(&self) -> usize {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.balancer.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_ascii_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        for child in self.servers.iter_mut().chain([&mut self.balancer]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub(crate) fn server(address: SocketAddr) -> Child {
    Command::new(stand_in())
        .env("SYNCD_LISTEN", address.to_string())
        .env("SYNCD_INSTANCE", address.to_string())
        .spawn()
        .unwrap()
}

/// What the supervisor would write, with short times.
pub(crate) fn config(listen: SocketAddr, servers: &[SocketAddr]) -> Value {
    let backends: Vec<_> = servers
        .iter()
        .map(|address| {
            serde_json::json!({ "name": address.to_string(), "zone": "a", "address": address, "launch": "1",
                "draining": false })
        })
        .collect();
    serde_json::json!({
        "listen": listen, "max_requests": 100, "drain_timeout": { "secs": 3, "nanos": 0 },
        "health": { "path": "/health", "interval": { "secs": 0, "nanos": 300_000_000 },
            "timeout": { "secs": 0, "nanos": 250_000_000 }, "unhealthy": 2, "healthy": 2 },
        "backends": backends,
    })
}

pub(crate) fn write_config(data: &Path, config: &Value) {
    let next = data.join("run/next");
    std::fs::write(&next, config.to_string()).unwrap();
    std::fs::rename(next, data.join("run/backends.json")).unwrap();
}
