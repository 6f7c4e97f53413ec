//! The form of a journal record on disk: a type of its own, so that it changes on purpose.
//!
//! A field that came later is optional when it is read, so that older journals stay readable.

use serde::{Deserialize, Serialize};

use super::chain::FORMAT;
use crate::domain::Timestamp;
use crate::domain::changelog::ChangesetId;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::journal::{Aim, Entry, FlowWord, Notice, Override, Vote, VoteWord};
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::notification::{Channel, Delivery, Occasion};
use crate::domain::plan::Direction;
use crate::domain::release::{ImageRef, Version};
use crate::domain::schema::SchemaDigest;
use crate::domain::schema::judgement::{LedgerPrint, SchemaRecord};
use crate::domain::step::StepKind;

/// One line of the journal, without its digest.
#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    /// Its number, from 1; 0 in journals without a chain.
    #[serde(default)]
    pub(super) seq: u64,
    /// When it was written.
    pub(super) at: Timestamp,
    /// The number of the `opened` record of the process that wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) writer: Option<u64>,
    /// What it says.
    #[serde(flatten)]
    pub(super) entry: RecordEntry,
    /// The digest of the line before.
    #[serde(default)]
    pub(super) prev: String,
}

/// What a record says. The first three are about the journal itself.
#[derive(Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub(super) enum RecordEntry {
    /// A process writes for the first time.
    Opened {
        format: u32,
        lockstep: String,
        instance: String,
        host: String,
        user: String,
        pid: u32,
        /// What was there before the chain, in the first record only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unchained: Option<RecordUnchained>,
    },
    /// The first record of a further file.
    Continued {
        format: u32,
        lockstep: String,
        after: String,
    },
    /// What a writer who died left behind was cut off.
    Mended {
        bytes: usize,
        kept: String,
    },
    Began {
        run: String,
        environment: String,
        version: String,
        plan: String,
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        aim: Option<RecordAim>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        overridden: Option<RecordOverride>,
    },
    Planned {
        plan: String,
        environment: String,
        version: String,
        text: String,
    },
    Intended {
        run: String,
        step: String,
        what: String,
    },
    Operated {
        run: String,
        operation: String,
    },
    Aborted {
        run: String,
        by: String,
        step: String,
    },
    Ended {
        run: String,
        step: String,
        result: RecordResult,
    },
    Concluded {
        run: String,
        environment: String,
        result: RecordResult,
        /// Missing where it is not known, and in older journals.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        schema: Option<RecordSchema>,
    },
    Reconciled {
        run: String,
        environment: String,
        by: String,
        result: RecordResult,
        evidence: Vec<String>,
    },
    LetGo {
        environment: String,
        by: String,
        holder: String,
        proof: String,
        result: Option<RecordResult>,
    },
    Acknowledged {
        environment: String,
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    Voted {
        word: String,
        environment: String,
        version: String,
        plan: String,
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        arn: Option<String>,
        note: String,
    },
    Line {
        stopped: bool,
        by: String,
        reason: String,
    },
    Barred {
        version: String,
        barred: bool,
        by: String,
        reason: String,
    },
    Notified {
        channel: String,
        event: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        environment: Option<String>,
        result: RecordResult,
    },
    FlowBegan {
        run: String,
        environment: String,
        file: String,
        by: String,
        changes: Vec<String>,
    },
    FlowIntended {
        run: String,
        environment: String,
        action: String,
    },
    FlowEnded {
        run: String,
        environment: String,
        action: String,
        result: RecordResult,
    },
    FlowConcluded {
        run: String,
        environment: String,
        code: u8,
        result: RecordResult,
    },
}

/// A journal of a version that kept no chain, as it was when the chain began.
#[derive(Serialize, Deserialize)]
pub(super) struct RecordUnchained {
    pub(super) file: String,
    pub(super) bytes: usize,
    pub(super) sha256: String,
}

