//! Covers what is not meant for everybody who sees the screen: names of people, accounts, ARNs, addresses, folders of
//! persons. Cell by cell, so that nothing moves; in texts that are copied, the same.
//!
//! What is covered is found by its form, and names by who is known to the state. Deliberately absent: secrets, which
//! are never on screen; a name that stands in a text that somebody wrote in other words than the journal has it.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use ratatui::buffer::Buffer;
use regex::Regex;

use crate::domain::journal::PastRun;
use crate::engine::State;

/// What stands in the place of each character.
const VEIL: &str = "▒";

/// Names shorter than this are covered only where they stand as a word of their own, as all are, and never in part.
const LEAST: usize = 4;

/// What gives itself away by its form. Where a form has a group, only that is covered.
static FORMS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let forms = [
        // An ARN, up to where it ends or is cut.
        r"\barn:aws[a-z-]*:[^\s,;”»)\]]+",
        // An account, also in front of a registry's name.
        r"\b[0-9]{12}\b",
        // Where something answers: all but the scheme and the path.
        r"\b[a-z][a-z0-9+.-]*://([^\s/…”»)\]]+)",
        r"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?::[0-9]{1,5})?\b",
        r"\b(?:[a-z0-9-]+\.)+(?:amazonaws|aws[a-z]+|internal|local|lan|corp)(?:\.com)?(?::[0-9]{1,5})?\b",
        // Somebody's address for mail, and somebody's folder.
        r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)*\b",
        r"/(?:home|Users)/([^\s/]+)",
    ];
    forms.iter().filter_map(|form| Regex::new(form).ok()).collect()
});

/// What is to be covered.
pub(super) struct Cover {
    names: BTreeSet<String>,
}

impl Cover {
    /// What gives away who is at work in a state.
    pub(super) fn of(state: &State) -> Self {
        let mut names = BTreeSet::new();
        let mut add = |name: &str| {
            // Whoever votes may be written as an ARN or with a machine behind the name.
            let parts = name.split(['@', '/', '#', ' ', '(', ')', ':']);
            names.extend(parts.map(str::to_owned));
            names.insert(name.to_owned());
        };
        if let Some(Ok(identity)) = &state.identity {
            add(&identity.name);
        }
        let history = &state.history;
        for PastRun { by, aborted, .. } in history.runs() {
            add(by);
            if let Some((_, by)) = aborted {
                add(by);
            }
        }
        history.flows().iter().for_each(|flow| add(&flow.by));
        history.votes().iter().for_each(|(_, vote)| add(&vote.by));
        history.line().into_iter().for_each(|(_, notice)| add(&notice.by));
        history.bars().for_each(|(_, _, notice)| add(&notice.by));
        state.promotions.iter().for_each(|promotion| add(&promotion.by));
        for environment in &state.environments {
            environment.environment.gate.approval.approvers.iter().for_each(|name| add(name));
        }
        // Words that lockstep itself writes are nobody's name, whatever somebody is called.
        let own = state.environments.iter().map(|it| it.environment.name.as_str());
        let own: BTreeSet<&str> = own.chain(["lockstep", "test", "role", "user", "assumed-role"]).collect();
        names.retain(|name| name.chars().count() > 1 && !own.contains(name.as_str()));
        Self { names }
    }

    /// Covers it on a screen.
    pub(super) fn screen(&self, buffer: &mut Buffer) {
        let area = buffer.area;
        for y in area.top()..area.bottom() {
            let (mut row, mut cells) = (String::new(), Vec::new());
            for x in area.left()..area.right() {
                let Some(cell) = buffer.cell((x, y)) else { continue };
                cells.extend(std::iter::repeat_n(x, cell.symbol().len()));
                row.push_str(cell.symbol());
            }
            for place in self.places(&row) {
                for x in cells.get(place).unwrap_or_default() {
                    if let Some(cell) = buffer.cell_mut((*x, y)) {
                        cell.set_symbol(VEIL);
                    }
                }
            }
        }
    }

