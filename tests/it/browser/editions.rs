//! Stories of an edition: it goes out live, failed recipients are retried, and it pauses.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::site::{BUILTIN, CONNECTIONS, Site, add_articles, add_readers};
use crate::smtp_server::{At, Rule, Script};
use crate::support::wait_until;

/// Reply to the message that fails.
const REPLY: &str = "554 5.7.1 blocked by policy";

/// Number of recipients of the edition that pauses, enough for half a minute.
const RECIPIENTS: usize = 1_000;
/// Delay of the relay's reply to each message of the edition that pauses.
const REPLY_DELAY: Duration = Duration::from_millis(50);
/// Number of these messages that all connections send in a second.
const MAILS_PER_SECOND: usize = CONNECTIONS * 20;

/// Returns the number of mails that the relay received, by address.
fn mail_counts(site: &Site) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for mail in site.relay.mails() {
        *counts.entry(mail.to.join(",")).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edition_goes_out_live_and_a_failed_recipient_is_retried() {
    let prepare = |shell: &_| {
        add_articles(shell, 3);
        add_readers(shell, 40);
    };
    let Some(site) = Site::start(BUILTIN, prepare).await else { return };
    let rejecting = || Script::new().rule(Rule::reply(At::Rcpt, REPLY).recipient("r7@"));
    site.relay.set_script(rejecting().rule(Rule::stall(At::Content).after(10)));
    site.tell("edition", &json!({"reply": REPLY}), |request| {
        match request {
            "continue" => {
                site.relay.set_script(rejecting());
                site.relay.release();
            }
            "accept everything" => site.relay.set_script(Script::new()),
            other => panic!("unknown request {other:?}"),
        }
        String::new()
    });
    let shown = site.json(&["editions", "show", "1"]);
    assert_eq!((&shown["state"], &shown["counts"]["sent"]), (&json!("sent"), &json!(40)));
    let counts = mail_counts(&site);
    assert!(counts.len() == 40 && counts.values().all(|n| *n == 1), "{counts:?}");
    assert_eq!(site.audit(), ["sign_in user", "create edition", "retry edition"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edition_pauses_at_once_and_sends_the_rest_after_it_is_resumed() {
    let prepare = |shell: &_| {
        add_articles(shell, 1);
        add_readers(shell, RECIPIENTS);
    };
    let Some(site) = Site::start(BUILTIN, prepare).await else { return };
    site.relay.set_script(Script::new().rule(Rule::delay(At::Content, REPLY_DELAY)));
    site.shell.run_ok(&["digests", "run", "weekly"]);
    let counts = || site.json(&["editions", "show", "1"])["counts"].clone();
    let mails = || site.relay.with_mails(<[_]>::len);
    let facts = json!({"javascript": false, "recipients": RECIPIENTS});
    let mut pausing = 0;
    site.tell("pause", &facts, |request| match request {
        "pausing" => {
            pausing = mails();
            String::new()
        }
        "paused" => {
            let before = mails();
            assert!(before - pausing <= MAILS_PER_SECOND, "{} mails", before - pausing);
            wait_until("no message is being sent", || counts()["sending"] == 0);
            let late = mails() - before;
            // Each connection may have begun one message before the end of another.
            assert!(late <= 2 * CONNECTIONS, "{late} messages were sent after the pause");
            site.relay.set_script(Script::new());
            String::new()
        }
        "mails" => mails().to_string(),
        other => panic!("unknown request {other:?}"),
    });
    let of_address = mail_counts(&site);
    assert!(
        of_address.len() == RECIPIENTS && of_address.values().all(|n| *n == 1),
        "{of_address:?}"
    );
    assert_eq!(site.audit(), ["sign_in user", "pause edition", "resume edition"]);
}
