//! Who asks, by what a User-Agent says of itself.

/// The longest name of a service that is remembered, in bytes.
const LONGEST: usize = 80;
/// More readers than this no service has behind one feed of ours.
const MOST: u64 = 50_000_000;
/// What is looked at of a header, in bytes.
const LOOKED_AT: usize = 512;

/// A kind of asker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agent {
    /// A service that asks for so many readers of its own.
    Service {
        /// Its name, with its own number of the feed if it tells that: the same at every request.
        name: String,
        /// Readers.
        readers: u64,
    },
    /// A program that looks around, and reads nothing to anybody.
    Crawler,
    /// A reader that asks for itself.
    Reader,
}

/// Reads a User-Agent; whatever it holds, this takes no longer than a look at its first bytes.
pub fn read(agent: &[u8]) -> Agent {
    let agent = &agent[..agent.len().min(LOOKED_AT)];
    if let Some((at, readers)) = told(agent) {
        return Agent::Service { name: name(agent, at), readers };
    }
    let has = |word: &[u8]| agent.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    // "bot" begins some words and ends many names: Googlebot/2.1, bot.html.
    if has(b"bot/") || has(b"bot;") || has(b"bot)") || has(b"spider") || has(b"crawler") {
        Agent::Crawler
    } else {
        Agent::Reader
    }
}

/// `12 subscribers`, `1 reader`, `3 subscriber(s)`: where the number begins, and the number.
fn told(agent: &[u8]) -> Option<(usize, u64)> {
    let words: [&[u8]; 2] = [b"subscriber", b"reader"];
    (0..agent.len()).find_map(|at| {
        let rest = &agent[at..];
        let begins = |word: &&[u8]| {
            rest.len() >= word.len() && rest[..word.len()].eq_ignore_ascii_case(word)
        };
        words.iter().any(begins).then(|| number_before(&agent[..at])).flatten()
    })
}

/// The number that ends a text, with some space behind it, and nothing that makes it part of a word before it.
fn number_before(text: &[u8]) -> Option<(usize, u64)> {
    let end = text.iter().rposition(|b| *b != b' ' && *b != b'+').map(|last| last + 1)?;
    let digits = text[..end].iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let start = end - digits;
    let is_alone = start == 0
        || !(text[start - 1].is_ascii_alphanumeric()
            || matches!(text[start - 1], b'.' | b'-' | b'_'));
    // A number without space before the word is a name: `4reader`.
    if digits == 0 || digits > 9 || !is_alone || end == text.len() {
        return None;
    }
    let number = text[start..end].iter().fold(0_u64, |n, b| n * 10 + u64::from(b - b'0'));
    (number <= MOST).then_some((start, number))
}

/// The first word without its version, and the feed's number at that service: `feedly`, `feedbin 1379740`.
fn name(agent: &[u8], number_at: usize) -> String {
    let first =
        agent.iter().take_while(|b| !matches!(b, b'/' | b' ' | b';' | b'(')).take(number_at.max(1));
    let name: String = first
        .map(|b| if b.is_ascii_graphic() { char::from(b.to_ascii_lowercase()) } else { '?' })
        .take(LONGEST / 2)
        .collect();
    let word: &[u8] = b"feed-id";
    let own = agent
        .windows(word.len())
        .position(|part| part.eq_ignore_ascii_case(word))
        .map(|at| &agent[at + word.len()..]);
    let own = own.filter(|rest| matches!(rest.first(), Some(b':' | b'=')));
    let id: String = own
        .into_iter()
        .flat_map(|rest| &rest[1..])
        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'-')
        .map(|b| char::from(*b))
        .take(LONGEST / 2 - 1)
        .collect();
    if id.is_empty() { name } else { format!("{name} {id}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn services_tell_for_how_many_they_ask() {
        for (agent, name, readers) in [
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
                read(agent.as_bytes()),
                Agent::Service { name: name.into(), readers },
                "{agent}"
            );
        }
    }

    #[test]
    fn who_tells_no_number_is_a_reader_or_a_crawler() {
        for agent in [
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
            assert_eq!(read(agent.as_bytes()), Agent::Reader, "{agent}");
        }
        for agent in [
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Baiduspider",
            "CCBot/2.0",
            "x crawler",
        ] {
            assert_eq!(read(agent.as_bytes()), Agent::Crawler, "{agent}");
        }
    }

    proptest! {
        #[test]
        fn whatever_bytes_come_a_name_is_short_and_plain_and_a_number_sane(agent in prop::collection::vec(any::<u8>(), 0..700)) {
            if let Agent::Service { name, readers } = read(&agent) {
                prop_assert!(name.len() <= LONGEST && name.chars().all(|c| c == ' ' || c.is_ascii_graphic()) && readers <= MOST);
            }
        }

        #[test]
        fn a_number_is_found_wherever_it_stands(before in "[ -~]{0,40}", readers in 0..MOST, word in "[Ss]ubscribers?|READER|[Rr]eaders") {
            let agent = format!("{before};{readers} {word}");
            let found = read(agent.as_bytes());
            // What stands before it may tell another number, which comes first.
            prop_assert!(matches!(found, Agent::Service { .. }), "{:?}", found);
            if told(before.as_bytes()).is_none() {
                let right = matches!(found, Agent::Service { readers: r, .. } if r == readers);
                prop_assert!(right, "{:?}", found);
            }
        }
    }
}
