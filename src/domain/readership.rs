//! Daily reader counts of a feed, aggregated from the counts of each process run of each node.

use std::collections::BTreeMap;

use super::time::{DAY, Millis, as_millis_i64, multiply};

/// A UTC day: number of days since 1970-01-01.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i64);

impl Day {
    /// Returns the day that contains an instant.
    pub fn containing(at: Millis) -> Self {
        Self(at.0.div_euclid(as_millis_i64(DAY)))
    }

    /// Returns the day `days` days earlier.
    #[must_use]
    pub fn before(self, days: i64) -> Self {
        Self(self.0.saturating_sub(days))
    }

    /// Formats the day as `2026-09-21`.
    pub fn text(self) -> String {
        Millis(0).plus(multiply(DAY, self.0)).rfc3339().chars().take(10).collect()
    }
}

/// Counts of one feed on one day by one process run of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadershipCount {
    /// Name of the feed; the path of an on-demand feed.
    pub feed: String,
    /// Day of the counts.
    pub day: Day,
    /// Time at which the run started to count on that day.
    pub since: Millis,
    /// Time of the last count.
    pub until: Millis,
    /// Readers that fetch the feed themselves.
    pub direct: u64,
    /// Subscribers that aggregators report.
    pub via_aggregators: u64,
    /// Number of requests of the feed.
    pub requests: u64,
    /// Number of these requests answered with 304 Not Modified.
    pub not_modified: u64,
}

/// Aggregated counts of one feed on one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DailyReadership {
    /// Readers that fetch the feed themselves.
    pub direct: u64,
    /// Subscribers that aggregators report.
    pub via_aggregators: u64,
    /// Number of requests of the feed.
    pub requests: u64,
    /// Number of these requests answered with 304 Not Modified.
    pub not_modified: u64,
}

impl DailyReadership {
    /// Returns the sum of direct readers and subscribers of aggregators.
    pub fn readers(self) -> u64 {
        self.direct.saturating_add(self.via_aggregators)
    }

    /// Returns the percentage of requests answered with 304 Not Modified; `None` without requests.
    pub fn not_modified_percent(self) -> Option<u64> {
        self.not_modified.saturating_mul(100).checked_div(self.requests)
    }
}

/// Aggregates counts by feed and day.
///
/// Direct readers of simultaneous runs are added, because each node is assumed to have its own
/// readers. Successive runs are restarts of the same node, whose readers return; the maximum at any
/// one time counts. Aggregators report the same number to all nodes; the maximum counts.
pub fn aggregate_by_day(
    counts: Vec<ReadershipCount>,
) -> BTreeMap<String, BTreeMap<Day, DailyReadership>> {
    let mut runs: BTreeMap<(String, Day), Vec<ReadershipCount>> = BTreeMap::new();
    for count in counts {
        runs.entry((count.feed.clone(), count.day)).or_default().push(count);
    }
    let mut feeds: BTreeMap<String, BTreeMap<Day, DailyReadership>> = BTreeMap::new();
    for ((feed, day), runs) in runs {
        feeds.entry(feed).or_default().insert(day, merge_runs(runs));
    }
    feeds
}

fn merge_runs(runs: Vec<ReadershipCount>) -> DailyReadership {
    // The sum of the runs that were counting when each run started.
    let running_at = |when: Millis| {
        runs.iter().filter(move |run| run.since == when || (run.since < when && when < run.until))
    };
    let direct =
        |when: Millis| running_at(when).fold(0, |sum: u64, run| sum.saturating_add(run.direct));
    let sum = |of: fn(&ReadershipCount) -> u64| {
        runs.iter().fold(0, |sum: u64, run| sum.saturating_add(of(run)))
    };
    DailyReadership {
        direct: runs.iter().map(|run| direct(run.since)).max().unwrap_or(0),
        via_aggregators: runs.iter().map(|run| run.via_aggregators).max().unwrap_or(0),
        requests: sum(|run| run.requests),
        not_modified: sum(|run| run.not_modified),
    }
}

/// Returns the median of the readers of these days; a day without requests counts as 0. Of two
/// middle values the lower one is returned.
pub fn median(days: &BTreeMap<Day, DailyReadership>, of: impl Iterator<Item = Day>) -> u64 {
    let mut readers: Vec<u64> =
        of.map(|day| days.get(&day).map_or(0, |daily| daily.readers())).collect();
    readers.sort_unstable();
    readers.get(readers.len().saturating_sub(1) / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(since: i64, until: i64, direct: u64, served: u64) -> ReadershipCount {
        let (since, until) = (Millis(since), Millis(until));
        ReadershipCount {
            feed: "news".into(),
            day: Day(0),
            since,
            until,
            direct,
            via_aggregators: served,
            requests: 10,
            not_modified: 9,
        }
    }

    #[test]
    fn readers_of_simultaneous_runs_are_added_and_of_restarts_are_not() {
        let of = |runs: Vec<ReadershipCount>| aggregate_by_day(runs)["news"][&Day(0)];
        let restarted = of(vec![run(0, 100, 30, 12), run(100, 200, 20, 15)]);
        assert_eq!(
            restarted,
            DailyReadership { direct: 30, via_aggregators: 15, requests: 20, not_modified: 18 }
        );
        assert_eq!((restarted.readers(), restarted.not_modified_percent()), (45, Some(90)));
        assert_eq!(of(vec![run(0, 200, 30, 12), run(0, 200, 20, 12)]).direct, 50);
        assert_eq!(
            of(vec![run(0, 100, 30, 0), run(0, 200, 20, 0), run(150, 200, 40, 0)]).direct,
            60
        );
        assert_eq!(DailyReadership::default().not_modified_percent(), None);
    }

    #[test]
    fn days_are_utc_and_the_median_includes_days_without_readers() {
        assert_eq!(
            (
                Day::containing(Millis(as_millis_i64(DAY) - 1)),
                Day::containing(Millis(-1)),
                Day(20_000).text().as_str()
            ),
            (Day(0), Day(-1), "2024-10-04")
        );
        let on = |readers| DailyReadership { direct: readers, ..DailyReadership::default() };
        let days = BTreeMap::from([(Day(1), on(5)), (Day(2), on(9)), (Day(3), on(7))]);
        assert_eq!(median(&days, (1..=3).map(Day)), 7);
        assert_eq!(median(&days, (1..=4).map(Day)), 5);
        assert_eq!(median(&days, (10..=16).map(Day)), 0);
        assert_eq!(median(&days, std::iter::empty()), 0);
    }
}
