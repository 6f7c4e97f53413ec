//! Faults of the databases, of Liquibase and of the server: what was half done is told, and no lock goes unnoticed.

use super::{Scene, ending, has, running};

/// The changesets that dev has in the beginning; v1.4.0 brings four more, the first of which makes a table.
const BEFORE: usize = 14;
const TABLE: &str = "gift_cards";

/// The SQL that `lockstep locks` gives for a stale lock frees it.
async fn free_the_stale_lock(scene: &Scene) {
    assert_eq!(scene.locks().await, ["stale", "free"]);
    let said = scene.place.run(&["locks", "dev"]).await;
    let sql = said.out.lines().find_map(|line| line.strip_prefix("  sql       ")).unwrap();
    assert_eq!(scene.place.database("dev").await.execute(sql, &[]).await.unwrap(), 1);
    assert_eq!(scene.locks().await, ["free", "free"]);
}

#[tokio::test]
async fn slow_sql_is_waited_for_and_cancelled_when_the_time_is_up() {
    let scene = Scene::begin(&[("liquibase", 12.0)]).await;
    scene.set("slow-sql", &["--env", "dev", "--seconds", "60", "--times", "1"]).await;
    let said = scene.promote("v1.4.0").await;
    assert_eq!(said.code, 3, "{said:#?}");
    has(
        &said,
        &["the time is up: asking the database to cancel\n", "canceling statement due to user request"],
    );
    assert_eq!((scene.rows().await, scene.has_table(TABLE).await), (BEFORE, false));
    assert_eq!((scene.locks().await, scene.ending()), (free(), ending("update", "failed", "failed")));

    scene.deadlines(&[("liquibase", 60.0)]);
    scene.set("slow-sql", &["--env", "dev", "--seconds", "0.5"]).await;
    let said = scene.promote("v1.4.0").await;
    assert_eq!((said.code, scene.rows().await), (0, 18), "{said:#?}");
    assert!(scene.struck("slow-sql").await >= 2);
    scene.end().await;
}

#[tokio::test]
async fn full_disk_fails_the_changeset_in_postgresqls_words_and_keeps_those_before_it() {
    let scene = Scene::begin(&[]).await;
    scene.set("full-disk", &["--env", "dev"]).await;
    let said = scene.promote("v1.4.0").await;
    assert_eq!(said.code, 3, "{said:#?}");
    has(
        &said,
        &["011-gift-cards::store failed in dev\n", "No space left on device", "Check free disk space."],
    );
    assert_eq!((scene.rows().await, scene.has_table(TABLE).await), (BEFORE, false));
    assert_eq!((scene.locks().await, scene.ending()), (free(), ending("update", "failed", "failed")));

    scene.set("full-disk", &["--env", "dev", "--after", "1"]).await;
    let said = scene.promote("v1.4.0").await;
    assert_eq!(said.code, 4, "{said:#?}");
    has(&said, &["013-tidy-orders::store failed in dev\n", "before it, 2 changesets were applied\n"]);
    assert_eq!((scene.rows().await, scene.has_table(TABLE).await), (BEFORE + 2, true));
    assert_eq!((scene.locks().await, scene.service().await), (free(), running("v1.2.0")));
    assert_eq!(
        (scene.ending(), scene.updates().await),
        (ending("update", "action needed", "action needed"), (0, 0))
    );
    scene.clear().await;
    assert_eq!(scene.promote("v1.4.0").await.code, 0, "with room again it goes on");
    scene.end().await;
}

#[tokio::test]
async fn killed_liquibase_leaves_a_stale_lock_and_an_unknown_end() {
    let scene = Scene::begin(&[]).await;
    scene.set("killed-liquibase", &["--env", "dev"]).await;
    let said = scene.promote("v1.4.0").await;
    assert_eq!((said.code, scene.struck("killed-liquibase").await), (5, 1), "{said:#?}");
    has(
        &said,
        &[
            "because Liquibase was killed (signal: 9 (SIGKILL))\n",
            "because it left Liquibase's lock behind\n",
        ],
    );
    assert_eq!((scene.rows().await, scene.has_table(TABLE).await), (BEFORE, false));
    assert_eq!((scene.ending(), scene.updates().await), (ending("update", "unknown", "unknown"), (0, 0)));
    let again = scene.promote("v1.4.0").await;
    assert_eq!(again.code, 5, "{again:#?}");
    has(
        &again,
        &["`lockstep reconcile dev` finds it out", "`lockstep locks` shows whether its holder is alive"],
    );
    free_the_stale_lock(&scene).await;
    scene.settles("○ dev: v1.4.0, not started", 3).await;
    assert_eq!(scene.promote("v1.4.0").await.code, 0);
    scene.end().await;
}

