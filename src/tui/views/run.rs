//! One promotion: its steps as they go on, then what proves it or what went wrong.
//!
//! ```text
//! ── promoting v1.2.0 to test ───────────────────── 00:14  usually 00:21
//!  ✔ plan       8c41f0   3 changesets, v1.1.0 → v1.2.0, by ana     212 ms
//!  ▶ database   1 of 3 changesets   ██████████····················  4.1 s
//!  · service    deploy v1.2.0
//! ```

use std::time::Duration;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::evidence::{Evidence, Proof};
use crate::domain::failure::Failure;
use crate::domain::plan::{Direction, Plan};
use crate::domain::report::Filed;
use crate::domain::step::StepKind;
use crate::engine::State;
use crate::engine::promotion::{Promotion, StepStatus};
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::views::{failing, sign};

/// Below this width words stand closer together.
const NARROW: usize = 60;

/// A promotion: its title, its steps, what it came to.
pub(super) fn lines<'a>(
    state: &State,
    promotion: &'a Promotion,
    width: usize,
    styles: &Styles,
) -> Vec<Line<'a>> {
    let failure = promotion.conclusion().and_then(|conclusion| conclusion.failure.as_ref());
    let (words, style) = headline(promotion, styles);
    let times = times(state, promotion);
    let title = vec![Span::styled(words, style)];
    let times = vec![Span::styled(format!("{times} "), styles.muted)];
    let mut lines = vec![text::rule(title, times, width, styles.faint)];
    let evidence = promotion.conclusion().and_then(|conclusion| conclusion.evidence.as_ref());
    if failure.is_none() {
        // What proves it comes before how it went: there is not always room for both.
        lines.extend(evidence.iter().flat_map(|evidence| evidence_lines(evidence, width, styles)));
    }
    if let Some(failure) = failure {
        // What went wrong comes first; how far it came fits into one line.
        lines.push(Line::from(text::cut(short_steps(state, promotion, styles), width)));
        lines.extend(failing::failure_lines(failure, width, styles));
    } else {
        let is_told = |kinds: &[StepKind]| evidence.is_some() && kinds.contains(&StepKind::Evidence);
        for (name, kinds) in groups(&promotion.plan).into_iter().filter(|(_, kinds)| !is_told(kinds)) {
            lines.push(group_line(state, promotion, (name, &kinds), width, styles));
        }
    }
    if failure.is_some() {
        lines.extend(evidence.iter().flat_map(|evidence| evidence_lines(evidence, width, styles)));
    }
    lines.extend(promotion.report.as_ref().map(|report| report_line(report, width, styles)));
    lines
}

/// Where its report is. Of a long path the end tells more.
fn report_line<'a>(report: &Result<Filed, Failure>, width: usize, styles: &Styles) -> Line<'a> {
    let (shape, style, words) = match report {
        Ok(filed) => ("▤", styles.muted, filed.path.clone()),
        Err(failure) => ("!", styles.warning, failure.what.clone()),
    };
    let room = width.saturating_sub(15);
    let length = words.chars().count();
    let words = if report.is_ok() && length > room {
        ['…'].into_iter().chain(words.chars().skip(length + 1 - room)).collect()
    } else {
        words
    };
    let spans = vec![
        Span::styled(format!(" {shape} "), style),
        Span::styled(format!("{:10} ", "report"), styles.muted),
        Span::styled(words, styles.muted),
    ];
    Line::from(text::cut(spans, width))
}

/// What a promotion does or came to, in one line.
pub(super) fn headline(promotion: &Promotion, styles: &Styles) -> (String, Style) {
    let (environment, version) = (&promotion.plan.environment, &promotion.plan.version);
    let failure = promotion.conclusion().and_then(|conclusion| conclusion.failure.as_ref());
    match (promotion.is_over(), failure, promotion.plan.direction()) {
        (false, ..) if promotion.is_interrupted => (format!("stopping in {environment}"), styles.warning),
        (false, _, Direction::Forward) => (format!("promoting {version} to {environment}"), styles.running),
        (false, _, Direction::Back) => (format!("rolling {environment} back to {version}"), styles.running),
        (true, None, _) => (format!("✔ {environment} runs {version}, proven"), styles.success),
        (true, Some(_), Direction::Forward) => {
            (format!("✖ {version} did not reach {environment}"), styles.danger)
        }
        (true, Some(_), Direction::Back) => {
            (format!("✖ {environment} did not get back to {version}"), styles.danger)
        }
    }
}

/// How long it has taken; while it runs, how long that usually is.
pub(super) fn times(state: &State, promotion: &Promotion) -> String {
    let elapsed = promotion.ended().unwrap_or(state.now).duration_since(promotion.began).unsigned_abs();
    let times = text::clock(elapsed);
    let usual = state.history.usual(&promotion.plan.environment).filter(|_| !promotion.is_over());
    match usual {
        None => times,
        Some((usual, worst)) if elapsed > worst => {
            format!("{times}  usually {}, at worst {}", text::clock(usual), text::clock(worst))
        }
        Some((usual, _)) => format!("{times}  usually {}", text::clock(usual)),
    }
}

