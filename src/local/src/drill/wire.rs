//! A client's connection to the entry, over TLS where the entry speaks it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned,
};

use crate::component::reachable;
use crate::spec::LocalSpec;

/// A connection whatever carries it.
pub(super) trait Wire: Read + Write {}

impl<Stream: Read + Write> Wire for Stream {}

/// Makes connections to the entry of one deployment.
pub(super) struct Dialer {
    address: SocketAddr,
    /// How to speak it where the entry asks for it; a drill that fell back to plain HTTP would be answered
    /// by the balancer alone.
    tls: Option<Result<Arc<ClientConfig>, Error>>,
    patience: Duration,
}

impl Dialer {
    pub(super) fn new(spec: &LocalSpec, patience: Duration) -> Self {
        let tls = spec.tls.as_ref().map(|_| client_config());
        Self { address: reachable(spec.listen), tls, patience }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn dial(&self) -> io::Result<Box<dyn Wire>> {
        let stream = TcpStream::connect_timeout(&self.address, self.patience)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(self.patience))?;
        stream.set_write_timeout(Some(self.patience))?;
        let Some(config) = &self.tls else { return Ok(Box::new(stream)) };
        let config = config.as_ref().map_err(|error| io::Error::other(error.clone()))?;
        let name = ServerName::from(self.address.ip());
        let session = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        // The handshake is made with the first bytes that are written.
        Ok(Box::new(StreamOwned::new(session, stream)))
    }
}

fn client_config() -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(ring::default_provider());
    let trust = Arc::new(Anybody(Arc::clone(&provider)));
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(trust)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Trusts every certificate: a drill asks this machine whether it answers and sends no secret, and
/// a certificate from files may be for a name that leads elsewhere.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
