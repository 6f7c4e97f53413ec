//! What policy finds in the release that comes next, or is planned, grouped by changeset; and one finding whole.
//!
//! ```text
//! ── checks of v1.4.0 for dev ─────────────── ✖ 3 block · 12 checks · 18 changesets
//!    013-tidy-orders                                                      · pending
//!  ▸  ✖ BLOCKER   RollbackRequired          3:1   alter table products drop column …
//!     ✖ BLOCKER   ChangeDropColumnWarn      5:1   alter table products drop column …
//!     ✖ BLOCKER   SqlGrantWarn              6:1   grant select on orders, order_items…
//! ── 1 of 3 ───────────────────────────────────────────────────────────────────────
//!  changelog/changesets/013-tidy-orders.sql:3:1
//!  A changeset has no rollback.
//!  → Write one, or `--rollback empty` where nothing has to be undone.
//! ```

use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::domain::changelog::ChangesetId;
use crate::domain::drift::ChangesetState;
use crate::domain::observation::Facet;
use crate::domain::policy::{Finding, Subject, Verdict};
use crate::engine::State;
use crate::engine::policy::day;
use crate::tui::checks::{ChecksView, Entry, FOOT, Shown};
use crate::tui::seen::{Seen, Spot};
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::Ui;
use crate::tui::views::{failing, finding, page};

/// The place of a check's name; the longest of the known ones has 24 characters.
const CHECK: usize = 26;

/// The place of line and column.
const POSITION: usize = 8;

/// Draws the list.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    (state, ui): (&State, &Ui),
    styles: &Styles,
    seen: &mut Seen,
) {
    seen.spot(area, Spot::Body);
    let width = usize::from(area.width);
    let mut lines = vec![title(state, ui, width, styles)];
    if let Some(mut words) = instead(state, ui, width, styles) {
        lines.append(&mut words);
        return frame.render_widget(Paragraph::new(lines), area);
    }
    let view = &ui.checks;
    let rows = usize::from(area.height.saturating_sub(1 + FOOT)).max(1);
    let selected = view.selected();
    for entry in view.lines().iter().skip(view.top()).take(rows) {
        if let (Entry::Finding(place), Ok(row)) = (entry, u16::try_from(lines.len())) {
            seen.spot(Rect { y: area.y + row, height: 1, ..area }, Spot::Row(*place));
        }
        lines.push(match entry {
            Entry::Heading(place) => heading(&view.findings()[*place], width, styles),
            Entry::Finding(place) => {
                row(&view.findings()[*place].finding, selected == Some(*place), width, styles)
            }
        });
    }
    // What is to be known about waivers stands behind the last finding, where there is room.
    if let (Some(verdict), true) = (view.verdict(), !view.is_filtered()) {
        let room = (rows + 1).saturating_sub(lines.len());
        lines.extend(notes(verdict, width, styles).into_iter().take(room));
    }
    if view.lines().is_empty() {
        let words = if view.is_filtered() {
            "   Nothing matches. Esc shows all of them."
        } else {
            "   Nothing is pending that was found. o shows what has run too."
        };
        lines.push(Line::styled(words, styles.muted));
    }
    lines.resize_with(rows + 1, Line::default);
    lines.extend(foot(view, width, styles));
    frame.render_widget(Paragraph::new(lines), area);
}

/// Draws the finding under the cursor whole.
pub(super) fn draw_one(
    frame: &mut Frame<'_>,
    area: Rect,
    (state, ui): (&State, &Ui),
    scroll: usize,
    styles: &Styles,
    seen: &mut Seen,
) {
    let width = usize::from(area.width);
    let shown = ui.checks.selected().map(|place| &ui.checks.findings()[place]);
    let Some(shown) = shown else {
        let words = " It is not found any more.";
        return frame.render_widget(Paragraph::new(Line::styled(words, styles.muted)), area);
    };
    let lines = one((state, &ui.checks), shown, width, styles);
    page::draw(frame, area, lines, scroll, (ui, styles), seen);
}

fn facet<'a>(state: &'a State, ui: &Ui) -> Option<&'a Facet<Arc<Verdict>>> {
    state.verdict(state.checked(&ui.environment(state)?.environment.name)?)
}

fn title<'a>(state: &State, ui: &Ui, width: usize, styles: &Styles) -> Line<'a> {
    let view = &ui.checks;
    let environment = ui.environment(state).map(|it| &it.environment.name);
    let release = environment.and_then(|name| state.checked(name));
    let mut title = vec![Span::styled("checks", styles.strong)];
    if let (Some(release), Some(name)) = (release, environment) {
        title = vec![
            Span::styled("checks of ", styles.muted),
            Span::styled(release.version.to_string(), styles.strong),
            Span::styled(format!(" for {name}"), styles.muted),
        ];
    }
    let mut end = Vec::new();
    if facet(state, ui).is_some_and(|facet| facet.failure().is_some()) && view.verdict().is_some() {
        end.push(Span::styled("? old: policy cannot be read now ", styles.warning));
    } else if let Some(verdict) = view.verdict() {
        let blocking = view.findings().iter().filter(|shown| view.is_blocking(&shown.finding)).count();
        if view.only_pending {
            end.push(Span::styled("only pending · ", styles.muted));
        }
        if blocking > 0 {
            let verb = if blocking == 1 { "blocks" } else { "block" };
            end.push(Span::styled(format!("✖ {blocking} {verb}"), styles.danger));
            end.push(Span::styled(" · ", styles.muted));
        }
        if !verdict.findings.is_empty() {
            end.push(Span::styled(format!("{} ", counts(verdict)), styles.muted));
        }
    }
    text::rule(title, end, width, styles.faint)
}

