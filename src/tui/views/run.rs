//! The pane below the columns: the promotion that runs or ran last, or what is next for the selected environment.

use std::time::Duration;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::drift::{ChangesetState, Pair};
use crate::domain::evidence::{Evidence, Proof};
use crate::domain::plan::{Direction, Plan};
use crate::domain::step::StepKind;
use crate::engine::promotion::{Promotion, StepStatus};
use crate::engine::{EnvironmentState, State};
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::Ui;
use crate::tui::views::{failing, sign};

/// The steps as the board groups them; they stand in the order in which the plan takes them.
const GROUPS: [(&str, &[StepKind]); 5] = [
    ("plan", &[StepKind::Lock, StepKind::Recheck]),
    ("database", &[StepKind::Validate, StepKind::Anchor, StepKind::Update, StepKind::Undo]),
    ("service", &[StepKind::Service]),
    ("health", &[StepKind::Health]),
    ("evidence", &[StepKind::Evidence]),
];

/// The pane's lines, its title first.
pub(super) fn lines<'a>(state: &'a State, ui: &Ui, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let selected = ui.environment(state);
    let own = selected.and_then(|it| state.promotion(&it.environment.name));
    match own.or_else(|| state.running().next()) {
        Some(promotion) => promotion_lines(state, promotion, width, styles),
        None => {
            selected.map(|environment| next_lines(state, environment, ui, width, styles)).unwrap_or_default()
        }
    }
}

fn promotion_lines<'a>(
    state: &State,
    promotion: &'a Promotion,
    width: usize,
    styles: &Styles,
) -> Vec<Line<'a>> {
    let (environment, version) = (&promotion.plan.environment, &promotion.plan.version);
    let elapsed = promotion.ended().unwrap_or(state.now).duration_since(promotion.began).unsigned_abs();
    let failure = promotion.conclusion().and_then(|conclusion| conclusion.failure.as_ref());
    let (words, style) = match (promotion.is_over(), failure, promotion.plan.direction()) {
        (false, _, _) if promotion.is_interrupted => {
            (format!("stopping {version} to {environment}"), styles.warning)
        }
        (false, _, Direction::Forward) => (format!("promoting {version} to {environment}"), styles.running),
        (false, _, Direction::Back) => (format!("rolling {environment} back to {version}"), styles.running),
        (true, None, _) => (format!("✔ {environment} runs {version}, proven"), styles.success),
        (true, Some(_), Direction::Forward) => {
            (format!("✖ {version} did not reach {environment}"), styles.danger)
        }
        (true, Some(_), Direction::Back) => {
            (format!("✖ {environment} did not get back to {version}"), styles.danger)
        }
    };
    let mut times = text::clock(elapsed);
    if let Some((usual, worst)) = state.history.usual(environment).filter(|_| !promotion.is_over()) {
        times = format!("{times}  usually {}", text::clock(usual));
        if elapsed > worst {
            times = format!("{times}, at worst {}", text::clock(worst));
        }
    }
    let title = vec![Span::styled(words, style)];
    let mut lines =
        vec![text::rule(title, vec![Span::styled(format!("{times} "), styles.muted)], width, styles.faint)];
    let evidence = promotion.conclusion().and_then(|conclusion| conclusion.evidence.as_ref());
    for (name, kinds) in groups(&promotion.plan) {
        lines.push(group_line(state, promotion, name, kinds, width, styles));
    }
    if let Some(evidence) = evidence {
        lines.pop();
        lines.extend(evidence_lines(evidence, width, styles));
    }
    if let Some(failure) = failure {
        lines.extend(failing::failure_lines(failure, width, styles));
    }
    lines
}

/// The groups that this plan has steps of, in its order.
fn groups(plan: &Plan) -> Vec<(&'static str, &'static [StepKind])> {
    let place = |kinds: &[StepKind]| plan.sequence().iter().position(|step| kinds.contains(step));
    let mut groups: Vec<_> = GROUPS.into_iter().filter(|(_, kinds)| place(kinds).is_some()).collect();
    groups.sort_by_key(|(_, kinds)| place(kinds));
    groups
}

