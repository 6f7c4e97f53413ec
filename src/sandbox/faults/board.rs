//! The board: which faults are set, how often each struck, and how often AWS was asked for what.
//!
//! Shared by everybody who carries a fault out; no lock of it is held across an await.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{After, Effect, Fault, Wish};

/// What is set at the moment. Clones are the same board.
#[derive(Clone, Default)]
pub struct Board(Arc<Shared>);

#[derive(Default)]
struct Shared {
    inside: Mutex<Inside>,
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct Inside {
    set: Vec<Setting>,
    calls: BTreeMap<(String, Option<String>), (u64, u64)>,
}

/// A fault that is set.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Setting {
    pub(in crate::sandbox) fault: &'static Fault,
    pub(in crate::sandbox) environment: Option<String>,
    pub(in crate::sandbox) action: Option<String>,
    pub(in crate::sandbox) times: Option<u32>,
    pub(in crate::sandbox) after: After,
    pub(in crate::sandbox) seconds: f64,
    /// False until the call that it waits for has passed.
    is_armed: bool,
    /// How often it could have struck.
    seen: u64,
}

/// What the board says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What is set, in the order in which it was.
    pub set: Vec<SetFault>,
    /// How often the API was asked for what, since the start of the sandbox or its last reset.
    pub calls: Vec<CallCount>,
}

/// One fault that is set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetFault {
    /// The fault.
    pub name: String,
    /// The environment; `None`: all of them.
    pub environment: Option<String>,
    /// The API action; `None`: all of them.
    pub action: Option<String>,
    /// How often it strikes at most.
    pub times: Option<u32>,
    /// What it lets pass before it strikes.
    pub after: After,
    /// How long it lasts each time.
    pub seconds: Option<f64>,
    /// How often it struck.
    pub struck: u64,
}

/// How often one action of the API was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallCount {
    /// The action.
    pub action: String,
    /// The environment that it was about, where it was about one.
    pub environment: Option<String>,
    /// How many requests arrived.
    pub received: u64,
    /// How many of them were carried out; for `UpdateService` that is how many were accepted.
    pub carried_out: u64,
}

impl Board {
    /// Sets a fault that was checked; the same one for the same environment and action is set anew.
    pub(in crate::sandbox) fn set(&self, wish: &Wish) -> Option<Setting> {
        let fault = Fault::named(&wish.name)?;
        let setting = Setting {
            fault,
            environment: wish.environment.clone(),
            action: wish.action.clone(),
            times: wish.times.or(fault.times),
            is_armed: matches!(wish.after, After::Count(_)),
            after: wish.after.clone(),
            seconds: wish.seconds.or(fault.seconds).unwrap_or_default(),
            seen: 0,
        };
        let mut inside = self.inside();
        inside.set.retain(|other| !other.is_same(&setting));
        inside.set.push(setting.clone());
        drop(inside);
        self.tell();
        Some(setting)
    }

    /// Takes faults away and returns them.
    pub(in crate::sandbox) fn clear(&self, name: Option<&str>, environment: Option<&str>) -> Vec<Setting> {
        let mut inside = self.inside();
        let (gone, kept) = std::mem::take(&mut inside.set).into_iter().partition(|setting| {
            name.is_none_or(|name| setting.fault.name == name)
                && environment.is_none_or(|name| setting.environment.as_deref() == Some(name))
        });
        inside.set = kept;
        drop(inside);
        self.tell();
        gone
    }

    /// Takes everything away, the counts too.
    pub(in crate::sandbox) fn forget(&self) {
        *self.inside() = Inside::default();
        self.tell();
    }

    /// The fault that strikes here and now, of those that `wanted` takes. Counts it.
    pub(in crate::sandbox) fn strike(
        &self,
        environment: Option<&str>,
        action: Option<&str>,
        wanted: impl Fn(Effect) -> bool,
    ) -> Option<Setting> {
        let mut inside = self.inside();
        let mut fitting = inside
            .set
            .iter_mut()
            .filter(|setting| wanted(setting.fault.effect) && setting.fits(environment, action));
        fitting.find_map(|setting| {
            let before = setting.struck();
            setting.seen += 1;
            (setting.struck() > before).then(|| setting.clone())
        })
    }

    /// The fault that is set here, whether or not it has struck as often as it may. Counts nothing.
    pub(in crate::sandbox) fn standing(
        &self,
        environment: Option<&str>,
        wanted: impl Fn(Effect) -> bool,
    ) -> Option<Setting> {
        let inside = self.inside();
        let mut set = inside.set.iter();
        set.find(|setting| wanted(setting.fault.effect) && setting.fits(environment, None)).cloned()
    }

    /// Waits until no such fault is set here.
    pub(in crate::sandbox) async fn lifted(&self, environment: &str, wanted: impl Fn(Effect) -> bool) {
        let mut changes = self.0.changes.subscribe();
        while self.standing(Some(environment), &wanted).is_some() {
            // The board lives as long as its subscribers.
            changes.changed().await.ok();
        }
    }

    /// Everything that is set.
    pub(in crate::sandbox) fn settings(&self) -> Vec<Setting> {
        self.inside().set.clone()
    }

    /// Notes how often a fault that something else counts could have struck.
    pub(in crate::sandbox) fn saw(&self, told: &Setting, seen: u64) {
        if let Some(setting) = self.inside().set.iter_mut().find(|setting| setting.is_same(told)) {
            setting.seen = seen;
        }
    }

