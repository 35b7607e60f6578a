//! Schedules of digests: only the dates of the current schedule count, and only those after it
//! began. A digest that is new, renamed, changed or configured again sends nothing by itself.

use crate::config::{Digest, MissedPolicy};
use crate::domain::schedule::{
    PauseRange, ScheduleDecision, ScheduleSnapshot, decide as decide_date, next_date,
};
use crate::domain::time::Millis;
use crate::store::Store;
use crate::store::digests::DigestState;

fn snapshot_of(digest: &Digest) -> ScheduleSnapshot {
    ScheduleSnapshot::new(&digest.schedule, &digest.timezone, &digest.pause)
}

/// Decides whether a digest is due; `None` if its schedule has not begun.
pub(super) fn decide(
    state: &DigestState,
    digest: &Digest,
    now: Millis,
) -> Option<ScheduleDecision> {
    let known = state.schedule.as_ref().filter(|known| known.has_dates_of(&snapshot_of(digest)))?;
    // A date within a pause that was removed since then was never scheduled.
    let pauses: Vec<PauseRange> = digest.pause.iter().chain(known.pauses()).copied().collect();
    let decision = decide_date(
        &digest.schedule,
        &digest.timezone,
        &pauses,
        digest.missed == MissedPolicy::Once,
        digest.missed_within,
        state.processed_until,
        now,
    );
    Some(match (decision, state.paused_since) {
        (ScheduleDecision::Run { scheduled_for }, Some(_)) => {
            ScheduleDecision::Skipped { scheduled_for, reason: "the digest is paused".to_owned() }
        }
        (decision, _) => decision,
    })
}

/// Begins the schedule of a digest: its dates count from now on.
pub(super) async fn begin(store: &Store, digest: &Digest, now: Millis) -> anyhow::Result<()> {
    if store.digests().begin_schedule(&digest.name, &snapshot_of(digest), now).await? {
        let next = next_date(&digest.schedule, &digest.timezone, &digest.pause, now);
        let next = next.map_or("never".into(), |date| date.in_zone(&digest.timezone));
        tracing::info!(digest = %digest.name, %next, "the schedule is new or changed; only dates from now on count");
    }
    Ok(())
}

/// Stores the pauses of a schedule that has begun, if they have changed since.
pub(super) async fn store_pauses(
    store: &Store,
    digest: &Digest,
    state: &DigestState,
) -> anyhow::Result<()> {
    let current = snapshot_of(digest);
    if state.schedule.as_ref().is_some_and(|known| *known != current) {
        store.digests().set_schedule(&digest.name, &current).await?;
    }
    Ok(())
}

/// Returns the past date whose edition the daemon creates at its next tick, if there is one: it is
/// due now, or was missed while no daemon ran.
pub async fn pending_date(
    store: &Store,
    digest: &Digest,
    now: Millis,
) -> anyhow::Result<Option<Millis>> {
    let state = store.digests().ensure(&digest.name, now).await?;
    Ok(pending_date_of(&state, digest, now))
}

/// Returns the [`pending_date`] of a digest in this state.
pub(super) fn pending_date_of(state: &DigestState, digest: &Digest, now: Millis) -> Option<Millis> {
    match decide(state, digest, now) {
        Some(ScheduleDecision::Run { scheduled_for }) => Some(scheduled_for),
        _ => None,
    }
}