    /// The same in a text.
    pub(super) fn text(&self, text: &str) -> String {
        let mut is_covered = vec![false; text.len()];
        for place in self.places(text) {
            is_covered[place].fill(true);
        }
        let covered = |(at, character): (usize, char)| {
            if is_covered[at] && !character.is_whitespace() { VEIL.to_owned() } else { character.to_string() }
        };
        text.char_indices().map(covered).collect()
    }

    fn places(&self, text: &str) -> Vec<Range<usize>> {
        let mut places = Vec::new();
        for form in FORMS.iter() {
            places.extend(form.captures_iter(text).filter_map(|found| {
                let whole = found.get(1).or_else(|| found.get(0))?;
                Some(whole.range())
            }));
        }
        for name in &self.names {
            for (start, found) in text.match_indices(name.as_str()) {
                let place = start..start + found.len();
                if is_word(text, &place) {
                    places.push(place);
                }
            }
            // Where there was no room for all of it.
            for (mark, _) in text.match_indices('…') {
                let before = &text[..mark];
                let shown = name.char_indices().map(|(end, _)| &name[..end]).rev();
                let cut = shown
                    .take_while(|part| part.chars().count() >= LEAST)
                    .find(|part| before.ends_with(part));
                places.extend(cut.map(|part| mark - part.len()..mark));
            }
        }
        places
    }
}

/// True when nothing that could belong to the same word stands beside it.
fn is_word(text: &str, place: &Range<usize>) -> bool {
    let before = text[..place.start].chars().next_back();
    let after = text[place.end..].chars().next();
    let is_part = |character: Option<char>| character.is_some_and(|it| it.is_alphanumeric() || it == '_');
    !is_part(before) && !is_part(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(text: &str) -> String {
        let names = ["ana", "release-bot", "Ana Müller"].map(str::to_owned).into();
        Cover { names }.text(text)
    }

    #[test]
    fn accounts_arns_addresses_and_names_are_covered_and_nothing_else() {
        let cases = [
            ("by ana at 14:02:11", "by ▒▒▒ at 14:02:11"),
            ("banana, anas", "banana, anas"),
            ("Ana Müller approves", "▒▒▒ ▒▒▒▒▒▒ approves"),
            ("account 123456789012 of AWS", "account ▒▒▒▒▒▒▒▒▒▒▒▒ of AWS"),
            ("http://127.0.0.1:4000/health", "http://▒▒▒▒▒▒▒▒▒▒▒▒▒▒/health"),
            ("10.0.0.7:5432", "▒▒▒▒▒▒▒▒▒▒▒▒▒"),
            ("v1.2.0 after v1.1.0", "v1.2.0 after v1.1.0"),
            ("ana@example.com", "▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒"),
            ("/home/ana/reports", "/home/▒▒▒/reports"),
            ("db.x1.eu-west-1.rds.amazonaws.com is there", "▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒ is there"),
            ("by release… 14:02", "by ▒▒▒▒▒▒▒… 14:02"),
            ("changelog/changesets/001-products.sql", "changelog/changesets/001-products.sql"),
        ];
        for (text, expected) in cases {
            assert_eq!(covered(text), expected);
        }
        let arn = covered("arn:aws:iam::123456789012:role/Release, then");
        assert_eq!(arn.trim_start_matches('▒'), ", then");
    }

    #[test]
    fn no_cell_moves() {
        let mut buffer = Buffer::with_lines(["│ ベーグル ana │", "│ 123456789012 │"]);
        Cover { names: ["ana".to_owned()].into() }.screen(&mut buffer);
        assert_eq!(buffer, {
            let mut expected = Buffer::with_lines(["│ ベーグル ▒▒▒ │", "│ ▒▒▒▒▒▒▒▒▒▒▒▒ │"]);
            expected.area = buffer.area;
            expected
        });
    }
}
