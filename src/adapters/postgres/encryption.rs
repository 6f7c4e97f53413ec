//! How connections are encrypted: worked out at the first one, and told to those that a child process makes in the
//! same meaning.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::adapters::archive::Folder;
use crate::adapters::tls;
use crate::config::{EncryptionSettings, TrustSettings};
use crate::domain::changelog::Files;
use crate::domain::failure::{Failure, FailureKind};

/// The name of the file with the certificates that this machine trusts.
const SYSTEM: &str = "system.pem";

/// The encryption of one instance. What could not be worked out is tried again at the next connection.
#[derive(Default)]
pub(super) struct Encryption {
    connector: OnceLock<Option<MakeRustlsConnect>>,
    /// The certificates that this machine trusts, as a file, which lives as long as this value.
    system: OnceLock<Folder>,
}

/// What a child process has to be told of encryption, in the words of PostgreSQL's client library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::adapters) struct Encrypted {
    /// `sslmode`
    pub(in crate::adapters) mode: &'static str,
    /// `sslrootcert`, where certificates are checked: an absolute path.
    pub(in crate::adapters) bundle: Option<PathBuf>,
}

impl Encryption {
    /// What makes the encrypted stream; `None` where there is none to be made.
    pub(super) fn connector(
        &self,
        settings: &EncryptionSettings,
    ) -> Result<Option<MakeRustlsConnect>, Failure> {
        if let Some(connector) = self.connector.get() {
            return Ok(connector.clone());
        }
        let connector = tls::client(settings)?.map(MakeRustlsConnect::new);
        Ok(self.connector.get_or_init(|| connector).clone())
    }

    /// The same for a child process.
    pub(super) fn for_child(&self, settings: &EncryptionSettings) -> Result<Encrypted, Failure> {
        let (mode, trust) = match settings {
            EncryptionSettings::Disable => ("disable", None),
            EncryptionSettings::Require => ("require", None),
            EncryptionSettings::VerifyCa(trust) => ("verify-ca", Some(trust)),
            EncryptionSettings::VerifyFull(trust) => ("verify-full", Some(trust)),
        };
        let bundle = match trust {
            None => None,
            Some(TrustSettings::Bundle(path)) => Some(path.clone()),
            Some(TrustSettings::System) => Some(self.system()?.join(SYSTEM)),
        };
        Ok(Encrypted { mode, bundle })
    }

    /// The folder with the file of what this machine trusts. Java has a list of its own, which may be another.
    fn system(&self) -> Result<&Path, Failure> {
        if let Some(folder) = self.system.get() {
            return Ok(folder.path());
        }
        let text = pem(&tls::authorities(&TrustSettings::System)?);
        let folder =
            Folder::with(&Files::from([(SYSTEM.to_owned(), text.into_bytes())])).map_err(|error| {
                let what = "could not write down which certificates this machine trusts";
                Failure::new(FailureKind::Failed, what)
                    .because(error)
                    .hint("Make room in the folder for temporary files.")
            })?;
        Ok(self.system.get_or_init(|| folder).path())
    }
}

fn pem(certificates: &[CertificateDer<'_>]) -> String {
    let mut text = String::new();
    for certificate in certificates {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        for line in STANDARD.encode(certificate).as_bytes().chunks(64) {
            // Base64 is ASCII.
            text.push_str(&String::from_utf8_lossy(line));
            text.push('\n');
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::pem::PemObject as _;

    use super::*;

    #[test]
    fn what_is_written_down_reads_as_it_was() {
        let certificates =
            [CertificateDer::from(vec![7; 100]), CertificateDer::from((0..=255).collect::<Vec<_>>())];
        let text = pem(&certificates);
        assert!(text.lines().all(|line| line.len() <= 64), "{text}");
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
        assert_eq!(read.unwrap(), certificates);
    }

    #[test]
    fn a_child_is_told_the_same_as_is_done_here() {
        let encryption = Encryption::default();
        let told = |settings| encryption.for_child(&settings).unwrap();
        let bundle = || TrustSettings::Bundle("/rds.pem".into());
        let expected = |mode, bundle: Option<&str>| Encrypted { mode, bundle: bundle.map(PathBuf::from) };
        assert_eq!(told(EncryptionSettings::Disable), expected("disable", None));
        assert_eq!(told(EncryptionSettings::Require), expected("require", None));
        assert_eq!(told(EncryptionSettings::VerifyCa(bundle())), expected("verify-ca", Some("/rds.pem")));
        assert_eq!(told(EncryptionSettings::VerifyFull(bundle())), expected("verify-full", Some("/rds.pem")));
    }
}
