//! Lead image of a feed item.

use super::text::FeedText;
use crate::domain::article::Article;
use crate::domain::{media, url};

/// Lead image of an article.
#[derive(Debug, Clone)]
pub struct Image<'a> {
    /// Absolute URL of the image, percent-encoded.
    pub url: String,
    /// Media type, if it is known.
    pub media_type: Option<String>,
    /// Width in pixels, if it is known.
    pub width: Option<u32>,
    /// Height in pixels, if it is known.
    pub height: Option<u32>,
    /// Alternative text; may be empty.
    pub alt: FeedText<'a>,
}

impl<'a> Image<'a> {
    /// Returns the lead image, if the article has one with a web URL.
    pub(super) fn of_article(article: &'a Article) -> Option<Self> {
        let url = article.image_url.as_deref().and_then(|url| url::absolute_web_url(url, None))?;
        let declared = article.image_type.as_deref().and_then(media::essence);
        Some(Self {
            media_type: declared
                .or_else(|| media::from_file_name(&url).map(str::to_owned))
                .filter(|t| t.starts_with("image/")),
            url,
            width: article.image_width.filter(|&pixels| pixels > 0),
            height: article.image_height.filter(|&pixels| pixels > 0),
            alt: article.image_alt.as_deref().map(FeedText::line).unwrap_or_default(),
        })
    }
}
