//! HTTPS at the entry: which certificate is shown, and what becomes of plain HTTP there.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use pingora::listeners::tls::Acceptor;
use pingora::tls::{
    ClientHello, CryptoProvider, ResolvesServerCert, ServerConfig, install_default_crypto_provider,
    load_certs_and_key_files, sign, version,
};

use super::config::BalancerConfig;
use super::self_made::SelfMade;
use crate::data::DataDir;
use crate::data::files::Stamp;
use crate::error::{LocalError, Result};
use crate::spec::TlsSpec;

/// How often a replaced file is looked for, and the end of a certificate of our own.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// What accepts TLS on the entry's connections; follows its files for as long as the process lives.
///
/// # Errors
/// Files that can't be read, or that hold no certificate and its key.
pub(super) fn acceptor(data: &DataDir, config: &BalancerConfig) -> Result<Option<Acceptor>> {
    let Some(spec) = &config.tls else { return Ok(None) };
    install_default_crypto_provider();
    let source = match spec {
        TlsSpec::Files { certificate, key } => {
            Source { certificate: certificate.clone(), key: key.clone(), made: None }
        }
        TlsSpec::SelfMade => {
            let made = SelfMade::new(data, config.listen.ip());
            made.ensure()?;
            Source { certificate: made.certificate(), key: made.certificate(), made: Some(made) }
        }
    };
    let current = Arc::new(Current(RwLock::new(source.load()?)));
    source.follow(Arc::clone(&current));
    let mut server =
        ServerConfig::builder_with_protocol_versions(&[&version::TLS12, &version::TLS13])
            .with_no_client_auth()
            .with_cert_resolver(current);
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(Acceptor::from_server_config(Arc::new(server))))
}

/// Refuses files that the balancer could not use; changes nothing.
///
/// # Errors
/// The file that is wrong, and why.
pub(crate) fn check(spec: &TlsSpec) -> Result<()> {
    let TlsSpec::Files { certificate, key } = spec else { return Ok(()) };
    install_default_crypto_provider();
    Source { certificate: certificate.clone(), key: key.clone(), made: None }.load().map(drop)
}

struct Source {
    certificate: PathBuf,
    key: PathBuf,
    made: Option<SelfMade>,
}

impl Source {
    fn load(&self) -> Result<Arc<sign::CertifiedKey>> {
        let bad =
            |path: &Path, reason: String| LocalError::Certificate { path: path.to_owned(), reason };
        let (certificate, key) = (self.certificate.to_string_lossy(), self.key.to_string_lossy());
        for (path, what) in [(&self.certificate, "CERTIFICATE"), (&self.key, "PRIVATE KEY")] {
            let text = std::fs::read(path).map_err(|error| bad(path, error.to_string()))?;
            if !holds(&text, what) {
                let what = what.to_ascii_lowercase();
                return Err(bad(path, format!("a {what} in PEM form is missing from it")));
            }
        }
        let (chain, private) = load_certs_and_key_files(&certificate, &key)
            .map_err(|error| bad(&self.certificate, format!("its PEM is damaged: {error}")))?
            .ok_or_else(|| bad(&self.key, "its private key cannot be read".to_owned()))?;
        let provider = CryptoProvider::get_default()
            .ok_or_else(|| bad(&self.key, "TLS is not set up".to_owned()))?;
        sign::CertifiedKey::from_der(chain, private, provider).map(Arc::new).map_err(|error| {
            bad(&self.key, format!("the key does not fit the certificate: {error}"))
        })
    }

    fn follow(self, current: Arc<Current>) {
        let stamps = move |source: &Self| (Stamp::of(&source.certificate), Stamp::of(&source.key));
        let mut seen = stamps(&self);
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(LOOK_AGAIN);
                if let Some(Err(error)) = self.made.as_ref().map(SelfMade::ensure) {
                    tracing::warn!(%error, "cannot renew the certificate");
                }
                let now = stamps(&self);
                if now == seen {
                    continue;
                }
                seen = now;
                match self.load() {
                    Ok(key) => {
                        *current.0.write().unwrap_or_else(PoisonError::into_inner) = key;
                        tracing::info!(path = %self.certificate.display(), "certificate replaced");
                    }
                    // Half of a pair may be new already; the last good one stays in force.
                    Err(error) => tracing::warn!(%error, "the certificate stays as it is"),
                }
            }
        });
    }
}

/// Whether a text has a PEM section of this kind, such as `-----BEGIN EC PRIVATE KEY-----`.
fn holds(text: &[u8], what: &str) -> bool {
    String::from_utf8_lossy(text).lines().any(|line| {
        line.trim_end()
            .strip_prefix("-----BEGIN ")
            .and_then(|rest| rest.strip_suffix("-----"))
            .is_some_and(|kind| kind.ends_with(what))
    })
}

/// The certificate of this moment, whatever name the client asks for.
struct Current(RwLock<Arc<sign::CertifiedKey>>);

impl std::fmt::Debug for Current {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Current")
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<sign::CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}