fn group_line<'a>(
    state: &State,
    promotion: &'a Promotion,
    name: &'static str,
    kinds: &[StepKind],
    width: usize,
    styles: &Styles,
) -> Line<'a> {
    let steps: Vec<_> = kinds.iter().filter_map(|kind| promotion.step(*kind)).collect();
    // The group stands where its last step that has begun stands.
    let begun =
        steps.iter().rev().find(|step| !matches!(step.status, StepStatus::Waiting | StepStatus::Skipped));
    let status = begun.or(steps.last()).map_or(&StepStatus::Waiting, |step| &step.status);
    let is_done = matches!(status, StepStatus::Done { .. });
    let is_partial = is_done && steps.iter().any(|step| matches!(step.status, StepStatus::Waiting));
    let (shape, style) = if is_partial { ("▶", styles.running) } else { sign::step(status, styles) };
    let took: Duration = steps.iter().map(|step| step_time(&step.status, state)).sum();
    let time = if took.is_zero() { String::new() } else { text::duration(took) };
    let mut left = vec![
        Span::styled(format!(" {shape} "), style),
        Span::styled(format!("{name:10} "), if begun.is_some() { styles.strong } else { styles.muted }),
        Span::styled(note(promotion, name, status), if begun.is_some() { styles.text } else { styles.muted }),
    ];
    for span in &mut left {
        span.style.bg = None;
    }
    let mut right = Vec::new();
    let bar = (width / 4).clamp(10, 30);
    if name == "database" && !promotion.plan.changesets.is_empty() && width >= 78 {
        right.extend(bar_spans(promotion.applied.len(), promotion.plan.changesets.len(), bar, styles));
    }
    right.push(Span::styled(format!("{time:>8} "), styles.muted));
    text::between(left, right, width)
}

fn step_time(status: &StepStatus, state: &State) -> Duration {
    match status {
        StepStatus::Running { since, .. } => state.now.duration_since(*since).unsigned_abs(),
        StepStatus::Done { took, .. } | StepStatus::Failed { took, .. } => *took,
        StepStatus::Waiting | StepStatus::Skipped => Duration::ZERO,
    }
}

fn note(promotion: &Promotion, name: &str, status: &StepStatus) -> String {
    let plan = &promotion.plan;
    let count = plan.changesets.len();
    let is_back = plan.direction() == Direction::Back;
    match (name, status) {
        ("plan", _) => {
            format!(
                "{}   {count} changesets, {} → {}, by {}",
                plan.digest().short(),
                plan.image_from_words(),
                plan.version,
                promotion.by
            )
        }
        (_, StepStatus::Failed { failure, .. }) => failure.what.clone(),
        ("database", StepStatus::Skipped | StepStatus::Waiting) if count == 0 => {
            format!("nothing to {}", if is_back { "undo" } else { "run" })
        }
        ("database", StepStatus::Waiting) => {
            format!("{count} changesets to {}", if is_back { "undo" } else { "run" })
        }
        ("database", _) if is_back => format!("{} of {count} changesets undone", promotion.applied.len()),
        ("database", _) => format!("{} of {count} changesets", promotion.applied.len()),
        ("service", StepStatus::Skipped) => format!("runs {} already", plan.version),
        ("service", StepStatus::Waiting) => format!("deploy {}", plan.image_to.short()),
        ("health", StepStatus::Waiting) => "200 from /health".to_owned(),
        ("evidence", StepStatus::Waiting) => "operation · image · /version · rows".to_owned(),
        (_, StepStatus::Running { note, .. }) if note.is_empty() => "…".to_owned(),
        (_, StepStatus::Running { note, .. } | StepStatus::Done { note, .. }) => note.clone(),
        (_, StepStatus::Waiting | StepStatus::Skipped) => String::new(),
    }
}

fn bar_spans<'a>(done: usize, all: usize, width: usize, styles: &Styles) -> Vec<Span<'a>> {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (done.min(all) * width * 8).checked_div(all).unwrap_or(0);
    let (full, part) = (eighths / 8, EIGHTHS[eighths % 8]);
    let rest = width - full - usize::from(!part.is_empty());
    vec![
        Span::styled(format!("{}{part}", "█".repeat(full)), styles.success),
        Span::styled("·".repeat(rest), styles.faint),
    ]
}

fn evidence_lines<'a>(evidence: &'a Evidence, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let proofs = evidence.proofs();
    let lines = proofs.into_iter().map(|(name, proof)| {
        let (shape, style) = proof_sign(proof, styles);
        Line::from(text::cut(
            vec![
                Span::styled(format!(" {shape} "), style),
                Span::styled(format!("{name:10} "), styles.strong),
                Span::raw(proof.text()),
            ],
            width,
        ))
    });
    lines.collect()
}

