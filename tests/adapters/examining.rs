//! What the doctor sees of a real PostgreSQL.

use lockstep::domain::doctor::{Need, Place, Standing};
use lockstep::domain::failure::FailureKind;
use lockstep::runtime::Clock;

use super::{Rig, test};

/// What was found about the database of the rig's environment.
async fn database(rig: &Rig) -> Need {
    let needs = rig.adapters().examine(&Clock::system()).await;
    let of = Place::Environment(test());
    let found = needs.iter().find(|need| need.place == of && need.name == "database");
    found.unwrap_or_else(|| panic!("{needs:#?}")).clone()
}

#[tokio::test]
async fn a_user_who_may_not_make_tables_is_told_with_the_grant_that_lets_them() {
    let rig = Rig::new().await;
    let client = rig.client().await;
    let well = database(&rig).await.found;
    assert_eq!(well.standing, Standing::Well, "{well:?}");
    let role = format!("looker_{}", rig.database);
    let make =
        format!("create role {role} login password 'a-word'; revoke create on schema public from public");
    client.batch_execute(&make).await.unwrap();
    {
        let mut facts = rig.cloud.facts();
        facts.username.clone_from(&role);
        "a-word".clone_into(&mut facts.password);
    }
    let closed = database(&rig).await.found;
    assert_eq!(closed.standing, Standing::Wrong(FailureKind::Unavailable), "{closed:?}");
    let mend = closed.mend.unwrap();
    let (_, grant) = mend.split_once('\n').unwrap();
    assert_eq!(grant, format!("grant create on schema public to \"{role}\";"));
    // What is told to be done is enough.
    client.batch_execute(grant).await.unwrap();
    assert_eq!(database(&rig).await.found.standing, Standing::Well);
    client.batch_execute(&format!("drop owned by {role}; drop role {role}")).await.unwrap();
}

#[tokio::test]
async fn a_password_that_is_refused_is_told_and_never_shown() {
    let rig = Rig::new().await;
    "a-wrong-password".clone_into(&mut rig.cloud.facts().password);
    let needs = rig.adapters().examine(&Clock::system()).await;
    let told = format!("{needs:?}");
    assert!(!told.contains("a-wrong-password"), "{told}");
    let refused = database(&rig).await.found;
    assert_eq!(refused.standing, Standing::Wrong(FailureKind::Configuration), "{refused:?}");
    assert!(refused.because.iter().any(|cause| cause.contains("may not log in")), "{refused:?}");
}
