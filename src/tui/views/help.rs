//! Every key, made from the key map.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::keymap::{Place, bindings};
use crate::tui::seen::Seen;
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::Ui;
use crate::tui::views::page;

const PLACES: [(Place, &str); 18] = [
    (Place::Anywhere, "everywhere"),
    (Place::OffPlan, "everywhere but on a plan"),
    (Place::Board, "board"),
    (Place::Plan, "plan"),
    (Place::WayForward, "plan of a promotion"),
    (Place::WayBack, "plan of a way back"),
    (Place::Approvals, "approvals"),
    (Place::Reconcile, "what became of runs"),
    (Place::Grid, "drift"),
    (Place::Schemas, "schemas"),
    (Place::Flows, "flows"),
    (Place::Flow, "a flow that runs"),
    (Place::Checks, "checks"),
    (Place::History, "history"),
    (Place::Above, "above the board"),
    (Place::Scrolling, "scrolling"),
    (Place::Log, "log"),
    (Place::LogAlone, "log on the whole screen"),
];

/// What confirming takes is no binding: it depends on the environment.
const CONFIRMING: [(&str, &str); 3] = [
    ("y", "Promotes to dev: an environment that deploys by itself"),
    ("P", "Promotes to test and staging; the capital letter is meant"),
    ("name, P", "Promotes to production: its name typed first, then the capital letter"),
];

/// Draws the help.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    ui: &Ui,
    scroll: usize,
    styles: &Styles,
    seen: &mut Seen,
) {
    let width = usize::from(area.width);
    let mut lines = Vec::new();
    let entry = |keys: String, about: &'static str| {
        let spans = vec![Span::styled(format!("   {keys:>12}  "), styles.key), Span::raw(about)];
        Line::from(text::cut(spans, width))
    };
    for (place, name) in PLACES {
        lines.push(text::rule(vec![Span::styled(name, styles.strong)], Vec::new(), width, styles.faint));
        for binding in bindings().filter(|binding| binding.place == place && !binding.about.is_empty()) {
            let keys: Vec<_> = ui.keymap.keys(binding).iter().map(|key| key.name()).collect();
            lines.push(entry(keys.join(", "), binding.about));
        }
        if place == Place::Plan {
            lines.extend(CONFIRMING.iter().map(|(keys, about)| entry((*keys).to_owned(), about)));
        }
    }
    page::draw(frame, area, lines, scroll, (ui, styles), seen);
}
