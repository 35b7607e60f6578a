//! Smilies: replaces typed faces with the emoji that WordPress shows.

use super::markup::{Token, tag_name, tokenize};

/// Typed faces and their emoji; a face precedes its own prefixes.
const FACES: [(&str, &str); 43] = [
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
    (":|", "😐"),
    (":!:", "❗"),
    (":?:", "❓"),
    (":D", "😀"),
    (":P", "😛"),
    (":o", "😮"),
    (":x", "😡"),
    (";)", "😉"),
];

/// Replaces typed faces between white space, outside code.
pub(super) fn smilies(html: &str) -> String {
    if !FACES.iter().any(|(typed, _)| html.contains(typed)) {
        return html.to_owned();
    }
    let mut out = String::with_capacity(html.len());
    let mut within: Option<String> = None;
    for piece in tokenize(html) {
        match piece {
            Token::Text(text) if within.is_none() => faces(text, &mut out),
            Token::Text(other) | Token::Comment(other) => out.push_str(other),
            Token::Tag(tag) => {
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
    for part in text.split_inclusive("&nbsp;") {
        let (words, space) =
            part.strip_suffix("&nbsp;").map_or((part, ""), |part| (part, "&nbsp;"));
        for word in words.split_inclusive(char::is_whitespace) {
            let bare = word.trim_end();
            match FACES.iter().find(|(typed, _)| *typed == bare) {
                Some((_, shown)) => {
                    out.push_str(shown);
                    out.push_str(&word[bare.len()..]);
                }
                None => out.push_str(word),
            }
        }
        out.push_str(space);
    }
}

#[cfg(test)]
mod tests {
    use super::smilies;

    #[test]
    fn smilies_are_replaced_only_between_white_space() {
        assert_eq!(
            smilies("<p>Hi :) there</p> 12:30 a:) <code>:)</code> :?: :!:&nbsp;:|"),
            "<p>Hi 🙂 there</p> 12:30 a:) <code>:)</code> ❓ ❗&nbsp;😐"
        );
    }
}
