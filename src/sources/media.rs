//! Lead image and enclosure (audio or video) of an article: from the source's fields, else from the
//! body.

use url::Url;

use super::html;
use crate::domain::article::{Article, Enclosure, IncomingArticle};
use crate::domain::media;

/// Returns an article with only the fields of its lead image set. Fields that the source does not
/// have are taken from the same image in the body.
pub(super) fn image(incoming: &IncomingArticle, body_html: &str, base: Option<&Url>) -> Article {
    let Some(url) = incoming.image_url.as_deref().and_then(|url| html::absolute_url(url, base))
    else {
        return Article::default();
    };
    let attributes = html::image_attributes(body_html, &url);
    let declared_size = incoming
        .image_width
        .filter(|&pixels| pixels > 0)
        .zip(incoming.image_height.filter(|&pixels| pixels > 0));
    let (width, height) = declared_size.or(attributes.size).unzip();
    let alt = incoming
        .image_alt
        .clone()
        .or(attributes.alt)
        .map(|alt| html::plain_title(&alt))
        .filter(|alt| !alt.is_empty());
    let image_type = incoming
        .image_type
        .as_deref()
        .and_then(media::essence)
        .or_else(|| media::from_file_name(&url).map(str::to_owned));
    Article {
        image_type: image_type.filter(|image_type| image_type.starts_with("image/")),
        image_url: Some(url),
        image_alt: alt,
        image_width: width,
        image_height: height,
        ..Article::default()
    }
}

/// Returns the source's audio or video file, else the first one in the body; its media type must be
/// known.
pub(super) fn enclosure(
    declared: Option<&Enclosure>,
    body_html: &str,
    base: Option<&Url>,
) -> Option<Enclosure> {
    let own = declared.and_then(|file| {
        let url = html::absolute_url(&file.url, base)?;
        let media_type = media::essence(&file.media_type)
            .or_else(|| media::from_file_name(&url).map(str::to_owned))?;
        Some(Enclosure { url, media_type, length: file.length })
    });
    own.or_else(|| html::enclosure(body_html))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_fields_of_the_source_take_precedence_over_the_body() {
        let body =
            "<img src=\"https://x.example/a.jpg\" alt=\"A boat\" width=\"640\" height=\"480\">";
        let base = Url::parse("https://x.example/news/").ok();
        let mut incoming =
            IncomingArticle { image_url: Some("/a.jpg".into()), ..IncomingArticle::default() };
        let from_body = image(&incoming, body, base.as_ref());
        let fields = (
            from_body.image_alt.as_deref(),
            from_body.image_width,
            from_body.image_height,
            from_body.image_type.as_deref(),
        );
        assert_eq!(fields, (Some("A boat"), Some(640), Some(480), Some("image/jpeg")));
        incoming = IncomingArticle {
            image_alt: Some("<b>A</b> ship".into()),
            image_type: Some("text/html".into()),
            image_width: Some(9),
            ..incoming
        };
        let declared = image(&incoming, "", base.as_ref());
        assert_eq!(
            (declared.image_alt.as_deref(), declared.image_width, declared.image_type),
            (Some("A ship"), None, None)
        );
        assert_eq!(image(&IncomingArticle::default(), body, None), Article::default());
    }

    #[test]
    fn declared_enclosure_takes_precedence_over_the_body() {
        let body = "<audio src=\"https://x.example/a.mp3\"></audio>";
        let base = Url::parse("https://x.example/news/").ok();
        let file = Enclosure { url: "talk.ogg".into(), media_type: String::new(), length: 9 };
        let declared = enclosure(Some(&file), body, base.as_ref());
        assert_eq!(
            declared,
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
