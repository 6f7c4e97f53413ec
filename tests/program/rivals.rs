//! Two promotions of one environment at the same time.

use serde_json::Value;

use super::place::Place;

#[tokio::test]
async fn a_second_promotion_is_refused_with_the_holders_name() {
    // Slow enough that the second comes while the first is at work, whichever that is.
    let place = Place::behind("25").await;
    let promote = ["promote", "dev", "--release", "v1.2.0"];
    let (one, other) = tokio::join!(place.run(&promote), place.run(&promote));
    let (winner, loser) = if one.code == 0 { (one, other) } else { (other, one) };
    assert_eq!((winner.code, loser.code), (0, 2), "{winner:#?}{loser:#?}");
    let holder = winner.err.split("run ").nth(1).unwrap().lines().next().unwrap();
    assert!(holder.starts_with("r-") && holder.ends_with("-dev"), "{holder}");
    let named = [format!("because {holder} holds it"), format!("because {holder} is promoting to dev")];
    assert!(named.iter().any(|words| loser.err.contains(words)), "{named:?}: {}", loser.err);
    assert!(loser.out.is_empty(), "{}", loser.out);

    assert_eq!(place.service("dev").await.0, "v1.2.0");
    let proven = |record: &&Value| record["record"] == "concluded" && record["result"]["ok"].is_string();
    assert_eq!(place.journal().iter().filter(proven).count(), 1);
    assert_eq!(place.count("dev", "select count(*) from pg_locks where locktype = 'advisory'").await, 0);
    let status = place.json(&["status"]).await;
    assert_eq!(status["environments"][0]["alarm"], Value::Null, "a refusal is no failure of the environment");
    place.ok(&["demo", "down"]).await;
}
