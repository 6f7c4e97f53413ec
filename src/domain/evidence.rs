//! The truth check: what proves that a promotion did what it promised.

use std::fmt::Write as _;

use crate::domain::changelog::{Changeset, ChangesetId, Selection};
use crate::domain::drift::{ChangesetState, Comparison};
use crate::domain::ledger::Ledger;
use crate::domain::observation::{HealthView, OperationStatus, ServiceStatus, ServiceView};
use crate::domain::release::Release;
use crate::domain::schema::SchemaDigest;

/// One thing that has to be so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// It is so, and what shows it.
    Proven(String),
    /// It is not so, and what shows it.
    Refuted(String),
    /// It could not be looked up, and why.
    Unknown(String),
}

impl Proof {
    /// What was seen.
    pub fn text(&self) -> &str {
        match self {
            Self::Proven(text) | Self::Refuted(text) | Self::Unknown(text) => text,
        }
    }

    /// The word for people and for machines.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Proven(_) => "proven",
            Self::Refuted(_) => "refuted",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// What a promotion promised.
#[derive(Debug, Clone, Copy)]
pub struct Promised<'a> {
    /// The release that shall run.
    pub release: &'a Release,
    /// What Liquibase ran with.
    pub selection: &'a Selection,
    /// The changesets that must have no row any more.
    pub undone: &'a [ChangesetId],
}

/// The four proofs of a promotion. Green means that all four are proven, each by its own witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The platform's operation succeeded.
    pub operation: Proof,
    /// The service runs the image that was promised.
    pub image: Proof,
    /// The application itself is well and names the version that was promised.
    pub version: Proof,
    /// Every changeset of the release has its row, unedited.
    pub rows: Proof,
}

impl Evidence {
    /// Judges what was seen after the last step. `operation` is how the followed operation ended; `None` when
    /// the image ran already and no operation was needed.
    pub fn judge(
        promised: &Promised<'_>,
        operation: Option<(&str, OperationStatus)>,
        service: Result<&ServiceView, String>,
        health: Result<&HealthView, String>,
        ledger: Result<&Ledger, String>,
    ) -> Self {
        let Promised { release, selection, undone } = promised;
        Self {
            operation: operation_proof(operation),
            image: service.map_or_else(Proof::Unknown, |service| image_proof(release, service)),
            version: health.map_or_else(Proof::Unknown, |health| version_proof(release, health)),
            rows: ledger.map_or_else(Proof::Unknown, |ledger| {
                rows_proof(&Comparison::of(&release.changelog, ledger, selection), ledger, undone)
            }),
        }
    }

    /// The same, naming the schema that the rows came with.
    #[must_use]
    pub fn with_schema(mut self, schema: &SchemaDigest) -> Self {
        if let Proof::Proven(text) = &mut self.rows {
            // Writing to a `String` cannot fail.
            write!(text, "; schema {}", schema.short()).ok();
        }
        self
    }

