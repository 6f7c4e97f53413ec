//! The one TLS provider of the process, and how much of a database server's certificate is checked.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::ring::default_provider;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::config::{EncryptionSettings, TrustSettings};
use crate::domain::failure::{Failure, FailureKind};

/// Makes ring the provider of every TLS connection. Only the first call does something.
pub(super) fn install() {
    // An error means that a provider is installed already.
    default_provider().install_default().ok();
}

/// What a connection that is encrypted as `settings` say checks of the server; `None` where it is not encrypted.
pub(super) fn client(settings: &EncryptionSettings) -> Result<Option<ClientConfig>, Failure> {
    install();
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::new(FailureKind::Failed, "TLS could not be set up").because(error))?;
    let nameless = |roots| {
        let algorithms = default_provider().signature_verification_algorithms;
        Arc::new(Nameless { roots, algorithms })
    };
    let config = match settings {
        EncryptionSettings::Disable => return Ok(None),
        EncryptionSettings::Require => {
            builder.dangerous().with_custom_certificate_verifier(nameless(None)).with_no_client_auth()
        }
        EncryptionSettings::VerifyCa(trust) => {
            let verifier = nameless(Some(roots(trust)?));
            builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
        }
        EncryptionSettings::VerifyFull(trust) => {
            builder.with_root_certificates(roots(trust)?).with_no_client_auth()
        }
    };
    Ok(Some(config))
}

/// The certificates of the authorities that are trusted.
pub(super) fn authorities(trust: &TrustSettings) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let found = match trust {
        TrustSettings::Bundle(path) => return bundle(path),
        TrustSettings::System => rustls_native_certs::load_native_certs(),
    };
    if found.certs.is_empty() {
        let failure = Failure::new(
            FailureKind::Unavailable,
            "could not find the certificates that this machine trusts",
        );
        let failure = found.errors.iter().fold(failure, Failure::because);
        let failure =
            if failure.because.is_empty() { failure.because("there are none here") } else { failure };
        return Err(failure.hint(
            "Install them (Debian: ca-certificates), or set [database] ca_bundle to a file of certificates.",
        ));
    }
    Ok(found.certs)
}

/// The certificates in the PEM file at `path`, of which there is one at least.
fn bundle(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let wrong = || {
        let what = format!("could not use the certificates in {}", path.display());
        Failure::new(FailureKind::Configuration, what)
            .hint("Correct [database] ca_bundle; for RDS it is the bundle that AWS publishes for the region.")
    };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| wrong().because(error))?;
    let certificates = certificates.collect::<Result<Vec<_>, _>>().map_err(|error| wrong().because(error))?;
    if certificates.is_empty() {
        return Err(wrong().because("there is no certificate in it"));
    }
    Ok(certificates)
}

fn roots(trust: &TrustSettings) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    // A machine may trust something that cannot be read, and is of use without it.
    let (used, _) = roots.add_parsable_certificates(authorities(trust)?);
    if used == 0 {
        let what = "none of the certificates that are to be trusted can be read";
        return Err(Failure::new(FailureKind::Configuration, what).hint(
            "Correct [database] ca_bundle; for RDS it is the bundle that AWS publishes for the region.",
        ));
    }
    Ok(roots)
}

/// Checks who signed a certificate, or nothing of it, but never the name; that the server holds its key, always.
#[derive(Debug)]
struct Nameless {
    roots: Option<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Nameless {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            let algorithms = self.algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, algorithms)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_without_a_certificate_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty.pem");
        std::fs::write(&path, "nothing here\n").unwrap();
        let trusting = |path| client(&EncryptionSettings::VerifyFull(TrustSettings::Bundle(path)));
        let failure = trusting(path).unwrap_err();
        assert_eq!(failure.because, ["there is no certificate in it"]);
        assert!(failure.what.ends_with("empty.pem"), "{failure}");
        assert!(trusting(folder.path().join("missing.pem")).is_err());
    }

    #[test]
    fn without_encryption_nothing_is_set_up() {
        assert!(client(&EncryptionSettings::Disable).unwrap().is_none());
    }
}
