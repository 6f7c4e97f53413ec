//! What surrounds every screen: the header, the line that teaches the command, the hints.
//!
//! ```text
//!  lockstep  demo1 · Bagel Store · sandbox        SANDBOX ×20        ● 4 healthy   14:02:11
//!  …
//!  $ lockstep promote test --release v1.2.0 --confirm test --plan 8c41f0
//!  p promote  enter details  L logs                                          ? help  q quit
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::observation::HealthView;
use crate::engine::State;
use crate::engine::automatic::Upcoming;
use crate::engine::flow::FlowRun;
use crate::engine::planning::{Planning, Prepared};
use crate::tui::keymap::{self, Action, Binding};
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::{Screen, Ui};
use crate::tui::views::TEACH_FROM;

/// Product, instance, who, mode as a word, worst health, clock.
pub(super) fn header(frame: &mut Frame<'_>, area: Rect, state: &State, styles: &Styles, ui: &Ui) {
    let time = if styles.is_still { "%H:%M" } else { "%H:%M:%S" };
    let clock = state.now.to_zoned(ui.zone.clone()).strftime(time).to_string();
    let width = usize::from(area.width);
    let mut right = vec![Span::styled(format!("{} ", state.mode), styles.warning)];
    let (sign, words, style) = health(state, styles);
    right.push(Span::styled(format!("  {sign} {words}"), style));
    let clock = Span::styled(format!("   {clock} "), styles.muted);
    let mut left = vec![Span::styled(" lockstep", styles.production.patch(styles.accent)), Span::raw("  ")];
    if let Some((_, notice)) = state.history.line() {
        // Before everything else: what does not fit is cut at the end.
        let words = match area.width {
            0..100 => " ■ LINE STOPPED ".to_owned(),
            100..140 => format!(" ■ LINE STOPPED by {} ", notice.by),
            _ => format!(" ■ LINE STOPPED by {}: {} ", notice.by, text::fit(&notice.reason, 40)),
        };
        left.push(Span::styled(words, styles.alarm));
        left.push(Span::raw("  "));
    }
    left.push(Span::styled(state.id.to_string(), styles.strong));
    if area.width >= 90 {
        left.push(Span::styled(format!(" · {}", state.title), styles.muted));
    }
    if area.width >= 100
        && let Some(Ok(identity)) = &state.identity
    {
        left.push(Span::styled(format!(" · {}", identity.name), styles.muted));
    }
    // Which instance this is, and that the line is stopped, are worth more than the time where there is no room for both.
    let used: usize = left.iter().chain(&right).map(|span| text::width(&span.content)).sum();
    if used + text::width(&clock.content) < width {
        right.push(clock);
    }
    frame.render_widget(text::between(left, right, width), area);
}

fn health(state: &State, styles: &Styles) -> (&'static str, String, Style) {
    let count = state.environments.len();
    let looked = state
        .environments
        .iter()
        .filter(|environment| environment.health.value().is_some() || environment.health.failure().is_some());
    if looked.count() < count {
        return ("…", "looking".to_owned(), styles.muted);
    }
    let alarms =
        state.environments.iter().filter(|it| state.history.alarm(&it.environment.name).is_some()).count();
    let healthy =
        state.environments.iter().filter(|it| it.health.current().is_some_and(HealthView::is_healthy));
    match (healthy.count(), alarms) {
        (healthy, 0) if healthy == count => ("●", format!("{count} healthy"), styles.success),
        (healthy, 0) => ("✖", format!("{} of {count} not healthy", count - healthy), styles.danger),
        (_, 1) => ("✖", "1 failure".to_owned(), styles.danger),
        (_, alarms) => ("✖", format!("{alarms} failures"), styles.danger),
    }
}

/// The command that does what the screen is about; before it, what begins by itself unless it is held.
pub(super) fn teach(frame: &mut Frame<'_>, area: Rect, state: &State, ui: &Ui, styles: &Styles) {
    if let Some(upcoming) = &state.automatic {
        let spans = countdown(state, upcoming, styles);
        frame.render_widget(Line::from(text::cut(spans, usize::from(area.width))), area);
        return;
    }
    let command = match (&state.planning, ui.environment(state)) {
        _ if matches!(ui.screen(), Screen::Grid | Screen::Changeset(..)) => "lockstep drift".to_owned(),
        (_, Some(environment)) if matches!(ui.screen(), Screen::Checks | Screen::Finding(_)) => {
            match state.checked(&environment.environment.name) {
                Some(release) => format!("lockstep check --release {}", release.version),
                None => "lockstep check".to_owned(),
            }
        }
        _ if matches!(ui.screen(), Screen::Approvals(_)) => "lockstep approvals".to_owned(),
        _ if matches!(ui.screen(), Screen::Reconcile(_)) => "lockstep reconcile".to_owned(),
        (_, Some(environment)) if matches!(ui.screen(), Screen::Flows(_) | Screen::Flow(_)) => {
            let file = ui.flow_file(state).map(|file| file.path.as_str());
            let file = file.or(state.flow.as_ref().map(FlowRun::path)).unwrap_or("FILE");
            format!("lockstep flow run {file} --environment {}", environment.environment.name)
        }
        (Planning::Ready(prepared), _) => plan_command(prepared),
        (_, Some(environment)) => match state.candidate(&environment.environment.name) {
            Some(release) if environment.version().as_ref() != Some(&release.version) => {
                format!("lockstep plan {} --release {}", environment.environment.name, release.version)
            }
            _ => "lockstep status".to_owned(),
        },
        (_, None) => "lockstep status".to_owned(),
    };
    let spans = vec![Span::styled(" $ ", styles.faint), Span::styled(command, styles.muted)];
    frame.render_widget(Line::from(text::cut(spans, usize::from(area.width))), area);
}

