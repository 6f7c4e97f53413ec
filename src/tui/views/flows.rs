//! The flow files of the folder: what each does to a database, and what is wrong with it.
//!
//! ```text
//! ── flows ─────────────────────────────── enter runs one against dev ──
//! ▸ · flows/main-deployment-flow.yaml     9 actions   only looks
//!   ● flows/promotion-flow.yaml          14 actions   may tag, update
//!   ✖ flows/broken.yaml                  cannot be run
//!     flows/broken.yaml:12: Liquibase has no command `updat`.
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::engine::State;
use crate::engine::flow::FlowFile;
use crate::tui::seen::Seen;
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::Ui;
use crate::tui::views::{entries, failing};

/// Problems of a file that are shown.
const PROBLEMS: usize = 3;

/// Draws the list.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    (state, ui): (&State, &Ui),
    cursor: usize,
    styles: &Styles,
    seen: &mut Seen,
) {
    let width = usize::from(area.width);
    let place = ui.environment(state).map(|it| it.environment.name.to_string()).unwrap_or_default();
    let words = format!("enter runs one against {place} ");
    let title = vec![Span::styled("flows", styles.strong)];
    let title = text::rule(title, vec![Span::styled(words, styles.muted)], width, styles.faint);
    let mut entries: Vec<Vec<Line<'_>>> = Vec::new();
    match &state.flow_files {
        None => entries.push(vec![Line::styled(" Looking into the folder flows/ …", styles.muted)]),
        Some(Err(failure)) => entries.push(failing::failure_lines(failure, width, styles)),
        Some(Ok(files)) if files.is_empty() => {
            let words = "There is no flow file: they are looked for in the folder flows/ where lockstep was started, \
                         such as that of a checkout.";
            let wrapped = text::wrap(words, width.saturating_sub(2)).into_iter();
            entries.push(wrapped.map(|line| Line::styled(format!(" {line}"), styles.muted)).collect());
        }
        Some(Ok(_)) => {
            let files = ui.flow_files(state);
            let longest = files.iter().map(|file| text::width(&file.path)).max().unwrap_or(0);
            if files.is_empty() {
                entries.push(vec![Line::styled(" Nothing matches. Esc shows all of them.", styles.muted)]);
            }
            for (index, file) in files.into_iter().enumerate() {
                entries.push(file_lines(file, index == cursor, longest.min(width / 2), width, styles));
            }
        }
    }
    entries::draw(frame, area, title, entries, cursor, seen);
}

fn file_lines<'a>(
    file: &'a FlowFile,
    is_selected: bool,
    path: usize,
    width: usize,
    styles: &Styles,
) -> Vec<Line<'a>> {
    let (shape, style, words) = if !file.errors.is_empty() {
        ("✖", styles.danger, "cannot be run".to_owned())
    } else if file.changes.is_empty() {
        ("·", styles.muted, "only looks".to_owned())
    } else {
        ("●", styles.warning, format!("may {}", file.changes.join(", ")))
    };
    let noun = if file.actions == 1 { "action" } else { "actions" };
    let count = if file.actions == 0 { String::new() } else { format!("{:3} {noun}", file.actions) };
    let head = vec![
        Span::styled(if is_selected { "▸ " } else { "  " }, styles.accent),
        Span::styled(format!("{shape} "), style),
        Span::styled(format!("{:path$}  ", text::fit(&file.path, path)), styles.strong),
        Span::styled(format!("{count:12} "), styles.muted),
        Span::styled(words, style),
    ];
    let mut lines = vec![Line::from(text::cut(head, width))];
    for problem in file.errors.iter().take(PROBLEMS) {
        for line in text::wrap(&problem.to_string(), width.saturating_sub(5)) {
            lines.push(Line::from(vec![Span::raw("    "), Span::raw(line)]));
        }
    }
    lines
}
