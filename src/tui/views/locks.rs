//! Who holds which lock: in every environment, on a screen of its own; and the locks of one environment, as its details
//! show them: every one that is held, with whoever holds it.
//!
//! ```text
//! ── locks ────────────────────────────────────────────── ✖ 1 is stale ──
//!    dev         Liquibase ✔ free                lockstep ✔ free
//!    test        Liquibase ✖ held, stale         lockstep ✔ free
//! ── test ──────────────────────────────────────────────────────────────
//!    lock        ✖ Liquibase's lock is stale: it is held, and its holder is gone
//!    holder      db-runner#r-20261121-140155000-test (10.0.0.7)
//!    since       2026-11-21 14:01:58, for 4 min
//!    run         v1.2.0 to test, begun by ana at 2026-11-21 14:01:55; it has not ended by the journal
//!    because     no session named r-20261121-140155000-test is connected, …
//!    next        See with `lockstep status` which changesets have their row; …
//!    sql         update databasechangeloglock set locked = false, …
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::Timestamp;
use crate::domain::age::age;
use crate::domain::ledger::Ledger;
use crate::domain::lock::{Lock, LockSight, Since, Verdict, local};
use crate::engine::{EnvironmentState, State};
use crate::tui::seen::Seen;
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::Ui;
use crate::tui::views::{failing, page};

/// A fact: its name, its words, its style.
pub(super) type Fact = (&'static str, String, Style);

/// Draws the locks of every environment.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    (state, ui): (&State, &Ui),
    scroll: usize,
    styles: &Styles,
    seen: &mut Seen,
) {
    let width = usize::from(area.width);
    let title = vec![Span::styled("locks", styles.strong)];
    let mut lines = vec![text::rule(title, worst(state, styles), width, styles.faint)];
    lines.extend(state.environments.iter().map(|it| row(it, width, styles)));
    let plain = Style { bg: None, ..styles.text };
    let time = |at: Timestamp| at.to_zoned(ui.zone.clone()).strftime("%F %T").to_string();
    for environment in &state.environments {
        let facts = facts(state, environment, time, plain, styles);
        let failure = environment.ledger.failure().or(environment.locks.failure());
        if facts.is_empty() && failure.is_none() {
            continue;
        }
        let title = vec![Span::styled(environment.environment.name.to_string(), styles.strong)];
        lines.push(text::rule(title, Vec::new(), width, styles.faint));
        lines.extend(failure.into_iter().flat_map(|failure| failing::failure_lines(failure, width, styles)));
        for (name, words, style) in facts {
            for (row, words) in text::wrap(&words, width.saturating_sub(16)).into_iter().enumerate() {
                let name = if row == 0 { name } else { "" };
                lines.push(Line::from(vec![
                    Span::styled(format!("   {name:11} "), styles.muted),
                    Span::styled(words, style),
                ]));
            }
        }
    }
    page::draw(frame, area, lines, scroll, (ui, styles), seen);
}

/// One environment with its two locks.
fn row<'a>(environment: &'a EnvironmentState, width: usize, styles: &Styles) -> Line<'a> {
    let name = environment.environment.name.as_str();
    let name = if environment.environment.production { name.to_uppercase() } else { name.to_owned() };
    let style = if environment.environment.production { styles.production } else { styles.strong };
    let mut spans = vec![Span::styled(format!("   {:12} ", text::fit(&name, 12)), style)];
    let is_old = environment.ledger.failure().is_some();
    let is_locked = environment.ledger.value().map(Ledger::is_locked);
    match (is_locked, environment.locks.value()) {
        (None, _) if is_old => spans.push(Span::styled("? the database cannot be seen", styles.warning)),
        (None, _) => spans.push(Span::styled("… looking", styles.muted)),
        (Some(true), None) => spans.push(Span::styled("▶ held; looking by whom …", styles.running)),
        (Some(false), _) => {
            for kind in ["Liquibase", "lockstep"] {
                spans.push(Span::styled(format!("{kind} "), styles.muted));
                spans.push(Span::styled(format!("{:18} ", "✔ free"), styles.success));
            }
        }
        (Some(true), Some(sight)) => {
            for (kind, lock) in ["Liquibase", "lockstep"].into_iter().zip(sight.locks()) {
                let (shape, style) = sign(&lock.verdict, styles);
                let words = match lock.verdict {
                    Verdict::Free => format!("{shape} free"),
                    _ => format!("{shape} held, {}", lock.verdict.word()),
                };
                spans.push(Span::styled(format!("{kind} "), styles.muted));
                spans.push(Span::styled(format!("{words:18} "), style));
            }
        }
    }
    if is_old && is_locked.is_some() {
        spans.push(Span::styled("? old", styles.warning));
    }
    Line::from(text::cut(spans, width))
}

