//! The plan: what would happen, what stands in the way, how to confirm it.
//!
//! ```text
//! ── plan 8c41f0: v1.2.0 to test ──────────────────────────────── usually 00:21
//!    image      v1.1.0 → v1.2.0   public.ecr.aws/…/demo1-bagel-store:v1.2.0
//!    database   3 changesets to run, 11 applied
//!    way back   tag v1.1.0
//!    steps      lock → recheck → validate → update → service → health → evidence
//! ── changesets ────────────────────────────────────────────────────────────────
//!  009-allergens            alter table products add column allergens text;
//!                           ↶ alter table products drop column allergens;
//! ── confirm ───────────────────────────────────────────────────────────────────
//!  P promotes v1.2.0 to test              esc cancels
//! ```

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::domain::changelog::Rollback;
use crate::domain::environment::Tier;
use crate::domain::plan::{Anchor, Course, Plan, PlannedChangeset};
use crate::domain::step::StepKind;
use crate::engine::State;
use crate::engine::planning::{Planning, Prepared};
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::{ARMING, Confirmation};
use crate::tui::views::run;

/// Draws the plan that was asked for, or how far it is.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    confirmation: &Confirmation,
    styles: &Styles,
) {
    let width = usize::from(area.width);
    match &state.planning {
        Planning::None => {}
        Planning::Looking { environment, .. } => {
            let title = vec![Span::styled(format!("plan for {environment}"), styles.strong)];
            let lines = vec![
                text::rule(title, Vec::new(), width, styles.faint),
                Line::styled(" Looking at the service, the database and the releases …", styles.muted),
            ];
            frame.render_widget(Paragraph::new(lines), area);
        }
        Planning::Failed(environment, failure) => {
            let title = vec![Span::styled(format!("no plan for {environment}"), styles.danger)];
            let mut lines = vec![text::rule(title, Vec::new(), width, styles.faint)];
            lines.extend(run::failure_lines(failure, width, styles));
            frame.render_widget(Paragraph::new(lines), area);
        }
        Planning::Ready(prepared) => draw_plan(frame, area, state, prepared, confirmation, styles),
    }
}

fn draw_plan(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    prepared: &Prepared,
    confirmation: &Confirmation,
    styles: &Styles,
) {
    let width = usize::from(area.width);
    let plan = &prepared.plan;
    let facts = facts(state, plan, width, styles);
    let foot = if prepared.unmet.is_empty() {
        confirm_lines(state, prepared, confirmation, width, styles)
    } else {
        unmet_lines(prepared, width, styles)
    };
    let height = |lines: &[Line<'_>]| u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let [top, middle, bottom] = Layout::vertical([
        Constraint::Length(height(&facts)),
        Constraint::Fill(1),
        Constraint::Length(height(&foot)),
    ])
    .areas(area);
    frame.render_widget(Paragraph::new(facts), top);
    frame.render_widget(Paragraph::new(foot), bottom);
    if middle.height == 0 {
        return;
    }
    let changesets: Vec<Line<'_>> =
        plan.changesets.iter().flat_map(|changeset| changeset_lines(changeset, width, styles)).collect();
    let rows = usize::from(middle.height) - 1;
    let scroll = confirmation.scroll.min(changesets.len().saturating_sub(rows));
    let below = changesets.len().saturating_sub(scroll + rows);
    let more = if below > 0 {
        vec![Span::styled(format!("{below} more lines ↓ "), styles.muted)]
    } else {
        Vec::new()
    };
    let mut lines =
        vec![text::rule(vec![Span::styled("changesets", styles.strong)], more, width, styles.faint)];
    if changesets.is_empty() {
        lines.push(Line::styled(" None to run: only the image changes.", styles.muted));
    }
    lines.extend(changesets.into_iter().skip(scroll).take(rows));
    frame.render_widget(Paragraph::new(lines), middle);
}

fn facts<'a>(state: &State, plan: &Plan, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let title = vec![
        Span::styled("plan ", styles.muted),
        Span::styled(plan.digest().short().to_owned(), styles.accent),
        Span::styled(format!("  {} to {}", plan.version, plan.environment), styles.strong),
    ];
    let usual = state.history.usual(&plan.environment);
    let time = usual.map_or_else(Vec::new, |(usual, _)| {
        vec![Span::styled(format!("usually {} ", text::clock(usual)), styles.muted)]
    });
    let steps: Vec<_> = plan.steps().into_iter().map(StepKind::word).collect();
    let fact = |name: &str, value: String| {
        let spans = vec![Span::styled(format!("   {name:10} "), styles.muted), Span::raw(value)];
        Line::from(text::cut(spans, width))
    };
    let count = plan.changesets.len();
    let noun = if count == 1 { "changeset" } else { "changesets" };
    let mut lines = vec![
        text::rule(title, time, width, styles.faint),
        fact("image", format!("{} → {}   {}", plan.image_from_words(), plan.image_to.short(), plan.image_to)),
        fact("database", format!("{count} {noun} to run, {} applied", plan.already_applied)),
        fact("way back", way_back(plan)),
        fact("steps", steps.join(" → ")),
    ];
    for changeset in plan.without_rollback() {
        let spans = vec![
            Span::styled("   ▲ ", styles.warning),
            Span::styled(
                format!("{} has no rollback: Liquibase could not undo it", changeset.id.id),
                styles.warning,
            ),
        ];
        lines.push(Line::from(text::cut(spans, width)));
    }
    lines
}