/// What a run sets out to do.
#[derive(Serialize, Deserialize)]
pub(super) struct RecordAim {
    direction: String,
    image_from: Option<String>,
    image_to: String,
    changesets: Vec<RecordChangeset>,
    rows: usize,
    anchor: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct RecordChangeset {
    path: String,
    id: String,
    author: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct RecordOverride {
    conditions: Vec<String>,
    reason: String,
}

/// What a database really held.
#[derive(Serialize, Deserialize)]
pub(super) struct RecordSchema {
    ledger: String,
    digest: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RecordResult {
    Ok(String),
    Failed(RecordFailure),
}

#[derive(Serialize, Deserialize)]
pub(super) struct RecordFailure {
    kind: String,
    what: String,
    because: Vec<String>,
    hint: Option<String>,
}

impl From<&Entry> for RecordEntry {
    #[expect(clippy::too_many_lines, reason = "one arm for each kind of entry, and nothing else")]
    fn from(entry: &Entry) -> Self {
        match entry {
            Entry::Began { run, environment, version, plan, by, aim, reason, overridden } => Self::Began {
                run: run.to_string(),
                environment: environment.to_string(),
                version: version.to_string(),
                plan: plan.clone(),
                by: by.clone(),
                aim: aim.as_deref().map(RecordAim::from),
                reason: reason.clone(),
                overridden: overridden.as_ref().map(RecordOverride::from),
            },
            Entry::Planned { plan, environment, version, text } => Self::Planned {
                plan: plan.clone(),
                environment: environment.to_string(),
                version: version.to_string(),
                text: text.clone(),
            },
            Entry::Intended { run, step, what } => {
                Self::Intended { run: run.to_string(), step: step.to_string(), what: what.clone() }
            }
            Entry::Operated { run, operation } => {
                Self::Operated { run: run.to_string(), operation: operation.clone() }
            }
            Entry::Aborted { run, by, step } => {
                Self::Aborted { run: run.to_string(), by: by.clone(), step: step.to_string() }
            }
            Entry::Ended { run, step, result } => {
                Self::Ended { run: run.to_string(), step: step.to_string(), result: result.into() }
            }
            Entry::Concluded { run, environment, result, schema } => Self::Concluded {
                run: run.to_string(),
                environment: environment.to_string(),
                result: result.into(),
                schema: schema.as_ref().map(RecordSchema::from),
            },
            Entry::Reconciled { run, environment, by, result, evidence } => Self::Reconciled {
                run: run.to_string(),
                environment: environment.to_string(),
                by: by.clone(),
                result: result.into(),
                evidence: evidence.clone(),
            },
            Entry::LetGo { environment, by, holder, proof, result } => Self::LetGo {
                environment: environment.to_string(),
                by: by.clone(),
                holder: holder.clone(),
                proof: proof.clone(),
                result: result.as_ref().map(RecordResult::from),
            },
            Entry::Acknowledged { environment, by, reason } => Self::Acknowledged {
                environment: environment.to_string(),
                by: by.clone(),
                reason: reason.clone(),
            },
            Entry::Voted(vote) => Self::Voted {
                word: vote.word.word().to_owned(),
                environment: vote.environment.to_string(),
                version: vote.version.to_string(),
                plan: vote.plan.clone(),
                by: vote.by.clone(),
                arn: vote.arn.clone(),
                note: vote.note.clone(),
            },
            Entry::Line { stopped, notice: Notice { by, reason } } => {
                Self::Line { stopped: *stopped, by: by.clone(), reason: reason.clone() }
            }
            Entry::Barred { version, barred, notice: Notice { by, reason } } => Self::Barred {
                version: version.to_string(),
                barred: *barred,
                by: by.clone(),
                reason: reason.clone(),
            },
            Entry::Notified { delivery, result } => Self::Notified {
                channel: delivery.channel.word().to_owned(),
                event: delivery.occasion.word().to_owned(),
                run: delivery.run.as_ref().map(RunId::to_string),
                environment: delivery.environment.as_ref().map(EnvironmentName::to_string),
                result: result.into(),
            },
            Entry::Flow { run, environment, word } => Self::of_flow(run, environment, word),
        }
    }
}

impl RecordEntry {
    fn of_flow(run: &RunId, environment: &EnvironmentName, word: &FlowWord) -> Self {
        let (run, environment) = (run.to_string(), environment.to_string());
        match word {
            FlowWord::Began { file, by, changes } => Self::FlowBegan {
                run,
                environment,
                file: file.clone(),
                by: by.clone(),
                changes: changes.clone(),
            },
            FlowWord::Intended { action } => Self::FlowIntended { run, environment, action: action.clone() },
            FlowWord::Ended { action, result } => {
                Self::FlowEnded { run, environment, action: action.clone(), result: result.into() }
            }
            FlowWord::Concluded { code, result } => {
                Self::FlowConcluded { run, environment, code: *code, result: result.into() }
            }
        }
    }

    /// A process of this version writes for the first time.
    pub(super) fn opened(
        instance: &str,
        host: String,
        user: String,
        unchained: Option<RecordUnchained>,
    ) -> Self {
        Self::Opened {
            format: FORMAT,
            lockstep: env!("CARGO_PKG_VERSION").to_owned(),
            instance: instance.to_owned(),
            host,
            user,
            pid: std::process::id(),
            unchained,
        }
    }

    /// A further file follows the one called `after`.
    pub(super) fn continued(after: &str) -> Self {
        let lockstep = env!("CARGO_PKG_VERSION").to_owned();
        Self::Continued { format: FORMAT, lockstep, after: after.to_owned() }
    }

    /// The version of the form that was written from here on, by which lockstep; only some records say so.
    pub(super) fn format(&self) -> Option<(u32, &str)> {
        match self {
            Self::Opened { format, lockstep, .. } | Self::Continued { format, lockstep, .. } => {
                Some((*format, lockstep))
            }
            _ => None,
        }
    }

    /// What a record about the journal itself says, in words; `None` for an entry.
    pub(super) fn notice(&self) -> Option<String> {
        match self {
            Self::Opened { lockstep, host, user, pid, .. } => {
                Some(format!("opened by lockstep {lockstep}, process {pid} of {user} on {host}"))
            }
            Self::Continued { after, .. } => Some(format!("continued after {after}")),
            Self::Mended { bytes, kept } => {
                Some(format!("mended: an unfinished record of {bytes} bytes was set aside as {kept}"))
            }
            _ => None,
        }
    }

    /// The entry that this record says; `None` when a word in it means nothing to this version, and for a record
    /// about the journal itself.
    #[expect(clippy::too_many_lines, reason = "one arm for each kind of record, and nothing else")]
    pub(super) fn into_entry(self) -> Option<Entry> {
        let environment = |text: &str| EnvironmentName::parse(text).ok();
        let parse_version = |text: &str| Version::parse(text).ok();
        let step_kind = |text: &str| StepKind::from_text(text);
        Some(match self {
            Self::Opened { .. } | Self::Continued { .. } | Self::Mended { .. } => return None,
            Self::Began { run, environment: name, version, plan, by, aim, reason, overridden } => {
                Entry::Began {
                    run: RunId::from_text(run),
                    environment: environment(&name)?,
                    version: parse_version(&version)?,
                    plan,
                    by,
                    aim: aim.and_then(RecordAim::into_aim).map(Box::new),
                    reason,
                    overridden: overridden
                        .map(|it| Override { conditions: it.conditions, reason: it.reason }),
                }
            }
            Self::Planned { plan, environment: name, version, text } => Entry::Planned {
                plan,
                environment: environment(&name)?,
                version: parse_version(&version)?,
                text,
            },
            Self::Intended { run, step, what } => {
                Entry::Intended { run: RunId::from_text(run), step: step_kind(&step)?, what }
            }
            Self::Operated { run, operation } => Entry::Operated { run: RunId::from_text(run), operation },
            Self::Aborted { run, by, step } => {
                Entry::Aborted { run: RunId::from_text(run), by, step: step_kind(&step)? }
            }
            Self::Ended { run, step, result } => {
                Entry::Ended { run: RunId::from_text(run), step: step_kind(&step)?, result: result.into() }
            }
            Self::Concluded { run, environment: name, result, schema } => Entry::Concluded {
                run: RunId::from_text(run),
                environment: environment(&name)?,
                result: result.into(),
                schema: schema.map(SchemaRecord::from),
            },
            Self::Reconciled { run, environment: name, by, result, evidence } => Entry::Reconciled {
                run: RunId::from_text(run),
                environment: environment(&name)?,
                by,
                result: result.into(),
                evidence,
            },
            Self::LetGo { environment: name, by, holder, proof, result } => Entry::LetGo {
                environment: environment(&name)?,
                by,
                holder,
                proof,
                result: result.map(Into::into),
            },
            Self::Acknowledged { environment: name, by, reason } => {
                Entry::Acknowledged { environment: environment(&name)?, by, reason }
            }
            Self::Voted { word, environment: name, version, plan, by, arn, note } => Entry::Voted(Vote {
                environment: environment(&name)?,
                version: parse_version(&version)?,
                plan,
                by,
                arn,
                word: VoteWord::from_word(&word)?,
                note,
            }),
            Self::Line { stopped, by, reason } => Entry::Line { stopped, notice: Notice { by, reason } },
            Self::Barred { version, barred, by, reason } => {
                Entry::Barred { version: parse_version(&version)?, barred, notice: Notice { by, reason } }
            }
            Self::Notified { channel, event, run, environment: name, result } => Entry::Notified {
                delivery: Delivery {
                    channel: Channel::from_word(&channel)?,
                    occasion: Occasion::from_word(&event)?,
                    environment: name.as_deref().and_then(environment),
                    run: run.map(RunId::from_text),
                },
                result: result.into(),
            },
            Self::FlowBegan { run, environment: name, file, by, changes } => {
                flow_entry(run, environment(&name)?, FlowWord::Began { file, by, changes })
            }
            Self::FlowIntended { run, environment: name, action } => {
                flow_entry(run, environment(&name)?, FlowWord::Intended { action })
            }
            Self::FlowEnded { run, environment: name, action, result } => {
                flow_entry(run, environment(&name)?, FlowWord::Ended { action, result: result.into() })
            }
            Self::FlowConcluded { run, environment: name, code, result } => {
                flow_entry(run, environment(&name)?, FlowWord::Concluded { code, result: result.into() })
            }
        })
    }
}

fn flow_entry(run: String, environment: EnvironmentName, word: FlowWord) -> Entry {
    Entry::Flow { run: RunId::from_text(run), environment, word }
}

impl From<&Aim> for RecordAim {
    fn from(aim: &Aim) -> Self {
        let changesets = aim.changesets.iter().map(|id| RecordChangeset {
            path: id.path.clone(),
            id: id.id.clone(),
            author: id.author.clone(),
        });
        Self {
            direction: aim.direction.word().to_owned(),
            image_from: aim.image_from.as_ref().map(ImageRef::to_string),
            image_to: aim.image_to.to_string(),
            changesets: changesets.collect(),
            rows: aim.rows,
            anchor: aim.anchor.clone(),
        }
    }
}

impl RecordAim {
    fn into_aim(self) -> Option<Aim> {
        let changesets = self.changesets.into_iter();
        Some(Aim {
            direction: Direction::from_word(&self.direction)?,
            image_from: self.image_from.map(ImageRef::new),
            image_to: ImageRef::new(self.image_to),
            changesets: changesets
                .map(|it| ChangesetId { path: it.path, id: it.id, author: it.author })
                .collect(),
            rows: self.rows,
            anchor: self.anchor,
        })
    }
}

impl From<&Override> for RecordOverride {
    fn from(overridden: &Override) -> Self {
        Self { conditions: overridden.conditions.clone(), reason: overridden.reason.clone() }
    }
}

impl From<&SchemaRecord> for RecordSchema {
    fn from(schema: &SchemaRecord) -> Self {
        Self { ledger: schema.print.as_str().to_owned(), digest: schema.digest.as_str().to_owned() }
    }
}

impl From<RecordSchema> for SchemaRecord {
    fn from(schema: RecordSchema) -> Self {
        Self { print: LedgerPrint::from_text(schema.ledger), digest: SchemaDigest::from_text(schema.digest) }
    }
}

impl From<&Result<String, Failure>> for RecordResult {
    fn from(result: &Result<String, Failure>) -> Self {
        match result {
            Ok(text) => Self::Ok(text.clone()),
            Err(failure) => Self::Failed(RecordFailure {
                kind: failure.kind.word().to_owned(),
                what: failure.what.clone(),
                because: failure.because.clone(),
                hint: failure.hint.clone(),
            }),
        }
    }
}

impl From<RecordResult> for Result<String, Failure> {
    fn from(result: RecordResult) -> Self {
        match result {
            RecordResult::Ok(text) => Ok(text),
            RecordResult::Failed(record) => Err(Failure {
                what: record.what,
                because: record.because,
                hint: record.hint,
                // A word that this version does not know can only mean: look it up.
                kind: FailureKind::from_word(&record.kind).unwrap_or(FailureKind::Unknown),
            }),
        }
    }
}
