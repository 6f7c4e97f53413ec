//! What can be copied where the operator is.

use super::{Screen, Ui};
use crate::domain::changelog::{Changeset, Rollback};
use crate::domain::log::Logged;
use crate::engine::State;
use crate::engine::planning::Planning;
use crate::tui::menu::{Does, Entry, Kind, Menu};
use crate::tui::teaching;

/// Characters of a text that are shown.
const SHOWN: usize = 200;

/// Lines of the log that can be copied at once. All of them are in the files that `S` saves.
const LINES: usize = 500;

impl Ui {
    pub(super) fn open_copies(&mut self, state: &State) {
        let entries = self.copies(state);
        self.menu = Some(Menu::new(Kind::Copy, entries, state.now));
    }

    /// Everything that can be copied here, what the screen is about first.
    pub(super) fn copies(&self, state: &State) -> Vec<Entry> {
        let mut copies = Vec::new();
        match self.screen() {
            Screen::Plan(..) => plan(state, &mut copies),
            Screen::Grid | Screen::Changeset(..) => self.changeset(&mut copies),
            Screen::Checks | Screen::Finding(_) => self.finding(&mut copies),
            Screen::History(_) | Screen::Past(..) => self.past_run(state, &mut copies),
            _ => {}
        }
        if let Some((_, filed)) = self.filed(state) {
            copies.push(("path of the report".to_owned(), filed.path.clone()));
        }
        self.selected_environment(state, &mut copies);
        copies.push(("command".to_owned(), teaching::command(state, self)));
        let lines = state.log.before(self.log.end(&state.log), self.log.filter).take(LINES);
        let mut log: Vec<String> = lines.map(|logged| self.line(&logged)).collect();
        log.reverse();
        copies.push(("log up to here".to_owned(), log.join("\n")));
        copies.into_iter().filter(|(_, text)| !text.is_empty()).map(entry).collect()
    }

    fn selected_environment(&self, state: &State, copies: &mut Vec<(String, String)>) {
        let Some(environment) = self.environment(state) else { return };
        let name = &environment.environment.name;
        if let Some(version) = environment.version() {
            copies.push((format!("version in {name}"), version.to_string()));
        }
        if let Some(service) = environment.service.value() {
            copies.push((format!("image in {name}"), service.image.to_string()));
            copies.push((format!("address of {name}"), service.address.clone()));
        }
        if let Some(release) = state.candidate(name) {
            copies.push((
                format!("digest of the archive of {}", release.version),
                release.archive_digest.clone(),
            ));
        }
    }

    fn changeset(&self, copies: &mut Vec<(String, String)>) {
        let Some(grid) = self.grid.grid() else { return };
        let row = match self.screen() {
            Screen::Changeset(id, _) => grid.position(id),
            _ => self.grid.row(),
        };
        let Some(row) = row else { return };
        if let Some(changeset) = grid.changeset(row) {
            sql(changeset, copies);
        }
        if let Some(id) = grid.id(row) {
            copies.push(("changeset".to_owned(), id.to_string()));
            copies.push(("path of the changeset".to_owned(), id.path.clone()));
        }
    }

    fn finding(&self, copies: &mut Vec<(String, String)>) {
        let Some(finding) = self.checks.finding() else { return };
        copies.push(("statement".to_owned(), finding.statement.clone()));
        copies.push(("check".to_owned(), finding.check.clone()));
    }

    fn past_run(&self, state: &State, copies: &mut Vec<(String, String)>) {
        let Some(past) = self.past(state) else { return };
        copies.push(("run".to_owned(), past.run.to_string()));
        copies.push(("plan".to_owned(), past.plan.clone()));
        copies.push(("version".to_owned(), past.version.to_string()));
    }

    fn line(&self, logged: &Logged<'_>) -> String {
        let time = logged.at.to_zoned(self.zone.clone()).strftime("%F %T").to_string();
        let name = logged.environment.map_or_else(String::new, |name| format!("{name} "));
        format!("{time} {name}{} {}", logged.source.word(), logged.text)
    }
}

fn plan(state: &State, copies: &mut Vec<(String, String)>) {
    let Planning::Ready(prepared) = &state.planning else { return };
    let plan = &prepared.plan;
    copies.push(("code of the plan".to_owned(), plan.digest().short().to_owned()));
    copies.push(("digest of the plan".to_owned(), plan.digest().to_string()));
    copies.push(("version".to_owned(), plan.version.to_string()));
    copies.push(("image".to_owned(), plan.image_to.to_string()));
    let texts: Vec<&str> = plan.changesets.iter().map(|changeset| changeset.sql.as_str()).collect();
    copies.push(("SQL of all changesets".to_owned(), texts.join("\n")));
}

fn sql(changeset: &Changeset, copies: &mut Vec<(String, String)>) {
    copies.push(("SQL".to_owned(), changeset.text()));
    if let Rollback::Sql(sql) = &changeset.rollback {
        copies.push(("SQL of the way back".to_owned(), sql.clone()));
    }
}

fn entry((words, text): (String, String)) -> Entry {
    let mut about: String = text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let lines = text.lines().count();
    if lines > 1 {
        about = format!("{lines} lines: {about}");
    }
    Entry { words, about, keys: String::new(), off: None, does: Does::Copy(text) }
}
