//! Promotions by keys, against a real sandbox: what confirms, and what never does.

use super::console::Console;
use super::tasks::armed;
use crate::program::place::{FAST, Place};

/// Enter and a pasted newline, alone and with a letter that would confirm.
const PASTED: &str = "\r\n\x1b[200~\n\x1b[201~\x1b[200~P\n\x1b[201~\x1b[200~y\n\x1b[201~";

#[tokio::test]
async fn only_the_right_keys_after_reading_promote_and_prod_needs_its_name() {
    let place = Place::awake(FAST).await;
    let mut console = Console::open(&place, &[]);
    console.until("everything was looked at", |screen| screen.contains("4 healthy")).await;
    for word in ["lockstep  demo1 · Bagel Store", "SANDBOX ×600", "DEV", "TEST", "STAGING", "PROD"] {
        assert!(console.text().to_uppercase().contains(&word.to_uppercase()), "{word}:\n{}", console.text());
    }

    // What is typed before the plan is there is for nobody.
    console.send("2pPPP");
    armed(&console, "P promotes v1.2.0 to test").await;
    console.send(PASTED);
    still_asked(&mut console, "P promotes v1.2.0 to test").await;
    console.send("py\x1b[C");
    console.until("the next release is planned", |screen| screen.contains("v1.3.0 to test")).await;
    console.until("it says why not", |screen| screen.contains("dev runs v1.2.0, not v1.3.0")).await;
    console.send("P");
    still_asked(&mut console, "dev runs v1.2.0, not v1.3.0").await;
    console.send("\x1b[D");
    armed(&console, "P promotes v1.2.0 to test").await;
    assert!(place.journal().is_empty(), "nothing was confirmed yet");
    console.send("P");
    console.until("it runs", |screen| screen.contains("promoting v1.2.0 to test")).await;
    every_size_while_it_runs(&console).await;
    console.until("it is proven", |screen| screen.contains("✔ test runs v1.2.0, proven")).await;
    for witness in ["operation", "image", "/version", "rows"] {
        console.until("every witness is named", |screen| screen.contains(&format!("✔ {witness}"))).await;
    }

    let planned = place.run(&["plan", "prod", "--release", "v1.1.0", "--output", "json"]).await;
    assert_eq!(planned.code, 2, "it waits for an approval: {planned:?}");
    let planned: serde_json::Value = serde_json::from_str(&planned.out).unwrap();
    let plan = planned["plan"]["short"].as_str().unwrap();
    place.ok(&["approve", "prod", "--release", "v1.1.0", "--plan", plan]).await;
    console.send("4p");
    armed(&console, "type prod to go on:  ____").await;
    console.send("P");
    console.send(PASTED);
    console.send("proP");
    armed(&console, "type prod to go on:  pro_").await;
    console.send("P\r");
    still_asked(&mut console, "type prod to go on:  pro_").await;
    console.send("\x7f\x7fod");
    console.until("a slip can be mended", |screen| screen.contains("type prod to go on:  pod_")).await;
    console.send("P\x7f\x7frod");
    console.until("the name stands there", |screen| screen.contains("type prod to go on:  prod  ✔")).await;
    console.send("\r");
    still_asked(&mut console, "type prod to go on:  prod  ✔").await;
    assert!(!console.text().contains("promoting v1.1.0 to prod"));
    console.send("P");
    console.until("it is proven", |screen| screen.contains("✔ prod runs v1.1.0, proven")).await;

    console.send("q");
    assert_eq!(console.ended().await, 0);
    console.given_back().await;
    place.ok(&["demo", "down"]).await;
}

/// Shows that all earlier keys were taken and the question still stands.
async fn still_asked(console: &mut Console, words: &str) {
    console.send("?");
    console.until("help is open", |screen| screen.contains("Every key that works here")).await;
    console.send("?");
    // It was covered, so it has to be read anew.
    armed(console, words).await;
}

async fn every_size_while_it_runs(console: &Console) {
    for (columns, rows, words) in [
        (60, 16, "lockstep  demo1"),
        (59, 15, "lockstep needs 60 × 16 characters;"),
        (200, 50, "lockstep  demo1"),
        (100, 30, "lockstep  demo1"),
    ] {
        console.resize(columns, rows);
        console.until("the frame has the new size", |screen| screen.contains(words)).await;
    }
}
