//! How many connections there are, and who gives way when there is no place left.
//!
//! On one machine every client has the same address, so a share for each address would protect
//! nobody. What tells clients apart is who lets the balancer wait: at the limit, those connections
//! that have waited longest for their client make room, unfinished requests before idle ones. A
//! request that has arrived whole is never given up for another.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use super::limits::{PATIENCE, REFUSALS, Times};
use super::refusal::Refusal;

/// Of the places that make room, this part of all does so at once, so that a flood is not searched
/// through anew for each of its connections.
const SHARE: usize = 64;

pub(super) struct Seats {
    limit: usize,
    /// Requests whose body is still on its way.
    uploads_limit: usize,
    times: Times,
    table: Mutex<HashMap<u64, Arc<Place>>>,
    next: AtomicU64,
    refusing: AtomicUsize,
    uploads: AtomicUsize,
    /// Connections and requests that were answered without a server.
    pub(super) refused: AtomicU64,
    /// Connections that made room for others.
    pub(super) given_up: AtomicU64,
}

/// What a connection waits for, as far as its client is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// For nothing that the client owes.
    Nothing,
    /// For the rest of a header or a body.
    Rest,
    /// For the next request, or the first.
    Request,
}

/// One connection, as others see it.
pub(super) struct Place(Mutex<State>);

struct State {
    wait: Wait,
    since: Instant,
    gives_way: bool,
    waker: Option<Waker>,
    fault: Option<Refusal>,
}

/// A connection's right to be here; dropping it gives the place back.
pub(super) struct Seat {
    seats: Arc<Seats>,
    pub(super) place: Arc<Place>,
    id: u64,
    uploading: bool,
    /// Beyond the limit: only to be told so.
    pub(super) beyond: bool,
}

impl Seats {
    pub(super) fn new(limit: usize, uploads_limit: usize, times: Times) -> Arc<Self> {
        Arc::new(Self {
            limit,
            uploads_limit,
            times,
            table: Mutex::default(),
            next: AtomicU64::new(0),
            refusing: AtomicUsize::new(0),
            uploads: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
            given_up: AtomicU64::new(0),
        })
    }

    /// `None` when even those who are told that there is no place are too many.
    pub(super) fn take(self: &Arc<Self>) -> Option<Seat> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let place = Arc::new(Place(Mutex::new(State {
            wait: Wait::Request,
            since: Instant::now(),
            gives_way: false,
            waker: None,
            fault: None,
        })));
        let mut seat = Seat { seats: Arc::clone(self), place, id, uploading: false, beyond: false };
        let mut table = self.table();
        if table.len() >= self.limit && !self.make_room_in(&mut table, &[Wait::Rest, Wait::Request])
        {
            drop(table);
            seat.beyond = true;
            let before = self.refusing.fetch_add(1, Ordering::Relaxed);
            return (before < REFUSALS).then_some(seat);
        }
        table.insert(id, Arc::clone(&seat.place));
        drop(table);
        Some(seat)
    }

    /// Gives up the connections that have let the balancer wait longest for the rest of a request;
    /// `false` when there are none.
    pub(super) fn make_room(&self) -> bool {
        self.make_room_in(&mut self.table(), &[Wait::Rest])
    }

    pub(super) fn connections(&self) -> usize {
        self.table().len()
    }

    fn make_room_in(&self, table: &mut HashMap<u64, Arc<Place>>, kinds: &[Wait]) -> bool {
        let now = Instant::now();
        for kind in kinds {
            let mut waiting: Vec<(Instant, u64)> = table
                .iter()
                .filter_map(|(id, place)| Some((place.waits_since(*kind)?, *id)))
                .filter(|(since, _)| now.saturating_duration_since(*since) >= PATIENCE)
                .collect();
            waiting.sort_unstable();
            for (_, id) in waiting.iter().take(self.limit / SHARE + 1) {
                if let Some(place) = table.remove(id) {
                    place.give_way();
                    self.given_up.fetch_add(1, Ordering::Relaxed);
                }
            }
            if !waiting.is_empty() {
                return true;
            }
        }
        false
    }

    fn table(&self) -> MutexGuard<'_, HashMap<u64, Arc<Place>>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Counts a request whose body is on its way; `false` when there are too many of them.
    pub(super) fn begin_upload(&mut self) -> bool {
        let before = self.seats.uploads.fetch_add(1, Ordering::Relaxed);
        self.uploading = true;
        if before < self.seats.uploads_limit || self.seats.make_room() {
            return true;
        }
        self.end_upload();
        false
    }

    pub(super) fn end_upload(&mut self) {
        if std::mem::take(&mut self.uploading) {
            self.seats.uploads.fetch_sub(1, Ordering::Relaxed);
        }
    }

    pub(super) fn times(&self) -> Times {
        self.seats.times
    }

    pub(super) fn note_refusal(&self) {
        self.seats.refused.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.end_upload();
        if self.beyond {
            self.seats.refusing.fetch_sub(1, Ordering::Relaxed);
        } else {
            self.seats.table().remove(&self.id);
        }
    }
}

