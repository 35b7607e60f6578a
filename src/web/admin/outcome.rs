//! Deliveries of an edition by outcome, and their parts of a bar.

use crate::domain::edition::DeliveryCounts;
use crate::templates::pages::OutcomeCounts;

/// Width of a bar.
const WIDTH: f64 = 100.0;
/// Smallest visible part of a bar.
const MIN_PART: f64 = 1.5;

/// Returns the numbers of an edition with the positions of their parts.
pub(super) fn outcome(counts: DeliveryCounts) -> OutcomeCounts {
    let failed = counts.failed + counts.bounced;
    let waiting = counts.queued + counts.sending;
    let total = counts.sent + failed + counts.held + waiting + counts.cancelled;
    let [failed_x, held_x, waiting_x, cancelled_x] =
        positions([counts.sent, failed, counts.held, waiting, counts.cancelled]);
    OutcomeCounts {
        total,
        sent: counts.sent,
        failed,
        held: counts.held,
        waiting,
        cancelled: counts.cancelled,
        failed_x,
        held_x,
        waiting_x,
        cancelled_x,
    }
}

/// Returns the left edges of the second to the last part. Every part that is not empty is visible: the
/// largest one gives up space for small ones.
#[expect(clippy::cast_precision_loss, reason = "numbers of deliveries are far below 2^52")]
fn positions(parts: [i64; 5]) -> [f64; 4] {
    let total = parts.iter().sum::<i64>().max(1) as f64;
    let mut widths = parts.map(|part| match part {
        0 => 0.0,
        part => (part as f64 / total * WIDTH).max(MIN_PART),
    });
    let excess = widths.iter().sum::<f64>() - WIDTH;
    if let Some(largest) = widths.iter_mut().max_by(|a, b| a.total_cmp(b))
        && excess > 0.0
    {
        *largest -= excess;
    }
    let mut edge = 0.0;
    let mut edges = [0.0; 4];
    for (index, width) in widths.iter().take(4).enumerate() {
        edge += width;
        edges[index] = (edge * 100.0).round() / 100.0;
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_among_many_messages_is_visible() {
        let counts = DeliveryCounts { sent: 100_000, failed: 1, ..DeliveryCounts::default() };
        let outcome = outcome(counts);
        assert_eq!((outcome.failed_x, outcome.held_x, outcome.cancelled_x), (98.5, 100.0, 100.0));
        assert_eq!((outcome.total, outcome.sent, outcome.failed), (100_001, 100_000, 1));
    }

    #[test]
    fn an_edition_without_deliveries_has_an_empty_bar() {
        assert_eq!(positions([0; 5]), [0.0; 4]);
    }
}
