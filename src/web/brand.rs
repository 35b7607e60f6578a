//! The look of the site: accent colour, icon, and the policy that allows its images.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use html_escape::encode_text;
use url::Url;

use super::state::{SharedState, WebState};
use crate::config::Site;
use crate::domain::color::AccentShades;

/// Accent colour of the built-in style sheet.
const DEFAULT_ACCENT: &str = "#1f6150";

/// `GET /assets/accent.css`: the accent colour of the site, as variables of the style sheet.
pub(super) async fn accent(State(web): State<SharedState>) -> Response {
    let Some(accent) = &web.app.config.site.accent else {
        return super::error::WebError::not_found().into_response();
    };
    let variables = |shades: &AccentShades| {
        let AccentShades { color, on_accent, tint } = shades;
        format!(":root {{ --accent: {color}; --on-accent: {on_accent}; --accent-tint: {tint}; }}")
    };
    let css = format!(
        "{}\n@media (prefers-color-scheme: dark) {{ {} }}\n",
        variables(&accent.light),
        variables(&accent.dark)
    );
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, css).into_response()
}

/// `GET /favicon.ico` and `/favicon.svg`: redirects to the icon of the site, or draws its initial.
pub(super) async fn icon(State(web): State<SharedState>) -> Response {
    let site = &web.app.config.site;
    let cache = (header::CACHE_CONTROL, "public, max-age=86400".to_owned());
    if let Some(icon) = &site.icon {
        return (StatusCode::FOUND, [cache, (header::LOCATION, icon.clone())]).into_response();
    }
    let color = site.accent.as_ref().map_or(DEFAULT_ACCENT, |accent| &accent.light.color);
    let initial: String = site.title.chars().find(|c| c.is_alphanumeric()).into_iter().collect();
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 64 64\"><rect width=\"64\" height=\"64\" rx=\"14\" fill=\"{color}\"/>\
         <text x=\"32\" y=\"45\" font-family=\"Georgia, serif\" font-size=\"38\" font-weight=\"700\" text-anchor=\"middle\" fill=\"#fff\">{}</text></svg>\n",
        encode_text(&initial)
    );
    ([cache, (header::CONTENT_TYPE, "image/svg+xml".to_owned())], svg).into_response()
}

impl WebState {
    /// Returns the path of the accent colour's style sheet, with the colour in its query.
    pub(super) fn accent_path(&self) -> Option<String> {
        let accent = self.app.config.site.accent.as_ref()?;
        let version = accent.light.color.trim_start_matches('#');
        Some(format!("{}/assets/accent.css?v={version}", self.base_path))
    }
}

/// Returns the sources of images on pages: this site, and the hosts of its icon and logo.
pub(super) fn image_sources(site: &Site) -> String {
    let mut sources = vec!["'self'".to_owned()];
    for image in [&site.icon, &site.logo].into_iter().flatten() {
        let origin = Url::parse(image).map(|url| url.origin().ascii_serialization());
        sources.extend(origin.ok().filter(|origin| !sources.contains(origin)));
    }
    sources.join(" ")
}
