//! Faces typed with punctuation, as the pictures WordPress makes of them.

use super::markup::{Piece, pieces, tag_name};

/// What is typed, longest first where one begins another, and what is shown.
const FACES: [(&str, &str); 40] = [
    (":mrgreen:", "🟢"),
    (":neutral:", "😐"),
    (":twisted:", "😈"),
    (":arrow:", "➡"),
    (":shock:", "😯"),
    (":smile:", "🙂"),
    (":???:", "😕"),
    (":cool:", "😎"),
    (":evil:", "👿"),
    (":grin:", "😀"),
    (":idea:", "💡"),
    (":oops:", "😳"),
    (":razz:", "😛"),
    (":roll:", "🙄"),
    (":wink:", "😉"),
    (":cry:", "😥"),
    (":eek:", "😮"),
    (":lol:", "😆"),
    (":mad:", "😡"),
    (":sad:", "🙁"),
    ("8-)", "😎"),
    ("8-O", "😯"),
    (":-(", "🙁"),
    (":-)", "🙂"),
    (":-?", "😕"),
    (":-D", "😀"),
    (":-P", "😛"),
    (":-o", "😮"),
    (":-x", "😡"),
    (":-|", "😐"),
    (";-)", "😉"),
    ("8O", "😯"),
    (":(", "🙁"),
    (":)", "🙂"),
    (":?", "😕"),
    (":D", "😀"),
    (":P", "😛"),
    (":o", "😮"),
    (":x", "😡"),
    (";)", "😉"),
];

/// The HTML with its typed faces replaced where they stand between white space, outside of code.
pub(super) fn smilies(html: &str) -> String {
    if !FACES.iter().any(|(typed, _)| html.contains(typed)) {
        return html.to_owned();
    }
    let mut out = String::with_capacity(html.len());
    let mut within: Option<String> = None;
    for piece in pieces(html) {
        match piece {
            Piece::Text(text) if within.is_none() => faces(text, &mut out),
            Piece::Text(other) | Piece::Comment(other) => out.push_str(other),
            Piece::Tag(tag) => {
                let (name, closing) = tag_name(tag);
                if within.is_none()
                    && !closing
                    && matches!(name.as_str(), "code" | "pre" | "style" | "script" | "textarea")
                {
                    within = Some(name);
                } else if closing && within.as_ref() == Some(&name) {
                    within = None;
                }
                out.push_str(tag);
            }
        }
    }
    out
}

fn faces(text: &str, out: &mut String) {
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        match FACES.iter().find(|(typed, _)| *typed == bare) {
            Some((_, shown)) => {
                out.push_str(shown);
                out.push_str(&word[bare.len()..]);
            }
            None => out.push_str(word),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::smilies;

    #[test]
    fn faces_are_shown_between_spaces_only() {
        assert_eq!(
            smilies("<p>Hi :) there</p> 12:30 a:) <code>:)</code>"),
            "<p>Hi 🙂 there</p> 12:30 a:) <code>:)</code>"
        );
    }
}
