//! Results for programs. Types of their own: the form changes on purpose, and docs/json.md with it.

use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::changelog::{Checksum, Rollback};
use crate::domain::drift::{ChangesetState, Comparison, Pair};
use crate::domain::failure::Failure;
use crate::domain::ledger::LockState;
use crate::domain::lock::Grant;
use crate::domain::names::EnvironmentName;
use crate::domain::observation::{Facet, HealthView};
use crate::domain::plan::{Anchor, Plan, Until};
use crate::domain::release::{ImageRef, ImageSeen, Release, Version};
use crate::domain::schema::Difference;
use crate::domain::schema::judgement::{Against, SchemaDrift};
use crate::engine::planning::Planning;
use crate::engine::promotion::{Promotion, StepStatus};
use crate::engine::{EnvironmentState, State};
use crate::exit::Exit;
use crate::headless::{inspection, line, locks};

#[derive(Serialize)]
struct FailureJson<'a> {
    kind: &'static str,
    what: &'a str,
    because: &'a [String],
    hint: Option<&'a str>,
}

impl<'a> From<&'a Failure> for FailureJson<'a> {
    fn from(failure: &'a Failure) -> Self {
        Self {
            kind: failure.kind.word(),
            what: &failure.what,
            because: &failure.because,
            hint: failure.hint.as_deref(),
        }
    }
}

/// A failure for programs; docs/json.md describes it.
pub fn failure(failure: Option<&Failure>) -> Value {
    failure.map_or(Value::Null, |failure| json!(FailureJson::from(failure)))
}

/// `lockstep status --output json`.
pub(super) fn status(state: &State) -> Value {
    json!({
        "instance": { "id": state.id.as_str(), "title": state.title, "mode": state.mode },
        "identity": identity(state),
        "line": line::line(state),
        "barred": line::bars(state),
        "environments": state.environments.iter().map(|it| environment(state, it)).collect::<Vec<_>>(),
        "releases": state.catalog.value().map(|catalog| {
            catalog.releases().iter().map(|release| release.version.to_string()).collect::<Vec<_>>()
        }),
    })
}

fn identity(state: &State) -> Value {
    match &state.identity {
        Some(Ok(identity)) => {
            json!({ "name": identity.name, "account": identity.account, "arn": identity.arn })
        }
        Some(Err(why)) => json!({ "failure": failure(Some(why)) }),
        None => Value::Null,
    }
}

fn environment(state: &State, environment: &EnvironmentState) -> Value {
    let settings = &environment.environment;
    let pair = state.pair(environment);
    let name = &settings.name;
    json!({
        "name": name.as_str(),
        "after": settings.after.iter().map(EnvironmentName::as_str).collect::<Vec<_>>(),
        "gate": settings.gate.admission.word(),
        "production": settings.production,
        "pair": {
            "state": pair.words(),
            "reason": match &pair {
                Pair::Unknown(reason) => Some(reason.clone()),
                Pair::Drifted => environment.schemas.drifts().first().map(|drift| drift.words(|at| at.to_string())),
                _ => None,
            },
        },
        "version": environment.version().map(|version| version.to_string()),
        "service": service(environment),
        "database": database(environment),
        "schema": schema(environment),
        "health": health(environment),
        "next": state.candidate(name).map(|release| release.version.to_string()),
        "policy": inspection::outlook_json(environment),
        "alarm": state.history.alarm(name).map(|(run, why)| json!({
            "run": run.run.as_str(),
            "version": run.version.to_string(),
            "failure": failure(Some(why)),
        })),
    })
}

fn seen<T>(facet: &Facet<T>) -> Option<String> {
    facet.seen_at().map(|at| at.to_string())
}

fn service(environment: &EnvironmentState) -> Value {
    let facet = &environment.service;
    let view = facet.value();
    json!({
        "status": view.map(|view| view.status.word()),
        "image": view.map(|view| view.image.as_str()),
        "address": view.map(|view| view.address.as_str()),
        "updated_at": view.map(|view| view.updated_at.to_string()),
        "platform": view.map(|view| json!({
            "name": view.platform.name,
            "change": view.platform.change,
            "cancels": view.platform.cancels,
            "shifts_traffic": view.platform.shifts_traffic,
            "logs": view.platform.logs,
            "takes_back_within": view.platform.takes_back_within.as_secs(),
        })),
        "operation": view.and_then(|view| view.operation.as_ref()).map(|operation| json!({
            "id": operation.id,
            "status": operation.status.word(),
            "started_at": operation.started_at.map(|at| at.to_string()),
            "ended_at": operation.ended_at.map(|at| at.to_string()),
        })),
        "seen_at": seen(facet),
        "failure": failure(facet.failure()),
    })
}