fn way_back(plan: &Plan) -> String {
    match &plan.course {
        Course::Forward(Anchor::Existing(tag)) => format!("tag {tag}"),
        Course::Forward(Anchor::New(tag)) => format!("tag {tag}, set before the update"),
        Course::Forward(Anchor::NotNeeded) => "the image only; the schema stays as it is".to_owned(),
        Course::Back(_) => "promote it again".to_owned(),
    }
}

fn changeset_lines<'a>(changeset: &'a PlannedChangeset, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let name_width = (width / 4).clamp(18, 32);
    let mut lines = Vec::new();
    let mut say = |words: &'a str, mark: &'static str, style: ratatui::style::Style| {
        let is_first = lines.is_empty();
        let name = if is_first { text::fit(&changeset.id.id, name_width - 2) } else { String::new() };
        let padding = " ".repeat(name_width - text::width(&name) - 1);
        let spans = vec![
            Span::styled(format!(" {name}{padding}"), styles.strong),
            Span::styled(mark, styles.muted),
            Span::styled(words, style),
        ];
        lines.push(Line::from(text::cut(spans, width)));
    };
    let plain = ratatui::style::Style { bg: None, ..styles.text };
    for line in changeset.sql.lines() {
        say(line, "", plain);
    }
    match &changeset.rollback {
        Rollback::Sql(sql) => sql.lines().for_each(|line| say(line, "↶ ", styles.muted)),
        Rollback::Missing => say("no rollback is written", "↶ ", styles.warning),
        Rollback::Automatic => say("Liquibase works the rollback out", "↶ ", styles.muted),
        Rollback::Modelled(changes) => changes.lines().for_each(|line| say(line, "↶ ", styles.muted)),
        Rollback::Changeset(id) => say(id, "↶ ", styles.muted),
        Rollback::Empty => {}
    }
    lines
}

fn unmet_lines<'a>(prepared: &Prepared, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let title = vec![Span::styled("it cannot be promoted now", styles.warning)];
    let mut lines = vec![text::rule(title, Vec::new(), width, styles.faint)];
    for unmet in &prepared.unmet {
        lines.push(Line::from(text::cut(
            vec![Span::styled(" ✖ ", styles.warning), Span::styled(unmet.what.clone(), styles.strong)],
            width,
        )));
        lines.push(Line::from(text::cut(
            vec![Span::styled("   → ", styles.muted), Span::styled(unmet.how.clone(), styles.accent)],
            width,
        )));
    }
    lines
}

fn confirm_lines<'a>(
    state: &State,
    prepared: &Prepared,
    confirmation: &Confirmation,
    width: usize,
    styles: &Styles,
) -> Vec<Line<'a>> {
    let plan = &prepared.plan;
    let name = plan.environment.as_str();
    let tier = state.environment(&plan.environment).map_or(Tier::Three, |it| it.environment.tier());
    let title = if confirmation.has_moved {
        vec![Span::styled("the plan changed while you looked: confirm it anew", styles.warning)]
    } else {
        vec![Span::styled("confirm", styles.strong)]
    };
    let mut lines = vec![text::rule(title, Vec::new(), width, styles.faint)];
    let is_armed = confirmation.is_armed(state.now);
    let act = |key: &'static str, is_on: bool| {
        let style = if is_on { styles.key } else { styles.faint };
        let words = if is_on { styles.strong } else { styles.muted };
        vec![
            Span::styled(format!(" {key} "), style),
            Span::styled(format!("promotes {} to {name}", plan.version), words),
        ]
    };
    let cancel = vec![Span::styled("[ esc cancels ] ", styles.accent)];
    match tier {
        Tier::One => lines.push(text::between(act("y", is_armed), cancel, width)),
        Tier::Two => lines.push(text::between(act("P", is_armed), cancel, width)),
        Tier::Three => {
            let rest: String = name.chars().skip(confirmation.typed.chars().count()).collect();
            let is_right = confirmation.typed == name;
            let mut prompt = vec![
                Span::styled(format!(" type {name} to go on:  "), styles.muted),
                Span::styled(confirmation.typed.clone(), styles.production),
                Span::styled("_".repeat(rest.len()), styles.muted),
            ];
            if is_right {
                prompt.push(Span::styled("  ✔", styles.success));
            }
            lines.push(text::between(prompt, cancel, width));
            lines.push(Line::from(text::cut(act("P", is_armed && is_right), width)));
        }
    }
    if !is_armed && let Some((_, since)) = &confirmation.plan {
        let left = ARMING - state.now.duration_since(*since);
        let filled =
            12 - usize::try_from(left.as_millis().max(0) * 12 / ARMING.as_millis()).unwrap_or(12).min(12);
        lines.push(Line::from(vec![
            Span::styled(format!(" {}", "━".repeat(filled)), styles.accent),
            Span::styled("━".repeat(12 - filled), styles.faint),
            Span::styled(" read it first", styles.muted),
        ]));
    } else {
        lines.push(Line::default());
    }
    lines
}
