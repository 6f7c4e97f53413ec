//! Something outside that changes now and then, such as a file: looked at every so often, on a thread where looking may
//! take its time. Only what is new is handed on.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

/// What is new, one after the other. Nobody looks any more once this is dropped.
pub type News<T> = mpsc::Receiver<T>;

/// Calls `look` at every interval until nobody listens any more; what it returns is news.
pub fn watch<T: Send + 'static>(
    every: Duration,
    mut look: impl FnMut() -> Option<T> + Send + 'static,
) -> News<T> {
    let (sender, news) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut interval = tokio::time::interval(every);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = interval.tick() => {}
                () = sender.closed() => return,
            }
            let looked = spawn_blocking(move || (look(), look)).await;
            // A look that panicked, or a program that ends: there will be no more news.
            let Ok((new, again)) = looked else { return };
            look = again;
            if let Some(new) = new
                && sender.send(new).await.is_err()
            {
                return;
            }
        }
    });
    news
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_what_is_new_is_handed_on() {
        let mut looks = 0;
        let mut news = watch(Duration::from_millis(1), move || {
            looks += 1;
            (looks % 3 == 0).then_some(looks)
        });
        assert_eq!((news.recv().await, news.recv().await), (Some(3), Some(6)));
    }

    #[tokio::test]
    async fn nobody_looks_once_nobody_listens() {
        let (told, mut ended) = mpsc::channel::<()>(1);
        let news = watch(Duration::from_millis(1), move || {
            let _alive = &told;
            None::<()>
        });
        drop(news);
        assert_eq!(ended.recv().await, None, "what was looked with is gone");
    }
}