fn database(environment: &EnvironmentState) -> Value {
    let facet = &environment.ledger;
    let ledger = facet.value();
    let comparison = environment.standings.next();
    let count = |wanted| comparison.map(|comparison| comparison.count(wanted));
    json!({
        "applied": comparison.map(Comparison::applied),
        "pending": count(ChangesetState::Pending),
        "edited": count(ChangesetState::Edited),
        "rerun": count(ChangesetState::Rerun),
        "filtered": count(ChangesetState::Filtered),
        "unknown": count(ChangesetState::Unknown),
        "unexpected": comparison.map(|comparison| comparison.unexpected.len()),
        "out_of_order": comparison.map(Comparison::out_of_order),
        "rows": ledger.map(|ledger| ledger.rows.len()),
        "newest": ledger.and_then(|ledger| ledger.newest()).map(|row| json!({
            "changeset": row.id.to_string(),
            "executed_at": row.executed_at.to_string(),
            "tag": row.tag.as_deref(),
            "deployment": row.deployment.as_deref(),
        })),
        "last_tag": ledger.and_then(|ledger| ledger.last_tag()),
        "lock": ledger.map(|ledger| match &ledger.lock {
            LockState::Free => json!({ "held": false }),
            LockState::Held { by, since } => {
                let (since, local) = locks::since(Grant { by: by.clone(), wall: *since }.holder().since);
                json!({ "held": true, "by": by, "since": since, "since_local": local })
            }
        }),
        "promoting": ledger.and_then(|ledger| ledger.promoting.as_deref()),
        "seen_at": seen(facet),
        "failure": failure(facet.failure()),
    })
}

fn schema(environment: &EnvironmentState) -> Value {
    let facet = &environment.schema;
    let drift = |drift: &SchemaDrift| {
        let (against, name, since) = match &drift.against {
            Against::Earlier(at) => ("earlier", None, Some(at.to_string())),
            Against::Environment(name) => ("environment", Some(name.as_str()), None),
            Against::Proven(at, elsewhere) => {
                ("proven", elsewhere.as_ref().map(EnvironmentName::as_str), Some(at.to_string()))
            }
        };
        json!({
            "against": against,
            "environment": name,
            "since": since,
            "words": drift.words(|at| at.to_string()),
            "differences": drift.differences.iter().map(Difference::short).collect::<Vec<_>>(),
        })
    };
    json!({
        "digest": facet.value().map(|view| view.schema.digest().as_str()),
        "drift": environment.schemas.drifts().iter().map(drift).collect::<Vec<_>>(),
        "seen_at": seen(facet),
        "failure": failure(facet.failure()),
    })
}

fn health(environment: &EnvironmentState) -> Value {
    let facet = &environment.health;
    let view = facet.value();
    json!({
        "status": view.map(|view| view.status),
        "healthy": view.map(HealthView::is_healthy),
        "latency_seconds": view.map(|view| view.latency.as_secs_f64()),
        "reason": view.and_then(|view| view.reason.as_deref()),
        "version": view.and_then(|view| view.version.as_ref()).map(Version::to_string),
        "image": view.and_then(|view| view.image.as_ref()).map(ImageRef::as_str),
        "seen_at": seen(facet),
        "failure": failure(facet.failure()),
    })
}

/// `lockstep plan ENV --output json`.
pub(super) fn plan(state: &State, why: Option<&Failure>) -> Value {
    match &state.planning {
        Planning::Ready(prepared) => json!({
            "plan": plan_body(&prepared.plan),
            "unmet": prepared.unmet.iter().map(|unmet| json!({
                "condition": unmet.condition.word(),
                "what": unmet.what,
                "how": unmet.how,
                "can_override": unmet.can_override,
            })).collect::<Vec<_>>(),
            "policy": inspection::json(prepared.policy.as_ref()),
            "registry": prepared.image.as_ref().map(registry),
            "failure": failure(why),
        }),
        _ => json!({ "plan": null, "unmet": [], "policy": null, "registry": null, "failure": failure(why) }),
    }
}

/// What the registry says about the image of a plan.
fn registry(seen: &Result<ImageSeen, Failure>) -> Value {
    match seen {
        Ok(ImageSeen::There(digest)) => json!({ "state": "there", "digest": digest, "failure": null }),
        Ok(ImageSeen::Missing) => json!({ "state": "missing", "digest": null, "failure": null }),
        Err(unknown) => json!({ "state": "not known", "digest": null, "failure": failure(Some(unknown)) }),
    }
}

