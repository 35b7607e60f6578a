//! Reports and resets times that were stored under a wrong clock.

use super::App;
use crate::domain::time::{Millis, zone_name};
use crate::feeds::cache;
use crate::feeds::on_demand::OnDemandCache;
use crate::store::clock_faults::{ClockFault, EARLIEST_TIME};

impl App {
    /// Resets the times that a wrong clock has left in the database; returns a sentence about them,
    /// or about the clock itself, if there is something to report.
    pub async fn reset_clock_faults(&self) -> anyhow::Result<Option<String>> {
        let now = self.now();
        if now < EARLIEST_TIME {
            let shown = self.in_site_zone(now);
            return Ok(Some(format!(
                "the clock of this machine is wrong: it shows {shown}; set it, for example with NTP"
            )));
        }
        let Some(ClockFault { example_time, reset }) = self.store.clock_faults().reset(now).await?
        else {
            return Ok(None);
        };
        let parts: Vec<String> = reset.iter().map(|(what, n)| format!("{n} {what}")).collect();
        let (example, parts) = (self.in_site_zone(example_time), parts.join(", "));
        Ok(Some(format!(
            "the clock of this machine was wrong: it showed {example}; the times of {parts} were reset, so that nothing waits until then"
        )))
    }

    fn in_site_zone(&self, time: Millis) -> String {
        let zone = &self.config.site.timezone;
        format!("{} ({})", time.in_zone(zone), zone_name(zone))
    }

    /// Returns the app with caches that are rendered now, without what was rendered under a wrong
    /// clock.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn with_new_caches(self) -> anyhow::Result<Self> {
        let feed_cache = self.feed_cache.with_config(&self.config);
        let next = Self { feed_cache, on_demand: OnDemandCache::default(), ..self };
        cache::refresh_due(&next.store, &next.config, &next.feed_cache, next.now()).await?;
        Ok(next)
    }
}