impl Place {
    pub(super) fn set(&self, wait: Wait, since: Instant) {
        let mut state = self.state();
        state.wait = wait;
        state.since = since;
    }

    /// Whether it has to make room; wakes the task when that is asked for later.
    pub(super) fn gives_way(&self, context: &Context<'_>) -> bool {
        let mut state = self.state();
        match &mut state.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        state.gives_way
    }

    /// Resolves when it has to make room.
    pub(super) async fn gave_way(&self) {
        std::future::poll_fn(
            |context| {
                if self.gives_way(context) { Poll::Ready(()) } else { Poll::Pending }
            },
        )
        .await;
    }

    /// Why the client's own request can't go on, for the answer.
    pub(super) fn fault(&self) -> Option<Refusal> {
        self.state().fault
    }

    pub(super) fn set_fault(&self, fault: Refusal) {
        self.state().fault = Some(fault);
    }

    fn waits_since(&self, wait: Wait) -> Option<Instant> {
        let state = self.state();
        (state.wait == wait).then_some(state.since)
    }

    fn give_way(&self) {
        let waker = {
            let mut state = self.state();
            state.gives_way = true;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Seat {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Seat").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gives_way(seat: &Seat) -> bool {
        seat.place.gives_way(&Context::from_waker(Waker::noop()))
    }

    #[test]
    fn who_lets_wait_longest_makes_room_and_a_whole_request_never_does() {
        let seats = Seats::new(3, 3, Times::default());
        let all: Vec<Seat> = (0..3).map(|_| seats.take().unwrap()).collect();
        let Some(before) = Instant::now().checked_sub(PATIENCE * 2) else { return };
        all[0].place.set(Wait::Nothing, before);
        all[1].place.set(Wait::Request, before - PATIENCE);
        all[2].place.set(Wait::Rest, before);
        let fourth = seats.take().unwrap();
        assert!(gives_way(&all[2]) && !gives_way(&all[1]) && !fourth.beyond);
        let fifth = seats.take().unwrap();
        assert!(gives_way(&all[1]) && !gives_way(&all[0]) && !fifth.beyond);
        assert!(seats.take().unwrap().beyond, "those who have just come have waited for nobody");
        drop(all);
        assert_eq!(seats.connections(), 2);
        assert!(!seats.take().unwrap().beyond);
    }

    #[test]
    fn unfinished_bodies_have_a_limit_of_their_own() {
        let seats = Seats::new(10, 1, Times::default());
        let (mut first, mut second) = (seats.take().unwrap(), seats.take().unwrap());
        assert!(first.begin_upload());
        first.place.set(Wait::Rest, Instant::now());
        assert!(!second.begin_upload(), "the first has not let anybody wait yet");
        let Some(before) = Instant::now().checked_sub(PATIENCE) else { return };
        first.place.set(Wait::Rest, before);
        assert!(second.begin_upload());
        assert!(gives_way(&first));
        drop((first, second));
        assert_eq!(seats.uploads.load(Ordering::Relaxed), 0);
    }
}
