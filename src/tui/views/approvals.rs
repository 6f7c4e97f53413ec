//! What waits for approval: for whom, who said what, and which approval has lapsed because of which lines.
//!
//! ```text
//! ── approvals ──────────────────────────────────────────── 1 waits for you ──
//! ▸ ● v1.2.0 to PROD     plan 8c41f0   1 of 2 approvals   waits for you
//!     asked for by pat at 2026-11-21 14:02: after the smoke test
//!     approved  by ana at 2026-11-21 14:05
//!     ✖ the approval of 51fa02 by ben lapsed; since then
//!       image-to v1.3.0 → v1.4.0
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::gate::Ballot;
use crate::engine::State;
use crate::engine::petitions::{Petition, Standing};
use crate::tui::seen::Seen;
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::{Ui, unseen_petitions};
use crate::tui::views::entries;

/// Draws the inbox.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    (state, ui): (&State, &Ui),
    cursor: usize,
    styles: &Styles,
    seen: &mut Seen,
) {
    let width = usize::from(area.width);
    let mine = state.petitions.iter().filter(|petition| petition.waits_for_me()).count();
    let unknown = unseen_petitions(state);
    let words = match mine {
        0 if unknown.is_some() => String::new(),
        0 => "nothing waits for you ".to_owned(),
        1 => "1 waits for you ".to_owned(),
        count => format!("{count} wait for you "),
    };
    let style = if mine == 0 { styles.muted } else { styles.accent };
    let title = vec![Span::styled("approvals", styles.strong)];
    let title = text::rule(title, vec![Span::styled(words, style)], width, styles.faint);
    let petitions = ui.petitions(state);
    let mut entries: Vec<Vec<Line<'_>>> = petitions
        .iter()
        .enumerate()
        .map(|(index, petition)| petition_lines(state, ui, petition, index == cursor, width, styles))
        .collect();
    if petitions.is_empty() {
        let words = match unknown {
            _ if !state.petitions.is_empty() => "Nothing matches. Esc shows all of them.".to_owned(),
            Some(words) => words,
            None => "Nothing waits for approval.".to_owned(),
        };
        let lines = text::wrap(&words, width.saturating_sub(2)).into_iter();
        entries.push(lines.map(|line| Line::styled(format!(" {line}"), styles.muted)).collect());
    }
    entries::draw(frame, area, title, entries, cursor, seen);
}

fn petition_lines<'a>(
    state: &State,
    ui: &Ui,
    petition: &Petition,
    is_selected: bool,
    width: usize,
    styles: &Styles,
) -> Vec<Line<'a>> {
    let plan = &petition.plan;
    let is_production = state.environment(&plan.environment).is_some_and(|it| it.environment.production);
    let (name, name_style) = if is_production {
        (plan.environment.as_str().to_uppercase(), styles.production)
    } else {
        (plan.environment.to_string(), styles.strong)
    };
    let (shape, style) = match petition.standing() {
        Standing::Waiting => ("●", styles.warning),
        Standing::Approved => ("✔", styles.success),
        Standing::Rejected => ("✖", styles.danger),
    };
    let noun = if petition.needed == 1 { "approval" } else { "approvals" };
    let head = vec![
        Span::styled(if is_selected { "▸ " } else { "  " }, styles.accent),
        Span::styled(format!("{shape} "), style),
        Span::styled(format!("{} to ", plan.version), styles.strong),
        Span::styled(format!("{name}  "), name_style),
        Span::styled(format!("plan {}  ", plan.digest().short()), styles.accent),
        Span::raw(format!("{} of {} {noun}  ", petition.counting.len(), petition.needed)),
        Span::styled(standing(petition), style),
    ];
    let mut lines = vec![Line::from(text::cut(head, width))];
    let tally = &petition.tally;
    for (word, ballots) in
        [("asked for", &tally.requests), ("approved", &tally.approvals), ("rejected", &tally.rejections)]
    {
        for ballot in ballots {
            lines.extend(say(&ballot_words(word, ballot, ui), styles.muted, width));
        }
    }
    if let Some(lapse) = &petition.lapse {
        let short = lapse.plan.get(..6).unwrap_or(&lapse.plan);
        let words =
            format!("✖ the approval of {short} by {} has lapsed; since then:", lapse.by.join(" and "));
        lines.extend(say(&words, styles.warning, width));
        for difference in &lapse.differences {
            lines.extend(say(&format!("· {difference}"), Style::new(), width));
        }
    }
    lines
}

/// For whom it waits, or what came of it.
fn standing(petition: &Petition) -> String {
    match (petition.standing(), &petition.objection) {
        (Standing::Approved, _) => "approved: promote it".to_owned(),
        (Standing::Rejected, _) => "rejected: whoever asks anew begins anew".to_owned(),
        (Standing::Waiting, None) => "waits for you".to_owned(),
        (Standing::Waiting, Some(_)) => format!("waits for {}", petition.who),
    }
}

fn ballot_words(word: &str, ballot: &Ballot, ui: &Ui) -> String {
    let at = ballot.at.to_zoned(ui.zone.clone()).strftime("%F %R");
    let note = if ballot.note.is_empty() { String::new() } else { format!(": {}", ballot.note) };
    format!("{word:9} by {} at {at}{note}", ballot.by)
}

/// Words below a head, in as many lines as they take.
fn say<'a>(words: &str, style: Style, width: usize) -> Vec<Line<'a>> {
    let lines = text::wrap(words, width.saturating_sub(5)).into_iter();
    lines.map(|line| Line::from(vec![Span::raw("    "), Span::styled(line, style)])).collect()
}
