//! An incoming webhook of Slack: one POST, and what Slack says to it.
//!
//! The form is Slack's (blocks, mrkdwn, at most 150 characters of a header, 2000 of a field, 3000 of a section); what
//! stands in a message of ours is escaped as Slack wants it. Absent on purpose: anything that needs a token.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response, StatusCode, Url};
use serde_json::{Value, json};

use super::failure;
use crate::adapters::http;
use crate::adapters::report::seconds;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::notification::{Notification, Placeholder, Template};
use crate::domain::plain;
use crate::domain::secret::Secret;

/// The most characters of a header, of a field and of a section.
const LENGTHS: [usize; 3] = [150, 2000, 3000];

/// The most bytes of an answer that is worth a look, and the most characters of it that are told.
const ANSWER: (u64, usize) = (64 * 1024, 200);

/// A webhook.
pub(super) struct Slack<'a> {
    /// Its address.
    pub(super) webhook: &'a Secret,
    /// How long to wait for its answer.
    pub(super) deadline: Duration,
}

impl Slack<'_> {
    /// Sends a message, once.
    pub(super) async fn send(&self, message: &Value) -> Result<(), Failure> {
        let url = address(self.webhook)?;
        let client = client(&url).map_err(|error| {
            // Its own words may have the address in them.
            failure(FailureKind::Configuration).because_of(&error.without_url())
        })?;
        let posted = client.post(url).json(message).timeout(self.deadline).send().await;
        let answer = posted.map_err(|error| self.lost(error))?;
        let status = answer.status();
        let wait = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let wait = wait.map(|wait| plain::beginning(wait, 40));
        let said = text(answer).await;
        if status == StatusCode::OK { Ok(()) } else { Err(refused(status, wait.as_deref(), &said)) }
    }

    /// There was no answer.
    fn lost(&self, error: reqwest::Error) -> Failure {
        let error = error.without_url();
        if error.is_connect() {
            return failure(FailureKind::Unavailable)
                .because("the webhook cannot be reached")
                .because_of(&error)
                .hint("Check the network, a proxy, and the address of the webhook. It is not sent again.");
        }
        let failure = failure(FailureKind::Unknown);
        let failure = if error.is_timeout() {
            failure.because(format!("there was no answer within {}", seconds(self.deadline)))
        } else {
            failure.because("the connection ended before there was an answer").because_of(&error)
        };
        failure.hint("Look into the channel whether it arrived: it is not sent again.")
    }
}

/// The message for a notification, in Slack's form.
pub(super) fn message(told: &Notification, template: Option<&Template>) -> Value {
    let [header, field, section] = LENGTHS;
    if let Some(template) = template {
        let text = template.fill(|placeholder| escaped(&told.value(placeholder)));
        return json!({ "text": cut(&text, section) });
    }
    let headline = format!("{} {}", told.occasion.shape(), told.headline);
    let rows = [
        ("Environment", told.environment.clone()),
        ("Release", told.way()),
        ("By", told.by.clone()),
        ("Took", told.value(Placeholder::Took)),
        ("Reason", told.value(Placeholder::Reason)),
        ("Plan", told.value(Placeholder::Plan)),
    ];
    let fields: Vec<Value> = rows
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| json!({ "type": "mrkdwn", "text": cut(&format!("*{name}*\n{}", escaped(value)), field) }))
        .collect();
    let mut blocks = vec![
        json!({ "type": "header", "text": { "type": "plain_text", "text": cut(&headline, header) } }),
        json!({ "type": "section", "fields": fields }),
    ];
    let why = told.why.iter().chain(&told.next).map(|text| escaped(text)).collect::<Vec<_>>().join("\n");
    if !why.is_empty() {
        let text = json!({ "type": "mrkdwn", "text": cut(&why, section) });
        blocks.push(json!({ "type": "section", "text": text }));
    }
    let place = format!("lockstep {} ({}), {}", told.instance.id, told.instance.title, told.instance.mode);
    let run = told.run.iter().map(ToString::to_string);
    let context = [place].into_iter().chain(run).chain(told.report.iter().map(|it| format!("report: {it}")));
    let elements = context.map(|text| json!({ "type": "mrkdwn", "text": cut(&escaped(&text), field) }));
    blocks.push(json!({ "type": "context", "elements": elements.collect::<Vec<_>>() }));
    // What shows no blocks, such as a notification of a telephone, shows the text.
    json!({ "text": cut(&escaped(&headline), section), "blocks": blocks })
}

