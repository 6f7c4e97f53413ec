//! What people are told outside of lockstep: on which occasion, through which channel, in which words.
//!
//! Absent on purpose: sending anything, and the forms that a channel has for it.

mod template;
mod words;

use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::failure::Failure;
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::plan::Plan;
use crate::domain::release::ImageRef;
use crate::domain::report::{Filed, Instance, Kind, OperationReport, Outcome};

pub use template::{Placeholder, Template};

/// What people can be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Occasion {
    /// A promotion is proven.
    Succeeded,
    /// A promotion, or a rollback, was begun and did not come to what it should.
    Failed,
    /// Nobody knows how it ended.
    Unknown,
    /// Somebody asks for a plan to be approved.
    Approval,
    /// An environment went back to an earlier release, proven.
    RolledBack,
    /// Somebody tries whether they can be told.
    Test,
}

/// How people are told by lockstep itself. What the console shows in its terminal is none of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// An incoming webhook of Slack, or of what understands the same.
    Slack,
    /// A mail server.
    Email,
}

/// A channel, and what it tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Which.
    pub channel: Channel,
    /// What it tells of.
    pub occasions: Vec<Occasion>,
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// On which occasion.
    pub occasion: Occasion,
    /// When that was.
    pub at: Timestamp,
    /// The instance that it is about.
    pub instance: Instance,
    /// The environment; empty for a test.
    pub environment: String,
    /// The release that was asked for; empty for a test.
    pub version: String,
    /// The release that ran before, where it is known.
    pub from: Option<String>,
    /// What there is to tell, as a sentence without a full stop.
    pub headline: String,
    /// Who asked for it.
    pub by: String,
    /// Why they did, or what they wrote beside it.
    pub reason: Option<String>,
    /// What went wrong, the nearest cause first.
    pub why: Vec<String>,
    /// What to do next.
    pub next: Option<String>,
    /// The run; `None` where nothing ran.
    pub run: Option<RunId>,
    /// The short digest of the plan.
    pub plan: Option<String>,
    /// How long it took.
    pub took: Option<Duration>,
    /// Where its report is, once it is filed: every place that has it.
    pub report: Vec<String>,
}

/// One notification on its way through one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Through which.
    pub channel: Channel,
    /// What it tells of.
    pub occasion: Occasion,
    /// The environment; `None` for a test.
    pub environment: Option<EnvironmentName>,
    /// The run; `None` where nothing ran.
    pub run: Option<RunId>,
}

impl Occasion {
    const WORDS: [(Self, &'static str); 6] = [
        (Self::Succeeded, "succeeded"),
        (Self::Failed, "failed"),
        (Self::Unknown, "unknown"),
        (Self::Approval, "approval"),
        (Self::RolledBack, "rolled_back"),
        (Self::Test, "test"),
    ];

    /// Those that a channel can be told to tell of.
    pub const ALL: [Self; 5] =
        [Self::Succeeded, Self::Failed, Self::Unknown, Self::Approval, Self::RolledBack];

    /// The word for people and for files.
    pub fn word(self) -> &'static str {
        Self::WORDS.into_iter().find(|(occasion, _)| *occasion == self).map_or("", |(_, word)| word)
    }

    /// The occasion with this word, of all that happen or of a test.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|(_, text)| *text == word).map(|(occasion, _)| occasion)
    }

    /// A shape that says the same without a word.
    pub fn shape(self) -> &'static str {
        match self {
            Self::Succeeded => "✔",
            Self::Failed => "✖",
            Self::Unknown => "?",
            Self::Approval => "●",
            Self::RolledBack => "↩",
            Self::Test => "·",
        }
    }
}

impl Channel {
    const WORDS: [(Self, &'static str); 2] = [(Self::Slack, "slack"), (Self::Email, "email")];

    /// The word for files and programs.
    pub fn word(self) -> &'static str {
        Self::WORDS.into_iter().find(|(channel, _)| *channel == self).map_or("", |(_, word)| word)
    }

    /// The channel with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|(_, text)| *text == word).map(|(channel, _)| channel)
    }

    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Slack => "Slack",
            Self::Email => "the mail server",
        }
    }
}

