//! Verdicts as a table: what is connected, and what follows for a lock.

use super::*;

const RUN: &str = "r-20261121-140155000-test";
const OURS: &str = "vm#r-20261121-140155000-test (fd00:0:0:0:0:0:0:2%eth0)";
const STRANGER: &str = "build-7 (10.0.0.7)";

fn at(text: &str) -> Timestamp {
    format!("2026-11-21T{text}Z").parse().unwrap()
}

/// Connected since 13:59, idle since 14:05.
fn session(process: i32, name: &str, address: &str) -> Session {
    Session {
        process,
        name: name.to_owned(),
        user: Some("app".to_owned()),
        address: Some(address.to_owned()),
        began: Some(at("13:59:00")),
        state: Some("idle".to_owned()),
        changed: Some(at("14:05:00")),
        query: None,
        waits_for: None,
        blocked_by: Vec::new(),
    }
}

/// Seen at 14:10, a lock taken at 14:02 in UTC.
fn sight(by: &str, sessions: Vec<Session>) -> LockSight {
    LockSight {
        at: at("14:10:00"),
        liquibase: Some(Grant { by: by.to_owned(), wall: Some(at("14:02:00")) }),
        promoting: Vec::new(),
        sessions,
    }
}

fn verdict(by: &str, sessions: Vec<Session>) -> Verdict {
    let [liquibase, _] = sight(by, sessions).locks();
    liquibase.verdict
}

#[test]
fn a_lock_is_stale_only_when_nobody_who_is_connected_can_be_its_holder() {
    let jdbc = "PostgreSQL JDBC Driver";
    let late = Session { began: Some(at("14:06:00")), ..session(9, "psql", "10.0.0.9") };
    let hidden = Session { began: None, state: None, changed: None, ..late.clone() };
    let bored = Session { changed: Some(at("14:01:00")), ..session(9, "psql", "10.0.0.9") };
    for (case, by, sessions, expected) in [
        ("our Liquibase works", OURS, vec![session(7, RUN, "10.0.0.2")], "alive"),
        (
            "only the run's watch is left",
            OURS,
            vec![session(7, &format!("{RUN} watch"), "10.0.0.2")],
            "alive",
        ),
        ("our run is gone", OURS, vec![session(7, "bagel-store", "10.0.0.3")], "stale"),
        ("another run is there", OURS, vec![session(7, "r-20261121-150000000-test", "10.0.0.2")], "stale"),
        (
            "a name that only begins like the run's",
            OURS,
            vec![session(7, &format!("{RUN}2"), "10.0.0.2")],
            "stale",
        ),
        ("nobody is connected", STRANGER, vec![], "stale"),
        (
            "only lockstep is connected",
            STRANGER,
            vec![session(7, LOOKER, "::1"), session(8, RUN, "::1")],
            "stale",
        ),
        ("its Liquibase works", STRANGER, vec![session(7, jdbc, "10.0.0.7")], "alive"),
        ("a Liquibase by name", STRANGER, vec![session(7, "our liquibase job", "10.0.0.7")], "alive"),
        ("a Liquibase of another machine", STRANGER, vec![session(7, jdbc, "10.0.0.8")], "cannot tell"),
        ("something else of that machine", STRANGER, vec![session(7, "psql", "10.0.0.7")], "cannot tell"),
        ("another session that is hidden from us", STRANGER, vec![hidden], "cannot tell"),
        // Any whole quarter of an hour may lie between 14:02 on its clock and the moment that is meant: 13:47 or
        // 14:02 in UTC, and no other in the time that this session had.
        ("came after the lock, in any time zone", STRANGER, vec![late], "stale"),
        ("idle since before the lock, in any time zone", STRANGER, vec![bored], "stale"),
    ] {
        assert_eq!(verdict(by, sessions).word(), expected, "{case}");
    }
}

