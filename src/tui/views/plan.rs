//! The plan: what would happen, what stands in the way, how to confirm it. A plan that leads back says in which order
//! database and app move, and whether the older image runs on the newer schema.
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
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::domain::changelog::Rollback;
use crate::domain::compatibility::Compatibility;
use crate::domain::failure::Failure;
use crate::domain::gate::{Ballot, Condition, Inspection, Tally, Unmet};
use crate::domain::plan::{Anchor, Course, Direction, Order, Plan, PlannedChangeset, WayBack};
use crate::domain::release::ImageSeen;
use crate::engine::State;
use crate::engine::planning::{Planning, Prepared};
use crate::tui::dialog::Dialog;
use crate::tui::keymap::{Action, Keymap};
use crate::tui::seen::{Seen, Spot};
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::Ui;
use crate::tui::views::{dialog, failing, finding, page};

/// Draws the plan that was asked for, or how far it is.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    (state, ui): (&State, &Ui),
    (dialog, scroll): (&Dialog, usize),
    styles: &Styles,
    seen: &mut Seen,
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
            lines.extend(failing::failure_lines(failure, width, styles));
            frame.render_widget(Paragraph::new(lines), area);
        }
        Planning::Ready(prepared) => {
            draw_plan(frame, area, (state, ui, prepared), (dialog, scroll), styles, seen);
        }
    }
}

fn draw_plan(
    frame: &mut Frame<'_>,
    area: Rect,
    (state, ui, prepared): (&State, &Ui, &Prepared),
    (dialog, scroll): (&Dialog, usize),
    styles: &Styles,
    seen: &mut Seen,
) {
    let width = usize::from(area.width);
    let plan = &prepared.plan;
    let facts = facts(state, prepared, width, styles);
    let mut foot = match (prepared.unmet.is_empty(), plan.direction()) {
        (true, Direction::Forward) => confirm_lines(state, dialog, width, styles),
        (true, Direction::Back) => back_lines(plan, &ui.keymap, width, styles),
        (false, _) => unmet_lines(prepared, &ui.keymap, width, styles),
    };
    let height = |lines: &[Line<'_>]| u16::try_from(lines.len()).unwrap_or(u16::MAX);
    // Three lines of the changesets stay in sight; the foot says how much of it is not.
    let room = usize::from(area.height).saturating_sub(facts.len() + 3).max(3);
    if foot.len() > room {
        let below = foot.len() - (room - 1);
        foot.truncate(room - 1);
        let words = format!(" {}: `lockstep plan {}` shows all of them", more(below), plan.environment);
        foot.push(Line::from(text::cut(vec![Span::styled(words, styles.muted)], width)));
    }
    let [top, middle, bottom] = Layout::vertical([
        Constraint::Length(height(&facts)),
        Constraint::Fill(1),
        Constraint::Length(height(&foot)),
    ])
    .areas(area);
    frame.render_widget(Paragraph::new(facts), top);
    frame.render_widget(Paragraph::new(foot), bottom);
    seen.spot(area, Spot::Body);
    if middle.height == 0 {
        return;
    }
    let (heading, content) = content(prepared, width, styles);
    let rows = usize::from(middle.height) - 1;
    let scroll = scroll.min(content.len().saturating_sub(rows));
    let below = content.len().saturating_sub(scroll + rows);
    let more = if below > 0 {
        vec![Span::styled(format!("{} ↓ ", more(below)), styles.muted)]
    } else {
        Vec::new()
    };
    let mut lines = vec![text::rule(heading, more, width, styles.faint)];
    lines.extend(page::window(content, (rows, scroll), (ui, styles), seen));
    frame.render_widget(Paragraph::new(lines), middle);
}

/// How much of something is not in sight.
fn more(lines: usize) -> String {
    format!("{lines} more {}", if lines == 1 { "line" } else { "lines" })
}

/// What can be scrolled, and what its first part is called: the findings of policy, then the changesets.
fn content<'a>(prepared: &'a Prepared, width: usize, styles: &Styles) -> (Vec<Span<'a>>, Vec<Line<'a>>) {
    let plan = &prepared.plan;
    let heading = match plan.direction() {
        Direction::Forward => "changesets",
        Direction::Back => "changesets to undo, the newest first",
    };
    let heading = vec![Span::styled(heading, styles.strong)];
    let mut changesets: Vec<Line<'_>> =
        plan.changesets.iter().flat_map(|it| changeset_lines(it, plan.direction(), width, styles)).collect();
    if changesets.is_empty() {
        let words = match plan.direction() {
            _ if plan.is_empty() => {
                format!(" Nothing changes: {} runs {} already.", plan.environment, plan.version)
            }
            Direction::Forward => " None to run: only the image changes.".to_owned(),
            Direction::Back => " None to undo: only the image changes.".to_owned(),
        };
        changesets.push(Line::styled(words, styles.muted));
    }
    let Some(Ok(inspection)) = &prepared.policy else { return (heading, changesets) };
    if inspection.findings.is_empty() && inspection.notes.is_empty() {
        return (heading, changesets);
    }
    let mut lines = Vec::new();
    for (index, found) in inspection.findings.iter().enumerate() {
        if index > 0 {
            lines.push(Line::default());
        }
        lines.extend(finding::lines(found, width, styles));
    }
    lines.extend(inspection.notes.iter().flat_map(|note| finding::note(note, width, styles)));
    lines.push(text::rule(heading, Vec::new(), width, styles.faint));
    lines.extend(changesets);
    (vec![Span::styled("what policy finds", styles.strong)], lines)
}

