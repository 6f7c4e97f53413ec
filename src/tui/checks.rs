//! What only the console knows of the checks: which findings are shown, where the cursor stands, what is filtered.
//!
//! What is shown is worked out when policy speaks, a ledger moves, a day ends or the filter changes, never while drawing.
//! The cursor stays on its finding, whatever a new answer brings.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;

use crate::domain::changelog::ChangesetId;
use crate::domain::drift::{ChangesetState, Comparison};
use crate::domain::gate;
use crate::domain::names::EnvironmentName;
use crate::domain::policy::{Finding, Severity, Subject, Verdict};
use crate::domain::release::Version;
use crate::engine::State;
use crate::engine::policy::day;
use crate::tui::search::Words;

/// Lines of the screen that are none of the list: header and footer, the title, the foot.
const CHROME: u16 = 2 + 1 + FOOT;

/// Lines below the list, about the finding under the cursor.
pub(super) const FOOT: u16 = 6;

/// The view state of the checks.
#[derive(Debug, Clone, Default)]
pub struct ChecksView {
    source: Option<Source>,
    findings: Vec<Shown>,
    /// The lines of the list, in order.
    lines: Vec<Entry>,
    /// The place of the cursor among the findings that are shown.
    cursor: usize,
    /// The first line on screen.
    top: usize,
    /// What findings have to contain.
    words: Words,
    /// True when only what has not run in the environment is shown.
    pub only_pending: bool,
}

/// A finding, and whether its changeset has run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The finding, with its waiver only while that counts.
    pub finding: Finding,
    /// How its changeset stands in the environment; `None` where that is not known.
    pub state: Option<ChangesetState>,
}

/// A line of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// The changeset, or table, that the next findings are about: that of this finding.
    Heading(usize),
    /// A finding, by its place.
    Finding(usize),
}

/// What the list was made from.
#[derive(Debug, Clone, PartialEq)]
struct Source {
    environment: EnvironmentName,
    version: Version,
    verdict: Arc<Verdict>,
    blocks_at: Severity,
    states: HashMap<ChangesetId, ChangesetState>,
    today: Date,
}

impl ChecksView {
    /// Takes note of a new state; `page` are the rows of the terminal.
    pub fn watch(&mut self, state: &State, environment: &EnvironmentName, page: u16) {
        let source = Source::of(state, environment);
        if source == self.source {
            return;
        }
        let under_cursor = self.finding().cloned();
        let is_same_place = self.source.as_ref().map(|it| (&it.environment, &it.version))
            == source.as_ref().map(|it| (&it.environment, &it.version));
        self.source = source;
        self.findings = self.source.as_ref().map(Source::shown).unwrap_or_default();
        if !is_same_place {
            (self.cursor, self.top) = (0, 0);
        }
        self.select(under_cursor.as_ref());
        self.keep_in_sight(page);
    }

    /// The release that was checked.
    pub fn version(&self) -> Option<&Version> {
        self.source.as_ref().map(|source| &source.version)
    }

    /// What all checks of it found.
    pub fn verdict(&self) -> Option<&Verdict> {
        self.source.as_ref().map(|source| &*source.verdict)
    }

    /// True when a finding stands in the way of promoting the release.
    pub fn is_blocking(&self, finding: &Finding) -> bool {
        self.source.as_ref().is_some_and(|source| gate::is_blocking(finding, source.blocks_at))
    }

    /// Every finding.
    pub fn findings(&self) -> &[Shown] {
        &self.findings
    }

    /// The lines of the list.
    pub fn lines(&self) -> &[Entry] {
        &self.lines
    }

    /// The first line on screen.
    pub fn top(&self) -> usize {
        self.top
    }

    /// True when findings are left out because they do not have what is looked for.
    pub fn is_filtered(&self) -> bool {
        !self.words.is_empty()
    }

    /// How many findings are shown, and which of them is under the cursor.
    pub fn place(&self) -> (usize, usize) {
        (self.cursor, self.shown().count())
    }

    /// The place, among all, of the finding under the cursor.
    pub fn selected(&self) -> Option<usize> {
        self.shown().nth(self.cursor)
    }

    /// The finding under the cursor.
    pub fn finding(&self) -> Option<&Finding> {
        self.selected().and_then(|place| self.findings.get(place)).map(|shown| &shown.finding)
    }

    /// Moves the cursor by some findings, as far as there are any.
    pub fn scroll(&mut self, by: i64, page: u16) {
        let from = i64::try_from(self.cursor).unwrap_or(i64::MAX);
        let to = usize::try_from(from.saturating_add(by).max(0)).unwrap_or(usize::MAX);
        self.cursor = to.min(self.shown().count().saturating_sub(1));
        self.keep_in_sight(page);
    }

    /// Moves the cursor to the next finding, or the one before; after the last comes the first.
    pub fn jump(&mut self, is_forward: bool, page: u16) -> bool {
        let count = self.shown().count();
        if count == 0 {
            return false;
        }
        self.cursor = (self.cursor + if is_forward { 1 } else { count - 1 }) % count;
        self.keep_in_sight(page);
        true
    }