impl Notification {
    /// What there is to tell of an operation that has ended. Of what was refused nothing is: it did nothing, and whoever
    /// asked for it was told.
    pub fn of_report(report: &OperationReport) -> Option<Self> {
        let is_back = match report.kind {
            Kind::Promotion => false,
            Kind::Rollback => true,
            Kind::Check | Kind::Drift | Kind::Flow | Kind::Action => return None,
        };
        let occasion = match report.outcome {
            Outcome::Proven if is_back => Occasion::RolledBack,
            Outcome::Proven => Occasion::Succeeded,
            Outcome::Failed | Outcome::ActionNeeded | Outcome::Interrupted => Occasion::Failed,
            Outcome::Unknown => Occasion::Unknown,
            Outcome::Refused | Outcome::Clean | Outcome::Found => return None,
        };
        let change = report.change.as_ref()?;
        let why = |failure: &Failure| [&failure.what].into_iter().chain(&failure.because).cloned().collect();
        Some(Self {
            occasion,
            at: report.ended,
            instance: report.instance.clone(),
            environment: report.place.clone(),
            version: change.to.clone(),
            from: change.from.clone(),
            headline: words::ended(report.outcome, is_back, &change.to, &report.place),
            by: report.by.clone(),
            reason: report.reason.clone(),
            why: report.failure.as_ref().map(why).unwrap_or_default(),
            next: report.failure.as_ref().and_then(|failure| failure.hint.clone()),
            run: Some(report.run.clone()),
            plan: report.plan.as_ref().map(|plan| plan.digest.chars().take(6).collect()),
            took: Some(report.took()),
            report: Vec::new(),
        })
    }

    /// That a plan waits for approval, because `by` asks for it.
    pub fn of_request(instance: Instance, at: Timestamp, plan: &Plan, by: &str, note: &str) -> Self {
        let (environment, version, short) = (&plan.environment, &plan.version, plan.digest().short());
        Self {
            occasion: Occasion::Approval,
            at,
            instance,
            environment: environment.to_string(),
            version: version.to_string(),
            from: plan.image_from.as_ref().and_then(ImageRef::version).map(|it| it.to_string()),
            headline: format!("{version} to {environment} waits for approval"),
            by: by.to_owned(),
            reason: (!note.is_empty()).then(|| note.to_owned()),
            why: Vec::new(),
            next: Some(format!(
                "Read it with `lockstep plan {environment} --release {version}`, then `lockstep approve {environment} --release {version} --plan {short}`, or `lockstep reject`."
            )),
            run: None,
            plan: Some(short.to_owned()),
            took: None,
            report: Vec::new(),
        }
    }

    /// That somebody can be told.
    pub fn of_test(instance: Instance, at: Timestamp, by: &str) -> Self {
        Self {
            occasion: Occasion::Test,
            at,
            headline: format!("lockstep can tell you here about {}", instance.id),
            instance,
            environment: String::new(),
            version: String::new(),
            from: None,
            by: by.to_owned(),
            reason: None,
            why: Vec::new(),
            next: Some("This is a test: nothing has happened, and there is nothing to do.".to_owned()),
            run: None,
            plan: None,
            took: None,
            report: Vec::new(),
        }
    }

    /// The same with where its report is, as far as there is one.
    #[must_use]
    pub fn filed(mut self, filed: Option<&Filed>) -> Self {
        let uploaded = filed.and_then(|filed| filed.upload.as_ref()?.as_ref().ok());
        // What everybody can reach comes first; the path is on the machine of whoever ran it.
        self.report = uploaded.into_iter().chain(filed.map(|filed| &filed.path)).cloned().collect();
        self
    }

    /// What this is on its way through a channel.
    pub fn delivery(&self, channel: Channel) -> Delivery {
        let environment = EnvironmentName::parse(&self.environment).ok();
        Delivery { channel, occasion: self.occasion, environment, run: self.run.clone() }
    }

