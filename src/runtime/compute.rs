//! Work that only computes, on a thread of its own: it must not hold up the loop, and several pieces of it may use
//! several cores. The effect that asks for it waits for it, so it is no task that anybody has to count.

use std::future;
use std::panic::resume_unwind;

use tokio::task::spawn_blocking;

/// Does `work` beside the loop. A panic in it goes on in whoever waits; when the program ends meanwhile, nobody
/// gets an answer any more.
pub async fn compute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_) => future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::compute;

    #[tokio::test]
    async fn pieces_of_work_run_beside_the_loop_and_beside_each_other() {
        let (to_second, from_first) = mpsc::channel();
        let (to_first, from_second) = mpsc::channel();
        // Each waits for the other: one after the other they would never end.
        let first = compute(move || {
            to_second.send(1).unwrap();
            from_second.recv().unwrap()
        });
        let second = compute(move || {
            to_first.send(2).unwrap();
            from_first.recv().unwrap()
        });
        assert_eq!(tokio::join!(first, second), (2, 1));
    }

    #[tokio::test]
    #[should_panic(expected = "on purpose")]
    async fn a_panic_reaches_whoever_waits() {
        compute(|| panic!("on purpose")).await;
    }
}
