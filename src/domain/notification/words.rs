//! The sentences of a notification, and its parts as texts.

use super::{Notification, Placeholder};
use crate::domain::report::Outcome;

/// How an operation ended, as a sentence without a full stop.
pub(super) fn ended(outcome: Outcome, is_back: bool, version: &str, environment: &str) -> String {
    let what = if is_back {
        format!("{environment} back to {version}")
    } else {
        format!("{version} to {environment}")
    };
    match outcome {
        Outcome::Proven if is_back => format!("{environment} is back at {version}, proven"),
        Outcome::Proven => format!("{version} is in {environment}, proven"),
        Outcome::ActionNeeded => format!("{what} failed, and somebody has to act"),
        Outcome::Interrupted => format!("{what} was interrupted, and nothing is left half-done"),
        Outcome::Unknown => format!("nobody knows how {what} ended"),
        Outcome::Failed | Outcome::Refused | Outcome::Clean | Outcome::Found => {
            format!("{what} failed, and nothing is left half-done")
        }
    }
}

impl Notification {
    /// What stands in the place of a placeholder; empty where there is nothing to say.
    pub fn value(&self, placeholder: Placeholder) -> String {
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        match placeholder {
            Placeholder::Shape => self.occasion.shape().to_owned(),
            Placeholder::Headline => self.headline.clone(),
            Placeholder::Event => self.occasion.word().to_owned(),
            Placeholder::Instance => self.instance.id.clone(),
            Placeholder::Title => self.instance.title.clone(),
            Placeholder::Mode => self.instance.mode.clone(),
            Placeholder::Environment => self.environment.clone(),
            Placeholder::Version => self.version.clone(),
            Placeholder::From => optional(&self.from),
            Placeholder::By => self.by.clone(),
            Placeholder::Reason => optional(&self.reason),
            Placeholder::Why => self.why.join("; "),
            Placeholder::Next => optional(&self.next),
            Placeholder::Run => self.run.as_ref().map(ToString::to_string).unwrap_or_default(),
            Placeholder::Plan => optional(&self.plan),
            Placeholder::Took => {
                self.took.map(|took| format!("{:.0} s", took.as_secs_f64())).unwrap_or_default()
            }
            Placeholder::Report => self.report.join(" "),
        }
    }

    /// From which release to which.
    pub fn way(&self) -> String {
        match &self.from {
            Some(from) if *from != self.version => format!("{from} → {}", self.version),
            _ => self.version.clone(),
        }
    }

    /// The subject of a mail.
    pub fn subject(&self) -> String {
        format!("[{} {}] {}", self.instance.title, self.instance.id, self.headline)
    }

    /// All of it as plain text, a line for each part that there is.
    pub fn text(&self) -> String {
        let mut lines = vec![format!("{} {}", self.occasion.shape(), self.headline), String::new()];
        let rows = [
            ("Environment", self.environment.clone()),
            ("Release", self.way()),
            ("By", self.by.clone()),
            ("Reason", self.value(Placeholder::Reason)),
            ("Took", self.value(Placeholder::Took)),
            ("Plan", self.value(Placeholder::Plan)),
            ("Run", self.value(Placeholder::Run)),
        ];
        let rows = rows.into_iter().filter(|(_, value)| !value.is_empty());
        lines.extend(rows.map(|(name, value)| format!("{name:12} {value}")));
        lines.extend(self.report.iter().map(|place| format!("{:12} {place}", "Report")));
        if !self.why.is_empty() {
            lines.push(String::new());
            lines.extend(self.why.iter().cloned());
        }
        if let Some(next) = &self.next {
            lines.extend([String::new(), next.clone()]);
        }
        lines.extend([
            String::new(),
            format!("lockstep {} ({}), {}", self.instance.id, self.instance.title, self.instance.mode),
        ]);
        lines.join("\n") + "\n"
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::Timestamp;
    use crate::domain::names::RunId;
    use crate::domain::notification::{Notification, Occasion};
    use crate::domain::report::Instance;

    #[test]
    fn a_mail_says_everything_there_is_and_nothing_that_is_not() {
        let instance =
            Instance { id: "demo1".to_owned(), title: "Bagel Store".to_owned(), mode: "LIVE".to_owned() };
        let test = Notification::of_test(instance, Timestamp::UNIX_EPOCH, "ana");
        insta::assert_snapshot!(test.text(), @r"
        · lockstep can tell you here about demo1

        By           ana

        This is a test: nothing has happened, and there is nothing to do.

        lockstep demo1 (Bagel Store), LIVE
        ");
        let failed = Notification {
            occasion: Occasion::Failed,
            headline: "v1.3.0 to dev failed, and somebody has to act".to_owned(),
            environment: "dev".to_owned(),
            version: "v1.3.0".to_owned(),
            from: Some("v1.2.0".to_owned()),
            why: vec!["the deployment failed".to_owned()],
            next: Some("Go back.".to_owned()),
            run: Some(RunId::from_text("r-1-dev")),
            report: vec!["s3://reports/r-1-dev.html".to_owned()],
            ..test
        };
        assert_eq!(failed.subject(), "[Bagel Store demo1] v1.3.0 to dev failed, and somebody has to act");
        insta::assert_snapshot!(failed.text(), @r"
        ✖ v1.3.0 to dev failed, and somebody has to act

        Environment  dev
        Release      v1.2.0 → v1.3.0
        By           ana
        Run          r-1-dev
        Report       s3://reports/r-1-dev.html

        the deployment failed

        Go back.

        lockstep demo1 (Bagel Store), LIVE
        ");
    }
}
