//! User-Agent parser: distinguishes feed readers, aggregators and crawlers.

/// Maximum length of an aggregator's name in bytes.
const MAX_NAME_BYTES: usize = 80;
/// Largest subscriber count that is accepted.
const MAX_SUBSCRIBERS: u64 = 50_000_000;
/// Number of bytes of a header that are parsed.
const MAX_PARSED_BYTES: usize = 512;

/// Kind of client, by its User-Agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserAgent {
    /// An aggregator that fetches a feed for a number of subscribers.
    Aggregator {
        /// Name, with the feed's id at the aggregator if reported; the same at each request.
        name: String,
        /// Number of subscribers that the aggregator reports.
        subscribers: u64,
    },
    /// A crawler without human readers.
    Crawler,
    /// A feed reader of one person.
    Reader,
}

/// Parses a User-Agent, in bounded time because only its first bytes are read.
pub fn parse(user_agent: &[u8]) -> UserAgent {
    let user_agent = &user_agent[..user_agent.len().min(MAX_PARSED_BYTES)];
    if let Some((at, subscribers)) = subscriber_count(user_agent) {
        return UserAgent::Aggregator { name: aggregator_name(user_agent, at), subscribers };
    }
    let has =
        |name: &[u8]| user_agent.windows(name.len()).any(|part| part.eq_ignore_ascii_case(name));
    // "bot" occurs inside words; only at the end of a name it marks a crawler: Googlebot/2.1,
    // bot.html.
    if has(b"bot/") || has(b"bot;") || has(b"bot)") || has(b"spider") || has(b"crawler") {
        UserAgent::Crawler
    } else {
        UserAgent::Reader
    }
}

/// Finds `12 subscribers`, `1 reader` or `3 subscriber(s)`. Returns the offset of the number and
/// the number.
fn subscriber_count(user_agent: &[u8]) -> Option<(usize, u64)> {
    let nouns: [&[u8]; 2] = [b"subscriber", b"reader"];
    (0..user_agent.len()).find_map(|at| {
        let rest = &user_agent[at..];
        let starts_with = |noun: &&[u8]| {
            rest.len() >= noun.len() && rest[..noun.len()].eq_ignore_ascii_case(noun)
        };
        nouns.iter().any(starts_with).then(|| number_before(&user_agent[..at])).flatten()
    })
}

/// Returns the number at the end of a text, if a space follows it and it is not part of a word.
fn number_before(text: &[u8]) -> Option<(usize, u64)> {
    let end = text.iter().rposition(|b| *b != b' ' && *b != b'+').map(|last| last + 1)?;
    let digits = text[..end].iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let start = end - digits;
    let is_alone = start == 0
        || !(text[start - 1].is_ascii_alphanumeric()
            || matches!(text[start - 1], b'.' | b'-' | b'_'));
    // A number directly before the word is a name: `4reader`.
    if digits == 0 || digits > 9 || !is_alone || end == text.len() {
        return None;
    }
    let number = text[start..end].iter().fold(0_u64, |n, b| n * 10 + u64::from(b - b'0'));
    (number <= MAX_SUBSCRIBERS).then_some((start, number))
}

/// Returns the first word without its version, and the feed's id at the aggregator if present:
/// `feedly`, `feedbin 1379740`.
fn aggregator_name(user_agent: &[u8], number_at: usize) -> String {
    let first = user_agent
        .iter()
        .take_while(|b| !matches!(b, b'/' | b' ' | b';' | b'('))
        .take(number_at.max(1));
    let name: String = first
        .map(|b| if b.is_ascii_graphic() { char::from(b.to_ascii_lowercase()) } else { '?' })
        .take(MAX_NAME_BYTES / 2)
        .collect();
    let field: &[u8] = b"feed-id";
    let rest = user_agent
        .windows(field.len())
        .position(|part| part.eq_ignore_ascii_case(field))
        .map(|at| &user_agent[at + field.len()..]);
    let rest = rest.filter(|rest| matches!(rest.first(), Some(b':' | b'=')));
    let id: String = rest
        .into_iter()
        .flat_map(|rest| &rest[1..])
        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'-')
        .map(|b| char::from(*b))
        .take(MAX_NAME_BYTES / 2 - 1)
        .collect();
    if id.is_empty() { name } else { format!("{name} {id}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn aggregators_report_their_subscriber_count() {
        for (user_agent, name, subscribers) in [
            (
                "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 12 subscribers; like FeedFetcher-Google)",
                "feedly",
                12,
            ),
            ("Feedbin feed-id:1379740 - 45 subscribers", "feedbin 1379740", 45),
            (
                "Inoreader/1.0 (+http://www.inoreader.com/feed-fetcher; 1 subscribers; )",
                "inoreader",
                1,
            ),
            (
                "NewsBlur Feed Fetcher - 5 subscribers - https://www.newsblur.com/site/123/x (Mozilla/5.0)",
                "newsblur",
                5,
            ),
            ("theoldreader.com; 2 subscribers; feed-id=5f2a", "theoldreader.com 5f2a", 2),
            ("BazQux/2.4 (+https://bazqux.com/fetcher; 7 Subscriber(s))", "bazqux", 7),
            (
                "Mozilla/5.0 (compatible; Blogs/0.99; robot; B; +http://x.example) 13 readers",
                "mozilla",
                13,
            ),
        ] {
            assert_eq!(
                parse(user_agent.as_bytes()),
                UserAgent::Aggregator { name: name.into(), subscribers },
                "{user_agent}"
            );
        }
    }

    #[test]
    fn user_agent_without_a_count_is_a_reader_or_a_crawler() {
        for user_agent in [
            "NetNewsWire (RSS Reader; https://netnewswire.com/)",
            "FreshRSS/1.24.1 (Linux; https://freshrss.org)",
            "",
            "Reeder/5050001 CFNetwork",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "x 4readers",
            "v1.2 readers",
            "99999999999 subscribers",
            "Feed4 reader",
            "subscribers 12",
            "-3 subscribers",
            "Kobot 2 the robotic",
        ] {
            assert_eq!(parse(user_agent.as_bytes()), UserAgent::Reader, "{user_agent}");
        }
        for user_agent in [
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Baiduspider",
            "CCBot/2.0",
            "x crawler",
        ] {
            assert_eq!(parse(user_agent.as_bytes()), UserAgent::Crawler, "{user_agent}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_yield_short_ascii_names_and_bounded_counts(user_agent in prop::collection::vec(any::<u8>(), 0..700)) {
            if let UserAgent::Aggregator { name, subscribers } = parse(&user_agent) {
                prop_assert!(name.len() <= MAX_NAME_BYTES && name.chars().all(|c| c == ' ' || c.is_ascii_graphic()) && subscribers <= MAX_SUBSCRIBERS);
            }
        }

        #[test]
        fn count_is_found_at_any_position(before in "[ -~]{0,40}", readers in 0..MAX_SUBSCRIBERS, noun in "[Ss]ubscribers?|READER|[Rr]eaders") {
            let user_agent = format!("{before};{readers} {noun}");
            let found = parse(user_agent.as_bytes());
            // The text before it may contain another count, which takes precedence.
            prop_assert!(matches!(found, UserAgent::Aggregator { .. }), "{:?}", found);
            if subscriber_count(before.as_bytes()).is_none() {
                let is_expected = matches!(found, UserAgent::Aggregator { subscribers: r, .. } if r == readers);
                prop_assert!(is_expected, "{:?}", found);
            }
        }
    }
}