/// Shape and style of a proof.
fn proof_sign(proof: &Proof, styles: &Styles) -> (&'static str, Style) {
    match proof {
        Proof::Proven(_) => ("✔", styles.success),
        Proof::Refuted(_) => ("✖", styles.danger),
        Proof::Unknown(_) => ("?", styles.warning),
    }
}

/// What the selected environment waits for.
fn next_lines<'a>(
    state: &'a State,
    environment: &'a EnvironmentState,
    ui: &Ui,
    width: usize,
    styles: &Styles,
) -> Vec<Line<'a>> {
    let name = &environment.environment.name;
    let drift = environment.schemas.drifts().first();
    let drift = drift.map(|drift| drift.words(|at| at.to_zoned(ui.zone.clone()).strftime("%R").to_string()));
    if let Some((run, failure)) = state.history.alarm(name) {
        let title = vec![Span::styled(format!("✖ {} did not reach {name}", run.version), styles.danger)];
        let right = vec![Span::styled("c", styles.key), Span::styled(" clears the alarm ", styles.muted)];
        let mut lines = vec![text::rule(title, right, width, styles.faint)];
        lines.extend(failing::failure_lines(failure, width, styles));
        return lines;
    }
    let failures = [
        environment.service.failure(),
        environment.ledger.failure(),
        environment.schema.failure(),
        environment.health.failure(),
    ];
    if let Some(failure) = failures.into_iter().flatten().next() {
        let title = vec![Span::styled(format!("{name} cannot be seen"), styles.warning)];
        let mut lines = vec![text::rule(title, Vec::new(), width, styles.faint)];
        lines.extend(failing::failure_lines(failure, width, styles));
        return lines;
    }
    let running = environment.version();
    let next =
        state.candidate(name).filter(|release| running.as_ref().is_none_or(|it| release.version > *it));
    let Some(release) = next else {
        let words = match state.pair(environment) {
            Pair::InStep => " Image and schema are in step. Nothing is waiting.".to_owned(),
            Pair::AppAhead => " The image needs changesets that the database lacks.".to_owned(),
            Pair::SchemaAhead => " The schema is ahead of the image that runs.".to_owned(),
            Pair::Drifted => match drift {
                Some(words) => format!(" The {words}."),
                None => " The database holds changesets that no release knows.".to_owned(),
            },
            Pair::Unknown(why) => format!(" It is not known how image and schema stand: {why}."),
        };
        let title = vec![Span::styled(name.to_string(), styles.strong)];
        return vec![text::rule(title, Vec::new(), width, styles.faint), Line::styled(words, styles.muted)];
    };
    let title = vec![
        Span::styled("next for ", styles.muted),
        Span::styled(format!("{name}: {}", release.version), styles.strong),
    ];
    let right = vec![Span::styled("p", styles.key), Span::styled(" shows the plan ", styles.muted)];
    let mut lines = vec![text::rule(title, right, width, styles.faint)];
    let from =
        environment.service.value().map_or_else(|| "nothing".to_owned(), |service| service.image.short());
    lines.push(fact("image", format!("{from} → {}", release.image.short()), styles));
    let comparison = environment.standings.next();
    let pending: Vec<_> = comparison
        .iter()
        .flat_map(|comparison| comparison.changesets())
        .filter(|(_, standing)| standing.state == ChangesetState::Pending)
        .map(|(changeset, _)| changeset.id.id.as_str())
        .collect();
    let changesets = if pending.is_empty() {
        "none to run".to_owned()
    } else {
        format!("{} to run: {}", pending.len(), pending.join(", "))
    };
    lines.push(fact("database", changesets, styles));
    if let Some(words) = drift {
        lines.push(fact("drift", words, styles));
    }
    let usual = state.history.usual(name).map_or_else(
        || "not promoted from here yet".to_owned(),
        |(usual, worst)| format!("{}, at worst {}", text::clock(usual), text::clock(worst)),
    );
    lines.push(fact("usually", usual, styles));
    lines.into_iter().map(|line| Line::from(text::cut(line.spans, width))).collect()
}

fn fact<'a>(name: &'static str, value: String, styles: &Styles) -> Line<'a> {
    Line::from(vec![Span::styled(format!("   {name:10} "), styles.muted), Span::raw(value)])
}
