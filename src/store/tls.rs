//! How the connection to the database is encrypted, in the words of the PostgreSQL client library.
//!
//! `prefer` encrypts when the server offers it and does not check the certificate, exactly like `sslmode=prefer`
//! there; `verify-full` checks it against a file of trusted authorities. Nothing between the two is offered.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::sync::Arc;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Whether a database connection is encrypted, and whom it trusts.
#[derive(Clone)]
pub struct Encryption {
    mode: SslMode,
    rustls: Arc<ClientConfig>,
}

impl Encryption {
    /// Reads `DB_SSLMODE` (`disable`, `prefer`, `verify-full`; `prefer` when absent) and `DB_SSLROOTCERT` (a PEM file).
    ///
    /// **Errors:** what can't be used, in words that fit after the variable's name.
    pub fn read(mode: Option<&str>, root_file: Option<&str>) -> Result<Self, String> {
        match (mode.unwrap_or("prefer"), root_file) {
            ("disable", _) => Ok(Self { mode: SslMode::Disable, rustls: Arc::new(unchecked()?) }),
            ("prefer", _) => Ok(Self { mode: SslMode::Prefer, rustls: Arc::new(unchecked()?) }),
            ("verify-full", Some(file)) => {
                Ok(Self { mode: SslMode::Require, rustls: Arc::new(trusting(file)?) })
            }
            ("verify-full", None) => {
                Err("is verify-full, which also needs DB_SSLROOTCERT: the file of trusted authorities"
                    .to_owned())
            }
            (other, _) => Err(format!("is {other:?}; use disable, prefer or verify-full")),
        }
    }

    /// Returns the mode for the driver's configuration.
    pub fn mode(&self) -> SslMode {
        self.mode
    }

    /// Returns what makes the encrypted stream.
    pub fn connector(&self) -> MakeRustlsConnect {
        MakeRustlsConnect::new(ClientConfig::clone(&self.rustls))
    }
}

impl std::fmt::Debug for Encryption {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?}", self.mode)
    }
}

fn unchecked() -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    Ok(ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|why| format!("can't be used: {why}"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth())
}

fn trusting(file: &str) -> Result<ClientConfig, String> {
    let unreadable = |why: &dyn std::fmt::Display| {
        format!("is verify-full, but the authorities in {file} (DB_SSLROOTCERT) can't be read: {why}")
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|why| unreadable(&why))? {
        roots.add(certificate.map_err(|why| unreadable(&why))?).map_err(|why| unreadable(&why))?;
    }
    if roots.is_empty() {
        return Err(unreadable(&"it holds no certificate"));
    }
    Ok(ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|why| format!("can't be used: {why}"))?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// Takes any certificate, but still wants proof that the server holds its key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
