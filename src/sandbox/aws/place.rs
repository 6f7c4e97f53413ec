//! The place of one environment: its public address, the store that serves there, the work under way.
//!
//! A seat is what a store holds while it serves; whoever loses the seat knows that it was replaced on
//! purpose. Absent on purpose: which store should sit there ([`super::deployment`], [`super::world`]).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::durations::floor;
use super::forward::Forward;
use super::instance::Instance;

/// One environment's address, stores and tasks.
pub(super) struct Place {
    forward: Forward,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    seat: Option<Seat>,
    seats_given: u64,
    /// Every store that has been started here and has not been seen to its end.
    alive: BTreeMap<String, Instance>,
    work: Work,
}

struct Seat {
    ticket: u64,
    instance: Option<Instance>,
}

/// The tasks of an environment, ended together.
#[derive(Clone, Default)]
struct Work {
    token: CancellationToken,
    tasks: TaskTracker,
}

impl Place {
    /// An empty place behind a public address.
    pub(super) fn new(forward: Forward) -> Self {
        Self { forward, inside: Mutex::default() }
    }

    /// The public address.
    pub(super) fn address(&self) -> SocketAddr {
        self.forward.address()
    }

    /// Runs a task until it ends or [`Self::clear`] ends it.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let work = self.inside().work.clone();
        let token = work.token.clone();
        work.tasks.spawn(async move {
            token.run_until_cancelled(task).await;
        });
    }

    /// Remembers a store, so that [`Self::clear`] ends it whatever happens to the task that started it.
    pub(super) fn remember(&self, instance: &Instance) {
        self.inside().alive.insert(instance.id().to_owned(), instance.clone());
    }

    /// Seats a listening store: new connections go to it. The store it takes over from is drained and ended.
    /// Returns the ticket of the seat.
    pub(super) fn seat(&self, instance: Instance, address: SocketAddr) -> u64 {
        let (ticket, former) = self.give_seat(Some(instance));
        self.let_go(former, Some(address));
        ticket
    }

    /// Reserves the seat for a store that is still to come. Returns the ticket.
    pub(super) fn reserve(&self) -> u64 {
        let (ticket, former) = self.give_seat(None);
        self.let_go(former, None);
        ticket
    }

    /// Puts a listening store on a seat that is still held; false when the seat was lost meanwhile.
    pub(super) fn reseat(&self, ticket: u64, instance: &Instance, address: SocketAddr) -> bool {
        let mut inside = self.inside();
        let Some(seat) = inside.seat.as_mut().filter(|seat| seat.ticket == ticket) else { return false };
        seat.instance = Some(instance.clone());
        self.forward.point_at(Some(address));
        true
    }

    /// Stops sending connections to a store that ended while it held the seat; false when the seat was lost.
    pub(super) fn lost_store(&self, ticket: u64, instance: &Instance) -> bool {
        let mut inside = self.inside();
        inside.alive.remove(instance.id());
        let Some(seat) = inside.seat.as_mut().filter(|seat| seat.ticket == ticket) else { return false };
        seat.instance = None;
        self.forward.point_at(None);
        true
    }

    /// Whether a ticket still holds the seat.
    pub(super) fn holds(&self, ticket: u64) -> bool {
        self.inside().seat.as_ref().is_some_and(|seat| seat.ticket == ticket)
    }

    /// Sends connections nowhere and ends the store that served.
    pub(super) async fn vacate(&self) {
        let seat = self.inside().seat.take();
        self.forward.point_at(None);
        if let Some(instance) = seat.and_then(|seat| seat.instance) {
            self.end(&instance).await;
        }
    }

    /// Ends one store and forgets it.
    pub(super) async fn end(&self, instance: &Instance) {
        instance.stop().await;
        self.inside().alive.remove(instance.id());
    }

    /// Ends every task and every store of this place; it can be used again afterwards.
    pub(super) async fn clear(&self) {
        let work = std::mem::take(&mut self.inside().work);
        work.token.cancel();
        work.tasks.close();
        work.tasks.wait().await;
        self.inside().seat = None;
        self.forward.point_at(None);
        let alive = std::mem::take(&mut self.inside().alive);
        futures_util::future::join_all(alive.values().map(Instance::stop)).await;
    }

    fn give_seat(&self, instance: Option<Instance>) -> (u64, Option<Instance>) {
        let mut inside = self.inside();
        inside.seats_given += 1;
        let ticket = inside.seats_given;
        let former = inside.seat.replace(Seat { ticket, instance });
        (ticket, former.and_then(|seat| seat.instance))
    }

    /// Turns connections to a new address; the former store ends after the open ones have.
    fn let_go(&self, former: Option<Instance>, address: Option<SocketAddr>) {
        let target = self.forward.point_at(address);
        let Some(former) = former else { return };
        let work = self.inside().work.clone();
        // Not cut short by the end of the work: `clear` ends the store itself.
        work.tasks.spawn(async move {
            if let Some(target) = target {
                work.token.run_until_cancelled(target.drained(floor::DRAIN)).await;
            }
            former.stop().await;
        });
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        // Every change under this lock is one assignment; a panic cannot leave half of one.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
