//! Results for people.

use std::fmt::Write as _;

use crate::domain::changelog::Rollback;
use crate::domain::drift::{ChangesetState, Pair};
use crate::domain::failure::Failure;
use crate::domain::plan::{Anchor, Course, Direction, Order, Plan};
use crate::domain::release::ImageSeen;
use crate::domain::schema::judgement::Against;
use crate::engine::planning::Prepared;
use crate::engine::promotion::Promotion;
use crate::engine::{EnvironmentState, State};
use crate::headless::inspection;

/// A failure with its causes and what to do.
pub fn failure(failure: &Failure) -> String {
    let mut text = format!("error: {}\n", failure.what);
    for cause in &failure.because {
        writeln!(text, "  because {cause}").ok();
    }
    for line in failure.hint.iter().flat_map(|hint| hint.lines()) {
        writeln!(text, "  {line}").ok();
    }
    text
}

/// Every environment in a row.
pub(super) fn status(state: &State) -> String {
    let who = match &state.identity {
        Some(Ok(identity)) => format!(" · {}", identity.name),
        _ => String::new(),
    };
    let mut text = format!("{} · {} · {}{who}\n\n", state.id, state.title, state.mode);
    let header = ["ENVIRONMENT", "PAIR", "IMAGE", "SERVICE", "CHANGESETS", "LAST TAG", "HEALTH", "GATE"];
    let mut rows = vec![header.map(str::to_owned)];
    rows.extend(state.environments.iter().map(|environment| row(state, environment)));
    let widths =
        (0..header.len()).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let widths: Vec<usize> = widths.collect();
    for row in &rows {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        writeln!(text, "{}", cells.join("  ").trim_end()).ok();
    }
    for environment in &state.environments {
        let name = &environment.environment.name;
        for drift in environment.schemas.drifts() {
            let words = drift.words(|at| at.strftime("%R UTC").to_string());
            writeln!(text, "\n◆ {name}: {words}").ok();
            if let Against::Environment(other) = &drift.against {
                writeln!(text, "  lockstep diff {other} {name} tells everything").ok();
            }
        }
        if let Some((run, failure)) = state.history.alarm(&environment.environment.name) {
            writeln!(text, "\n✖ {}: {} failed: {}", environment.environment.name, run.version, failure.what)
                .ok();
            for cause in &failure.because {
                writeln!(text, "  because {cause}").ok();
            }
        }
    }
    text
}

fn row(state: &State, environment: &EnvironmentState) -> [String; 8] {
    let settings = &environment.environment;
    let pair = state.pair(environment);
    let unknown = || "?".to_owned();
    let name = if settings.production {
        settings.name.to_string().to_uppercase()
    } else {
        settings.name.to_string()
    };
    let service = environment.service.value();
    [
        name,
        format!("{} {}", pair_sign(&pair), pair.words()),
        service.map_or_else(unknown, |service| service.image.short()),
        service.map_or_else(unknown, |service| service.status.word().to_owned()),
        environment.standings.next().map_or_else(unknown, |comparison| {
            let (applied, pending) = (comparison.applied(), comparison.count(ChangesetState::Pending));
            let counts = if pending == 0 {
                format!("{applied} of {}", comparison.changesets().len())
            } else {
                format!("{applied} + {pending}")
            };
            match (comparison.count(ChangesetState::Edited), comparison.unexpected.len()) {
                (0, 0) => counts,
                (0, unexpected) => format!("{counts}, {unexpected} unexpected"),
                (edited, 0) => format!("{counts}, {edited} edited"),
                (edited, unexpected) => format!("{counts}, {edited} edited, {unexpected} unexpected"),
            }
        }),
        environment
            .ledger
            .value()
            .map_or_else(unknown, |ledger| ledger.last_tag().unwrap_or("none").to_owned()),
        environment.health.current().map_or_else(
            || if environment.health.failure().is_some() { "does not answer".to_owned() } else { unknown() },
            |health| format!("{} · {} ms", health.status, health.latency.as_millis()),
        ),
        format!("{}{}", settings.gate.admission.word(), inspection::outlook(environment)),
    ]
}

fn pair_sign(pair: &Pair) -> &'static str {
    match pair {
        Pair::InStep => "✔",
        Pair::AppAhead | Pair::SchemaAhead => "▲",
        Pair::Drifted => "◆",
        Pair::Unknown(_) => "?",
    }
}

/// What the registry says about the image of a plan.
fn image_words(seen: &Result<ImageSeen, Failure>) -> String {
    match seen {
        Ok(ImageSeen::There(digest)) => format!("has it as {digest}"),
        Ok(ImageSeen::Missing) => "does not have it".to_owned(),
        Err(unknown) => {
            let because = unknown.because.first().map_or(String::new(), |because| format!(": {because}"));
            format!("not known whether it has it{because}")
        }
    }
}

