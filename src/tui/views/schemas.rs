//! The schema of the selected environment, held against that of another one.
//!
//! ```text
//! ── schema of staging, held against test ────────────── 2 differences · read 4 s ago ──
//!    orders
//!      + column note          text, only in staging
//!      ~ column total_amount  type
//!          test     numeric(10,2)
//!          staging  numeric(12,2)
//! ```

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::age::age;
use crate::domain::observation::Facet;
use crate::domain::schema::judgement::SchemaView;
use crate::domain::schema::{Difference, DifferenceKind, What, diff};
use crate::engine::{EnvironmentState, State};
use crate::tui::seen::Seen;
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::{HeldAgainst, Ui};
use crate::tui::views::{failing, page};

/// Draws it.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    (state, ui): (&State, &Ui),
    held: &HeldAgainst,
    styles: &Styles,
    seen: &mut Seen,
) {
    let [title_row, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let width = usize::from(area.width);
    let (Some(here), Some(other)) = (ui.environment(state), held.other(ui.selected, state)) else {
        let words = " There is no other environment to hold it against.";
        return page::draw(frame, body, vec![Line::styled(words, styles.muted)], 0, (ui, styles), seen);
    };
    let both = [other, here].map(|it| (it.environment.name.as_str(), &it.schema));
    let (mut end, mut lines) = (Vec::new(), Vec::new());
    for (name, facet) in both {
        lines.extend(unseen(name, facet, width, styles));
    }
    if let [Some(a), Some(b)] = both.map(|(_, facet)| facet.value()) {
        let differences = diff(&a.schema, &b.schema);
        end = summary(&differences, styles);
        let names = both.map(|(name, _)| name);
        lines.extend(told(&differences, names, held.with_cosmetic, width, styles));
    }
    end.extend(read(here, state, styles));
    let title = vec![
        Span::styled("schema of ", styles.muted),
        Span::styled(both[1].0.to_owned(), styles.strong),
        Span::styled(", held against ", styles.muted),
        Span::styled(both[0].0.to_owned(), styles.strong),
    ];
    frame.render_widget(text::rule(title, end, width, styles.faint), title_row);
    page::draw(frame, body, lines, held.scroll, (ui, styles), seen);
}

/// Why it is not known, or not known now, what a database holds.
fn unseen<'a>(name: &str, facet: &Facet<SchemaView>, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    if let Some(failure) = facet.failure() {
        let mut lines = failing::failure_lines(failure, width, styles);
        if facet.value().is_some() {
            let words = format!("   What follows is what {name} held when it was read last.");
            lines.push(Line::styled(words, styles.warning));
        }
        return lines;
    }
    if facet.value().is_some() {
        return Vec::new();
    }
    vec![Line::styled(format!("   Reading the schema of {name} …"), styles.muted)]
}

fn summary<'a>(differences: &[Difference], styles: &Styles) -> Vec<Span<'a>> {
    let real = differences.iter().filter(|it| it.is_real() && !it.is_part).count();
    let cosmetic = differences.iter().filter(|it| !it.is_real()).count();
    let mut spans = match real {
        0 => vec![Span::styled("✔ the same ", styles.success)],
        1 => vec![Span::styled("◆ 1 difference ", styles.warning)],
        _ => vec![Span::styled(format!("◆ {real} differences "), styles.warning)],
    };
    if cosmetic > 0 {
        spans.push(Span::styled(format!("· {cosmetic} cosmetic "), styles.muted));
    }
    spans
}

/// How long ago it was read.
fn read<'a>(environment: &EnvironmentState, state: &State, styles: &Styles) -> Option<Span<'a>> {
    let at = environment.schema.seen_at()?;
    let words = format!("· read {} ago ", age(state.now.duration_since(at).unsigned_abs()));
    Some(Span::styled(words, styles.muted))
}

fn told<'a>(
    differences: &[Difference],
    names: [&str; 2],
    with_cosmetic: bool,
    width: usize,
    styles: &Styles,
) -> Vec<Line<'a>> {
    let (real, cosmetic): (Vec<_>, Vec<_>) = differences.iter().partition(|it| it.is_real());
    let mut lines = groups(&real, names, width, styles);
    if lines.is_empty() {
        let words = format!("   {} and {} hold the same objects.", names[0], names[1]);
        lines.push(Line::styled(words, styles.muted));
    }
    if with_cosmetic && !cosmetic.is_empty() {
        let title = vec![Span::styled("what only looks different", styles.muted)];
        lines.push(text::rule(title, Vec::new(), width, styles.faint));
        lines.extend(groups(&cosmetic, names, width, styles));
    }
    lines
}

/// Differences, those of one table below its name.
fn groups<'a>(differences: &[&Difference], names: [&str; 2], width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    let mut whole = None;
    let longest = names.map(text::width).into_iter().max().unwrap_or(0);
    let mut add = |spans: Vec<Span<'static>>| lines.push(Line::from(text::cut(spans, width)));
    for difference in differences {
        let title = difference.object.whole();
        if whole.as_ref() != Some(&title) {
            add(vec![Span::styled(format!("   {title}"), styles.strong)]);
            whole = Some(title);
        }
        let sign = Span::styled(format!("     {} ", difference.sign()), sign(difference, styles));
        let object = |words: String| Span::styled(format!("{words}  "), styles.strong);
        match &difference.what {
            What::OnlyInA(here) | What::OnlyInB(here) => {
                // Where the whole is missing, its parts are told, and nothing more is said of each.
                let words = Span::styled(here.words(), styles.muted);
                if difference.is_part {
                    add(vec![sign, Span::raw(format!("{}  ", here.name.within())), words]);
                    continue;
                }
                let place = if matches!(difference.what, What::OnlyInA(_)) { names[0] } else { names[1] };
                let place = Span::styled(format!("only in {place}  "), Style { bg: None, ..styles.text });
                add(vec![sign, object(here.name.within()), place, words]);
            }
            What::Changed { aspect, .. } => {
                let why = match difference.kind {
                    DifferenceKind::Real => String::new(),
                    DifferenceKind::Cosmetic(why) => format!("  ({why})"),
                };
                let words = format!("{}{why}", aspect.word());
                add(vec![sign, object(difference.object.within()), Span::styled(words, styles.muted)]);
                for (name, said) in names.into_iter().zip([difference.a(), difference.b()]) {
                    let said = said.unwrap_or_else(|| "none".to_owned());
                    add(vec![
                        Span::styled(format!("         {name:longest$}  "), styles.muted),
                        Span::raw(said),
                    ]);
                }
            }
        }
    }
    lines
}

fn sign(difference: &Difference, styles: &Styles) -> Style {
    match &difference.what {
        _ if !difference.is_real() => styles.muted,
        What::OnlyInA(_) => styles.danger,
        What::OnlyInB(_) => styles.success,
        What::Changed { .. } => styles.warning,
    }
}
