//! The limit of open files of the process, and the web connections that it leaves room for.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Config;

/// Files of the process itself: standard streams, listener, runtimes, logs, disk cache, temporary
/// files, and programs that the admin attaches.
const FILES_OF_PROCESS: u64 = 64;
/// Files of the connection pools to Courant's own database.
const FILES_OF_DATABASE: u64 = 40;
/// Files of a source: its database connection and a notification channel.
const FILES_PER_SOURCE: u64 = 4;
/// Files of a publishing destination while it uploads.
const FILES_PER_DESTINATION: u64 = 8;
/// Web connections that are accepted under even the lowest limit.
const MIN_WEB_CONNECTIONS: u64 = 16;

/// Raises the limit of open files as far as the system permits, and returns the number of web
/// connections that leaves room for sending, the database and the hub.
pub fn max_web_connections(config: &Config) -> usize {
    let limit = raise_limit();
    let (connections, is_reduced) = share_of_web(config, limit);
    if is_reduced {
        tracing::warn!(
            limit,
            connections,
            "the open-files limit allows fewer web connections than [server] max_connections; raise the hard limit (LimitNOFILE in systemd, `ulimit -Hn` in a shell)"
        );
    }
    connections
}

/// Raises the soft limit of open files to the hard limit; returns the limit that now applies.
fn raise_limit() -> u64 {
    let found = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: found.maximum, ..found };
    let now = if found.current == found.maximum || setrlimit(Resource::Nofile, raised).is_ok() {
        found.maximum
    } else {
        found.current
    };
    now.unwrap_or(u64::MAX)
}

/// Returns the number of web connections under a limit of open files; the flag is `true` if it is
/// less than the configured one.
fn share_of_web(config: &Config, limit: u64) -> (usize, bool) {
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let relays: u64 = config.transports.iter().map(|t| number(t.connections) + 2).sum();
    let hub = if config.websub.hub || !config.websub.hubs.is_empty() {
        // Pushes, and verifications of callbacks.
        2 * number(config.websub.connections)
    } else {
        0
    };
    let reserved = FILES_OF_PROCESS
        + FILES_OF_DATABASE
        + relays
        + hub
        + FILES_PER_SOURCE * number(config.sources.len())
        + FILES_PER_DESTINATION * number(config.destinations.len());
    let wanted = number(config.server.max_connections);
    let possible = limit.saturating_sub(reserved).max(MIN_WEB_CONNECTIONS);
    (usize::try_from(possible.min(wanted)).unwrap_or(usize::MAX), possible < wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(more: &str) -> Config {
        let text = format!(
            "[site]\ntitle = \"T\"\nbase_url = \"https://news.example.edu\"\nid_authority = \"news.example.edu,2026\"\n{more}"
        );
        Config::parse(std::path::Path::new("/c.toml"), &text, std::iter::empty()).unwrap()
    }

    #[test]
    fn web_connections_leave_room_for_everything_else() {
        let plain = config("");
        assert_eq!(share_of_web(&plain, u64::MAX), (10_000, false));
        assert_eq!(share_of_web(&plain, 1_024), (920, true));
        assert_eq!(share_of_web(&plain, 10), (16, true), "some pages are served in any case");
        let busy = config(
            "[server]\nmax_connections = 300\n[websub]\nhub = true\nconnections = 100\n[[transports]]\nname = \"a\"\nurl = \"smtp://127.0.0.1\"\nconnections = 98\n",
        );
        assert_eq!(share_of_web(&busy, 1_024), (300, false));
        assert_eq!(share_of_web(&busy, 500), (96, true));
    }

    #[test]
    fn the_limit_of_this_process_is_raised_to_the_hard_limit() {
        let limit = raise_limit();
        let found = getrlimit(Resource::Nofile);
        assert_eq!(found.current, found.maximum);
        assert_eq!(limit, found.maximum.unwrap_or(u64::MAX));
    }
}
