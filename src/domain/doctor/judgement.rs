//! What it means that something is as it was seen.

use std::time::Duration;

use super::Found;
use crate::domain::failure::FailureKind;
use crate::domain::observation::{HealthView, ServiceStatus, ServiceView};
use crate::domain::release::Catalog;
use crate::domain::skew::Skew;

/// The oldest PostgreSQL that its makers still mended when this was written.
const POSTGRES: u32 = 14;

/// A database as a session sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The version, as the server writes it.
    pub version: String,
    /// The user of the session.
    pub user: String,
    /// The version of TLS; `None` where the session is not encrypted.
    pub tls: Option<String>,
    /// True where the server is this machine itself, or nearly.
    pub is_local: bool,
    /// True when tables can be made where Liquibase would make them.
    pub may_create: bool,
    /// True when it only repeats what another server does.
    pub is_standby: bool,
    /// How long it took to connect and to ask.
    pub took: Duration,
}

/// A terminal as its variables describe it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// True when somebody sits in front of it.
    pub is_there: bool,
    /// True when it can do nothing but write lines.
    pub is_dumb: bool,
    /// How many colours; `None` for all of them.
    pub colours: Option<u16>,
    /// True when it shows Unicode.
    pub is_unicode: bool,
    /// How many columns; `None` when that cannot be told.
    pub columns: Option<usize>,
}

/// A folder that lockstep writes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// It is there, and can be written into.
    Writable,
    /// It is not there, and can be made.
    Makeable,
    /// It can neither be written into nor made.
    Closed,
}

/// The clock, as AWS's answers show it.
pub fn clock(skew: Option<Skew>) -> Found {
    let Some(skew) = skew else { return Found::unseen("AWS's answer does not say its time") };
    let words = skew.words("AWS");
    if skew.is_refused() {
        Found::wrong(FailureKind::Unavailable, words, Skew::mend())
    } else if skew.is_unnoticed() {
        Found::well(words)
    } else {
        Found::doubtful(words, Skew::mend())
    }
}

/// The account that calls are in; nobody may have said which one is meant.
pub fn account(expected: Option<&str>, account: &str) -> Found {
    match expected {
        Some(expected) if expected == account => Found::well(format!("{account}, as configured")),
        Some(expected) => Found::wrong(
            FailureKind::Configuration,
            format!("{account}, and {expected} is configured"),
            "Set `profile` or `role_arn` to one of that account, or correct `account`.",
        ),
        None => Found::doubtful(
            format!("{account}, and none is configured: any account would do"),
            format!("Write `account = \"{account}\"` into [aws], if this is the one that is meant."),
        ),
    }
}

/// A database, for Liquibase and for looking.
pub fn database(server: &Server) -> Found {
    let Server { user, tls, took, .. } = server;
    // What follows is who built it.
    let version = server.version.split(' ').next().unwrap_or_default();
    let encrypted = tls.as_deref().unwrap_or("not encrypted");
    let words = format!("PostgreSQL {version}, {encrypted}, {} ms", took.as_millis());
    if server.is_standby {
        let mend = "Correct [database] instance: name the server that is written to.";
        return Found::wrong(
            FailureKind::Configuration,
            format!("{words}; it is a standby, which only reads"),
            mend,
        );
    }
    if !server.may_create {
        let mend = format!("Let the user make tables:\ngrant create on schema public to \"{user}\";");
        return Found::wrong(FailureKind::Unavailable, format!("{words}; it may not make tables"), mend);
    }
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_some_and(|major| major < POSTGRES) {
        return Found::doubtful(
            words,
            format!("Move to PostgreSQL {POSTGRES} or newer: older ones are not mended any more."),
        );
    }
    if tls.is_none() && !server.is_local {
        let mend = "Set [database] ca_bundle, so that what is said to the database is encrypted, and nobody else answers.";
        return Found::doubtful(words, mend);
    }
    Found::well(words)
}

/// The service of an environment.
pub fn service(view: &ServiceView) -> Found {
    let words = format!("{}, {}", view.status.word(), view.image.short());
    match &view.status {
        ServiceStatus::Running => Found::well(words),
        ServiceStatus::Busy => {
            Found::doubtful(words, "Wait: nothing can be deployed while another operation is under way.")
        }
        ServiceStatus::Paused => Found::wrong(
            FailureKind::Unavailable,
            words,
            "Resume it; nothing can be deployed to a paused service.",
        ),
        ServiceStatus::Down(_) => {
            Found::doubtful(words, "Look at its log; a deployment may mend it, or fail as the last one did.")
        }
    }
}

