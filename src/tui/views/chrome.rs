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
use crate::tui::keymap::{self, Action, Binding};
use crate::tui::seen::{Seen, Spot};
use crate::tui::style::Styles;
use crate::tui::teaching;
use crate::tui::text;
use crate::tui::ui::Ui;
use crate::tui::views::TEACH_FROM;

/// Product, instance, who, mode as a word, worst health, clock.
pub(super) fn header(frame: &mut Frame<'_>, area: Rect, state: &State, styles: &Styles, ui: &Ui) {
    let time = if styles.is_still { "%H:%M" } else { "%H:%M:%S" };
    let clock = state.now.to_zoned(ui.zone.clone()).strftime(time).to_string();
    let width = usize::from(area.width);
    let mut right = vec![Span::styled(format!("{} ", state.mode), styles.warning)];
    let (sign, words, style) = health(state, styles);
    right.push(Span::styled(format!("  {sign} {words}"), style));
    if ui.audience.covered {
        right.insert(0, Span::styled("covered  ", styles.muted));
    }
    if !ui.has_mouse() {
        right.insert(0, Span::styled("mouse off  ", styles.muted));
    }
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
        let spans = countdown(state, ui, upcoming, styles);
        frame.render_widget(Line::from(text::cut(spans, usize::from(area.width))), area);
        return;
    }
    let command = teaching::command(state, ui);
    let spans = vec![Span::styled(" $ ", styles.faint), Span::styled(command, styles.muted)];
    frame.render_widget(Line::from(text::cut(spans, usize::from(area.width))), area);
}

/// What begins by itself, when, and the key that holds it.
fn countdown<'a>(state: &State, ui: &Ui, upcoming: &Upcoming, styles: &Styles) -> Vec<Span<'a>> {
    let left = upcoming.at.duration_since(state.now).as_secs().max(0);
    let words = format!("{} goes to {} by itself in {left} s", upcoming.version, upcoming.environment);
    vec![
        Span::styled(format!(" ▶ {words}   "), styles.warning),
        Span::styled(ui.keymap.key_of(Action::Hold), styles.key),
        Span::styled(" holds it", styles.warning),
    ]
}

/// Hints for what works here, the most important ones on a narrow screen; or a notice, or what is being typed.
pub(super) fn footer(
    frame: &mut Frame<'_>,
    area: Rect,
    (state, ui): (&State, &Ui),
    styles: &Styles,
    seen: &mut Seen,
) {
    let width = usize::from(area.width);
    let is_low = frame.area().height < TEACH_FROM;
    let mut hints = Hints::of(state, ui, styles);
    let left = match (&ui.notice, &state.automatic) {
        _ if ui.themes.is_open() && ui.notice.is_none() => {
            hints.clear();
            keys(&[("↑ ↓", "show"), ("enter", "keeps it"), ("esc", "back to the one before")], styles)
        }
        _ if ui.menu.is_some() && ui.notice.is_none() => {
            hints.clear();
            keys(&[("↑ ↓", "choose"), ("enter", "does it"), ("esc", "closes")], styles)
        }
        _ if ui.dialog.is_some() && ui.notice.is_none() => {
            hints.clear();
            keys(&[("esc", "cancels, and nothing is done")], styles)
        }
        _ if ui.search().is_typing => {
            hints.clear();
            looking_for(state, ui, styles, seen)
        }
        (None, Some(upcoming)) if is_low => countdown(state, ui, upcoming, styles),
        (Some(notice), _) => vec![Span::styled(format!(" {notice}"), styles.warning)],
        (None, _) if ui.search().is_on() => looking_for(state, ui, styles, seen),
        (None, _) => hints.most_that_fit(width, area, seen),
    };
    let right = hints.always(width, area, seen);
    frame.render_widget(text::between(left, right, width), area);
}

