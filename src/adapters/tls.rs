//! The one TLS provider of the process, and the certificates that a database connection trusts.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::domain::failure::{Failure, FailureKind};

/// Makes ring the provider of every TLS connection. Only the first call does something.
pub(super) fn install() {
    // An error means that a provider is installed already.
    rustls::crypto::ring::default_provider().install_default().ok();
}

/// A TLS configuration that trusts exactly the certificates in the PEM file `bundle`.
pub(super) fn trusting(bundle: &Path) -> Result<ClientConfig, Failure> {
    install();
    let wrong = || {
        Failure::new(
            FailureKind::Configuration,
            format!("could not use the certificates in {}", bundle.display()),
        )
        .hint("Correct [database] ca_bundle; for RDS it is the bundle that AWS publishes for the region.")
    };
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(bundle).map_err(|error| wrong().because(error))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| wrong().because(error))?;
        roots.add(certificate).map_err(|error| wrong().because(error))?;
    }
    if roots.is_empty() {
        return Err(wrong().because("there is no certificate in it"));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong().because(error))?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_without_a_certificate_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let bundle = folder.path().join("empty.pem");
        std::fs::write(&bundle, "nothing here\n").unwrap();
        let failure = trusting(&bundle).unwrap_err();
        assert_eq!(failure.because, ["there is no certificate in it"]);
        assert!(failure.what.ends_with("empty.pem"), "{failure}");
        assert!(trusting(&folder.path().join("missing.pem")).is_err());
    }
}
