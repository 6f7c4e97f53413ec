//! Telling people, against servers that speak as Slack and as a mail server do.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use lockstep::config::{EmailSettings, MailSecurity, NotifySettings, SecretPlace, SlackSettings};
use lockstep::domain::Timestamp;
use lockstep::domain::failure::{Failure, FailureKind};
use lockstep::domain::names::RunId;
use lockstep::domain::notification::{Channel, Notification, Occasion, Template};
use lockstep::domain::report::Instance;
use lockstep::engine::effect::Effect;
use lockstep::engine::event::EventKind;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{Rig, perform};

/// What nobody may see of the address of a webhook.
const TOKEN: &str = "s3cr3tHookToken";

fn told() -> Notification {
    let [id, title, mode] = ["demo1", "Bagel Store", "LIVE"].map(str::to_owned);
    let test = Notification::of_test(Instance { id, title, mode }, Timestamp::UNIX_EPOCH, "ana");
    Notification {
        occasion: Occasion::Failed,
        headline: "v1.3.0 to dev failed, and somebody has to act".to_owned(),
        environment: "dev".to_owned(),
        version: "v1.3.0".to_owned(),
        why: vec!["pq: password s3cr3t/of=the&cloud was <refused>".to_owned()],
        run: Some(RunId::from_text("r-1-dev")),
        report: vec!["s3://team/r-1-dev/operation-report.html".to_owned()],
        ..test
    }
}