/// What begins by itself, when, and the key that holds it.
fn countdown<'a>(state: &State, upcoming: &Upcoming, styles: &Styles) -> Vec<Span<'a>> {
    let left = upcoming.at.duration_since(state.now).as_secs().max(0);
    let words = format!("{} goes to {} by itself in {left} s", upcoming.version, upcoming.environment);
    vec![
        Span::styled(format!(" ▶ {words}   "), styles.warning),
        Span::styled(keymap::key_of(Action::Hold), styles.key),
        Span::styled(" holds it", styles.warning),
    ]
}

/// The command that carries a plan out; where something stands in its way, the one that shows it.
fn plan_command(prepared: &Prepared) -> String {
    let plan = &prepared.plan;
    let (name, version, digest) = (&plan.environment, &plan.version, plan.digest().short());
    match (plan.way_back(), prepared.unmet.is_empty()) {
        (None, true) => {
            format!("lockstep promote {name} --release {version} --confirm {name} --plan {digest}")
        }
        (None, false) => format!("lockstep plan {name} --release {version}"),
        (Some(way), _) => {
            let only = if way.keeps_schema { " --app-only" } else { "" };
            format!(
                "lockstep rollback {name} --to {version}{only} --confirm {name} --plan {digest} --reason TEXT"
            )
        }
    }
}

/// Hints for what works here, the most important ones on a narrow screen; or a notice.
pub(super) fn footer(frame: &mut Frame<'_>, area: Rect, state: &State, ui: &Ui, styles: &Styles) {
    let width = usize::from(area.width);
    let mut hints: Vec<&Binding> = Vec::new();
    for binding in keymap::active(ui, state).filter(|binding| !binding.label.is_empty()) {
        let is_off = keymap::off(binding.action, state, ui).is_some();
        if !is_off && hints.iter().all(|hint| hint.action != binding.action) {
            hints.push(binding);
        }
    }
    let (always, mut first): (Vec<_>, Vec<_>) = hints.into_iter().partition(|binding| binding.rank == 0);
    let right = spans(&always, styles);
    let right_width: usize = right.iter().map(|span| text::width(&span.content)).sum();
    let words = match ui.screen() {
        Screen::Grid if ui.grid.is_typing => Some(" words of path, id, author or state "),
        Screen::Checks if ui.checks.is_typing => Some(" words of check, severity, changeset or statement "),
        _ => None,
    };
    if let Some(words) = words {
        let left = vec![
            Span::styled(words, styles.muted),
            Span::styled(" enter", styles.key),
            Span::styled(" done ", styles.muted),
            Span::styled(" esc", styles.key),
            Span::styled(" clear ", styles.muted),
        ];
        frame.render_widget(text::between(left, Vec::new(), width), area);
        return;
    }
    if ui.themes.is_open() && ui.notice.is_none() {
        let left = vec![
            Span::styled(" ↑ ↓", styles.key),
            Span::styled(" show ", styles.muted),
            Span::styled(" enter", styles.key),
            Span::styled(" keeps it ", styles.muted),
            Span::styled(" esc", styles.key),
            Span::styled(" back to the one before ", styles.muted),
        ];
        frame.render_widget(text::between(left, Vec::new(), width), area);
        return;
    }
    if ui.dialog.is_some() && ui.notice.is_none() {
        let left = vec![
            Span::styled(" esc", styles.key),
            Span::styled(" cancels, and nothing is done", styles.muted),
        ];
        frame.render_widget(text::between(left, Vec::new(), width), area);
        return;
    }
    if let Some(upcoming) = state.automatic.as_ref().filter(|_| frame.area().height < TEACH_FROM) {
        frame.render_widget(text::between(countdown(state, upcoming, styles), right, width), area);
        return;
    }
    if let Some(notice) = &ui.notice {
        let left = vec![Span::styled(format!(" {notice}"), styles.warning)];
        frame.render_widget(text::between(left, right, width), area);
        return;
    }
    let mut left = spans(&first, styles);
    while !first.is_empty()
        && left.iter().map(|span| text::width(&span.content)).sum::<usize>() + right_width + 1 > width
    {
        let least = first.iter().enumerate().max_by_key(|(index, binding)| (binding.rank, *index));
        let Some((index, _)) = least else { break };
        first.remove(index);
        left = spans(&first, styles);
    }
    frame.render_widget(text::between(left, right, width), area);
}

fn spans(hints: &[&Binding], styles: &Styles) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    for binding in hints {
        let Some(key) = binding.keys.first() else { continue };
        spans.push(Span::styled(format!(" {}", key.name()), styles.key));
        spans.push(Span::styled(format!(" {} ", binding.label), styles.muted));
    }
    spans
}
