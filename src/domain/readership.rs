//! How many read a feed on a day, from what each run of a node counted.

use std::collections::BTreeMap;

use super::time::{DAY, Millis};

/// A day of UTC: days since 1970-01-01.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i64);

impl Day {
    /// The day of an instant.
    pub fn of(at: Millis) -> Self {
        Self(at.0.div_euclid(DAY))
    }

    /// So many days before.
    #[must_use]
    pub fn before(self, days: i64) -> Self {
        Self(self.0.saturating_sub(days))
    }

    /// As `2026-09-21`.
    pub fn text(self) -> String {
        Millis(self.0.saturating_mul(DAY)).rfc3339().chars().take(10).collect()
    }
}

/// What one run of a node counted of a feed on a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Count {
    /// The feed's name; on demand its path.
    pub feed: String,
    /// The day.
    pub day: Day,
    /// When this run began to count on that day.
    pub since: Millis,
    /// When it counted last.
    pub until: Millis,
    /// Readers that ask for themselves.
    pub direct: u64,
    /// Readers behind services, as those say.
    pub served: u64,
    /// Requests.
    pub requests: u64,
    /// Of these, answered with "not modified".
    pub unchanged: u64,
}

/// What is known of a feed on a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Daily {
    /// Readers that ask for themselves.
    pub direct: u64,
    /// Readers behind services, as those say.
    pub served: u64,
    /// Requests.
    pub requests: u64,
    /// Of these, answered with "not modified".
    pub unchanged: u64,
}

impl Daily {
    /// All readers.
    pub fn readers(self) -> u64 {
        self.direct.saturating_add(self.served)
    }

    /// The share of requests that cost next to nothing, in percent; `None` without requests.
    pub fn unchanged_percent(self) -> Option<u64> {
        self.unchanged.saturating_mul(100).checked_div(self.requests)
    }
}

/// Feeds with their days.
///
/// Runs at the same time are nodes beside each other, each taken to have readers of its own: those are added. Runs that
/// followed one another are nodes that were restarted, whose readers came back: the most at any one time counts. Services
/// say the same number to all nodes: the largest counts.
pub fn daily(counts: Vec<Count>) -> BTreeMap<String, BTreeMap<Day, Daily>> {
    let mut runs: BTreeMap<(String, Day), Vec<Count>> = BTreeMap::new();
    for count in counts {
        runs.entry((count.feed.clone(), count.day)).or_default().push(count);
    }
    let mut feeds: BTreeMap<String, BTreeMap<Day, Daily>> = BTreeMap::new();
    for ((feed, day), runs) in runs {
        feeds.entry(feed).or_default().insert(day, together(runs));
    }
    feeds
}

fn together(runs: Vec<Count>) -> Daily {
    // Whenever a run began, those that were counting then.
    let at = |when: Millis| {
        runs.iter().filter(move |run| run.since == when || (run.since < when && when < run.until))
    };
    let direct = |when: Millis| at(when).fold(0, |sum: u64, run| sum.saturating_add(run.direct));
    let sum =
        |of: fn(&Count) -> u64| runs.iter().fold(0, |sum: u64, run| sum.saturating_add(of(run)));
    Daily {
        direct: runs.iter().map(|run| direct(run.since)).max().unwrap_or(0),
        served: runs.iter().map(|run| run.served).max().unwrap_or(0),
        requests: sum(|run| run.requests),
        unchanged: sum(|run| run.unchanged),
    }
}

/// The middle of the readers of these days, a day without a request counting as none; the lower one of two.
pub fn median(days: &BTreeMap<Day, Daily>, of: impl Iterator<Item = Day>) -> u64 {
    let mut readers: Vec<u64> =
        of.map(|day| days.get(&day).map_or(0, |daily| daily.readers())).collect();
    readers.sort_unstable();
    readers.get(readers.len().saturating_sub(1) / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(since: i64, until: i64, direct: u64, served: u64) -> Count {
        let (since, until) = (Millis(since), Millis(until));
        Count {
            feed: "news".into(),
            day: Day(0),
            since,
            until,
            direct,
            served,
            requests: 10,
            unchanged: 9,
        }
    }

    #[test]
    fn nodes_beside_each_other_are_added_and_a_node_that_came_back_is_not() {
        let of = |runs: Vec<Count>| daily(runs)["news"][&Day(0)];
        let restarted = of(vec![run(0, 100, 30, 12), run(100, 200, 20, 15)]);
        assert_eq!(restarted, Daily { direct: 30, served: 15, requests: 20, unchanged: 18 });
        assert_eq!((restarted.readers(), restarted.unchanged_percent()), (45, Some(90)));
        assert_eq!(of(vec![run(0, 200, 30, 12), run(0, 200, 20, 12)]).direct, 50);
        assert_eq!(
            of(vec![run(0, 100, 30, 0), run(0, 200, 20, 0), run(150, 200, 40, 0)]).direct,
            60
        );
        assert_eq!(Daily::default().unchanged_percent(), None);
    }

    #[test]
    fn a_day_is_one_of_utc_and_the_median_counts_days_without_readers() {
        assert_eq!(
            (Day::of(Millis(DAY - 1)), Day::of(Millis(-1)), Day(20_000).text().as_str()),
            (Day(0), Day(-1), "2024-10-04")
        );
        let on = |readers| Daily { direct: readers, ..Daily::default() };
        let days = BTreeMap::from([(Day(1), on(5)), (Day(2), on(9)), (Day(3), on(7))]);
        assert_eq!(median(&days, (1..=3).map(Day)), 7);
        assert_eq!(median(&days, (1..=4).map(Day)), 5);
        assert_eq!(median(&days, (10..=16).map(Day)), 0);
        assert_eq!(median(&days, std::iter::empty()), 0);
    }
}