/// Carries the effect out, and gives its one outcome.
async fn tell(rig: &Rig, channel: Channel) -> Result<String, Failure> {
    let events = perform(&rig.adapters(), Effect::Notify(channel, Box::new(told()))).await;
    let [EventKind::Notified(delivery, result)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((delivery.channel, delivery.occasion), (channel, Occasion::Failed));
    let seen = format!("{events:?}");
    assert!(!seen.contains(TOKEN), "{seen}");
    result.clone()
}

/// Status, `Retry-After` and body of an answer.
type Answer = (u16, Option<&'static str>, &'static str);

/// The content type and the body of a message.
type Posted = (Option<String>, Value);

/// A stand-in for Slack.
#[derive(Clone, Default)]
struct Slack {
    /// What it answers; none for silence.
    answer: Arc<Mutex<Option<Answer>>>,
    /// What was posted.
    posted: Arc<Mutex<Vec<Posted>>>,
}

impl Slack {
    /// One that answers so, and an instance that tells it; the address is a secret that Secrets Manager has.
    async fn answering(answer: Option<Answer>) -> (Self, Rig) {
        let slack = Self { answer: Arc::new(Mutex::new(answer)), posted: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/services/T0/B0/{TOKEN}", listener.local_addr().unwrap());
        let router = Router::new().fallback(hear).with_state(slack.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (slack, rig(&url).await)
    }

    fn posted(&self) -> Vec<Posted> {
        self.posted.lock().unwrap().clone()
    }
}

async fn hear(State(slack): State<Slack>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let kind = headers.get("content-type").map(|value| value.to_str().unwrap().to_owned());
    slack.posted.lock().unwrap().push((kind, serde_json::from_slice(&body).unwrap()));
    let answer = *slack.answer.lock().unwrap();
    let Some((status, wait, said)) = answer else { return std::future::pending().await };
    let response = Response::builder().status(status).header("location", "/elsewhere");
    let response = wait.into_iter().fold(response, |response, wait| response.header("retry-after", wait));
    response.body(Body::from(said)).unwrap()
}

async fn rig(webhook: &str) -> Rig {
    let mut rig = Rig::without_database().await;
    rig.cloud.facts().password = webhook.to_owned();
    rig.settings.deadlines.look = Duration::from_millis(700);
    rig.settings.notify = NotifySettings {
        slack: Some(SlackSettings {
            webhook: SecretPlace::Secret("demo1/webhook".to_owned()),
            occasions: Occasion::ALL.to_vec(),
            template: None,
        }),
        ..NotifySettings::default()
    };
    rig
}

#[tokio::test]
async fn slack_gets_one_message_with_everything_and_without_any_secret() {
    let (slack, rig) = Slack::answering(Some((200, None, "ok"))).await;
    let said = tell(&rig, Channel::Slack).await.unwrap();
    assert_eq!(said, "Slack was told: v1.3.0 to dev failed, and somebody has to act");
    let posted = slack.posted();
    let [(kind, message)] = posted.as_slice() else { panic!("{posted:?}") };
    assert_eq!(kind.as_deref(), Some("application/json"));
    assert_eq!(message["text"], "✖ v1.3.0 to dev failed, and somebody has to act");
    let text = message.to_string();
    assert!(text.contains("pq: password *** was &lt;refused&gt;"), "{text}");
    assert!(text.contains("report: s3://team/r-1-dev/operation-report.html"), "{text}");
    assert!(!text.contains("s3cr3t"), "{text}");
}

#[tokio::test]
async fn words_that_somebody_chose_are_sent_in_their_place() {
    let (slack, mut rig) = Slack::answering(Some((200, None, "ok"))).await;
    let template = Template::read("{environment} <https://wiki|{version}>: {why}").unwrap();
    rig.settings.notify.slack.as_mut().unwrap().template = Some(template);
    tell(&rig, Channel::Slack).await.unwrap();
    let text = "dev <https://wiki|v1.3.0>: pq: password *** was &lt;refused&gt;";
    assert_eq!(slack.posted()[0].1, serde_json::json!({ "text": text }));
}

#[tokio::test]
async fn whatever_slack_says_is_told_and_nothing_is_sent_a_second_time() {
    for (answer, kind, because) in [
        ((404, None, "no_service"), FailureKind::Configuration, "there is no such webhook any more"),
        ((429, Some("30"), "rate_limited"), FailureKind::Unavailable, "wants to be asked later, in 30 s"),
        ((302, None, ""), FailureKind::Configuration, "is not followed there"),
        ((500, None, "s3cr3tHookToken"), FailureKind::Unknown, "whether the message arrived is not known"),
    ] {
        let (slack, rig) = Slack::answering(Some(answer)).await;
        let failure = tell(&rig, Channel::Slack).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(failure.what.starts_with("could not tell Slack: v1.3.0 to dev failed"), "{failure}");
        assert!(failure.because.join("; ").contains(because), "{failure}");
        assert_eq!(slack.posted().len(), 1, "{answer:?}");
    }
}

#[tokio::test]
async fn a_slack_that_never_answers_is_given_up_and_it_is_not_known_whether_it_heard() {
    let (slack, rig) = Slack::answering(None).await;
    let failure = tell(&rig, Channel::Slack).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unknown, "{failure}");
    assert!(failure.because[0].contains("no answer within 0.7 s"), "{failure}");
    assert!(failure.hint.unwrap().contains("it is not sent again"));
    assert_eq!(slack.posted().len(), 1);
}

#[tokio::test]
async fn a_webhook_that_nobody_listens_at_or_that_is_none_is_told_without_its_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = format!("http://{}/services/{TOKEN}", listener.local_addr().unwrap());
    drop(listener);
    let failure = tell(&rig(&gone).await, Channel::Slack).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable, "{failure}");
    assert!(failure.because[0].contains("cannot be reached"), "{failure}");
    for (address, because) in [
        (format!("http://hooks.slack.com/services/{TOKEN}"), "everybody on the way could read it"),
        (TOKEN.to_owned(), "what is there is no address"),
    ] {
        let failure = tell(&rig(&address).await, Channel::Slack).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Configuration, "{failure}");
        assert!(failure.because[0].contains(because), "{failure}");
    }
}

#[tokio::test]
async fn a_secret_that_is_not_to_be_had_is_named() {
    let mut rig = rig("unused").await;
    rig.cloud.facts().errors.push_back(("GetSecretValue", 400, "ResourceNotFoundException"));
    let failure = tell(&rig, Channel::Slack).await.unwrap_err();
    assert!(failure.what.starts_with("could not tell Slack"), "{failure}");
    assert_eq!(failure.because[0], "could not read the secret demo1/webhook");
    rig.settings.notify.slack.as_mut().unwrap().webhook =
        SecretPlace::Variable("LOCKSTEP_NO_SUCH_VARIABLE".to_owned());
    let failure = tell(&rig, Channel::Slack).await.unwrap_err();
    assert_eq!(failure.because, ["the variable LOCKSTEP_NO_SUCH_VARIABLE is not set"]);
}