fn notes<'a>(verdict: &Verdict, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    verdict.notes.iter().flat_map(|note| finding::note(&note.to_string(), width, styles)).collect()
}

fn counts(verdict: &Verdict) -> String {
    let plural = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    format!("{} · {}", plural(verdict.checks.len(), "check"), plural(verdict.changesets.len(), "changeset"))
}

/// What stands there instead of a list, when there is none.
fn instead<'a>(state: &State, ui: &Ui, width: usize, styles: &Styles) -> Option<Vec<Line<'a>>> {
    let say = |style: Style, words: &str| {
        let lines = text::wrap(words, width.saturating_sub(2)).into_iter();
        Some(lines.map(|line| Line::styled(format!(" {line}"), style)).collect::<Vec<_>>())
    };
    let Some(facet) = facet(state, ui) else {
        return match state.catalog.failure() {
            Some(failure) => Some(failing::failure_lines(failure, width, styles)),
            None => say(styles.muted, "Looking at the releases …"),
        };
    };
    match (ui.checks.verdict(), facet.failure()) {
        (Some(verdict), _) if !verdict.findings.is_empty() => None,
        (_, Some(failure)) => Some(failing::failure_lines(failure, width, styles)),
        (Some(verdict), None) if !verdict.notes.is_empty() => {
            let words = format!(" ✔ no findings: {}", counts(verdict).replace(" ·", ","));
            let mut lines = vec![Line::styled(words, styles.success)];
            lines.extend(notes(verdict, width, styles));
            Some(lines)
        }
        (Some(verdict), None) => {
            say(styles.success, &format!("✔ no findings: {}", counts(verdict).replace(" ·", ",")))
        }
        (None, None) => say(styles.muted, "Checking …"),
    }
}

fn heading<'a>(shown: &Shown, width: usize, styles: &Styles) -> Line<'a> {
    let name = match &shown.finding.subject {
        Subject::Changeset(id) => id.id.clone(),
        Subject::Table(name) => name.clone(),
    };
    let state = shown.state.map_or_else(String::new, |state| match state {
        ChangesetState::Applied => "✔ applied ".to_owned(),
        state => format!("· {} ", state.word()),
    });
    let left = vec![Span::styled(format!("   {name}"), styles.strong)];
    text::between(left, vec![Span::styled(state, styles.muted)], width)
}

fn row<'a>(finding: &Finding, is_selected: bool, width: usize, styles: &Styles) -> Line<'a> {
    let (mark, style) = finding::mark(finding, styles);
    let cursor = if is_selected { " ▸ " } else { "   " };
    let position = finding::position(finding);
    let check = text::fit(&finding.check, CHECK - 1);
    let plain = Style { bg: None, ..styles.text };
    let statement: Vec<&str> = finding.statement.split_whitespace().collect();
    let spans = vec![
        Span::styled(cursor, styles.accent),
        Span::styled(format!("  {mark:12}"), style),
        Span::styled(format!("{check:CHECK$}"), if finding.waiver.is_some() { styles.muted } else { plain }),
        Span::styled(format!("{position:POSITION$}"), styles.muted),
        Span::styled(statement.join(" "), styles.muted),
    ];
    let mut line = Line::from(text::cut(spans, width));
    if is_selected {
        let missing = width.saturating_sub(line.width());
        line.spans.push(Span::raw(" ".repeat(missing)));
        line = line.patch_style(styles.selected);
    }
    line
}

/// What the finding under the cursor is about: always as many lines.
fn foot<'a>(view: &ChecksView, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let (cursor, count) = view.place();
    let title = if count == 0 { "no findings".to_owned() } else { format!("{} of {count}", cursor + 1) };
    let mut lines =
        vec![text::rule(vec![Span::styled(title, styles.muted)], Vec::new(), width, styles.faint)];
    if let Some(finding) = view.finding() {
        let within = finding.within.as_ref().map_or_else(String::new, |within| format!(", in {within}"));
        let place = match (&finding.place, &finding.subject) {
            (Some(place), _) => format!("{}:{}", place.file, finding::position(finding)),
            (None, Subject::Changeset(id)) => id.path.clone(),
            (None, Subject::Table(name)) => name.clone(),
        };
        let place = vec![Span::styled(format!(" {place}{within}"), styles.muted)];
        lines.push(Line::from(text::cut(place, width)));
        let mut say = |first: &'static str, words: &str, style: Style| {
            let wrapped = text::wrap(words, width.saturating_sub(5));
            let is_cut = wrapped.len() > 2;
            for (row, line) in wrapped.into_iter().take(2).enumerate() {
                let (margin, more) = (if row == 0 { first } else { "   " }, is_cut && row == 1);
                let line = if more { format!("{line} …") } else { line };
                lines.push(Line::styled(format!("{margin}{line}"), style));
            }
        };
        say("   ", &finding.why, Style { bg: None, ..styles.text });
        match &finding.waiver {
            Some(waiver) => {
                let words = format!("until {} by {}: {}", waiver.expires, waiver.owner, waiver.reason);
                say(" ○ ", &words, styles.warning);
            }
            None => say(" → ", &finding.mend, styles.accent),
        }
    }
    lines.resize_with(usize::from(FOOT), Line::default);
    lines
}