fn plan_body(plan: &Plan) -> Value {
    let rollback = |rollback: &Rollback| match rollback {
        Rollback::Sql(sql) => json!({ "kind": "sql", "sql": sql }),
        other => json!({ "kind": other.word(), "text": other.text() }),
    };
    json!({
        "digest": plan.digest().as_str(),
        "short": plan.digest().short(),
        "environment": plan.environment.as_str(),
        "version": plan.version.to_string(),
        "image": {
            "from": plan.image_from.as_ref().map(ImageRef::as_str),
            "to": plan.image_to.as_str(),
        },
        "archive_sha256": plan.archive_digest,
        "already_applied": plan.already_applied,
        "changesets": plan.changesets.iter().map(|changeset| json!({
            "id": changeset.id.id,
            "author": changeset.id.author,
            "path": changeset.id.path,
            "comment": changeset.comment,
            "checksum": changeset.checksum.as_ref().map(Checksum::as_str),
            "tag": changeset.tag,
            "sql": changeset.sql,
            "rollback": rollback(&changeset.rollback),
        })).collect::<Vec<_>>(),
        "direction": plan.direction().word(),
        "anchor": plan.anchor().map(|anchor| match anchor {
            Anchor::Existing(tag) => json!({ "kind": "existing", "tag": tag }),
            Anchor::New(tag) => json!({ "kind": "new", "tag": tag }),
            Anchor::NotNeeded => json!({ "kind": "not needed" }),
        }),
        "back": plan.way_back().map(|way| json!({
            "order": way.order.word(),
            "until": match &way.until {
                Until::Tag(tag) => json!({ "tag": tag }),
                Until::Count(count) => json!({ "count": count }),
                Until::Nothing => Value::Null,
            },
            "older_image_on_newer_schema": { "verdict": way.verdict.word(), "why": way.verdict.why() },
        })),
        "steps": plan.steps().into_iter().map(|step| plan.step_words(step)).collect::<Vec<_>>(),
        "closing": plan.procedure.closing.iter().map(|step| plan.step_words(*step)).collect::<Vec<_>>(),
    })
}

/// `lockstep promote ENV --output json`.
pub(super) fn promotion(promotion: Option<&Promotion>, why: Option<&Failure>, exit: Exit) -> Value {
    let evidence = promotion.and_then(Promotion::conclusion).and_then(|it| it.evidence.as_ref());
    json!({
        "run": promotion.map(|it| it.run.as_str()),
        "environment": promotion.map(|it| it.plan.environment.as_str()),
        "version": promotion.map(|it| it.plan.version.to_string()),
        "plan": promotion.map(|it| it.plan.digest().as_str()),
        "by": promotion.map(|it| it.by.as_str()),
        "overridden": promotion.and_then(|it| it.waiver.as_ref()).map(|waiver| json!({
            "conditions": waiver.unmet.iter().map(|unmet| unmet.what.as_str()).collect::<Vec<_>>(),
            "reason": waiver.reason,
        })),
        "began": promotion.map(|it| it.began.to_string()),
        "ended": promotion.and_then(Promotion::ended).map(|at| at.to_string()),
        "steps": promotion.map(|it| it.steps.iter().map(|step| {
            let (status, seconds, note) = match &step.status {
                StepStatus::Waiting => ("waiting", None, None),
                StepStatus::Skipped => ("skipped", None, None),
                StepStatus::Running { note, .. } => ("running", None, Some(note.as_str())),
                StepStatus::Done { took, note } => ("done", Some(took.as_secs_f64()), Some(note.as_str())),
                StepStatus::Failed { took, failure } => {
                    ("failed", Some(took.as_secs_f64()), Some(failure.what.as_str()))
                }
            };
            let plan = &it.plan;
            let stage = plan.procedure.stage(step.kind).map(|stage| stage.name.as_str());
            json!({
                "step": step.kind.to_string(),
                "does": plan.step_words(step.kind),
                "stage": stage,
                "status": status,
                "seconds": seconds,
                "note": note,
            })
        }).collect::<Vec<_>>()),
        "applied": promotion.map(|it| it.applied.iter().map(ToString::to_string).collect::<Vec<_>>()),
        "evidence": evidence.map(|evidence| evidence.proofs().into_iter().map(|(name, proof)| {
            json!({ "witness": name, "verdict": proof.word(), "seen": proof.text() })
        }).collect::<Vec<_>>()),
        "report": promotion
            .and_then(|it| it.report.as_ref()?.as_ref().ok())
            .map(|filed| filed.path.as_str()),
        "proven": exit == Exit::Proven,
        "exit": exit.code(),
        "failure": failure(why),
    })
}

/// One release, for `lockstep release list|show --output json`.
pub fn release(release: &Release) -> Value {
    json!({
        "version": release.version.to_string(),
        "image": release.image.as_str(),
        "archive": release.archive,
        "archive_sha256": release.archive_digest,
        "changesets": release.changelog.changesets().iter().map(|changeset| json!({
            "id": changeset.id.id,
            "author": changeset.id.author,
            "path": changeset.id.path,
            "comment": changeset.comment,
            "checksum": changeset.checksum().map(Checksum::as_str),
            "tag": changeset.tag(),
        })).collect::<Vec<_>>(),
    })
}