/// What is looked for, how often it is there, and how to go on.
fn looking_for<'a>(state: &State, ui: &Ui, styles: &Styles, seen: &Seen) -> Vec<Span<'a>> {
    let search = ui.search();
    let key = |action| ui.keymap.key_of(action);
    let caret = if search.is_typing { "▏" } else { "" };
    let mut spans = vec![
        Span::styled(format!(" {}", key(Action::Find)), styles.key),
        Span::styled(format!("{}{caret} ", search.text()), styles.strong),
    ];
    if !search.words().is_empty() {
        let (words, style) = match ui.hits(state, seen) {
            (_, 0) => ("nothing has it".to_owned(), styles.warning),
            (Some(at), count) => (format!("{} of {count}", at + 1), styles.accent),
            (None, 1) => ("1 hit".to_owned(), styles.accent),
            (None, count) => (format!("{count} hits"), styles.accent),
        };
        spans.push(Span::styled(format!(" {words} "), style));
    }
    if search.is_typing {
        spans.extend(keys(&[("enter", "done"), ("esc", "clear")], styles));
    } else {
        let (next, before) = (key(Action::Next), key(Action::Previous));
        spans.extend(keys(&[(&next, "next"), (&before, "before"), ("esc", "clear")], styles));
    }
    spans
}

fn keys<'a>(hints: &[(&str, &'static str)], styles: &Styles) -> Vec<Span<'a>> {
    let hint = |(key, words): &(&str, &'static str)| {
        [Span::styled(format!(" {key}"), styles.key), Span::styled(format!(" {words} "), styles.muted)]
    };
    hints.iter().flat_map(hint).collect()
}

/// The hints of keys, each with its action, so that it can be clicked.
struct Hints<'a> {
    first: Vec<(&'static Binding, Vec<Span<'a>>)>,
    always: Vec<(&'static Binding, Vec<Span<'a>>)>,
}

impl<'a> Hints<'a> {
    fn of(state: &State, ui: &Ui, styles: &Styles) -> Self {
        let mut hints: Vec<&Binding> = Vec::new();
        for binding in keymap::active(ui, state).filter(|binding| !binding.label.is_empty()) {
            let is_off = keymap::off(binding.action, state, ui).is_some();
            if !is_off && hints.iter().all(|hint| hint.action != binding.action) {
                hints.push(binding);
            }
        }
        let spans = |binding: &'static Binding| {
            let key = ui.keymap.keys(binding).first().map(|key| key.name()).unwrap_or_default();
            (binding, keys(&[(&key, binding.label)], styles))
        };
        let (always, first): (Vec<_>, Vec<_>) = hints.into_iter().partition(|binding| binding.rank == 0);
        Self {
            first: first.into_iter().map(spans).collect(),
            always: always.into_iter().map(spans).collect(),
        }
    }

    /// While something in front has all keys.
    fn clear(&mut self) {
        self.first.clear();
        self.always.clear();
    }

    fn width(hints: &[(&Binding, Vec<Span<'_>>)]) -> usize {
        hints.iter().flat_map(|(_, spans)| spans).map(|span| text::width(&span.content)).sum()
    }

    /// The most important ones that fit at the left.
    fn most_that_fit(&mut self, width: usize, area: Rect, seen: &mut Seen) -> Vec<Span<'a>> {
        let right = Self::width(&self.always);
        while !self.first.is_empty() && Self::width(&self.first) + right + 1 > width {
            let least = self.first.iter().enumerate().max_by_key(|(place, (hint, _))| (hint.rank, *place));
            let Some((place, _)) = least else { break };
            self.first.remove(place);
        }
        point(&self.first, 0, area, seen);
        std::mem::take(&mut self.first).into_iter().flat_map(|(_, spans)| spans).collect()
    }

    /// Those that are always there, at the right.
    fn always(self, width: usize, area: Rect, seen: &mut Seen) -> Vec<Span<'a>> {
        point(&self.always, width.saturating_sub(Self::width(&self.always)), area, seen);
        self.always.into_iter().flat_map(|(_, spans)| spans).collect()
    }
}

/// Tells where hints are that begin this far from the left.
fn point(hints: &[(&'static Binding, Vec<Span<'_>>)], mut from: usize, area: Rect, seen: &mut Seen) {
    for (binding, spans) in hints {
        let wide: usize = spans.iter().map(|span| text::width(&span.content)).sum();
        if let (Ok(x), Ok(width)) = (u16::try_from(from), u16::try_from(wide)) {
            let place = Rect { x: area.x + x, width, ..area }.intersection(area);
            seen.spot(place, Spot::Hint(binding.action));
        }
        from += wide;
    }
}
