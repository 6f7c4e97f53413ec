//! The palette: everything that can be done, one list made from key map and state; and what picking from a list does.

use crossterm::event::KeyEvent;

use super::{Outcome, Screen, Ui};
use crate::domain::plan::Direction;
use crate::domain::release::{Catalog, Version};
use crate::engine::planning::Request;
use crate::engine::{EnvironmentState, State};
use crate::tui::keymap::{self, Action, Binding, Place};
use crate::tui::menu::{Does, Entry, Kind, Menu, Picked};

/// Releases that are offered for each environment, the newest of them.
const RELEASES: usize = 20;

/// How many of those that were picked are kept.
const RECENT: usize = 12;

/// Entries are made anew this often while they are shown.
const FRESH: jiff::SignedDuration = jiff::SignedDuration::from_millis(250);

impl Ui {
    pub(super) fn open_palette(&mut self, state: &State) {
        let entries = self.commands(state);
        self.menu = Some(Menu::new(Kind::Palette, entries, state.now));
    }

    /// What is picked from is true while it is shown.
    pub(super) fn renew_menu(&mut self, state: &State) {
        let Some(mut menu) = self.menu.take() else { return };
        if state.now.duration_since(menu.made) >= FRESH {
            let entries = match menu.kind {
                Kind::Palette => self.commands(state),
                Kind::Copy => self.copies(state),
            };
            menu.renew(entries, state.now);
        }
        self.menu = Some(menu);
    }

    /// Handles a key while something is picked.
    pub(super) fn pick(&mut self, mut menu: Menu, event: &KeyEvent, state: &State) -> Outcome {
        match menu.press(event) {
            Picked::Nothing => self.menu = Some(menu),
            // What is asked below was covered: it has to be read anew.
            Picked::Closed => self.read_anew(state),
            Picked::Chosen => return self.choose(menu, state),
        }
        Outcome::Redraw
    }

    /// A click puts the cursor on an entry; where it is there already, picks it.
    pub(super) fn click_entry(&mut self, place: usize, state: &State) -> Outcome {
        let Some(mut menu) = self.menu.take() else { return Outcome::Redraw };
        if menu.point(place) {
            self.menu = Some(menu);
            return Outcome::Redraw;
        }
        self.choose(menu, state)
    }

    fn choose(&mut self, menu: Menu, state: &State) -> Outcome {
        let Some(entry) = menu.chosen().cloned() else {
            self.menu = Some(menu);
            return Outcome::Redraw;
        };
        if let Some(reason) = entry.off {
            self.notice = Some(reason);
            self.menu = Some(menu);
            return Outcome::Redraw;
        }
        self.read_anew(state);
        if menu.kind == Kind::Palette {
            self.recent.retain(|words| *words != entry.words);
            self.recent.insert(0, entry.words.clone());
            self.recent.truncate(RECENT);
        }
        match entry.does {
            Does::Act(action) => self.carry_out(action, state),
            Does::Plan(environment, request) => self.plan_for(&environment, request, state),
            Does::Go(place) => {
                self.select(place, state);
                self.go_home()
            }
            Does::Theme(name) => {
                self.choose_theme(&name);
                Outcome::Redraw
            }
            Does::Copy(text) => Outcome::Copy { what: entry.words, text: self.uncovered(text, state) },
        }
    }

    /// Everything that can be done from here, what was picked lately first.
    fn commands(&self, state: &State) -> Vec<Entry> {
        let mut here: Vec<&Binding> = Vec::new();
        let others = keymap::bindings().filter(|binding| binding.place == Place::Board);
        for binding in keymap::active(self, state).chain(others) {
            if !binding.about.is_empty() && here.iter().all(|it| it.action != binding.action) {
                here.push(binding);
            }
        }
        // Opening the palette from the palette leads nowhere.
        here.retain(|binding| binding.action != Action::Palette);
        let active: Vec<Action> = keymap::active(self, state).map(|binding| binding.action).collect();
        let entries = here.into_iter().map(|binding| self.command(binding, &active, state));
        let (named, moves): (Vec<Entry>, Vec<Entry>) = entries.partition(|entry| !entry.words.is_empty());
        let mut entries = named;
        for (place, environment) in state.environments.iter().enumerate() {
            entries.extend(about_environment(place, environment, state));
        }
        entries.extend(self.themes.names().0.iter().cloned().map(|name| Entry {
            words: format!("theme {name}"),
            about: if name == self.theme { "The one that is shown".to_owned() } else { String::new() },
            keys: String::new(),
            off: None,
            does: Does::Theme(name),
        }));
        entries.extend(moves);
        entries.sort_by_key(|entry| {
            self.recent.iter().position(|words| *words == entry.words).unwrap_or(self.recent.len())
        });
        entries
    }

    fn command(&self, binding: &Binding, active: &[Action], state: &State) -> Entry {
        let action = binding.action;
        let off = if active.contains(&action) {
            keymap::off(action, state, self)
        } else {
            keymap::off_on_board(action, state, self)
        };
        let keys: Vec<_> = self.keymap.keys(binding).iter().map(|key| key.name()).collect();
        let words =
            if binding.label.is_empty() { action.name().replace('-', " ") } else { binding.label.to_owned() };
        Entry { words, about: binding.about.to_owned(), keys: keys.join(", "), off, does: Does::Act(action) }
    }

    /// Back to the board, through whatever is above it.
    fn go_home(&mut self) -> Outcome {
        let had_plan = self.layers.iter().any(|layer| matches!(layer.screen, Screen::Plan(..)));
        self.layers.truncate(1);
        if had_plan {
            return Outcome::Intent(crate::engine::event::Intent::Dismiss);
        }
        Outcome::Redraw
    }
}

/// What can be done about one environment: to go there, to promote to it, to roll it back.
fn about_environment(place: usize, environment: &EnvironmentState, state: &State) -> Vec<Entry> {
    let name = &environment.environment.name;
    let running = environment.version();
    let entry = |words: String, about: String, off: Option<String>, does: Does| Entry {
        words,
        about,
        keys: String::new(),
        off,
        does,
    };
    let runs = running
        .as_ref()
        .map_or_else(|| "It is not known what runs there".to_owned(), |version| format!("Runs {version}"));
    let mut entries = vec![entry(format!("go to {name}"), runs, None, Does::Go(place))];
    let releases = state.catalog.value().map(Catalog::releases).unwrap_or_default();
    let plan = |direction: Direction, version: &Version| {
        let release = Some(version.clone());
        match direction {
            Direction::Forward => Does::Plan(name.clone(), Request::Forward(release)),
            Direction::Back => Does::Plan(name.clone(), Request::Back { release, keep_schema: false }),
        }
    };
    for release in releases.iter().rev().take(RELEASES) {
        let version = &release.version;
        let (words, direction) = match &running {
            Some(running) if running == version => continue,
            Some(running) if running > version => (format!("roll back {name} to {version}"), Direction::Back),
            _ => (format!("promote {name} {version}"), Direction::Forward),
        };
        let about = "Make the plan; nothing is done before it is confirmed".to_owned();
        entries.push(entry(words, about, keymap::busy(state, name), plan(direction, version)));
    }
    entries
}
