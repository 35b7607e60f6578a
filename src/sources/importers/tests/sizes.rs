//! Feeds of any size are read entry by entry, and parts past a limit are rejected.

use std::cell::Cell;
use std::io::{Read, Seek, SeekFrom};

use super::super::xml_reader::{XML_LIMITS, XmlLimits};
use super::*;

/// Reader that counts the bytes that were read since the last return to the start.
struct CountingReader<'a> {
    input: Cursor<Vec<u8>>,
    count: &'a Cell<usize>,
}

impl Read for CountingReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.input.read(buffer)?;
        self.count.set(self.count.get() + length);
        Ok(length)
    }
}

impl Seek for CountingReader<'_> {
    fn seek(&mut self, position: SeekFrom) -> std::io::Result<u64> {
        self.count.set(0);
        self.input.seek(position)
    }
}

/// Number of bytes that decoding and parsing may read ahead.
const READ_AHEAD_BYTES: usize = 200 << 10;

#[test]
fn feeds_are_not_read_far_ahead_of_their_articles() {
    let rss = |n: usize| format!("<item><guid>{n:06}</guid><title>T</title></item>\n");
    let atom = |n: usize| format!("<entry><id>{n:06}</id><title>T</title></entry>\n");
    let json = |n: usize| format!("{{\"id\":\"{n:06}\",\"title\":\"T\"}},\n");
    let items = |item: &dyn Fn(usize) -> String| (0..40_000).map(item).collect::<String>();
    let files = [
        (format!("<rss><channel>\n{}</channel></rss>", items(&rss)), rss(0).len()),
        (
            format!("<feed xmlns=\"http://www.w3.org/2005/Atom\">\n{}</feed>", items(&atom)),
            atom(0).len(),
        ),
        (
            format!(
                "{{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":[\n{}{{\"id\":\"x\",\"title\":\"T\"}}]}}",
                items(&json)
            ),
            json(0).len(),
        ),
    ];
    for (text, item_bytes) in files {
        let count = Cell::new(0);
        let input = CountingReader { input: Cursor::new(text.clone().into_bytes()), count: &count };
        let mut articles = 0;
        let mut accept = |(line, article): NumberedArticle| {
            articles += 1;
            assert!(line == articles as u64 + 1 && article.is_ok(), "{line}: {article:?}");
            let read = count.get();
            assert!(read < articles * item_bytes + READ_AHEAD_BYTES, "{read} bytes at {line}");
            true
        };
        let source = source(Ids::Ours);
        if text.starts_with('{') {
            let mut file = JsonFeedFile::open(input, &source.timezone).unwrap();
            file.read(&mut accept).unwrap();
        } else {
            XmlFeedFile::open(input, &source, "en", Millis(0)).unwrap().read(&mut accept).unwrap();
        }
        assert!(articles >= 40_000, "{articles}");
    }
}

/// Returns the articles of a feed that is read with these limits.
fn read_with(text: &str, limits: XmlLimits) -> Result<Vec<NumberedArticle>, FileError> {
    let mut articles = Vec::new();
    let input = Cursor::new(text.as_bytes());
    XmlFeedFile::with_limits(input, &source(Ids::Ours), "en", Millis(0), limits)?.read(
        &mut |article| {
            articles.push(article);
            true
        },
    )?;
    Ok(articles)
}

#[test]
fn an_entry_past_a_limit_is_rejected_with_its_size_and_the_next_one_is_read() {
    let limits = XmlLimits { entry_nodes: 5, entry_bytes: 100, ..XML_LIMITS };
    let tags = "<category/>".repeat(4);
    let long = format!("<title>T</title><description>{}</description>", "long ".repeat(21));
    for (content, expected) in [
        (
            format!("<title>T</title>{tags}"),
            "the entry has 6 elements and attributes; the maximum is 5".to_owned(),
        ),
        (
            long.clone(),
            format!("the entry is {} bytes long; the maximum of its texts is 100", long.len() + 13),
        ),
    ] {
        let text = format!(
            "<rss><channel>\n<item>{content}</item>\n<item><title>Next</title></item></channel></rss>"
        );
        let mut articles = read_with(&text, limits).unwrap();
        assert_eq!(articles.len(), 2, "{content}");
        assert_eq!(articles.pop().unwrap().1.unwrap().article.title, "Next");
        let (line, rejected) = articles.pop().unwrap();
        assert_eq!((line, rejected.unwrap_err()), (2, expected));
    }
}

#[test]
fn a_text_and_a_feed_past_their_limits_end_the_import_with_the_line() {
    let item = "<item><title>T</title></item>";
    for (text, line, expected) in [
        (
            format!(
                "<rss><channel>\n<item><title>{}</title></item></channel></rss>",
                "x".repeat(300_000)
            ),
            2,
            "longer than 1000 bytes",
        ),
        (
            format!(
                "<rss><channel>{item}\n\n<item a=\"{}\"/></channel></rss>",
                "x".repeat(300_000)
            ),
            3,
            "longer than 1000 bytes",
        ),
        (
            format!("<rss><channel>\n{}{item}</channel></rss>", "<wp:tag/>".repeat(20)),
            2,
            "more than 10 elements",
        ),
        (format!("<rss {}/>", "a='' ".repeat(1_001)), 1, "more than 1000 attributes"),
    ] {
        let limits = XmlLimits { text_bytes: 1_000, feed_nodes: 10, ..XML_LIMITS };
        let limits = if text.starts_with("<rss a") { XML_LIMITS } else { limits };
        let (at, problem) = read_with(&text, limits).unwrap_err();
        assert!(at == line && problem.contains(expected), "{at}: {problem}");
    }
}

#[test]
fn an_item_of_a_json_feed_past_the_limit_ends_the_import_with_the_line() {
    let item = |title: &str| format!("{{\"id\":\"1\",\"title\":\"{title}\"}}");
    let text = format!(
        "{{\"items\":[\n{},\n{}],\"version\":\"https://jsonfeed.org/version/1.1\"}}",
        item("short"),
        item(&"x".repeat(1_000))
    );
    let open = |max| JsonFeedFile::with_limit(Cursor::new(text.as_bytes()), &TimeZone::UTC, max);
    assert!(open(2_000).is_ok());
    let (line, problem) = open(500).err().unwrap();
    assert!(line == 3 && problem.contains("longer than 500 bytes"), "{line}: {problem}");
}

#[test]
fn a_list_of_many_values_is_rejected_before_it_is_parsed() {
    let tags = format!("[{}0]", "0,".repeat(100_000));
    let text = format!(
        "{{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":[{{\"id\":\"1\",\"title\":\"T\",\"tags\":{tags}}}]}}"
    );
    let read = parse_json_feed(text.as_bytes(), &source(Ids::Ours)).unwrap();
    assert!(read.articles[0].1.as_ref().is_err_and(|e| e.starts_with("the item has 100")));
}
