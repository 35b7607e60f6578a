//! E-mails in a real browser: no content makes a mail wider than the screen, and images keep their
//! size and their link.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use courant::templates::mail::{LeadArticle, MoreArticle};
use courant::templates::{ConfirmContext, DigestMailContext, Templates};

use crate::support::skipped;

/// Widths of the screens, in CSS pixels.
const WIDTHS: [u32; 4] = [320, 360, 600, 800];

/// Script of the page around the mails: measures each frame and prints a line about each fault.
const MEASURE: &str = r#"
addEventListener("load", () => {
  const lines = [];
  const frames = document.querySelectorAll("iframe");
  for (const frame of frames) {
    const page = frame.contentDocument, root = page.documentElement, at = frame.title;
    const dark = frame.contentWindow.matchMedia("(prefers-color-scheme: dark)").matches;
    if (dark !== at.endsWith("dark")) lines.push(at + ": the color scheme is not applied");
    if (root.scrollWidth > frame.contentWindow.innerWidth)
      lines.push(at + ": " + root.scrollWidth + " pixels wide");
    for (const image of page.images) {
      if (!image.naturalWidth) lines.push(at + ": an image is not loaded");
      const box = image.getBoundingClientRect();
      if (box.width > image.naturalWidth + 1 || box.height > Math.min(image.naturalHeight, 400) + 1)
        lines.push(at + ": image of " + box.width + " × " + box.height);
      const ratio = box.width / box.height * image.naturalHeight / image.naturalWidth;
      if (Math.abs(ratio - 1) > 0.05) lines.push(at + ": distorted by " + ratio);
      if (!image.closest("a[href]")) lines.push(at + ": an image without a link");
    }
  }
  document.body.textContent = frames.length + " frames, " + lines.length + " faults\n" + lines.join("\n");
});
"#;

/// Returns the program of a Chromium browser on this machine.
fn chromium() -> Option<&'static str> {
    let runs = |program: &&str| {
        let mut version = Command::new(program);
        version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        version.status().is_ok_and(|status| status.success())
    };
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find(runs)
}

/// Returns the content of a page's body after its scripts ran.
fn text_of_page(program: &str, page: &Path) -> String {
    let output = Command::new(program)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--dump-dom"])
        .arg(format!("--user-data-dir={}", page.with_extension("profile").display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Returns an image of one colour as a URL.
fn image(width: u32, height: u32) -> String {
    format!(
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}'%3E%3Crect width='100%25' height='100%25' fill='teal'/%3E%3C/svg%3E"
    )
}

/// Returns digests whose texts, URLs and images are as long, wide and high as any source has them.
fn wide_digests() -> Vec<DigestMailContext> {
    let word = "Donaudampfschiffahrtsgesellschaftskapitänskajüte".repeat(5);
    let url =
        format!("https://kilns.example.org/{}?session={}", "path/".repeat(30), "4f".repeat(99));
    let mut digests = DigestMailContext::samples();
    for (language, text) in [
        ("en", word.as_str()),
        ("zh", "瓷砖".repeat(90).as_str()),
        ("ar", "الفرن".repeat(40).as_str()),
    ] {
        let lead = |title: &str, size: (u32, u32), article_language: &str| LeadArticle {
            title: title.into(),
            url: Some(url.clone()),
            summary: format!("{text} {url} {}", "=".repeat(200)),
            section: Some(text.into()),
            authors: vec![text.into(), url.clone()],
            date_text: "21 September 2026".into(),
            image_url: Some(image(size.0, size.1)),
            image_alt: text.into(),
            image_width: 528,
            language: article_language.into(),
        };
        let more = MoreArticle {
            title: text.into(),
            url: Some(url.clone()),
            section: Some(text.into()),
            language: language.into(),
        };
        let mut digest = digests[0].clone();
        digest.language = language.into();
        digest.digest.title = text.into();
        digest.site.title = text.into();
        digest.site.postal_address = format!("{text}\n{}", "9".repeat(120));
        digest.subscriber.address = format!("{}@{}.example", "a".repeat(64), "b".repeat(60));
        digest.lead = vec![
            lead(text, (4000, 3000), language),
            lead(&url, (300, 200), "he"),
            lead("A portrait", (900, 2400), "en"),
            lead("A banner", (3000, 60), language),
            lead("A dot", (1, 1), "zh-TW"),
        ];
        digest.more = vec![more.clone(), more];
        digests.push(digest);
    }
    digests
}

/// Returns the HTML of all mails that are measured, each with a name.
fn mails() -> Vec<(String, String)> {
    let templates = Arc::new(Templates::load(None).unwrap());
    let mut mails = Vec::new();
    let logo = |number: usize| Some(image(if number.is_multiple_of(2) { 640 } else { 90 }, 120));
    for (number, mut digest) in wide_digests().into_iter().enumerate() {
        digest.site.logo = digest.site.logo.and_then(|_| logo(number));
        for article in &mut digest.lead {
            if article.image_url.as_ref().is_some_and(|url| url.starts_with("http")) {
                article.image_url = Some(image(1200, 800));
            }
        }
        let mail = templates.render_digest("digest", &digest).unwrap();
        mails.push((format!("digest {number} in {}", digest.language), mail.html));
    }
    for mut confirmation in ConfirmContext::samples() {
        confirmation.site.logo = confirmation.site.logo.and_then(|_| logo(0));
        confirmation.confirm_url.push_str(&"x".repeat(300));
        confirmation.digests.push("Grundstücksverkehrsgenehmigungszuständigkeit".repeat(4));
        let mail = templates.render_confirm(&confirmation).unwrap();
        mails.push((format!("confirmation in {}", confirmation.language), mail.html));
    }
    mails
}

#[test]
fn no_mail_is_wider_than_the_screen_and_images_keep_their_size_and_link() {
    let Some(program) = chromium() else {
        return skipped("chromium is not available to lay out e-mails");
    };
    let (mut page, mut frames) = (String::from("<!doctype html><meta charset=utf-8><body>"), 0);
    for (name, html) in mails() {
        let html = html.replace('&', "&amp;").replace('"', "&quot;");
        for width in WIDTHS {
            for scheme in ["light", "dark"] {
                frames += 1;
                page.push_str(&format!(
                    "<iframe title=\"{name}, {width}, {scheme}\" style=\"border:0;width:{width}px;height:600px;color-scheme:{scheme}\" srcdoc=\"{html}\"></iframe>"
                ));
            }
        }
    }
    page.push_str(&format!("<script>{MEASURE}</script>"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mails.html");
    std::fs::write(&file, page).unwrap();
    let text = text_of_page(program, &file);
    assert!(text.contains(&format!("{frames} frames, 0 faults")), "{text}");
}