fn facts<'a>(state: &State, prepared: &Prepared, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let plan = &prepared.plan;
    let words = match plan.direction() {
        Direction::Forward => format!("  {} to {}", plan.version, plan.environment),
        Direction::Back => format!("  {} back to {}", plan.environment, plan.version),
    };
    let title = vec![
        Span::styled("plan ", styles.muted),
        Span::styled(plan.digest().short().to_owned(), styles.accent),
        Span::styled(words, styles.strong),
    ];
    let usual = state.history.usual(&plan.environment);
    let time = usual.map_or_else(Vec::new, |(usual, _)| {
        vec![Span::styled(format!("usually {} ", text::clock(usual)), styles.muted)]
    });
    let count = plan.changesets.len();
    let noun = if count == 1 { "changeset" } else { "changesets" };
    let image = format!("{} → {}   {}", plan.image_from_words(), plan.image_to.short(), plan.image_to);
    let mut lines = vec![text::rule(title, time, width, styles.faint), fact("image", image, width, styles)];
    lines.extend(prepared.image.as_ref().map(|seen| registry_fact(seen, width, styles)));
    match plan.way_back() {
        None => {
            let words = format!("{count} {noun} to run, {} applied", plan.already_applied);
            lines.push(fact("database", words, width, styles));
            lines.push(fact("way back", way_back(plan), width, styles));
        }
        Some(way) => lines.extend(way_facts(plan, way, width, styles)),
    }
    lines.extend(long_fact("steps", &plan.words_of(plan.steps()), Style::default(), width, styles));
    let closing = plan.words_of(plan.procedure.closing.iter().copied());
    if !closing.is_empty() {
        lines.extend(long_fact("ends with", &closing, Style::default(), width, styles));
    }
    lines.extend(prepared.policy.as_ref().map(|policy| policy_fact(policy, width, styles)));
    let tally = Tally::of(&state.history, &plan.environment, plan.digest().as_str());
    if !tally.approvals.is_empty() {
        let words = |ballot: &Ballot| match ballot.note.trim() {
            "" => ballot.by.name.clone(),
            note => format!("{}, “{note}”", ballot.by.name),
        };
        let people: Vec<String> = tally.approvals.iter().map(words).collect();
        lines.extend(long_fact(
            "approved",
            &format!("by {}", people.join("; ")),
            Style::default(),
            width,
            styles,
        ));
    }
    for changeset in plan.without_rollback().filter(|_| plan.direction() == Direction::Forward) {
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

/// What the registry says about the image, in one line.
fn registry_fact<'a>(seen: &Result<ImageSeen, Failure>, width: usize, styles: &Styles) -> Line<'a> {
    let (words, style) = match seen {
        Ok(ImageSeen::There(digest)) => (format!("✔ has it as {digest}"), styles.success),
        Ok(ImageSeen::Missing) => ("✖ does not have it".to_owned(), styles.danger),
        Err(failure) => {
            let because = failure.because.first().map_or("it was not asked", String::as_str);
            (format!("? not known whether it has it: {because}"), styles.warning)
        }
    };
    let spans =
        vec![Span::styled(format!("   {:10} ", "registry"), styles.muted), Span::styled(words, style)];
    Line::from(text::cut(spans, width))
}

/// What policy says, in one line.
fn policy_fact<'a>(policy: &Result<Inspection, Failure>, width: usize, styles: &Styles) -> Line<'a> {
    let plural = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let (words, style) = match policy {
        Err(_) => ("? cannot be checked".to_owned(), styles.warning),
        Ok(inspection) => {
            let (found, blocking) = (inspection.findings.len(), inspection.blocking().count());
            let checks = plural(inspection.checks, "check");
            match (found, blocking) {
                (0, _) => (format!("✔ no findings, {checks}"), styles.success),
                (found, 0) => (format!("✔ {}, none blocks", plural(found, "finding")), styles.success),
                (_, 1) => ("✖ 1 finding blocks it".to_owned(), styles.danger),
                (_, blocking) => (format!("✖ {blocking} findings block it"), styles.danger),
            }
        }
    };
    let spans = vec![Span::styled(format!("   {:10} ", "policy"), styles.muted), Span::styled(words, style)];
    Line::from(text::cut(spans, width))
}

fn fact<'a>(name: &str, value: String, width: usize, styles: &Styles) -> Line<'a> {
    let spans = vec![Span::styled(format!("   {name:10} "), styles.muted), Span::raw(value)];
    Line::from(text::cut(spans, width))
}

/// A fact that goes on in further lines where it has to.
fn long_fact<'a>(name: &str, value: &str, style: Style, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let lines = text::wrap(value, width.saturating_sub(15)).into_iter().enumerate();
    lines
        .map(|(row, words)| {
            let name = if row == 0 { name } else { "" };
            let name = Span::styled(format!("   {name:10} "), styles.muted);
            Line::from(vec![name, Span::styled(words, style)])
        })
        .collect()
}

