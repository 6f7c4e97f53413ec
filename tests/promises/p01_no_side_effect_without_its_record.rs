//! P1: no side effect without an intent record on disk first.

use super::witness::Ride;

#[tokio::test]
async fn p01_every_change_finds_its_intent_on_the_disk_when_it_begins() {
    let mut ride = Ride::planned().await;
    assert_eq!(ride.seen.lock().unwrap().mutations, [], "nothing was confirmed yet");
    ride.confirm();
    ride.on(usize::MAX).await;
    assert_eq!(ride.end(), None);
    let seen = ride.seen.lock().unwrap();
    assert!(seen.mutations.len() >= 2, "a schema and an image were changed: {:?}", seen.mutations);
    for (effect, on_disk) in &seen.mutations {
        assert_eq!(on_disk, &Ok(()), "{effect:?}");
    }
}

#[tokio::test]
async fn p01_from_whichever_moment_the_journal_fails_nothing_is_changed_any_more() {
    let mut whole = Ride::planned().await;
    whole.confirm();
    whole.on(usize::MAX).await;
    let changes = whole.seen.lock().unwrap().mutations.len();
    let mut counts = Vec::new();
    for moment in 0..=whole.events {
        let mut ride = Ride::planned().await;
        if moment == 0 {
            ride.spoil();
        }
        ride.confirm();
        ride.on(moment).await;
        let before = ride.seen.lock().unwrap().mutations.len();
        ride.spoil();
        let records = lockstep::runtime::journal::lines(&ride.folder).unwrap().len();
        ride.on(usize::MAX).await;
        let seen = ride.seen.lock().unwrap();
        for (effect, on_disk) in &seen.mutations {
            assert_eq!(on_disk, &Ok(()), "spoilt at {moment}: {effect:?}");
        }
        // One may have been announced already, and be about to begin.
        assert!(seen.mutations.len() <= before + 1, "spoilt at {moment}: {:?}", seen.mutations);
        assert_eq!(lockstep::runtime::journal::lines(&ride.folder).unwrap().len(), records);
        counts.push(seen.mutations.len());
    }
    assert_eq!(counts.first(), Some(&0));
    assert_eq!(counts.last(), Some(&changes));
    assert!(counts.is_sorted(), "{counts:?}");
}