    /// Counts a call that arrived.
    pub(in crate::sandbox) fn received(&self, action: &str, environment: Option<&str>) {
        self.inside().calls.entry(call(action, environment)).or_default().0 += 1;
    }

    /// Arms the faults that wait for a call like this one.
    pub(in crate::sandbox) fn arm(&self, action: &str, environment: Option<&str>) {
        for setting in &mut self.inside().set {
            let is_it = matches!(&setting.after, After::Action(wanted) if wanted == action);
            let is_here = setting.environment.is_none() || setting.environment.as_deref() == environment;
            setting.is_armed |= is_it && is_here;
        }
    }

    /// Counts a call that was carried out.
    pub(in crate::sandbox) fn carried_out(&self, action: &str, environment: Option<&str>) {
        self.inside().calls.entry(call(action, environment)).or_default().1 += 1;
    }

    /// What there is to say.
    pub(in crate::sandbox) fn report(&self) -> Report {
        let inside = self.inside();
        Report {
            set: inside.set.iter().map(Setting::told).collect(),
            calls: inside
                .calls
                .iter()
                .map(|((action, environment), (received, carried_out))| CallCount {
                    action: action.clone(),
                    environment: environment.clone(),
                    received: *received,
                    carried_out: *carried_out,
                })
                .collect(),
        }
    }

    fn tell(&self) {
        self.0.changes.send_modify(|changes| *changes += 1);
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        // Every change under this lock is a whole one; a panic cannot leave half of it.
        self.0.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Setting {
    /// How often it struck: of those that it saw, the ones after the first few, up to its limit.
    pub(in crate::sandbox) fn struck(&self) -> u64 {
        let after = self.seen.saturating_sub(self.after.count().into());
        self.times.map_or(after, |times| after.min(times.into()))
    }

    fn fits(&self, environment: Option<&str>, action: Option<&str>) -> bool {
        let is_here = self.environment.is_none() || self.environment.as_deref() == environment;
        self.is_armed && is_here && (self.action.is_none() || self.action.as_deref() == action)
    }

    fn is_same(&self, other: &Self) -> bool {
        self.fault.name == other.fault.name
            && self.environment == other.environment
            && self.action == other.action
    }

    fn told(&self) -> SetFault {
        SetFault {
            name: self.fault.name.to_owned(),
            environment: self.environment.clone(),
            action: self.action.clone(),
            times: self.times,
            after: self.after.clone(),
            seconds: self.fault.seconds.map(|_| self.seconds),
            struck: self.struck(),
        }
    }
}

fn call(action: &str, environment: Option<&str>) -> (String, Option<String>) {
    (action.to_owned(), environment.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(wish: &Wish) -> Board {
        let board = Board::default();
        board.set(wish).unwrap();
        board
    }

    fn any(_: Effect) -> bool {
        true
    }

    #[test]
    fn a_fault_lets_some_pass_then_strikes_as_often_as_it_may_and_says_so() {
        let wish =
            Wish { name: "throttling".to_owned(), times: Some(2), after: After::Count(1), ..Wish::default() };
        let board = board(&wish);
        let struck: Vec<bool> = (0..5).map(|_| board.strike(None, Some("x"), any).is_some()).collect();
        assert_eq!(struck, [false, true, true, false, false]);
        assert_eq!(board.report().set[0].struck, 2);
        assert_eq!(board.clear(Some("throttling"), None).len(), 1);
        assert_eq!(board.strike(None, Some("x"), any).map(|it| it.fault.name), None);
    }

    #[test]
    fn a_fault_of_one_environment_and_one_action_strikes_nothing_else() {
        let board = board(&Wish {
            name: "cut-after".to_owned(),
            environment: Some("dev".to_owned()),
            action: Some("UpdateService".to_owned()),
            ..Wish::default()
        });
        for (environment, action, strikes) in [
            (Some("dev"), Some("UpdateService"), true),
            (Some("test"), Some("UpdateService"), false),
            (Some("dev"), Some("DescribeService"), false),
            (None, Some("UpdateService"), false),
        ] {
            assert_eq!(
                board.strike(environment, action, any).is_some(),
                strikes,
                "{environment:?} {action:?}"
            );
        }
        assert!(board.strike(Some("dev"), Some("UpdateService"), |effect| effect == Effect::Slow).is_none());
    }

    #[test]
    fn a_fault_that_waits_for_a_call_strikes_only_what_comes_after_it() {
        let after = After::Action("UpdateService".to_owned());
        let dev = Some("dev".to_owned());
        let board =
            board(&Wish { name: "cut-before".to_owned(), environment: dev, after, ..Wish::default() });
        let strikes = || board.strike(Some("dev"), Some("ListOperations"), any).is_some();
        assert!(!strikes());
        board.arm("UpdateService", Some("test"));
        assert!(!strikes());
        board.arm("UpdateService", Some("dev"));
        assert!(strikes());
    }

    #[tokio::test]
    async fn whoever_is_stuck_goes_on_when_the_fault_is_lifted() {
        let wish = Wish { name: "stuck-operation".to_owned(), ..Wish::default() };
        let board = board(&wish);
        let clearing = async { board.clear(None, None) };
        let ((), gone) = tokio::join!(board.lifted("dev", |effect| effect == Effect::Stuck), clearing);
        assert_eq!(gone.len(), 1);
    }
}