/// The three characters that mean something to Slack.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// So many characters at most, and no half of something escaped.
fn cut(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(length - 1).collect();
    if let Some(at) = kept.rfind('&').filter(|at| !kept[*at..].contains(';')) {
        kept.truncate(at);
    }
    kept + "…"
}

/// The address, if it is one that keeps its secret on the way.
fn address(webhook: &Secret) -> Result<Url, Failure> {
    let wrong = |why: &str| {
        failure(FailureKind::Configuration).because(why).hint(
            "Copy the address of the webhook from Slack; it begins with https://hooks.slack.com/services/.",
        )
    };
    let url = Url::parse(webhook.reveal()).map_err(|_| wrong("what is there is no address"))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if http::is_here(&url) => Ok(url),
        _ => Err(wrong("the address does not begin with https://, so everybody on the way could read it")),
    }
}

/// Nothing is sent twice.
fn client(url: &Url) -> reqwest::Result<Client> {
    http::builder(url).retry(reqwest::retry::never()).pool_max_idle_per_host(0).build()
}

/// What an answer says, as far as it is worth reading.
async fn text(answer: Response) -> String {
    let body = http::body(answer, ANSWER.0).await.ok().flatten().unwrap_or_default();
    plain::beginning(&String::from_utf8_lossy(&body), ANSWER.1)
}