#[test]
fn the_time_of_a_lock_is_known_only_when_lockstep_took_it() {
    let holder = |by: &str| Grant { by: by.to_owned(), wall: Some(at("14:02:00")) }.holder();
    assert_eq!(holder(OURS).since, Since::At(at("14:02:00")));
    assert_eq!(holder(STRANGER).since, Since::Wall(at("14:02:00")));
    assert_eq!(holder(STRANGER).since.words().as_deref(), Some("2026-11-21 14:02:00 by its own clock"));
    let [lock, _] = sight(OURS, vec![]).locks();
    assert_eq!(lock.held_for(at("14:10:00")), Some(std::time::Duration::from_mins(8)));
    let [lock, _] = sight(STRANGER, vec![]).locks();
    assert_eq!(lock.held_for(at("14:10:00")), None);
}

#[test]
fn a_holder_is_read_from_how_it_signed() {
    for (by, host, address, run) in [
        (OURS, Some("vm"), Some("fd00:0:0:0:0:0:0:2"), Some(RUN)),
        (STRANGER, Some("build-7"), Some("10.0.0.7"), None),
        ("vm#nightly (10.0.0.7)", Some("vm"), Some("10.0.0.7"), None),
        ("somebody by hand", Some("somebody by hand"), None, None),
        ("", None, None, None),
    ] {
        let holder = Grant { by: by.to_owned(), wall: None }.holder();
        let read =
            (holder.host.as_deref(), holder.address.as_deref(), holder.run.as_ref().map(RunId::as_str));
        assert_eq!(read, (host, address, run), "{by}");
        assert_eq!(holder.since, Since::Unknown);
    }
}

#[test]
fn the_way_to_let_a_lock_go_is_shown_for_a_stale_one_only_and_names_this_very_lock() {
    let [lock, _] = sight("o'neill (10.0.0.7)", vec![]).locks();
    assert_eq!(
        lock.release.as_deref(),
        Some(
            "update databasechangeloglock set locked = false, lockgranted = null, lockedby = null \
             where id = 1 and lockedby = 'o''neill (10.0.0.7)' and lockgranted = '2026-11-21 14:02:00';"
        )
    );
    for sessions in [vec![session(7, "psql", "10.0.0.7")], vec![session(7, "a liquibase", "10.0.0.7")]] {
        let [lock, _] = sight(STRANGER, sessions).locks();
        assert_eq!(lock.release, None, "{lock:?}");
    }
}

#[test]
fn locksteps_own_lock_is_held_by_a_session_that_lives() {
    let mut sight = sight(OURS, vec![session(7, RUN, "10.0.0.2")]);
    sight.promoting = vec![7];
    let [liquibase, own] = sight.locks();
    let holder = own.holder.unwrap();
    assert_eq!((holder.run, holder.since), (Some(RunId::from_text(RUN)), Since::At(at("13:59:00"))));
    assert_eq!(own.verdict.word(), "alive");
    // The same session is no Liquibase; but while the run lives, its lock is not called stale.
    let why = "its Liquibase is not connected, but the run itself is, as process 7";
    assert_eq!(liquibase.verdict, Verdict::Alive(why.to_owned()));
}

#[test]
fn of_a_statement_only_the_words_before_the_first_literal_are_shown() {
    for (statement, words) in [
        ("alter role app password 'hunter2'", "alter role app password …"),
        ("create  table t\n(id int)", "create table t (id int)"),
        ("select $tag$hunter2$tag$", "select …"),
        ("select 1 -- hunter2", "select 1 …"),
        ("/* hunter2 */ select 1", "…"),
        (
            "insert into order_items (order_id, product_id, quantity, price, discount) select 1",
            "insert into order_items (order_id, product_id, quantity, …",
        ),
        ("", ""),
    ] {
        assert_eq!(first_words(statement), words);
    }
}

#[test]
fn a_session_is_told_in_one_line_with_what_it_waits_for() {
    let session = Session {
        state: Some("active".to_owned()),
        changed: Some(at("14:09:18")),
        query: Some("alter table orders".to_owned()),
        waits_for: Some("Lock: relation".to_owned()),
        blocked_by: vec![4_712],
        ..session(4_711, RUN, "10.0.0.2")
    };
    assert_eq!(
        session.words(at("14:10:00")),
        format!(
            "process 4711, {RUN}, from 10.0.0.2, active for 42 s: alter table orders; waits for Lock: relation, \
             held by process 4712"
        )
    );
}
