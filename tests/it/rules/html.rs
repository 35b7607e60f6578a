//! Rules for HTML in feeds: it must be balanced, safe, and contain only absolute URLs.

use super::violations::Violations;

/// Void elements, which have no content and no end tag.
const VOID: &str = " area br col hr img source track wbr ";
/// Elements that feed readers consider safe.
const ELEMENTS: &str = " a abbr acronym address area article aside audio b bdi big blockquote br caption center cite code col colgroup data dd del \
    details dfn dir div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hgroup hr i img ins kbd li main map mark menu nav ol p picture pre q \
    rp rt rtc ruby s samp section small source span strike strong sub summary sup table tbody td tfoot th thead time tr track tt u ul var video wbr ";
/// Attributes that feed readers consider safe.
const ATTRIBUTES: &str = " abbr align alt cite class clear color colspan datetime dir height href hreflang id lang loading longdesc loop media muted name open \
    poster preload rel reversed rowspan scope size sizes span src srcset start summary title type valign value width ";

impl Violations {
    /// Checks HTML after the XML or JSON around it was parsed.
    pub(super) fn html(&mut self, html: &str, context: &str) {
        let mut open: Vec<&str> = Vec::new();
        let mut fragments = html.split('<');
        self.entities(fragments.next().unwrap_or_default(), context);
        for fragment in fragments {
            let Some((tag, after)) = fragment.split_once('>') else {
                self.add("NotHtml", format!("{context}: <{fragment}"));
                continue;
            };
            self.entities(after, context);
            let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
            if let Some(name) = name.strip_prefix('/') {
                let is_balanced = open.pop() == Some(name);
                self.require(is_balanced, "NotHtml", format!("{context}: stray </{name}>"));
                continue;
            }
            let is = |list: &str, word: &str| list.contains(&format!(" {word} "));
            self.require(is(ELEMENTS, name), "SecurityRisk", format!("{context}: <{tag}>"));
            if !is(VOID, name) {
                open.push(name);
            }
            self.attributes(attributes, tag, context);
        }
        self.require(open.is_empty(), "NotHtml", format!("{context}: {open:?} are not closed"));
    }

    /// Checks the attributes of a tag; each must have a value in double quotes.
    fn attributes(&mut self, attributes: &str, tag: &str, context: &str) {
        let mut rest = attributes;
        while !rest.trim().is_empty() {
            let Some((name, (value, after))) = rest
                .split_once("=\"")
                .and_then(|(name, rest)| Some((name.trim(), rest.split_once('"')?)))
            else {
                return self.add("NotHtml", format!("{context}: <{tag}>"));
            };
            rest = after;
            self.entities(value, context);
            self.require(name != "style", "DangerousStyleAttr", format!("{context}: <{tag}>"));
            let is_known = ATTRIBUTES.contains(&format!(" {name} "))
                || name.starts_with("data-")
                || name == "style";
            self.require(is_known, "SecurityRiskAttr", format!("{context}: {name} in <{tag}>"));
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
                self.require(parsed.is_ok(), "ContainsRelRef", format!("{context}: {name}={url}"));
                let is_safe = parsed.map_or(true, |url| {
                    !matches!(url.scheme(), "javascript" | "vbscript" | "data" | "file")
                });
                self.require(is_safe, "SecurityRiskAttr", format!("{context}: {name}={url}"));
            }
        }
    }

    /// Checks that every ampersand starts an entity that HTML defines.
    fn entities(&mut self, text: &str, context: &str) {
        for (at, _) in text.match_indices('&') {
            let entity = text[at..].split_inclusive(';').next().unwrap_or_default();
            let is_known = entity.len() < 40
                && entity.ends_with(';')
                && html_escape::decode_html_entities(entity) != entity;
            self.require(
                is_known,
                "NotHtml",
                format!("{context}: {}", entity.chars().take(40).collect::<String>()),
            );
        }
        self.require(!text.contains('>'), "NotHtml", format!("{context}: a bare > in {text}"));
    }
}