/// Every group with its shape, for a promotion that gets one line.
pub(super) fn short_steps<'a>(state: &State, promotion: &Promotion, styles: &Styles) -> Vec<Span<'a>> {
    let mut spans = vec![Span::raw("  ")];
    for (name, kinds) in groups(&promotion.plan) {
        let group = Group::of(state, promotion, &kinds);
        let (shape, style) = group.sign(styles);
        let name_style = if group.has_begun { styles.strong } else { styles.muted };
        spans.push(Span::styled(format!(" {shape} "), style));
        spans.push(Span::styled(format!("{name} "), name_style));
    }
    spans
}

/// The steps as the board groups them: lockstep's own by what they are about, actions of a flow by their stage. A group
/// stands where its last step does.
fn groups(plan: &Plan) -> Vec<(&str, Vec<StepKind>)> {
    let mut groups: Vec<(&str, Vec<StepKind>)> = Vec::new();
    for step in plan.procedure.steps().chain(plan.procedure.closing.iter().copied()) {
        let name = group_of(plan, step);
        let known = groups.iter().position(|(known, _)| *known == name);
        let mut group = known.map_or_else(|| (name, Vec::new()), |index| groups.remove(index));
        group.1.push(step);
        groups.push(group);
    }
    groups
}

fn group_of(plan: &Plan, step: StepKind) -> &str {
    match step {
        StepKind::Lock | StepKind::Recheck => "plan",
        StepKind::Validate | StepKind::Anchor | StepKind::Update | StepKind::Undo => "database",
        StepKind::Service => "service",
        StepKind::Health => "health",
        StepKind::Evidence => "evidence",
        StepKind::Action(_) => plan.procedure.stage(step).map_or("flow", |stage| &stage.name),
        StepKind::Closing(_) => "end",
    }
}

/// How the steps of a group stand together.
struct Group<'a> {
    status: &'a StepStatus,
    has_begun: bool,
    is_partial: bool,
    took: Duration,
}

impl<'a> Group<'a> {
    fn of(state: &State, promotion: &'a Promotion, kinds: &[StepKind]) -> Self {
        let steps: Vec<_> = kinds.iter().filter_map(|kind| promotion.step(*kind)).collect();
        // It stands where its last step that has begun stands.
        let is_begun = |status: &StepStatus| !matches!(status, StepStatus::Waiting | StepStatus::Skipped);
        let begun = steps.iter().rev().find(|step| is_begun(&step.status));
        let status = begun.or(steps.last()).map_or(&StepStatus::Waiting, |step| &step.status);
        let is_waiting = steps.iter().any(|step| matches!(step.status, StepStatus::Waiting));
        Self {
            status,
            has_begun: begun.is_some(),
            is_partial: matches!(status, StepStatus::Done { .. }) && is_waiting && !promotion.is_over(),
            took: steps.iter().map(|step| step_time(&step.status, state)).sum(),
        }
    }

    fn sign(&self, styles: &Styles) -> (&'static str, Style) {
        if self.is_partial { ("▶", styles.running) } else { sign::step(self.status, styles) }
    }
}

fn group_line<'a>(
    state: &State,
    promotion: &'a Promotion,
    (name, kinds): (&'a str, &[StepKind]),
    width: usize,
    styles: &Styles,
) -> Line<'a> {
    let group = Group::of(state, promotion, kinds);
    let (shape, style) = group.sign(styles);
    let time = if group.took.is_zero() { String::new() } else { text::duration(group.took) };
    let (name_style, note_style) =
        if group.has_begun { (styles.strong, styles.text) } else { (styles.muted, styles.muted) };
    let pad = if width < NARROW { 8 } else { 10 };
    let mut left = vec![
        Span::styled(format!(" {shape} "), style),
        Span::styled(format!("{name:pad$} "), name_style),
        Span::styled(note(promotion, name, kinds, group.status), note_style),
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

fn note(promotion: &Promotion, name: &str, kinds: &[StepKind], status: &StepStatus) -> String {
    let plan = &promotion.plan;
    let is_of_flow = kinds.iter().all(|kind| kind.number().is_some());
    if is_of_flow && !matches!(status, StepStatus::Failed { .. }) {
        let words: Vec<_> = kinds.iter().map(|kind| plan.step_words(*kind)).collect();
        return words.join(", ");
    }
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
    // Only what is done is green.
    let style = if done < all { styles.running } else { styles.success };
    vec![
        Span::styled(format!("{}{part}", "█".repeat(full)), style),
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