/// How a stand-in for a mail server behaves.
#[derive(Clone, Copy, PartialEq)]
enum Post {
    /// It takes everything.
    Takes,
    /// It wants a login first, and takes none.
    RefusesLogin,
    /// It takes no mail for anybody.
    RefusesReceiver,
    /// It never says a word.
    Silent,
    /// It offers no TLS.
    WithoutTls,
}

/// A mail server, and everything that it was told, line for line.
struct Mail {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Mail {
    async fn start(how: Post, tls: Option<(MailSecurity, TlsAcceptor)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let hearing = heard.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                match &tls {
                    Some((MailSecurity::Tls, acceptor)) => {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            talk(stream, how, false, &hearing).await.ok();
                        }
                    }
                    Some((_, acceptor)) => {
                        let mut stream = stream;
                        if let Ok(true) = talk(&mut stream, how, how != Post::WithoutTls, &hearing).await
                            && let Ok(stream) = acceptor.accept(stream).await
                        {
                            hearing.lock().unwrap().push("(over TLS)".to_owned());
                            talk(stream, Post::WithoutTls, false, &hearing).await.ok();
                        }
                    }
                    None => drop(talk(stream, how, false, &hearing).await),
                }
            }
        });
        Self { port, heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// Answers as a mail server does; true when the connection is to change over to TLS.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    how: Post,
    offers_tls: bool,
    heard: &Mutex<Vec<String>>,
) -> std::io::Result<bool> {
    let mut stream = BufReader::new(stream);
    if how == Post::Silent {
        return std::future::pending().await;
    }
    // A connection that has just changed over is not greeted again.
    if how != Post::WithoutTls || offers_tls {
        stream.write_all(b"220 mail.test ESMTP\r\n").await?;
    }
    let mut is_mail = false;
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(false);
        }
        let said = line.trim_end().to_owned();
        heard.lock().unwrap().push(said.clone());
        let word = said.to_uppercase();
        let answer = if is_mail {
            if said != "." {
                continue;
            }
            is_mail = false;
            "250 taken"
        } else if word.starts_with("EHLO") {
            match (offers_tls, how) {
                (true, _) => "250-mail.test\r\n250 STARTTLS",
                (false, Post::RefusesLogin) => "250-mail.test\r\n250 AUTH PLAIN LOGIN",
                (false, _) => "250-mail.test\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN",
            }
        } else if word == "STARTTLS" {
            stream.write_all(b"220 go on\r\n").await?;
            return Ok(true);
        } else if word.starts_with("AUTH") && how == Post::RefusesLogin {
            "535 5.7.8 no such login"
        } else if word.starts_with("AUTH") {
            "235 welcome"
        } else if word.starts_with("RCPT") && how == Post::RefusesReceiver {
            "550 5.1.1 no such receiver"
        } else if word == "DATA" {
            is_mail = true;
            "354 go on"
        } else if word == "QUIT" {
            stream.write_all(b"221 bye\r\n").await?;
            return Ok(false);
        } else {
            "250 well"
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

/// An instance that tells this mail server.
async fn posting(mail: &Mail, security: MailSecurity, ca_bundle: Option<&Path>) -> Rig {
    let mut rig = Rig::without_database().await;
    rig.settings.deadlines.look = Duration::from_millis(1500);
    rig.settings.notify.email = Some(EmailSettings {
        host: "localhost".to_owned(),
        port: mail.port,
        security,
        ca_bundle: ca_bundle.map(Path::to_owned),
        login: None,
        from: "lockstep <lockstep@example.com>".to_owned(),
        to: vec!["ana@example.com".to_owned(), "Ben <ben@example.com>".to_owned()],
        occasions: Occasion::ALL.to_vec(),
        subject: None,
        template: None,
    });
    rig
}

#[tokio::test]
async fn a_mail_goes_to_everybody_once_and_says_everything() {
    let mail = Mail::start(Post::Takes, None).await;
    let rig = posting(&mail, MailSecurity::Plain, None).await;
    let said = tell(&rig, Channel::Email).await.unwrap();
    assert_eq!(said, "the mail server was told: v1.3.0 to dev failed, and somebody has to act");
    let heard = mail.heard();
    let count = |word: &str| heard.iter().filter(|line| line.starts_with(word)).count();
    assert_eq!((count("MAIL FROM:<lockstep@example.com>"), count("RCPT TO:"), count("DATA")), (1, 2, 1));
    let text = heard.join("\n");
    for words in [
        "Subject: [Bagel Store demo1] v1.3.0 to dev failed, and somebody has to act",
        "Auto-Submitted: auto-generated",
        "To: ana@example.com, ",
        "Report       s3://team/r-1-dev/operation-report.html",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("s3cr3t"), "{text}");
}

#[tokio::test]
async fn a_mail_server_that_says_no_is_quoted_with_what_mends_it() {
    for (how, kind, because) in [
        (
            Post::RefusesReceiver,
            FailureKind::Configuration,
            "takes no mail from this sender or for this receiver",
        ),
        (Post::RefusesLogin, FailureKind::Configuration, "does not take the login"),
    ] {
        let mail = Mail::start(how, None).await;
        let mut rig = posting(&mail, MailSecurity::Plain, None).await;
        let place = |name: &str| SecretPlace::Secret(name.to_owned());
        rig.settings.notify.email.as_mut().unwrap().login = Some((place("username"), place("password")));
        rig.cloud.facts().password = TOKEN.to_owned();
        let failure = tell(&rig, Channel::Email).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(failure.because.join("; ").contains(because), "{failure}");
        assert!(mail.heard().iter().all(|line| !line.starts_with("DATA")), "{:?}", mail.heard());
    }
}

#[tokio::test]
async fn a_mail_server_that_is_silent_or_gone_is_given_up() {
    let mail = Mail::start(Post::Silent, None).await;
    let failure = tell(&posting(&mail, MailSecurity::Plain, None).await, Channel::Email).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unknown, "{failure}");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = Mail { port: listener.local_addr().unwrap().port(), heard: Arc::default() };
    drop(listener);
    let failure = tell(&posting(&gone, MailSecurity::Plain, None).await, Channel::Email).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable, "{failure}");
    assert!(failure.because[0].contains("cannot be reached"), "{failure}");
}