#[tokio::test]
async fn killed_unrecorded_leaves_a_changeset_that_the_ledger_does_not_know() {
    let scene = Scene::begin(&[]).await;
    scene.set("killed-unrecorded", &["--env", "dev"]).await;
    let said = scene.promote("v1.4.0").await;
    assert_eq!((said.code, scene.struck("killed-unrecorded").await), (5, 1), "{said:#?}");
    assert_eq!((scene.rows().await, scene.has_table(TABLE).await), (BEFORE, true));
    assert_eq!(scene.ending(), ending("update", "unknown", "unknown"));
    free_the_stale_lock(&scene).await;
    scene.settles("? dev: v1.4.0, a person must look", 5).await;
    let refused = scene.promote("v1.4.0").await;
    assert_eq!(refused.code, 5, "{refused:#?}");
    scene.place.ok(&["reconcile", "--resolve", "dev", "--reason", "gift_cards is there"]).await;
    // Liquibase runs it again all the same; PostgreSQL says that it is there.
    let said = scene.promote("v1.4.0").await;
    assert_eq!(said.code, 3, "{said:#?}");
    has(&said, &["relation \"gift_cards\" already exists"]);
    scene.end().await;
}

#[tokio::test]
async fn dropped_sessions_fail_the_changeset_and_the_lock_they_leave_is_told() {
    let scene = Scene::begin(&[]).await;
    scene.set("dropped-sessions", &["--env", "dev"]).await;
    let said = scene.promote("v1.4.0").await;
    // The connection is gone: a commit that was under way may have been carried out or not.
    assert_eq!((said.code, scene.struck("dropped-sessions").await), (5, 1), "{said:#?}");
    has(&said, &["because it left Liquibase's lock behind\n", "Find out with `lockstep reconcile`"]);
    assert_eq!((scene.rows().await, scene.has_table(TABLE).await), (BEFORE, false));
    assert_eq!(scene.ending(), ending("update", "unknown", "unknown"));
    free_the_stale_lock(&scene).await;
    scene.settles("○ dev: v1.4.0, not started", 3).await;
    assert_eq!(scene.promote("v1.4.0").await.code, 0);
    scene.end().await;
}

#[tokio::test]
async fn full_disk_unrecorded_and_dropped_unrecorded_leave_a_changeset_that_is_not_called_failed() {
    let scene = Scene::begin(&[]).await;
    for (fault, told, lock) in [
        (
            "full-disk-unrecorded",
            "could not be written in dev\n  because ERROR: could not extend file",
            "free",
        ),
        ("dropped-unrecorded", "because it left Liquibase's lock behind\n", "stale"),
    ] {
        scene.set(fault, &["--env", "dev"]).await;
        let said = scene.promote("v1.4.0").await;
        assert_eq!((said.code, scene.struck(fault).await), (5, 1), "{fault}: {said:#?}");
        has(&said, &[told]);
        assert_eq!((scene.rows().await, scene.has_table(TABLE).await), (BEFORE, true), "{fault}");
        assert_eq!(scene.ending(), ending("update", "unknown", "unknown"), "{fault}");
        assert_eq!(scene.locks().await, [lock, "free"], "{fault}");
        scene.clear().await;
        scene.settles("? dev: v1.4.0, a person must look", 5).await;
        assert_eq!(scene.promote("v1.4.0").await.code, 5, "{fault}: nothing is run twice");
        if lock == "stale" {
            free_the_stale_lock(&scene).await;
        }
        // A person looked, and took back what had no row.
        scene.place.database("dev").await.batch_execute("drop table gift_cards").await.unwrap();
        let reason = "gift_cards was there without its row; it is dropped";
        scene.place.ok(&["reconcile", "--resolve", "dev", "--reason", reason]).await;
    }
    assert_eq!(scene.promote("v1.4.0").await.code, 0);
    scene.end().await;
}

#[tokio::test]
async fn slow_unrecorded_is_never_cancelled_and_is_unknown_when_the_time_is_up() {
    let scene = Scene::begin(&[("liquibase", 12.0), ("look", 2.0)]).await;
    scene.set("slow-unrecorded", &["--env", "dev", "--seconds", "60", "--times", "1"]).await;
    let said = scene.promote("v1.4.0").await;
    assert_eq!((said.code, scene.struck("slow-unrecorded").await), (5, 1), "{said:#?}");
    has(&said, &["because it was killed and its sessions were ended\n", "because its lock was let go\n"]);
    assert_eq!((scene.rows().await, scene.has_table(TABLE).await), (BEFORE, true));
    assert_eq!((scene.locks().await, scene.ending()), (free(), ending("update", "unknown", "unknown")));
    scene.settles("? dev: v1.4.0, a person must look", 5).await;
    scene.end().await;
}

