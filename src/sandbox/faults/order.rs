//! What is asked of the fault table, and whether it can be.
//!
//! Deliberately absent: doing it.

use serde::{Deserialize, Serialize};

use super::{Fault, Scope, TABLE};
use crate::sandbox::story;

/// What is asked of the faults of a sandbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Say what is set.
    List,
    /// Set a fault, in the place of an earlier one for the same environment and action.
    Set(Wish),
    /// Take faults away: all, those with a name, those of an environment.
    Clear {
        /// The fault; `None`: every one.
        name: Option<String>,
        /// The environment that it was set for; `None`: whichever.
        environment: Option<String>,
    },
}

/// A fault as it is wanted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Wish {
    /// The fault.
    pub name: String,
    /// The environment; `None`: all of them.
    pub environment: Option<String>,
    /// The AWS API action, such as `UpdateService`; `None`: all of them.
    pub action: Option<String>,
    /// How often it strikes; `None`: as the table says.
    pub times: Option<u32>,
    /// What it lets pass before it strikes.
    #[serde(default)]
    pub after: After,
    /// How long it lasts each time; `None`: as the table says.
    pub seconds: Option<f64>,
}

/// What a fault waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum After {
    /// So many that it could have struck.
    Count(u32),
    /// A call of this AWS API action, about the same environment.
    Action(String),
}

impl Default for After {
    fn default() -> Self {
        Self::Count(0)
    }
}

impl After {
    /// Reads a number or the name of an action.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_action = |text: &str| text.starts_with(|first: char| first.is_ascii_uppercase());
        match text.parse() {
            Ok(count) => Ok(Self::Count(count)),
            Err(_) if is_action(text) => Ok(Self::Action(text.to_owned())),
            Err(_) => Err("it is a number, or an action such as UpdateService".to_owned()),
        }
    }

    /// How many pass first.
    pub(in crate::sandbox) fn count(&self) -> u32 {
        match self {
            Self::Count(count) => *count,
            Self::Action(_) => 0,
        }
    }
}

impl Order {
    /// Says why this cannot be asked, as a sentence without a full stop.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::List => Ok(()),
            Self::Set(wish) => wish.check(),
            Self::Clear { name, environment } => {
                name.as_deref().map_or(Ok(()), |name| known(name).map(drop))?;
                environment.as_deref().map_or(Ok(()), is_environment)
            }
        }
    }
}

impl Wish {
    fn check(&self) -> Result<(), String> {
        let fault = known(&self.name)?;
        self.environment.as_deref().map_or(Ok(()), is_environment)?;
        let given = [
            ("--env", self.environment.is_some()),
            ("--action", self.action.is_some()),
            ("--times", self.times.is_some()),
            ("--after", self.after != After::default()),
            ("--seconds", self.seconds.is_some()),
        ];
        let options = fault.options();
        if let Some((option, _)) =
            given.iter().find(|(option, is_given)| *is_given && !options.contains(option))
        {
            let takes = if options.is_empty() { "no option".to_owned() } else { options.join(", ") };
            return Err(format!("{} does not take {option}; it takes {takes}", fault.name));
        }
        if fault.scope == Scope::Calls && self.environment.is_some() && names_none(self.action.as_deref()) {
            let action = self.action.as_deref().unwrap_or_default();
            return Err(format!("{action} is not a call about one environment; leave --env away"));
        }
        if matches!(self.after, After::Action(_)) && fault.scope != Scope::Calls {
            return Err(format!(
                "{} takes a number for --after; only faults of calls take an action",
                fault.name
            ));
        }
        match self.seconds {
            Some(seconds) if !(0.0..=3600.0).contains(&seconds) => {
                Err("--seconds is a number from 0 to 3600".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// True for actions that no environment can be told of.
fn names_none(action: Option<&str>) -> bool {
    matches!(action, Some("ListServices" | "GetSecretValue" | "DescribeDBInstances" | "GetCallerIdentity"))
}

fn known(name: &str) -> Result<&'static Fault, String> {
    Fault::named(name).ok_or_else(|| {
        let names: Vec<_> = TABLE.iter().map(|fault| fault.name).collect();
        format!("there is no fault called {name}; the faults are {}", names.join(", "))
    })
}

fn is_environment(name: &str) -> Result<(), String> {
    if story::ENVIRONMENTS.iter().any(|environment| environment.name == name) {
        return Ok(());
    }
    let names: Vec<_> = story::ENVIRONMENTS.iter().map(|environment| environment.name).collect();
    Err(format!("the sandbox has no environment called {name}; it has {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, change: impl FnOnce(&mut Wish)) -> Result<(), String> {
        let mut wish = Wish { name: name.to_owned(), ..Wish::default() };
        change(&mut wish);
        Order::Set(wish).check()
    }

    #[test]
    fn every_row_has_a_name_of_its_own_and_can_be_set_as_it_is() {
        for (index, fault) in TABLE.iter().enumerate() {
            assert_eq!(set(fault.name, |_| {}), Ok(()));
            assert!(TABLE[..index].iter().all(|other| other.name != fault.name), "{}", fault.name);
            let is_sentence = |text: &str| !text.is_empty() && !text.ends_with('.');
            assert!(is_sentence(fault.does) && is_sentence(fault.shows), "{}", fault.name);
        }
    }

    #[test]
    fn what_a_fault_does_not_take_is_refused_with_what_it_takes() {
        let refused = set("clock-ahead", |wish| wish.environment = Some("dev".to_owned())).unwrap_err();
        assert_eq!(refused, "clock-ahead does not take --env; it takes no option");
        let refused = set("full-disk", |wish| wish.action = Some("UpdateService".to_owned())).unwrap_err();
        assert_eq!(refused, "full-disk does not take --action; it takes --env, --times, --after");
        let refused = set("slow-sql", |wish| wish.seconds = Some(-1.0)).unwrap_err();
        assert_eq!(refused, "--seconds is a number from 0 to 3600");
        let refused = set("throttling", |wish| wish.environment = Some("qa".to_owned())).unwrap_err();
        assert_eq!(refused, "the sandbox has no environment called qa; it has dev, test, staging, prod");
        let refused =
            set("full-disk", |wish| wish.after = After::parse("UpdateService").unwrap()).unwrap_err();
        assert_eq!(refused, "full-disk takes a number for --after; only faults of calls take an action");
        assert!(After::parse("soon").is_err());
        assert!(
            set("rain", |_| {}).unwrap_err().starts_with("there is no fault called rain; the faults are ")
        );
    }
}