/// What Slack means by not taking a message.
fn refused(status: StatusCode, wait: Option<&str>, said: &str) -> Failure {
    let words = if said.is_empty() { String::new() } else { format!(": {said}") };
    let said_so = format!("it answered {}{words}", status.as_u16());
    let failure = |kind| failure(kind).because(&said_so);
    let again = "It is not sent again.";
    match (status.as_u16(), said) {
        (429, _) => {
            let wait = wait.map_or_else(String::new, |wait| {
                let unit = if wait.bytes().all(|byte| byte.is_ascii_digit()) { " s" } else { "" };
                format!(", in {wait}{unit}")
            });
            failure(FailureKind::Unavailable)
                .because(format!("it takes about one message a second, and wants to be asked later{wait}"))
                .hint(again)
        }
        (404, "no_service" | "no_team") | (403, "invalid_token") => failure(FailureKind::Configuration)
            .because("there is no such webhook any more")
            .hint("Make a new webhook in Slack, and put its address where the old one was."),
        (404, "channel_not_found") | (410, "channel_is_archived") => failure(FailureKind::Configuration)
            .because("the channel of the webhook is gone")
            .hint("Make a webhook for another channel, or bring the channel back."),
        (403, _) => failure(FailureKind::Refused)
            .because("the workspace does not let this webhook post")
            .hint("Ask whoever looks after the workspace."),
        (400, _) => failure(FailureKind::Failed)
            .because("it does not take the message as it is")
            .hint("Look at [notify.slack] template, if there is one."),
        (300..=399, _) => failure(FailureKind::Configuration)
            .because("it is somewhere else, and is not followed there")
            .hint("Put the address where it really is into the place that is named."),
        (500.., _) => failure(FailureKind::Unknown)
            .because("it has trouble itself; whether the message arrived is not known")
            .hint(format!("Look into the channel. {again}")),
        _ => failure(FailureKind::Failed).hint("Check that the address is that of an incoming webhook."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::report::Instance;

    fn told() -> Notification {
        let instance =
            Instance { id: "demo1".to_owned(), title: "Bagels & <more>".to_owned(), mode: "LIVE".to_owned() };
        let mut told = Notification::of_test(instance, Timestamp::UNIX_EPOCH, "ana <!channel>");
        told.headline = "a < b".to_owned();
        told.why = vec!["select 1 && <2>".to_owned()];
        told
    }

    #[test]
    fn nothing_that_is_told_means_anything_to_slack() {
        let message = message(&told(), None);
        assert_eq!(message["text"], "· a &lt; b");
        assert_eq!(message["blocks"][0]["text"]["text"], "· a < b", "plain text is not escaped");
        assert_eq!(message["blocks"][1]["fields"][0]["text"], "*By*\nana &lt;!channel&gt;");
        let why = message["blocks"][2]["text"]["text"].as_str().unwrap();
        assert!(why.starts_with("select 1 &amp;&amp; &lt;2&gt;\n"), "{why}");
        let context = message["blocks"][3]["elements"][0]["text"].as_str().unwrap();
        assert_eq!(context, "lockstep demo1 (Bagels &amp; &lt;more&gt;), LIVE");
    }

    #[test]
    fn a_template_is_written_in_slacks_words_and_what_is_filled_in_is_not() {
        let template = Template::read("<https://wiki|{headline}> *by* {by}").unwrap();
        let message = message(&told(), Some(&template));
        assert_eq!(message, json!({ "text": "<https://wiki|a &lt; b> *by* ana &lt;!channel&gt;" }));
    }

    #[test]
    fn everything_stays_within_what_slack_takes() {
        let mut told = told();
        told.headline = "é".repeat(5000);
        told.by = "&".repeat(5000);
        told.why = vec!["<".repeat(5000)];
        let message = message(&told, None);
        let count = |value: &Value| value.as_str().unwrap().chars().count();
        assert_eq!(count(&message["blocks"][0]["text"]["text"]), 150);
        assert!(count(&message["blocks"][1]["fields"][0]["text"]) <= 2000);
        let why = message["blocks"][2]["text"]["text"].as_str().unwrap();
        assert!(why.chars().count() <= 3000 && why.ends_with("&lt;…"), "{}", &why[why.len() - 20..]);
        assert_eq!(cut("abc", 3), "abc");
    }

    #[test]
    fn an_address_that_everybody_could_read_is_not_used() {
        for (text, is_right) in [
            ("https://hooks.slack.com/services/T/B/X", true),
            ("http://127.0.0.1:8080/hook", true),
            ("http://[::1]:8080/hook", true),
            ("http://hooks.slack.com/services/T/B/X", false),
            ("hooks.slack.com/services/T/B/X", false),
            ("ftp://x/y", false),
        ] {
            let address = address(&Secret::new(text));
            assert_eq!(address.is_ok(), is_right, "{text}");
            if let Err(failure) = address {
                assert!(!failure.to_string().contains("/B/"), "{failure}");
            }
        }
    }

    #[test]
    fn every_no_of_slack_has_its_meaning() {
        for (status, said, kind, words) in [
            (404, "no_service", FailureKind::Configuration, "no such webhook any more"),
            (403, "invalid_token", FailureKind::Configuration, "no such webhook any more"),
            (403, "action_prohibited", FailureKind::Refused, "does not let this webhook post"),
            (404, "channel_not_found", FailureKind::Configuration, "the channel of the webhook is gone"),
            (410, "channel_is_archived", FailureKind::Configuration, "the channel of the webhook is gone"),
            (400, "invalid_payload", FailureKind::Failed, "does not take the message"),
            (302, "", FailureKind::Configuration, "is not followed there"),
            (503, "", FailureKind::Unknown, "whether the message arrived is not known"),
            (418, "teapot", FailureKind::Failed, "it answered 418: teapot"),
        ] {
            let failure = refused(StatusCode::from_u16(status).unwrap(), None, said);
            assert_eq!(failure.kind, kind, "{status} {said}");
            assert!(failure.because.join("; ").contains(words), "{failure}");
            assert!(failure.hint.is_some(), "{status}");
        }
        let failure = refused(StatusCode::TOO_MANY_REQUESTS, Some("30"), "rate_limited");
        assert!(failure.because[1].ends_with("asked later, in 30 s"), "{failure}");
        assert_eq!(failure.hint.as_deref(), Some("It is not sent again."));
    }
}