    /// Hands every text that may come from outside to `change`.
    pub fn each_text(&mut self, change: &mut dyn FnMut(&mut String)) {
        let Self { instance, environment, version, headline, by, .. } = self;
        for text in
            [&mut instance.id, &mut instance.title, &mut instance.mode, environment, version, headline, by]
        {
            change(text);
        }
        let optional = self.from.iter_mut().chain(&mut self.reason).chain(&mut self.next);
        let lists = self.why.iter_mut().chain(&mut self.report);
        optional.chain(&mut self.plan).chain(lists).for_each(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::failure::FailureKind;
    use crate::domain::report::{Change, Origin};

    fn report(kind: Kind, outcome: Outcome) -> OperationReport {
        let instance =
            Instance { id: "demo1".to_owned(), title: "Bagel Store".to_owned(), mode: "LIVE".to_owned() };
        let began = Timestamp::UNIX_EPOCH;
        let ended = "1970-01-01T00:01:30Z".parse().unwrap();
        let origin =
            Origin { run: RunId::from_text("r-1-test"), instance, began, ended, by: "ana".to_owned() };
        let change = Change {
            from: Some("v1.1.0".to_owned()),
            to: "v1.2.0".to_owned(),
            image_from: None,
            image_to: "store:v1.2.0".to_owned(),
        };
        let report = OperationReport::new(origin, kind, outcome, String::new(), "test".to_owned());
        OperationReport { change: Some(change), ..report }
    }

    #[test]
    fn every_end_has_its_occasion_and_its_sentence_and_a_refusal_has_none() {
        use Outcome::{ActionNeeded, Failed, Interrupted, Proven, Refused, Unknown};
        for (kind, outcome, expected) in [
            (Kind::Promotion, Proven, Some((Occasion::Succeeded, "v1.2.0 is in test, proven"))),
            (Kind::Rollback, Proven, Some((Occasion::RolledBack, "test is back at v1.2.0, proven"))),
            (
                Kind::Promotion,
                Failed,
                Some((Occasion::Failed, "v1.2.0 to test failed, and nothing is left half-done")),
            ),
            (
                Kind::Promotion,
                ActionNeeded,
                Some((Occasion::Failed, "v1.2.0 to test failed, and somebody has to act")),
            ),
            (
                Kind::Rollback,
                ActionNeeded,
                Some((Occasion::Failed, "test back to v1.2.0 failed, and somebody has to act")),
            ),
            (
                Kind::Promotion,
                Interrupted,
                Some((Occasion::Failed, "v1.2.0 to test was interrupted, and nothing is left half-done")),
            ),
            (Kind::Promotion, Unknown, Some((Occasion::Unknown, "nobody knows how v1.2.0 to test ended"))),
            (Kind::Promotion, Refused, None),
            (Kind::Flow, Failed, None),
            (Kind::Drift, Outcome::Found, None),
        ] {
            let told = Notification::of_report(&report(kind, outcome));
            let told = told.as_ref().map(|it| (it.occasion, it.headline.as_str()));
            assert_eq!(told, expected, "{kind:?} {outcome:?}");
        }
    }

    #[test]
    fn what_went_wrong_and_what_to_do_is_told_with_it() {
        let failure = Failure::new(FailureKind::ActionNeeded, "the deployment failed")
            .because("it never became healthy")
            .hint("Go back.");
        let report =
            OperationReport { failure: Some(failure), ..report(Kind::Promotion, Outcome::ActionNeeded) };
        let told = Notification::of_report(&report).unwrap();
        assert_eq!(told.why, ["the deployment failed", "it never became healthy"]);
        assert_eq!((told.next.as_deref(), told.took), (Some("Go back."), Some(Duration::from_secs(90))));
    }

    #[test]
    fn what_everybody_can_reach_of_a_report_comes_first() {
        let told = Notification::of_report(&report(Kind::Promotion, Outcome::Proven)).unwrap();
        let filed = Filed { path: "/r/1.html".to_owned(), upload: Some(Ok("s3://b/1.html".to_owned())) };
        assert_eq!(told.clone().filed(Some(&filed)).report, ["s3://b/1.html", "/r/1.html"]);
        assert_eq!(told.clone().filed(None).report, [""; 0]);
        let delivery = told.delivery(Channel::Slack);
        assert_eq!(delivery.environment.map(|it| it.to_string()).as_deref(), Some("test"));
    }

    #[test]
    fn no_text_escapes_whoever_looks_at_each() {
        let mut told = Notification::of_report(&report(Kind::Promotion, Outcome::Failed)).unwrap();
        told.reason = Some("r".to_owned());
        told.why = vec!["w".to_owned()];
        told.next = Some("n".to_owned());
        told.plan = Some("p".to_owned());
        told.report = vec!["f".to_owned()];
        told.each_text(&mut |text| *text = "***".to_owned());
        let seen = format!("{told:?}");
        for text in ["demo1", "Bagel", "LIVE", "v1.", "ana", "\"r\"", "\"w\"", "\"n\"", "\"p\"", "\"f\""] {
            assert!(!seen.contains(text), "{text}: {seen}");
        }
    }

    #[test]
    fn every_word_is_read_back() {
        for occasion in Occasion::ALL {
            assert_eq!(Occasion::from_word(occasion.word()), Some(occasion));
        }
        for channel in [Channel::Slack, Channel::Email] {
            assert_eq!(Channel::from_word(channel.word()), Some(channel));
        }
    }
}