/// What a promotion would do.
pub(super) fn plan(state: &State, prepared: &Prepared) -> String {
    let plan = &prepared.plan;
    let (environment, version) = (&plan.environment, &plan.version);
    let words = match plan.way_back() {
        None => format!("{version} to {environment}"),
        Some(_) => format!("{environment} back to {version}"),
    };
    let mut text = format!("plan {}: {words}\n\n", plan.digest().short());
    let (from, to) = (plan.image_from_words(), plan.image_to.short());
    writeln!(text, "image       {from} → {to}  ({})", plan.image_to).ok();
    if let Some(seen) = &prepared.image {
        writeln!(text, "registry    {}", image_words(seen)).ok();
    }
    let (count, stay) = (plan.changesets.len(), plan.already_applied);
    match plan.way_back() {
        None => {
            writeln!(text, "changesets  {count} to run, {stay} applied").ok();
            writeln!(text, "way back    {}", way_back(plan)).ok();
        }
        Some(way) => {
            writeln!(text, "changesets  {count} to undo, {stay} stay: {}", way.until.words()).ok();
            let (verdict, why) = (way.verdict.word(), way.verdict.why());
            writeln!(text, "older image on this schema: {verdict} ({why})").ok();
            writeln!(text, "order       {}", way.order.words()).ok();
        }
    }
    writeln!(text, "steps       {}", plan.words_of(plan.steps())).ok();
    let closing = plan.words_of(plan.procedure.closing.iter().copied());
    if !closing.is_empty() {
        writeln!(text, "ends with   {closing}").ok();
    }
    if let Some(policy) = &prepared.policy {
        writeln!(text, "policy      {}", inspection::summary(policy)).ok();
    }
    if let Some((usual, worst)) = state.history.usual(environment) {
        writeln!(text, "usually     {} s, at worst {} s", usual.as_secs(), worst.as_secs()).ok();
    }
    writeln!(text, "digest      sha256:{}", plan.digest()).ok();
    if let Some(Ok(inspection)) = &prepared.policy {
        text.push_str(&inspection::text(inspection));
    }
    text.push_str(&changesets(plan));
    if prepared.unmet.is_empty() {
        writeln!(text, "\nCarry it out with: {}", command(plan)).ok();
    }
    text
}

/// What would be run or undone, changeset by changeset.
fn changesets(plan: &Plan) -> String {
    let mut text = String::new();
    for changeset in &plan.changesets {
        if plan.direction() == Direction::Back {
            let undo = match &changeset.rollback {
                Rollback::Missing => {
                    "-- no rollback is written: there is no way back behind this, and it blocks"
                }
                Rollback::Automatic => "-- Liquibase works it out",
                Rollback::Empty => "-- nothing to run; only its row goes",
                written => written.text().unwrap_or_default(),
            };
            writeln!(text, "\n-- undo {} {}\n{undo}", changeset.id, changeset.comment).ok();
            continue;
        }
        writeln!(text, "\n-- {} {}", changeset.id, changeset.comment).ok();
        writeln!(text, "{}", changeset.sql).ok();
        match &changeset.rollback {
            Rollback::Sql(sql) => {
                writeln!(text, "-- rollback: {}", sql.replace('\n', "\n--           ")).ok()
            }
            Rollback::Empty => writeln!(text, "-- rollback: nothing to undo").ok(),
            Rollback::Missing => writeln!(text, "-- rollback: none written; Liquibase cannot undo this").ok(),
            Rollback::Automatic => writeln!(text, "-- rollback: Liquibase works it out").ok(),
            Rollback::Modelled(changes) => {
                writeln!(text, "-- rollback: {}", changes.replace('\n', "\n--           ")).ok()
            }
            Rollback::Changeset(id) => writeln!(text, "-- rollback: runs {id} again").ok(),
        };
    }
    text
}

/// The command that carries a plan out.
pub(super) fn command(plan: &Plan) -> String {
    let (environment, version, digest) = (&plan.environment, &plan.version, plan.digest().short());
    match plan.way_back() {
        None => {
            format!(
                "lockstep promote {environment} --release {version} --confirm {environment} --plan {digest}"
            )
        }
        Some(way) => {
            let only = if way.order == Order::AppOnly && way.keeps_schema { " --app-only" } else { "" };
            format!(
                "lockstep rollback {environment} --to {version}{only} --confirm {environment} --plan {digest} \
                 --reason TEXT"
            )
        }
    }
}

fn way_back(plan: &Plan) -> String {
    let anchor = match &plan.course {
        Course::Forward(Anchor::Existing(tag)) => format!("tag {tag}"),
        Course::Forward(Anchor::New(tag)) => format!("tag {tag}, set before the update"),
        Course::Forward(Anchor::NotNeeded) if plan.is_empty() => {
            return format!("nothing changes: {} runs {} already", plan.environment, plan.version);
        }
        Course::Forward(Anchor::NotNeeded) => return "the image only; the schema stays as it is".to_owned(),
        Course::Back(_) => return "promote it again".to_owned(),
    };
    let without: Vec<_> = plan.without_rollback().map(|changeset| changeset.id.id.as_str()).collect();
    if without.is_empty() { anchor } else { format!("{anchor}, but {} cannot be undone", without.join(", ")) }
}

/// What a promotion came to.
pub(super) fn promotion(promotion: &Promotion) -> String {
    let mut text = String::new();
    let Some(conclusion) = promotion.conclusion() else { return text };
    if let Some(evidence) = &conclusion.evidence {
        for (name, proof) in evidence.proofs() {
            writeln!(text, "{:9}  {:8}  {}", name, proof.word(), proof.text()).ok();
        }
    }
    if conclusion.failure.is_none() {
        let took = promotion.ended().map_or(0.0, |ended| ended.duration_since(promotion.began).as_secs_f64());
        let (environment, version) = (&promotion.plan.environment, &promotion.plan.version);
        writeln!(text, "{environment} runs {version}, proven, after {took:.1} s").ok();
    }
    text
}