    /// Leaves out what has run already, or shows it again.
    pub fn toggle_pending(&mut self, page: u16) {
        self.only_pending = !self.only_pending;
        self.select_again(page);
    }

    /// Shows only findings with these words.
    pub fn filter_by(&mut self, words: Words, page: u16) {
        if words != self.words {
            self.words = words;
            self.select_again(page);
        }
    }

    /// Puts the cursor on a finding by its place among all; false when it was there already.
    pub fn point(&mut self, place: usize, page: u16) -> bool {
        let found = self.shown().position(|shown| shown == place).filter(|found| *found != self.cursor);
        if let Some(cursor) = found {
            self.cursor = cursor;
            self.keep_in_sight(page);
        }
        found.is_some()
    }

    fn shown(&self) -> impl Iterator<Item = usize> {
        self.lines.iter().filter_map(|line| match line {
            Entry::Finding(place) => Some(*place),
            Entry::Heading(_) => None,
        })
    }

    fn select_again(&mut self, page: u16) {
        let under_cursor = self.finding().cloned();
        self.select(under_cursor.as_ref());
        self.keep_in_sight(page);
    }

    /// Works out what is shown, and puts the cursor back on its finding, else where it stood.
    fn select(&mut self, under_cursor: Option<&Finding>) {
        let is_shown = |shown: &Shown| {
            (!self.only_pending || shown.state.is_none_or(|state| state != ChangesetState::Applied))
                && matches(shown, &self.words)
        };
        let mut lines = Vec::new();
        let mut subject = None;
        for (place, shown) in self.findings.iter().enumerate().filter(|(_, shown)| is_shown(shown)) {
            if subject != Some(&shown.finding.subject) {
                lines.push(Entry::Heading(place));
                subject = Some(&shown.finding.subject);
            }
            lines.push(Entry::Finding(place));
        }
        self.lines = lines;
        let is_same = |found: &Finding, other: &Finding| {
            found.subject == other.subject
                && found.check == other.check
                && (found.statement == other.statement || found.place == other.place)
        };
        let again = under_cursor.and_then(|finding| {
            self.shown().position(|place| is_same(&self.findings[place].finding, finding))
        });
        self.cursor = again.unwrap_or(self.cursor).min(self.shown().count().saturating_sub(1));
    }

    /// Scrolls as little as it takes to have the cursor on screen, with its heading where that stands just above.
    fn keep_in_sight(&mut self, page: u16) {
        let rows = rows(page);
        let selected = self.selected();
        let line = self.lines.iter().position(|line| selected.is_some_and(|at| *line == Entry::Finding(at)));
        let line = line.unwrap_or(0);
        let first = match line.checked_sub(1).map(|before| self.lines[before]) {
            Some(Entry::Heading(_)) => line - 1,
            _ => line,
        };
        self.top = self.top.min(first).max((line + 1).saturating_sub(rows));
    }
}

impl Source {
    fn of(state: &State, environment: &EnvironmentName) -> Option<Self> {
        let release = state.checked(environment)?;
        let verdict = Arc::clone(state.verdict(release)?.value()?);
        let found = state.environment(environment)?;
        let known = found.standings.next().into_iter().chain(found.standings.newest());
        let states = known.flat_map(Comparison::changesets);
        let states = states.map(|(changeset, standing)| (changeset.id.clone(), standing.state)).collect();
        Some(Self {
            environment: environment.clone(),
            version: release.version.clone(),
            verdict,
            blocks_at: state.policy.as_ref()?.blocks_at,
            states,
            today: day(state.now),
        })
    }

    fn shown(&self) -> Vec<Shown> {
        let shown = self.verdict.findings.iter().map(|finding| Shown {
            finding: gate::on(finding, self.today),
            state: match &finding.subject {
                Subject::Changeset(id) => self.states.get(id).copied(),
                Subject::Table(_) => None,
            },
        });
        shown.collect()
    }
}

/// How many lines of the list a terminal of this height shows.
pub fn rows(page: u16) -> usize {
    let teach = u16::from(page >= super::views::TEACH_FROM);
    usize::from(page.saturating_sub(CHROME + teach)).max(1)
}

/// True when a finding has all of these words in its check, its severity, its changeset, its file or its statement.
fn matches(shown: &Shown, words: &Words) -> bool {
    if words.is_empty() {
        return true;
    }
    let finding = &shown.finding;
    let subject = match &finding.subject {
        Subject::Changeset(id) => id.to_string(),
        Subject::Table(name) => name.clone(),
    };
    let state = shown.state.map(ChangesetState::word).unwrap_or_default();
    let waived = if finding.waiver.is_some() { "waived" } else { "" };
    let (check, severity, statement) = (&finding.check, finding.severity, &finding.statement);
    let text = format!("{check}\n{severity}\n{subject}\n{statement}\n{state}\n{waived}").to_lowercase();
    words.iter().all(|word| text.contains(word))
}