#[tokio::test]
async fn mail_goes_over_tls_to_whoever_proves_to_be_the_server_and_to_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let acceptor = acceptor(folder.path());
    let bundle = folder.path().join("certificate.pem");
    for security in [MailSecurity::StartTls, MailSecurity::Tls] {
        let mail = Mail::start(Post::Takes, Some((security, acceptor.clone()))).await;
        tell(&posting(&mail, security, Some(&bundle)).await, Channel::Email).await.unwrap();
        let heard = mail.heard();
        let at = |word: &str| heard.iter().position(|line| line.starts_with(word));
        assert!(at("MAIL FROM").is_some(), "{heard:?}");
        if security == MailSecurity::StartTls {
            assert!(at("(over TLS)") < at("MAIL FROM"), "{heard:?}");
        }
        // Nobody answers for this certificate.
        let mail = Mail::start(Post::Takes, Some((security, acceptor.clone()))).await;
        let failure = tell(&posting(&mail, security, None).await, Channel::Email).await.unwrap_err();
        assert!(failure.because[0].contains("does not prove who it is"), "{failure}");
        assert!(!mail.heard().iter().any(|line| line.starts_with("MAIL")), "{:?}", mail.heard());
    }
    // What offers no TLS gets nothing in plain.
    let mail = Mail::start(Post::Takes, None).await;
    let failure = tell(&posting(&mail, MailSecurity::StartTls, Some(&bundle)).await, Channel::Email).await;
    assert_eq!(failure.unwrap_err().kind, FailureKind::Configuration);
    assert!(!mail.heard().iter().any(|line| line.starts_with("MAIL")), "{:?}", mail.heard());
}

/// A server's side of TLS for `localhost`, with a certificate that it signed itself and that is put into `folder`.
fn acceptor(folder: &Path) -> TlsAcceptor {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("certificate.pem"), made.cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}