#[tokio::test]
async fn a_promotion_whose_own_lock_was_dropped_does_not_go_on_to_the_service() {
    let scene = Scene::begin(&[]).await;
    scene.set("slow-sql", &["--env", "dev", "--seconds", "3", "--times", "1"]).await;
    let drop_it = async || {
        let of_lockstep = "select pg_terminate_backend(a.pid) from pg_stat_activity a join pg_locks l on l.pid = a.pid \
                           where l.locktype = 'advisory' and a.application_name like 'r-%'";
        assert_eq!(scene.place.database("dev").await.query(of_lockstep, &[]).await.unwrap().len(), 1);
    };
    let said = scene.promote_and("v1.4.0", "update: running changelog/", drop_it).await;
    assert_eq!((said.code, scene.updates().await), (4, (0, 0)), "{said:#?}");
    has(
        &said,
        &["error: lockstep's lock of dev was lost\n", "Look with `lockstep locks` and `lockstep status`"],
    );
    assert_eq!((scene.rows().await, scene.service().await), (18, running("v1.2.0")));
    assert_eq!(scene.ending(), ending("service", "action needed", "action needed"));
    scene.end().await;
}

#[tokio::test]
async fn foreign_lock_and_foreign_session_refuse_and_are_left_alone() {
    let scene = Scene::begin(&[]).await;
    for (fault, holder) in
        [("foreign-lock", "build-7 (10.0.0.7)"), ("foreign-session", "build-8 (127.0.0.1)")]
    {
        scene.set(fault, &["--env", "dev"]).await;
        let said = scene.promote("v1.4.0").await;
        assert_eq!(said.code, 2, "{said:#?}");
        has(&said, &[holder, "`lockstep locks` shows whether its holder is alive"]);
        if fault == "foreign-session" {
            assert_eq!(scene.locks().await, ["alive", "free"]);
        }
        let held =
            format!("select count(*) from databasechangeloglock where locked and lockedby = '{holder}'");
        assert_eq!(scene.place.count("dev", &held).await, 1, "nobody has let it go");
        assert_eq!((scene.rows().await, scene.updates().await), (BEFORE, (0, 0)));
        // Two cannot hold it.
        let second = scene.place.run(&["demo", "fault", "set", fault]).await;
        assert_eq!(second.code, 0, "setting it anew for every environment is no conflict: {second:#?}");
        let other = if fault == "foreign-lock" { "foreign-session" } else { "foreign-lock" };
        let refused = scene.place.run(&["demo", "fault", "set", other, "--env", "dev"]).await;
        assert_eq!(refused.code, 2, "{refused:#?}");
        assert!(refused.err.contains("Liquibase's lock of dev is held already."), "{refused:#?}");
        scene.clear().await;
        assert_eq!(scene.locks().await, free());
    }
    assert_eq!(scene.promote("v1.4.0").await.code, 0);
    scene.end().await;
}

#[tokio::test]
async fn database_down_lets_nothing_begin_and_an_update_under_way_is_unknown() {
    let scene = Scene::begin(&[("look", 2.0)]).await;
    scene.set("database-down", &[]).await;
    let said = scene.promote("v1.4.0").await;
    assert_eq!(said.code, 69, "{said:#?}");
    let status = scene.place.run(&["status", "--output", "json"]).await;
    assert_eq!(status.code, 69, "{status:#?}");
    let status: serde_json::Value = serde_json::from_str(&status.out).unwrap();
    let dev = &status["environments"][0];
    assert!(dev["database"]["failure"].is_object(), "{status:#}");
    // A dead database blanks nothing but itself.
    assert_eq!((&dev["version"], &dev["health"]["healthy"]), (&"v1.2.0".into(), &false.into()), "{status:#}");
    scene.clear().await;
    assert_eq!(scene.rows().await, BEFORE);

    scene.set("slow-sql", &["--env", "dev", "--seconds", "60", "--times", "1"]).await;
    let stop = async || scene.set("database-down", &[]).await;
    let said = scene.promote_and("v1.4.0", "update: running changelog/", stop).await;
    assert_eq!((said.code, scene.ending()), (5, ending("update", "unknown", "unknown")), "{said:#?}");
    scene.clear().await;
    assert_eq!((scene.rows().await, scene.has_table(TABLE).await), (BEFORE, false));
    free_the_stale_lock(&scene).await;
    assert_eq!((scene.updates().await, scene.service().await), ((0, 0), running("v1.2.0")));
    scene.settles("○ dev: v1.4.0, not started", 3).await;
    assert_eq!(scene.promote("v1.4.0").await.code, 0);
    scene.end().await;
}

fn free() -> [String; 2] {
    ["free".to_owned(), "free".to_owned()]
}
