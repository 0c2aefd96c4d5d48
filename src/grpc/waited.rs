//! How long a sender is waited for: from when there is nothing of it to when something comes.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{Arc, OnceLock},
    task::{Context, Wake, Waker},
    time::{Duration, Instant},
};

/// When a wait began, and when whoever waits was woken.
struct Wait {
    began: Instant,
    woken: OnceLock<Instant>,
    waiting: Waker,
}

impl Wake for Wait {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.get_or_init(Instant::now);
        self.waiting.wake_by_ref();
    }
}

/// What comes, and how long it was waited for. Uploads are read on a thread that yields to lookups, and time that it waits
/// for the processor, after something has come, is not its sender's.
pub(super) async fn waited_for<T>(what: impl Future<Output = T>) -> (Duration, T) {
    let mut what = pin!(what);
    let (mut waited, mut last) = (Duration::ZERO, None::<Arc<Wait>>);
    let came = poll_fn(|cx| {
        if let Some(wait) = last.take() {
            waited += wait.woken.get().map_or_else(|| wait.began.elapsed(), |&woken| woken - wait.began);
        }
        let wait = Arc::new(Wait { began: Instant::now(), woken: OnceLock::new(), waiting: cx.waker().clone() });
        let polled = what.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&wait))));
        last = Some(wait);
        polled
    });
    let came = came.await;
    (waited, came)
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Duration};

    use tokio::{sync::oneshot, time::sleep};

    use super::*;

    const LONG: Duration = Duration::from_millis(300);

    #[tokio::test]
    async fn a_wait_ends_when_something_comes_however_late_it_is_looked_at() {
        let (send, came) = oneshot::channel();
        let busy = async {
            sleep(Duration::from_millis(20)).await;
            send.send(()).unwrap();
            // Nobody else runs on this thread meanwhile.
            thread::sleep(LONG);
        };
        let began = Instant::now();
        let ((waited, came), ()) = tokio::join!(waited_for(came), busy);
        came.unwrap();
        assert!(waited > Duration::ZERO && waited + LONG <= began.elapsed(), "{waited:?}");
    }

    #[tokio::test]
    async fn what_comes_late_was_waited_for_and_what_is_there_was_not() {
        let (waited, ()) = waited_for(sleep(LONG)).await;
        assert!(waited >= LONG, "{waited:?}");
        assert_eq!(waited_for(async { 7 }).await, (Duration::ZERO, 7));
    }
}