/// The application's own word. One that is unwell can be promoted, but whoever does should know.
pub fn application(view: &HealthView) -> Found {
    let version = view.version.as_ref().map_or_else(|| "no version".to_owned(), ToString::to_string);
    let words = format!("{}, {version}, {} ms", view.status, view.latency.as_millis());
    if !view.is_healthy() {
        let reason = view.reason.as_deref().unwrap_or("it gives no reason");
        return Found {
            because: vec![reason.to_owned()],
            ..Found::doubtful(words, "Look at its log; a promotion is proven only by 200.")
        };
    }
    match view.version {
        Some(_) => Found::well(words),
        None => Found::doubtful(
            words,
            "Let it answer GET /version with JSON that has a `version`: without it no promotion is proven.",
        ),
    }
}

/// The releases that could be promoted; `problems` are archives that were left out.
pub fn releases(catalog: &Catalog, place: &str, problems: Vec<String>) -> Found {
    let count = catalog.releases().len();
    let Some(newest) = catalog.newest() else {
        let mend = "Build one with `lockstep release build VERSION`, or put archives there.";
        return Found { because: problems, ..Found::doubtful(format!("none in {place}"), mend) };
    };
    let s = if count == 1 { "" } else { "s" };
    let words = format!("{count} release{s} in {place}, the newest {}", newest.version);
    if problems.is_empty() {
        return Found::well(words);
    }
    let left = problems.len();
    let words = format!("{words}; {left} left out");
    Found { because: problems, ..Found::doubtful(words, "Build those archives again, or take them away.") }
}

/// Where the console would be opened.
pub fn terminal(terminal: Terminal) -> Found {
    if !terminal.is_there {
        return Found::unseen("there is none here; commands need none, the console does");
    }
    let colours = match terminal.colours {
        None => "all colours".to_owned(),
        Some(0) => "no colours".to_owned(),
        Some(colours) => format!("{colours} colours"),
    };
    let signs = if terminal.is_unicode { "Unicode" } else { "ASCII" };
    let columns = terminal.columns.map_or_else(String::new, |columns| format!(", {columns} columns"));
    let words = format!("{colours}, {signs}{columns}");
    if terminal.is_dumb {
        let mend =
            "Use another terminal for the console (TERM is `dumb`); sentences are told instead of a screen.";
        return Found::doubtful(words, mend);
    }
    if terminal.columns.is_some_and(|columns| columns < 60) {
        return Found::doubtful(
            words,
            "Make it wider: the console needs 60 columns, and is best from 100 on.",
        );
    }
    if !terminal.is_unicode {
        let mend = "Set a locale with UTF-8 (`LANG=C.UTF-8`) for lines and signs; ASCII works as well.";
        return Found::doubtful(words, mend);
    }
    Found::well(words)
}

