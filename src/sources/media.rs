//! An article's lead image and its sound or film, cleaned on arrival: what the source tells, else what the body does.

use url::Url;

use super::html;
use crate::domain::article::{Article, Draft, Enclosure};
use crate::domain::media;

/// An article with nothing but its lead image; what the source does not tell of that, the same image in the body does.
pub(super) fn image(draft: &Draft, body_html: &str, base: Option<&Url>) -> Article {
    let Some(url) = draft.image_url.as_deref().and_then(|url| html::absolute(url, base)) else {
        return Article::default();
    };
    let shown = html::shown(body_html, &url);
    let told = draft
        .image_width
        .filter(|&pixels| pixels > 0)
        .zip(draft.image_height.filter(|&pixels| pixels > 0));
    let (width, height) = told.or(shown.size).unzip();
    let alt = draft
        .image_alt
        .clone()
        .or(shown.alt)
        .map(|alt| html::plain_title(&alt))
        .filter(|alt| !alt.is_empty());
    let image_type = draft
        .image_type
        .as_deref()
        .and_then(media::essence)
        .or_else(|| media::type_of(&url).map(str::to_owned));
    Article {
        image_type: image_type.filter(|image_type| image_type.starts_with("image/")),
        image_url: Some(url),
        image_alt: alt,
        image_width: width,
        image_height: height,
        ..Article::default()
    }
}

/// The sound or film that the source tells, else the first one in the body; only with a type that can be played.
pub(super) fn enclosure(
    told: Option<&Enclosure>,
    body_html: &str,
    base: Option<&Url>,
) -> Option<Enclosure> {
    let own = told.and_then(|file| {
        let url = html::absolute(&file.url, base)?;
        let media_type =
            media::essence(&file.media_type).or_else(|| media::type_of(&url).map(str::to_owned))?;
        Some(Enclosure { url, media_type, length: file.length })
    });
    own.or_else(|| html::enclosure(body_html))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_source_tells_of_an_image_comes_before_what_the_body_does() {
        let body =
            "<img src=\"https://x.example/a.jpg\" alt=\"A boat\" width=\"640\" height=\"480\">";
        let base = Url::parse("https://x.example/news/").ok();
        let mut draft = Draft { image_url: Some("/a.jpg".into()), ..Draft::default() };
        let from_body = image(&draft, body, base.as_ref());
        let told = (
            from_body.image_alt.as_deref(),
            from_body.image_width,
            from_body.image_height,
            from_body.image_type.as_deref(),
        );
        assert_eq!(told, (Some("A boat"), Some(640), Some(480), Some("image/jpeg")));
        draft = Draft {
            image_alt: Some("<b>A</b> ship".into()),
            image_type: Some("text/html".into()),
            image_width: Some(9),
            ..draft
        };
        let told = image(&draft, "", base.as_ref());
        assert_eq!(
            (told.image_alt.as_deref(), told.image_width, told.image_type),
            (Some("A ship"), None, None)
        );
        assert_eq!(image(&Draft::default(), body, None), Article::default());
    }

    #[test]
    fn a_told_file_comes_before_one_in_the_body() {
        let body = "<audio src=\"https://x.example/a.mp3\"></audio>";
        let base = Url::parse("https://x.example/news/").ok();
        let file = Enclosure { url: "talk.ogg".into(), media_type: String::new(), length: 9 };
        let told = enclosure(Some(&file), body, base.as_ref());
        assert_eq!(
            told,
            Some(Enclosure {
                url: "https://x.example/news/talk.ogg".into(),
                media_type: "audio/ogg".into(),
                length: 9
            })
        );
        let unknown = Enclosure { url: "talk".into(), ..file };
        assert_eq!(
            enclosure(Some(&unknown), body, base.as_ref()).unwrap().url,
            "https://x.example/a.mp3"
        );
    }
}