/// What a way back undoes, in which order, and why in that one.
fn way_facts<'a>(plan: &Plan, way: &WayBack, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let stay = plan.already_applied;
    let undone = match way.order {
        Order::AppOnly => "stays as it is".to_owned(),
        Order::DatabaseFirst | Order::AppFirst => format!("undo {}, {stay} stay", way.until.words()),
    };
    let (sign, style, words) = match &way.verdict {
        Compatibility::Compatible(_) => ("✔", styles.success, "runs on the newer schema"),
        Compatibility::Incompatible(_) => ("✖", styles.danger, "does not run on the newer schema"),
        Compatibility::Unknown(_) => ("?", styles.warning, "may not run on the newer schema"),
    };
    let verdict = format!("{sign} {} {words}: {}", plan.image_to.short(), way.verdict.why());
    let mut lines = vec![fact("database", undone, width, styles)];
    lines.extend(long_fact("verdict", &verdict, style, width, styles));
    lines.push(fact("order", way.order.words().to_owned(), width, styles));
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

/// What a changeset does and what undoes it; on the way back only the latter is done.
fn changeset_lines<'a>(
    changeset: &'a PlannedChangeset,
    direction: Direction,
    width: usize,
    styles: &Styles,
) -> Vec<Line<'a>> {
    let name_width = (width / 4).clamp(18, 32);
    let mut lines = Vec::new();
    let mut say = |words: &'a str, mark: &'static str, style: Style| {
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
    let plain = Style { bg: None, ..styles.text };
    let back = match direction {
        Direction::Forward => {
            changeset.sql.lines().for_each(|line| say(line, "", plain));
            styles.muted
        }
        Direction::Back => plain,
    };
    match &changeset.rollback {
        Rollback::Sql(sql) => sql.lines().for_each(|line| say(line, "↶ ", back)),
        Rollback::Missing => say("no rollback is written", "↶ ", styles.warning),
        Rollback::Automatic => say("Liquibase works the rollback out", "↶ ", back),
        Rollback::Modelled(changes) => changes.lines().for_each(|line| say(line, "↶ ", back)),
        Rollback::Changeset(id) => say(id, "↶ ", back),
        Rollback::Empty if direction == Direction::Back => say("nothing has to be done", "↶ ", styles.muted),
        Rollback::Empty => {}
    }
    lines
}

