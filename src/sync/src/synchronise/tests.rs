use protocol::changes::ChangesResponse;
use protocol::id::Epoch;

use super::*;
use crate::scripted::{Hasty, Scripted};

#[tokio::test]
async fn a_journal_that_promises_rows_and_brings_none_is_not_asked_forever() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = State::open(&folder.path().join("state.sqlite")).unwrap();
    let (entries, epoch) = (Vec::new(), Epoch::from_random(1));
    let page = ChangesResponse { epoch, entries, cursor: 0, more: true };
    let service = Scripted { page: Some(page), ..Scripted::new(|_| None) };
    let clock = Hasty::default();
    let space = SpaceId::from_random(1);
    let fetched = fetch_journal(&service, &clock, &space, &mut state, None).await;
    assert!(matches!(fetched, Err(SyncError::Refused(_))));
    assert_eq!(*clock.0.lock().unwrap(), MOST_EMPTY_PAGES);
}

#[test]
fn deletions_of_several_rounds_count_together() {
    let planned = Losses { here: 0, there: 15 };
    stop_mass_delete(planned, 40, Losses::default()).unwrap();
    let stopped = stop_mass_delete(planned, 40, Losses { here: 0, there: 15 });
    assert!(matches!(stopped, Err(SyncError::MassDelete { deletes: 30, files: 40, .. })));
}