    /// The four with their names, in the order they are shown.
    pub fn proofs(&self) -> [(&'static str, &Proof); 4] {
        [
            ("operation", &self.operation),
            ("image", &self.image),
            ("/version", &self.version),
            ("rows", &self.rows),
        ]
    }

    /// True when every proof is there.
    pub fn is_proven(&self) -> bool {
        self.proofs().iter().all(|(_, proof)| matches!(proof, Proof::Proven(_)))
    }

    /// True when something is known to be otherwise than promised.
    pub fn is_refuted(&self) -> bool {
        self.proofs().iter().any(|(_, proof)| matches!(proof, Proof::Refuted(_)))
    }
}

fn operation_proof(operation: Option<(&str, OperationStatus)>) -> Proof {
    match operation {
        None | Some(("", OperationStatus::Succeeded)) => Proof::Proven("no deployment was needed".to_owned()),
        Some((id, OperationStatus::Succeeded)) => Proof::Proven(format!("{} succeeded", brief(id))),
        Some((id, status)) if status.is_final() => Proof::Refuted(format!("{} {}", brief(id), status.word())),
        Some((id, status)) => Proof::Unknown(format!("{} is {}", brief(id), status.word())),
    }
}

fn image_proof(release: &Release, service: &ServiceView) -> Proof {
    match (&service.status, service.image == release.image) {
        (ServiceStatus::Running, true) => Proof::Proven(format!("runs {}", service.image.short())),
        (_, false) => {
            Proof::Refuted(format!("runs {}, not {}", service.image.short(), release.image.short()))
        }
        (status, true) => Proof::Unknown(format!("has {} but is {}", service.image.short(), status.word())),
    }
}

fn version_proof(release: &Release, health: &HealthView) -> Proof {
    if !health.is_healthy() {
        let reason = health.reason.clone().unwrap_or_default();
        return Proof::Refuted(format!("/health says {} {reason}", health.status).trim_end().to_owned());
    }
    match &health.version {
        Some(version) if *version == release.version => {
            Proof::Proven(format!("200 from /health, {version} from /version"))
        }
        Some(version) => Proof::Refuted(format!("/version says {version}, not {}", release.version)),
        None => Proof::Unknown("/version does not name a version".to_owned()),
    }
}

fn rows_proof(comparison: &Comparison, ledger: &Ledger, undone: &[ChangesetId]) -> Proof {
    let name = |changeset: &Changeset| format!("{} by {}", changeset.id.id, changeset.id.author);
    if let Some(changeset) = comparison.first(ChangesetState::Pending) {
        return Proof::Refuted(format!("changeset {} has no row", name(changeset)));
    }
    if let Some(changeset) = comparison.first(ChangesetState::Edited) {
        return Proof::Refuted(format!("changeset {} ran with another content", name(changeset)));
    }
    let has_row = |id: &&ChangesetId| ledger.rows.iter().any(|row| *row.id == **id);
    if let Some(id) = undone.iter().find(has_row) {
        return Proof::Refuted(format!("changeset {} by {} still has its row", id.id, id.author));
    }
    let filtered = comparison.count(ChangesetState::Filtered);
    let expected = comparison.changesets().len() - filtered;
    let rest = if filtered == 0 { String::new() } else { format!(", {filtered} are for other runs") };
    let gone = match undone.len() {
        0 => String::new(),
        count => format!(", {count} undone"),
    };
    Proof::Proven(format!("{expected} of {expected} changesets have their row{rest}{gone}"))
}

/// Operation ids are 32 hexadecimal digits; eight tell them apart on a screen.
fn brief(id: &str) -> String {
    if id.chars().count() > 12 {
        format!("{}…", id.chars().take(8).collect::<String>())
    } else {
        id.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::drift::tests::{ledger, release};
    use crate::domain::platform::Platform;
    use crate::domain::release::{ImageRef, Version};

    fn service(image: &str) -> ServiceView {
        ServiceView {
            platform: Platform::UNKNOWN,
            status: ServiceStatus::Running,
            image: ImageRef::new(image),
            address: "http://127.0.0.1".to_owned(),
            updated_at: Timestamp::UNIX_EPOCH,
            operation: None,
        }
    }

    fn health(version: &str) -> HealthView {
        HealthView {
            status: 200,
            latency: Duration::from_millis(9),
            reason: None,
            version: Version::parse(version).ok(),
            image: None,
        }
    }

    fn judge(operation: OperationStatus, image: &str, version: &str, rows: usize) -> Evidence {
        let (release, selection) = (release(2), Selection::default());
        Evidence::judge(
            &Promised { release: &release, selection: &selection, undone: &[] },
            Some(("51c0", operation)),
            Ok(&service(image)),
            Ok(&health(version)),
            Ok(&ledger(rows)),
        )
    }

    #[test]
    fn green_needs_all_four_witnesses() {
        let good = judge(OperationStatus::Succeeded, "registry/store:v2.0.0", "v2.0.0", 2);
        assert!(good.is_proven(), "{good:?}");
        for bad in [
            judge(OperationStatus::RolledBack, "registry/store:v2.0.0", "v2.0.0", 2),
            judge(OperationStatus::Succeeded, "registry/store:v1.0.0", "v2.0.0", 2),
            judge(OperationStatus::Succeeded, "registry/store:v2.0.0", "v1.0.0", 2),
            judge(OperationStatus::Succeeded, "registry/store:v2.0.0", "v2.0.0", 1),
        ] {
            assert!(!bad.is_proven() && bad.is_refuted(), "{bad:?}");
        }
    }

    #[test]
    fn an_image_that_ran_already_needed_no_operation() {
        let (release, selection) = (release(2), Selection::default());
        let promised = Promised { release: &release, selection: &selection, undone: &[] };
        let [service, health] = ["registry/store:v2.0.0", "v2.0.0"].map(str::to_owned);
        let (service, health, ledger) = (self::service(&service), self::health(&health), ledger(2));
        for operation in [None, Some(("", OperationStatus::Succeeded))] {
            let evidence = Evidence::judge(&promised, operation, Ok(&service), Ok(&health), Ok(&ledger));
            assert_eq!(evidence.operation, Proof::Proven("no deployment was needed".to_owned()));
        }
    }

    #[test]
    fn what_could_not_be_looked_up_is_unknown_not_green() {
        let gone = Err("the database does not answer".to_owned());
        let (release, selection) = (release(2), Selection::default());
        let evidence = Evidence::judge(
            &Promised { release: &release, selection: &selection, undone: &[] },
            Some(("51c0", OperationStatus::Succeeded)),
            Ok(&service("registry/store:v2.0.0")),
            Ok(&health("v2.0.0")),
            gone,
        );
        assert!(!evidence.is_proven() && !evidence.is_refuted());
        assert_eq!(evidence.rows, Proof::Unknown("the database does not answer".to_owned()));
    }
}