fn unmet_lines<'a>(prepared: &Prepared, keymap: &Keymap, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let words = match prepared.plan.direction() {
        Direction::Forward => "it cannot be promoted now",
        Direction::Back => "it cannot go back now",
    };
    let title = vec![Span::styled(words, styles.warning)];
    let mut lines = vec![text::rule(title, Vec::new(), width, styles.faint)];
    // Each finding is told above, with its mend.
    let is_told =
        |unmet: &Unmet| unmet.condition == Condition::Policy && matches!(prepared.policy, Some(Ok(_)));
    let told = prepared.unmet.iter().filter(|unmet| is_told(unmet));
    let (count, can_override) = told.fold((0, false), |(count, _), unmet| (count + 1, unmet.can_override));
    let summary = (count > 0).then(|| Unmet {
        condition: Condition::Policy,
        what: if count == 1 {
            "policy: the finding above stands in the way".to_owned()
        } else {
            format!("policy: {count} findings stand in the way")
        },
        how: format!(
            "Mend the changeset, or waive what may pass, with a reason and an end; {} shows each finding.",
            keymap.key_of(Action::Checks)
        ),
        can_override,
    });
    let others = prepared.unmet.iter().filter(|unmet| !is_told(unmet));
    for unmet in summary.iter().chain(others) {
        for (row, words) in text::wrap(&unmet.what, width.saturating_sub(4)).into_iter().enumerate() {
            let sign = if row == 0 { " ✖ " } else { "   " };
            lines.push(Line::from(vec![
                Span::styled(sign, styles.warning),
                Span::styled(words, styles.strong),
            ]));
        }
        if unmet.can_override {
            lines.push(Line::styled("     it may be overridden, with a reason", styles.muted));
        }
        for (row, words) in text::wrap(&unmet.how, width.saturating_sub(6)).into_iter().enumerate() {
            let sign = if row == 0 { "   → " } else { "     " };
            lines
                .push(Line::from(vec![Span::styled(sign, styles.muted), Span::styled(words, styles.accent)]));
        }
    }
    lines
}

fn confirm_lines<'a>(state: &State, dialog: &'a Dialog, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let title = if dialog.has_moved {
        vec![Span::styled("the plan changed while you looked: confirm it anew", styles.warning)]
    } else {
        vec![Span::styled("confirm", styles.strong)]
    };
    let mut lines = vec![text::rule(title, Vec::new(), width, styles.faint)];
    lines.extend(dialog::lines(dialog, state.now, width, styles));
    lines
}

/// How a way back is carried out: it has a dialog of its own.
fn back_lines<'a>(plan: &Plan, keymap: &Keymap, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let title = vec![Span::styled("confirm", styles.strong)];
    let act = vec![
        Span::styled(format!(" {} ", keymap.key_of(Action::RollBack)), styles.key),
        Span::styled(format!("rolls {} back to {} …", plan.environment, plan.version), styles.strong),
    ];
    let cancel = vec![Span::styled("[ esc cancels ] ", styles.accent)];
    vec![text::rule(title, Vec::new(), width, styles.faint), text::between(act, cancel, width)]
}