/// The id of a changeset where it is the only one of that id, else all that names it.
fn named(view: &ChecksView, id: &ChangesetId) -> String {
    let all = view.verdict().map(|verdict| verdict.changesets.as_slice()).unwrap_or_default();
    if all.iter().filter(|other| other.id == id.id).count() > 1 { id.to_string() } else { id.id.clone() }
}

fn one<'a>(
    (state, view): (&State, &ChecksView),
    shown: &Shown,
    width: usize,
    styles: &Styles,
) -> Vec<Line<'a>> {
    let is_blocking = view.is_blocking(&shown.finding);
    let found = &shown.finding;
    let plain = Style { bg: None, ..styles.text };
    let mut lines = Vec::new();
    let (mark, style) = finding::mark(found, styles);
    let title =
        vec![Span::styled(format!("{mark}  "), style), Span::styled(found.check.clone(), styles.strong)];
    lines.push(text::rule(title, Vec::new(), width, styles.faint));
    let mut fact = |name: &str, value: &str, style: Style| {
        for (row, line) in text::wrap(value, width.saturating_sub(17)).into_iter().enumerate() {
            let name = if row == 0 { name } else { "" };
            lines.push(Line::from(vec![
                Span::styled(format!("   {name:12} "), styles.muted),
                Span::styled(line, style),
            ]));
        }
    };
    fact("check", &found.title, plain);
    match &found.subject {
        Subject::Changeset(id) => {
            let state = shown.state.map_or_else(String::new, |state| format!(", {}", state.word()));
            fact("changeset", &format!("{}, by {}{state}", id.id, id.author), plain);
            let file = found.place.as_ref().map_or(&id.path, |place| &place.file);
            fact("place", &format!("{file}:{}", finding::position(found)), plain);
        }
        Subject::Table(name) => fact("table", name, plain),
    }
    if let Some(within) = &found.within {
        fact("within", within, plain);
    }
    let (words, style) = match (&found.waiver, is_blocking) {
        (Some(waiver), _) => (
            format!("○ waived until {} by {}: {}", waiver.expires, waiver.owner, waiver.reason),
            styles.warning,
        ),
        (None, true) => ("✖ stands in the way of a promotion".to_owned(), styles.danger),
        (None, false) => {
            let word = state.policy.as_ref().map_or("", |policy| policy.blocks_at.word());
            (format!("is told, and stands in nobody's way: that begins with {word}"), styles.muted)
        }
    };
    fact("means", &words, style);
    lines.extend(sections(state, view, found, width, styles));
    lines
}

/// The statement, why it matters, how to mend it, and how to let it pass.
fn sections<'a>(
    state: &State,
    view: &ChecksView,
    found: &Finding,
    width: usize,
    styles: &Styles,
) -> Vec<Line<'a>> {
    let plain = Style { bg: None, ..styles.text };
    let mut lines = Vec::new();
    let mut rule = |title: &'static str, text: Vec<(String, Style)>| {
        let heading = vec![Span::styled(title, styles.strong)];
        lines.push(text::rule(heading, Vec::new(), width, styles.faint));
        for (line, style) in text {
            lines.push(Line::from(text::cut(vec![Span::styled(format!("   {line}"), style)], width)));
        }
    };
    let wrap = |words: &str, style: Style| -> Vec<(String, Style)> {
        text::wrap(words, width.saturating_sub(5)).into_iter().map(|line| (line, style)).collect()
    };
    let statement = found.statement.lines().map(|line| (line.replace('\t', "    "), plain)).collect();
    rule("statement", statement);
    rule("why it matters", wrap(&found.why, plain));
    rule("how to mend it", wrap(&found.mend, styles.accent));
    if let (None, Subject::Changeset(id)) = (&found.waiver, &found.subject) {
        let entry = [
            "[[waiver]]".to_owned(),
            format!("check = \"{}\"", found.check),
            format!("changeset = \"{}\"", named(view, id)),
            "reason = \"why it may pass\"".to_owned(),
            "owner = \"who answers for it\"".to_owned(),
            format!("expires = {}  # the last day on which it may", day(state.now)),
        ];
        rule(
            "or let it pass for some time, in the file of waivers",
            entry.map(|line| (line, styles.muted)).into(),
        );
    }
    lines
}
