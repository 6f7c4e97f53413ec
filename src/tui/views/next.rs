//! What the selected environment waits for: the release that comes next, or why none does.

use ratatui::text::{Line, Span};

use crate::domain::drift::{ChangesetState, Pair};
use crate::engine::policy::Outlook;
use crate::engine::{EnvironmentState, State};
use crate::tui::keymap::{Action, Keymap};
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::Ui;
use crate::tui::views::{failing, lines};

/// What the selected environment waits for.
pub(super) fn lines<'a>(
    state: &'a State,
    environment: &'a EnvironmentState,
    ui: &Ui,
    width: usize,
    styles: &Styles,
) -> Vec<Line<'a>> {
    let name = &environment.environment.name;
    let drift = environment.schemas.drifts().first();
    let drift = drift.map(|drift| drift.words(|at| at.to_zoned(ui.zone.clone()).strftime("%R").to_string()));
    if let Some(lines) = unseen(state, environment, width, styles) {
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
    let right = vec![
        Span::styled(ui.keymap.key_of(Action::Promote), styles.key),
        Span::styled(" shows the plan ", styles.muted),
    ];
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
    lines.extend(policy(environment, &ui.keymap, styles));
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

/// What stands there while something that decides what comes next was not seen.
fn unseen<'a>(
    state: &State,
    environment: &EnvironmentState,
    width: usize,
    styles: &Styles,
) -> Option<Vec<Line<'a>>> {
    let name = &environment.environment.name;
    let failures = [
        environment.service.failure(),
        environment.ledger.failure(),
        environment.schema.failure(),
        environment.health.failure(),
    ];
    let releases = state.catalog.failure().map(|failure| ("the releases cannot be seen".to_owned(), failure));
    let failure = failures.into_iter().flatten().next();
    if let Some((title, failure)) = failure.map(|it| (format!("{name} cannot be seen"), it)).or(releases) {
        let title = vec![Span::styled(title, styles.warning)];
        let mut lines = vec![text::rule(title, Vec::new(), width, styles.faint)];
        lines.extend(failing::failure_lines(failure, width, styles));
        return Some(lines);
    }
    lines::is_looking(state, environment).then(|| {
        let title = vec![Span::styled(name.to_string(), styles.strong)];
        let words = " Looking at what runs, what has been applied, and at the releases …";
        vec![text::rule(title, Vec::new(), width, styles.faint), Line::styled(words, styles.muted)]
    })
}

/// What policy says about it, where that is known.
fn policy<'a>(environment: &EnvironmentState, keymap: &Keymap, styles: &Styles) -> Option<Line<'a>> {
    let (words, style) = match environment.outlook? {
        Outlook::Clear => ("✔ nothing blocks".to_owned(), styles.success),
        Outlook::Blocked(1) => ("✖ 1 finding blocks it".to_owned(), styles.danger),
        Outlook::Blocked(count) => (format!("✖ {count} findings block it"), styles.danger),
        Outlook::Unreadable => ("? it cannot be read, so nothing passes".to_owned(), styles.warning),
    };
    let key = keymap.key_of(Action::Checks);
    Some(Line::from(vec![
        Span::styled(format!("   {:10} ", "policy"), styles.muted),
        Span::styled(words, style),
        Span::styled("  ", styles.muted),
        Span::styled(key, styles.key),
        Span::styled(" shows the checks", styles.muted),
    ]))
}

fn fact<'a>(name: &'static str, value: String, styles: &Styles) -> Line<'a> {
    Line::from(vec![Span::styled(format!("   {name:10} "), styles.muted), Span::raw(value)])
}