/// A folder that lockstep writes into when there is something to write.
pub fn folder(path: &str, folder: Folder) -> Found {
    match folder {
        Folder::Writable => Found::well(format!("{path} can be written")),
        Folder::Makeable => Found::well(format!("{path} is not there yet and can be made")),
        Folder::Closed => Found::wrong(
            FailureKind::Unavailable,
            format!("{path} cannot be written"),
            "Make it writable for you, or name another folder ([journal] folder, [reports] folder, LOCKSTEP_HOME).",
        ),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::doctor::Standing;
    use crate::domain::platform::Platform;
    use crate::domain::release::{ImageRef, Version};

    const OUT: Standing = Standing::Wrong(FailureKind::Unavailable);
    const FILE: Standing = Standing::Wrong(FailureKind::Configuration);

    fn server() -> Server {
        Server {
            version: "16.4".to_owned(),
            user: "bagel".to_owned(),
            tls: Some("TLSv1.3".to_owned()),
            is_local: false,
            may_create: true,
            is_standby: false,
            took: Duration::from_millis(12),
        }
    }

    #[test]
    fn a_clock_that_is_off_by_minutes_is_told_and_one_that_aws_refuses_is_wrong() {
        let of = |seconds| clock(Some(Skew::ahead(SignedDuration::from_secs(seconds)))).standing;
        assert_eq!([of(30), of(-120), of(3600)], [Standing::Well, Standing::Doubtful, OUT]);
        assert_eq!(clock(None).standing, Standing::Unseen);
    }

    #[test]
    fn an_account_that_nobody_configured_is_a_doubt_and_another_one_is_wrong() {
        assert_eq!(account(Some("1"), "1").standing, Standing::Well);
        assert_eq!(account(Some("2"), "1").standing, FILE);
        let any = account(None, "123456789012");
        assert_eq!(any.standing, Standing::Doubtful);
        assert!(any.mend.unwrap().contains("`account = \"123456789012\"`"));
    }

    #[test]
    fn a_database_is_judged_by_what_liquibase_needs_of_it() {
        let well = database(&server());
        assert_eq!((well.standing, well.words.as_str()), (Standing::Well, "PostgreSQL 16.4, TLSv1.3, 12 ms"));
        let standby = database(&Server { is_standby: true, ..server() });
        assert_eq!(standby.standing, FILE, "{standby:?}");
        let closed = database(&Server { may_create: false, ..server() });
        assert_eq!(closed.standing, OUT);
        assert!(closed.mend.unwrap().ends_with("\ngrant create on schema public to \"bagel\";"));
        let old = database(&Server { version: "11.22 (Debian)".to_owned(), ..server() });
        assert_eq!(old.standing, Standing::Doubtful);
        let open = database(&Server { tls: None, ..server() });
        assert_eq!(open.standing, Standing::Doubtful);
        assert!(open.words.contains("not encrypted"));
        let here = database(&Server { tls: None, is_local: true, ..server() });
        assert_eq!(here.standing, Standing::Well);
    }

    #[test]
    fn nothing_can_be_deployed_to_a_paused_service() {
        let of = |status| {
            service(&ServiceView {
                status,
                image: ImageRef::new("registry.example/store:v1.0.0"),
                address: String::new(),
                updated_at: Timestamp::UNIX_EPOCH,
                operation: None,
                platform: Platform::UNKNOWN,
            })
        };
        assert_eq!(of(ServiceStatus::Running).words, "running, v1.0.0");
        assert_eq!(of(ServiceStatus::Busy).standing, Standing::Doubtful);
        assert_eq!(of(ServiceStatus::Paused).standing, OUT);
        assert_eq!(of(ServiceStatus::Down("create failed".to_owned())).standing, Standing::Doubtful);
    }

    #[test]
    fn an_application_that_is_unwell_or_names_no_version_is_a_doubt() {
        let of = |status, version: Option<&str>, reason: Option<&str>| {
            application(&HealthView {
                status,
                latency: Duration::from_millis(3),
                reason: reason.map(str::to_owned),
                version: version.map(|version| Version::parse(version).unwrap()),
                image: None,
            })
        };
        assert_eq!(of(200, Some("v1.0.0"), None), Found::well("200, v1.0.0, 3 ms"));
        assert_eq!(of(200, None, None).standing, Standing::Doubtful);
        let unwell = of(503, Some("v1.0.0"), Some("schema is behind"));
        assert_eq!(
            (unwell.standing, unwell.because),
            (Standing::Doubtful, vec!["schema is behind".to_owned()])
        );
    }

    #[test]
    fn where_there_is_no_terminal_none_is_missed() {
        let good =
            Terminal { is_there: true, is_dumb: false, colours: None, is_unicode: true, columns: Some(100) };
        assert_eq!(terminal(good), Found::well("all colours, Unicode, 100 columns"));
        assert_eq!(terminal(Terminal { is_there: false, ..good }).standing, Standing::Unseen);
        for doubtful in [
            Terminal { is_dumb: true, ..good },
            Terminal { columns: Some(40), ..good },
            Terminal { is_unicode: false, ..good },
        ] {
            assert_eq!(terminal(doubtful).standing, Standing::Doubtful, "{doubtful:?}");
        }
    }

    #[test]
    fn a_folder_that_can_be_made_will_do_and_a_closed_one_will_not() {
        assert_eq!(folder("/a", Folder::Makeable).standing, Standing::Well);
        assert_eq!(folder("/a", Folder::Closed).standing, OUT);
    }

    #[test]
    fn an_empty_folder_of_releases_is_a_doubt() {
        let none = releases(&Catalog::default(), "dist", vec!["x.zip: no version".to_owned()]);
        assert_eq!((none.standing, none.because.len()), (Standing::Doubtful, 1));
    }
}
