//! The cases: who dies, and after which record.

use super::scene::{Record, Scene};
use super::truth::check;

/// One test for each record after which something dies.
macro_rules! after {
    ($die:ident: $($name:ident => $record:expr;)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                super::$die($record).await;
            }
        )*
    };
}

/// The same records for each of those that may die.
macro_rules! after_every_record {
    ($die:ident) => {
        use super::Record;
        after! { $die:
            after_planned => Record::Planned;
            after_began => Record::Began;
            after_locked => Record::Ended("lock");
            after_rechecked => Record::Ended("recheck");
            after_validated => Record::Ended("validate");
            after_update_announced => Record::Intended("update");
            after_updated => Record::Ended("update");
            after_service_announced => Record::Intended("service");
            after_operated => Record::Operated;
            after_deployed => Record::Ended("service");
            after_healthy => Record::Ended("health");
            after_evidence => Record::Ended("evidence");
            after_the_end_of_the_flow => Record::Ended("closing 3");
            after_concluded => Record::Concluded;
        }
    };
}

async fn the_program_dies(record: Record) {
    let mut scene = Scene::begin().await;
    scene.promote();
    let last = scene.stop_after(record);
    scene.kill_program().await;
    check(scene, "the program dies", &last).await;
}

/// The program lives on and has to come to its own end.
async fn postgres_dies(record: Record) {
    let mut scene = Scene::begin().await;
    scene.promote();
    let last = scene.stop_after(record);
    scene.kill_postgres();
    scene.go_on();
    scene.end().await;
    scene.database("PostgreSQL is back", "select true").await;
    check(scene, "PostgreSQL dies", &last).await;
}

/// The same for all that the sandbox is: AWS, PostgreSQL and the stores.
async fn the_sandbox_dies(record: Record) {
    let mut scene = Scene::begin().await;
    scene.promote();
    let last = scene.stop_after(record);
    scene.kill_sandbox();
    scene.go_on();
    scene.end().await;
    scene.wake().await;
    check(scene, "the sandbox dies", &last).await;
}

async fn the_power_is_cut(record: Record) {
    let mut scene = Scene::begin().await;
    scene.promote();
    let last = scene.stop_after(record);
    scene.cut_power().await;
    check(scene, "the power is cut", &last).await;
}

mod program {
    after_every_record!(the_program_dies);
}

mod postgres {
    after_every_record!(postgres_dies);
}

mod power {
    after_every_record!(the_power_is_cut);
}

mod sandbox {
    use super::Record;
    after! { the_sandbox_dies:
        after_validated => Record::Ended("validate");
        after_update_announced => Record::Intended("update");
        after_operated => Record::Operated;
        after_deployed => Record::Ended("service");
    }
}

/// What happens while no record is written: after the deed, before anything says that it was done.
mod unrecorded {
    use super::{Record, Scene, check};
    use crate::sandbox::tools::until;

    #[tokio::test]
    async fn the_program_dies_when_liquibase_is_done() {
        let mut scene = Scene::begin().await;
        scene.promote();
        let held = scene.hold_after(Record::Intended("update"));
        let done = "select count(*) = 18 from databasechangelog where not (select locked from databasechangeloglock)";
        scene.database("Liquibase is done", done).await;
        scene.kill_program().await;
        drop(held);
        check(scene, "the program dies, update unrecorded", "intended update").await;
    }

    #[tokio::test]
    async fn the_program_dies_when_the_service_was_asked() {
        let mut scene = Scene::begin().await;
        scene.promote();
        let held = scene.hold_after(Record::Intended("service"));
        until("the update began", async || scene.place.service("dev").await.0 == "v1.4.0").await;
        scene.kill_program().await;
        drop(held);
        let last = scene.last_record();
        check(scene, "the program dies, operation unknown", &last).await;
    }
}

/// Liquibase dies, alone or with the program.
mod java {
    use super::{Record, Scene, check};
    use crate::sandbox::tools::kill;

    const STARTED: &str = "select true";
    const LOCKED: &str = "select exists (select from databasechangeloglock where locked)";
    const TWO_ROWS: &str = "select count(*) = 16 from databasechangelog";

    /// Liquibase at a moment of its work. The third of four changesets is kept waiting, by a reader of its table, so that
    /// there is a moment between.
    async fn scene(record: Record, moment: &str) -> (Scene, tokio_postgres::Client) {
        let mut scene = Scene::begin().await;
        let reader = scene.place.database("dev").await;
        reader.batch_execute("begin; lock table products in access share mode").await.unwrap();
        scene.promote();
        scene.stop_after(record);
        scene.go_on();
        scene.liquibase_runs();
        scene.database("Liquibase came that far", moment).await;
        (scene, reader)
    }

    async fn alone(record: Record, moment: &str) {
        let (mut scene, reader) = scene(record, moment).await;
        scene.java().into_iter().for_each(kill);
        reader.batch_execute("rollback").await.unwrap();
        scene.end().await;
        let last = scene.last_record();
        check(scene, "Liquibase dies", &last).await;
    }

    async fn with_the_program(record: Record, moment: &str) {
        let (mut scene, reader) = scene(record, moment).await;
        let java = scene.java();
        scene.kill_program().await;
        java.into_iter().for_each(kill);
        reader.batch_execute("rollback").await.unwrap();
        let last = scene.last_record();
        check(scene, "Liquibase and the program die", &last).await;
    }

    #[tokio::test]
    async fn alone_while_it_validates() {
        alone(Record::Ended("recheck"), STARTED).await;
    }

    #[tokio::test]
    async fn alone_when_it_starts() {
        alone(Record::Intended("update"), STARTED).await;
    }

    #[tokio::test]
    async fn alone_with_its_lock() {
        alone(Record::Intended("update"), LOCKED).await;
    }

    #[tokio::test]
    async fn alone_after_two_rows() {
        alone(Record::Intended("update"), TWO_ROWS).await;
    }

    #[tokio::test]
    async fn with_the_program_while_it_validates() {
        with_the_program(Record::Ended("recheck"), STARTED).await;
    }

    #[tokio::test]
    async fn with_the_program_when_it_starts() {
        with_the_program(Record::Intended("update"), STARTED).await;
    }

    #[tokio::test]
    async fn with_the_program_and_its_lock() {
        with_the_program(Record::Intended("update"), LOCKED).await;
    }

    #[tokio::test]
    async fn with_the_program_after_two_rows() {
        with_the_program(Record::Intended("update"), TWO_ROWS).await;
    }
}
