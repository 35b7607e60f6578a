//! Parses `[admin]`: the admin area and its sessions.

use super::reader::Reader;
use super::settings::AdminSettings;
use crate::domain::duration;
use crate::domain::time::{DAY, HOUR, MINUTE, SignedDuration};

/// Reads the `[admin]` table.
pub(super) fn read(mut reader: Reader<'_>) -> Option<AdminSettings> {
    let enabled = reader.boolean("enabled", true);
    let session_idle = reader.or_default("session_idle", 12 * HOUR, session_time);
    let session_max = reader.or_default("session_max", 30 * DAY, session_time);
    if let (Some(idle), Some(max)) = (session_idle, session_max)
        && idle > max
    {
        reader.reject("session_idle", "must not be longer than session_max");
        return None;
    }
    Some(AdminSettings {
        enabled: enabled?,
        session_idle: session_idle?,
        session_max: session_max?,
    })
}

fn session_time(text: &str) -> Result<SignedDuration, String> {
    let time = duration::parse(text)?;
    if (5 * MINUTE..=366 * DAY).contains(&time) {
        Ok(time)
    } else {
        Err(format!("must be between 5m and 366d (found {text})"))
    }
}
