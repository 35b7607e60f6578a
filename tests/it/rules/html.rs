//! HTML in a feed: whole, harmless, and with absolute addresses.

use super::findings::Findings;

/// Elements that hold nothing and have no end tag.
const VOID: &str = " area br col hr img source track wbr ";
/// Elements that no reader fears.
const ELEMENTS: &str = " a abbr acronym address area article aside audio b bdi big blockquote br caption center cite code col colgroup data dd del \
    details dfn dir div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hgroup hr i img ins kbd li main map mark menu nav ol p picture pre q \
    rp rt rtc ruby s samp section small source span strike strong sub summary sup table tbody td tfoot th thead time tr track tt u ul var video wbr ";
/// Their attributes.
const ATTRIBUTES: &str = " abbr align alt cite class clear color colspan datetime dir height href hreflang id lang loading longdesc loop media muted name open \
    poster preload rel reversed rowspan scope size sizes span src srcset start summary title type valign value width ";

impl Findings {
    /// Judges HTML as it is after XML or JSON is read.
    pub(super) fn html(&mut self, html: &str, what: &str) {
        let mut open: Vec<&str> = Vec::new();
        let mut pieces = html.split('<');
        self.entities(pieces.next().unwrap_or_default(), what);
        for piece in pieces {
            let Some((tag, after)) = piece.split_once('>') else {
                self.say("NotHtml", format!("{what}: <{piece}"));
                continue;
            };
            self.entities(after, what);
            let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
            if let Some(name) = name.strip_prefix('/') {
                let is_balanced = open.pop() == Some(name);
                self.expect(is_balanced, "NotHtml", format!("{what}: stray </{name}>"));
                continue;
            }
            let is = |list: &str, word: &str| list.contains(&format!(" {word} "));
            self.expect(is(ELEMENTS, name), "SecurityRisk", format!("{what}: <{tag}>"));
            if !is(VOID, name) {
                open.push(name);
            }
            self.attributes(attributes, tag, what);
        }
        self.expect(open.is_empty(), "NotHtml", format!("{what}: {open:?} stay open"));
    }

    /// Attributes as they stand in a tag: each with its value in double quotes.
    fn attributes(&mut self, attributes: &str, tag: &str, what: &str) {
        let mut rest = attributes;
        while !rest.trim().is_empty() {
            let Some((name, (value, after))) = rest
                .split_once("=\"")
                .and_then(|(name, rest)| Some((name.trim(), rest.split_once('"')?)))
            else {
                return self.say("NotHtml", format!("{what}: <{tag}>"));
            };
            rest = after;
            self.entities(value, what);
            self.expect(name != "style", "DangerousStyleAttr", format!("{what}: <{tag}>"));
            let is_known = ATTRIBUTES.contains(&format!(" {name} "))
                || name.starts_with("data-")
                || name == "style";
            self.expect(is_known, "SecurityRiskAttr", format!("{what}: {name} in <{tag}>"));
            let value = html_escape::decode_html_entities(value);
            let urls: Vec<&str> = match name {
                "href" | "src" | "poster" | "cite" | "longdesc" => vec![value.trim()],
                "srcset" => {
                    value.split(", ").filter_map(|part| part.split_whitespace().next()).collect()
                }
                _ => Vec::new(),
            };
            for url in urls {
                let parsed = url::Url::parse(url);
                self.expect(parsed.is_ok(), "ContainsRelRef", format!("{what}: {name}={url}"));
                let is_harmless = parsed.map_or(true, |url| {
                    !matches!(url.scheme(), "javascript" | "vbscript" | "data" | "file")
                });
                self.expect(is_harmless, "SecurityRiskAttr", format!("{what}: {name}={url}"));
            }
        }
    }

    /// No bare ampersand, no name that HTML does not know.
    fn entities(&mut self, text: &str, what: &str) {
        for (at, _) in text.match_indices('&') {
            let entity = text[at..].split_inclusive(';').next().unwrap_or_default();
            let is_known = entity.len() < 40
                && entity.ends_with(';')
                && html_escape::decode_html_entities(entity) != entity;
            self.expect(
                is_known,
                "NotHtml",
                format!("{what}: {}", entity.chars().take(40).collect::<String>()),
            );
        }
        self.expect(!text.contains('>'), "NotHtml", format!("{what}: a bare > in {text}"));
    }
}