/// What weighs most, for the title.
fn worst<'a>(state: &State, styles: &Styles) -> Vec<Span<'a>> {
    let locks = state.environments.iter().filter(|it| it.ledger.value().is_some_and(Ledger::is_locked));
    let verdicts: Vec<Verdict> =
        locks.filter_map(|it| it.locks.value()).flat_map(LockSight::locks).map(|lock| lock.verdict).collect();
    let count = |is_meant: fn(&Verdict) -> bool| verdicts.iter().filter(|verdict| is_meant(verdict)).count();
    let dead = count(|verdict| matches!(verdict, Verdict::Stale(_)));
    let unclear = count(|verdict| matches!(verdict, Verdict::Unclear(_)));
    let alive = count(|verdict| matches!(verdict, Verdict::Alive(_)));
    let (words, style) = match (dead, unclear, alive) {
        (0, 0, 0) if state.environments.iter().any(|it| it.ledger.current().is_none()) => return Vec::new(),
        (0, 0, 0) => ("✔ nothing is held ".to_owned(), styles.success),
        (0, 0, alive) => (format!("▶ {alive} held "), styles.running),
        (0, unclear, _) => (format!("? {unclear} cannot be told "), styles.warning),
        (dead, ..) => (format!("✖ {dead} stale "), styles.danger),
    };
    vec![Span::styled(words, style)]
}

/// Everything about the locks that are held; empty when the ledger says that none is. A time is shown by `time`.
pub(super) fn facts(
    state: &State,
    environment: &EnvironmentState,
    time: impl Fn(Timestamp) -> String,
    plain: Style,
    styles: &Styles,
) -> Vec<Fact> {
    let (Some(ledger), Some(sight)) = (environment.ledger.value(), environment.locks.value()) else {
        return Vec::new();
    };
    if !ledger.is_locked() {
        return Vec::new();
    }
    let mut facts = Vec::new();
    for lock in sight.locks() {
        let (Some(holder), Some(why)) = (&lock.holder, lock.verdict.why()) else { continue };
        let (sign, style) = sign(&lock.verdict, styles);
        facts.push(("lock", format!("{sign} {} is {}", lock.kind.words(), lock.verdict.words()), style));
        facts.push(("holder", holder.name.clone(), plain));
        if let Some(since) = since(&lock, sight.at, &time) {
            facts.push(("since", since, plain));
        }
        if let Some(past) = holder.run.as_ref().and_then(|run| state.history.run(run)) {
            facts.push(("run", past.words(&time), plain));
        }
        facts.push(("because", why.to_owned(), plain));
        facts.extend(holder.sessions.iter().map(|session| ("session", session.words(sight.at), plain)));
        if let (Some(advice), Verdict::Stale(_) | Verdict::Unclear(_)) = (lock.advice(), &lock.verdict) {
            facts.push(("next", advice, styles.accent));
        }
        facts.extend(lock.release.map(|sql| ("sql", sql, plain)));
    }
    facts
}

fn since(lock: &Lock, now: Timestamp, time: impl Fn(Timestamp) -> String) -> Option<String> {
    match lock.holder.as_ref()?.since {
        Since::At(at) => {
            let held = lock.held_for(now).map(age).unwrap_or_default();
            Some(format!("{}, for {held}", time(at)))
        }
        Since::Wall(wall) => Some(format!("{} by its own clock", local(wall))),
        Since::Unknown => None,
    }
}

fn sign(verdict: &Verdict, styles: &Styles) -> (&'static str, Style) {
    match verdict {
        Verdict::Free => ("✔", styles.success),
        Verdict::Alive(_) => ("▶", styles.running),
        Verdict::Stale(_) => ("✖", styles.danger),
        Verdict::Unclear(_) => ("?", styles.warning),
    }
}
