//! Recognition of texts in UTF-8 that a database declares as latin1, so that `Café` arrives as
//! `CafÃ©`.

use encoding_rs::WINDOWS_1252;

use super::connection::scheme;
use crate::config::Source;
use crate::domain::article::IncomingArticle;

/// Number of characters of each text that are examined.
const MAX_EXAMINED_CHARS: usize = 5000;
/// Maximum length of the example in characters.
const MAX_EXAMPLE_CHARS: usize = 30;

/// Counts the articles of a source whose texts were misread.
#[derive(Debug, Clone, Default)]
pub(super) struct MisreadTexts {
    /// Number of articles with a character outside ASCII.
    examined: usize,
    /// Number of those that were misread.
    misread: usize,
    /// Id of the first of these, its text as read, and as meant.
    first: Option<(String, String, String)>,
}

impl MisreadTexts {
    /// Examines the texts of an article.
    pub(super) fn add(&mut self, article: &IncomingArticle) {
        let summary = article.summary.as_deref().unwrap_or_default();
        let names = article.sections.iter().chain(&article.tags).chain(&article.authors);
        let texts = [article.title.as_str(), summary, article.body_html.as_str()];
        let (mut misread, mut right, mut example) = (0, 0, None);
        for text in texts.into_iter().chain(names.map(String::as_str)) {
            let text: String = text.chars().take(MAX_EXAMINED_CHARS).collect();
            for run in text.split(|c: char| c.is_ascii()).filter(|run| !run.is_empty()) {
                match meant(run) {
                    Some(meant) => {
                        misread += 1;
                        example.get_or_insert_with(|| example_around(&text, run, &meant));
                    }
                    None => right += 1,
                }
            }
        }
        self.examined += usize::from(misread + right > 0);
        if misread > right {
            self.misread += 1;
            if let (None, Some((read, meant))) = (&self.first, example) {
                self.first = Some((article.source_id.clone(), read, meant));
            }
        }
    }

    /// Returns the id of an article and what to do if most texts were misread; `None` if they were
    /// read right.
    pub(super) fn advice(&self, source: &Source) -> Option<(String, String)> {
        let (id, read, meant) = self.first.as_ref().filter(|_| self.misread * 2 > self.examined)?;
        let remedy = remedy(source.url.as_deref().unwrap_or_default())?;
        let (misread, examined) = (self.misread, self.examined);
        let share = if examined == 1 {
            String::new()
        } else {
            format!(" (the same problem in {misread} of {examined} articles)")
        };
        let problem = "the tables contain UTF-8 but are declared as latin1";
        Some((
            id.clone(),
            format!("It contains {read} instead of {meant}{share}: {problem}; {remedy}."),
        ))
    }
}

/// Returns what to do about misread texts of a database; `None` if its driver converts no texts.
fn remedy(url: &str) -> Option<String> {
    let is_latin1 = url.contains("charset=latin1");
    Some(match scheme(url) {
        "mysql" if is_latin1 => "they were encoded twice, so correct them in the tables".to_owned(),
        "mysql" => format!(
            "add {}charset=latin1 to the end of the source's `url`",
            if url.contains('?') { '&' } else { '?' }
        ),
        "postgres" | "postgresql" => {
            "select such a column as convert_from(convert_to(title, 'WIN1252'), 'UTF8')".to_owned()
        }
        _ => return None,
    })
}

/// Returns the text that a run of characters was before its UTF-8 bytes were read as Windows-1252;
/// `None` if it is not such a run.
fn meant(run: &str) -> Option<String> {
    let (bytes, _, has_other_characters) = WINDOWS_1252.encode(run);
    if has_other_characters { None } else { String::from_utf8(bytes.into_owned()).ok() }
}

/// Returns the word around a run of `text`, as read and as meant.
fn example_around(text: &str, run: &str, meant: &str) -> (String, String) {
    let word = text.split_whitespace().find(|word| word.contains(run)).unwrap_or(run);
    let shorten = |text: String| text.chars().take(MAX_EXAMPLE_CHARS).collect::<String>();
    (shorten(word.to_owned()), shorten(word.replace(run, meant)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn misread(text: &str) -> String {
        WINDOWS_1252.decode_without_bom_handling(text.as_bytes()).0.into_owned()
    }

    fn articles(titles: &[&str]) -> MisreadTexts {
        let mut texts = MisreadTexts::default();
        for title in titles {
            texts.add(&IncomingArticle {
                source_id: "7".to_owned(),
                title: (*title).to_owned(),
                ..IncomingArticle::default()
            });
        }
        texts
    }

    #[test]
    fn utf8_read_as_latin1_is_recognized_in_any_script() {
        for meant in ["Grüße", "„Straße“", "Привет", "校园新闻", "10 €", "naïve – déjà vu"]
        {
            let texts = articles(&[&misread(meant)]);
            assert_eq!((texts.misread, texts.examined), (1, 1), "{meant}");
        }
    }

    #[test]
    fn texts_that_were_read_right_are_not_reported() {
        for right in
            ["Grüße", "„Straße“", "Привет", "校园新闻", "NÃO", "Ça va – très bien", "plain"]
        {
            assert_eq!(articles(&[right]).misread, 0, "{right}");
        }
    }

    #[test]
    fn a_single_misread_word_among_others_is_no_evidence() {
        let texts = articles(&["CAFÉ’S menu", "Menü", "Grüße"]);
        assert_eq!((texts.misread, texts.examined), (1, 3));
        assert!(texts.first.is_some() && texts.misread * 2 < texts.examined);
    }

    #[test]
    fn the_remedy_fits_the_database() {
        let told = |url: &str| remedy(url).unwrap_or_default();
        assert!(told("mysql://u@h/db").contains("?charset=latin1"));
        assert!(told("mysql://u@h/db?ssl-mode=DISABLED").contains("&charset=latin1"));
        assert!(told("mysql://u@h/db?charset=latin1").contains("encoded twice"));
        assert!(told("postgres://u@h/db").contains("convert_from"));
        assert_eq!(told("sqlite:///db"), "");
    }
}
