//! Tests of what pages say about a digest: how often it is sent, its description and sections.

use super::*;

/// Publishes one article in each of these sections.
async fn publish_all(site: &Site, sections: &[&str]) {
    for section in sections {
        site.publish_in(section, section).await;
    }
}

/// Returns the sections that the form offers, in order.
fn offered(form: &str) -> Vec<String> {
    let inputs = form.split("name=\"section\" value=\"").skip(1);
    inputs.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_digest_says_how_often_it_is_sent_and_what_it_is() {
    let config = CONFIG.replace(
        "title = \"The week\"",
        "title = \"The week\"\ndescription = \"All that matters\"\ndescriptions = { zh = \"一周要闻\" }",
    );
    let site = Site::with_config(&config, false, false).await;
    for path in ["/", "/subscribe"] {
        let english = site.get(&format!("{path}?lang=en")).await.text();
        for text in ["Every Monday at 8:00", "Every day at 7:00", "All that matters"] {
            assert!(english.contains(text), "{path}: {text} is missing in {english}");
        }
        assert!(!english.contains("Next edition"), "{path}: {english}");
        let chinese = site.get(&format!("{path}?lang=zh")).await.text();
        for text in ["每周一 8:00", "每天 7:00", "一周要闻"] {
            assert!(chinese.contains(text), "{path}: {text} is missing in {chinese}");
        }
    }
}

#[tokio::test]
async fn the_next_date_is_shown_if_words_cannot_state_the_schedule_or_it_is_paused() {
    let pattern = "schedule = \"0 8 * * MON\"";
    for (replacement, words) in [
        ("schedule = \"0 8 */2 * *\"", None),
        (
            "schedule = \"0 8 * * MON\"\npause = [\"2020-01-01..2031-12-31\"]",
            Some("Every Monday at 8:00"),
        ),
        (
            "schedule = \"0 8 * * MON\"\ntimezone = \"Asia/Shanghai\"",
            Some("Every Monday at 8:00 (Asia/Shanghai)"),
        ),
    ] {
        let config = CONFIG.replace(pattern, replacement);
        let site = Site::with_config(&config, false, false).await;
        let page = site.get("/subscribe?lang=en").await.text();
        let has_date = page.contains("Next edition: ");
        assert_eq!(has_date, !replacement.contains("Shanghai"), "{replacement}: {page}");
        assert!(words.is_none_or(|words| page.contains(words)), "{replacement}: {page}");
    }
}

#[tokio::test]
async fn the_form_offers_the_configured_sections_in_their_order() {
    let with = |weekly: &str, daily: &str| {
        let add = |config: String, title: &str, line: &str| {
            config.replace(title, &format!("{title}\n{line}"))
        };
        add(
            add(CONFIG.to_owned(), "title = \"The week\"", weekly),
            "title = \"Every morning\"",
            daily,
        )
    };
    let offer = |names: &str| format!("offer_sections = [{names}]");
    for (config, expected) in [
        (with("", ""), vec!["Campus", "Jobs", "Sport"]),
        (with(&offer("\"sport\", \"Campus\""), &offer("\"Campus\"")), vec!["Sport", "Campus"]),
        // A digest without the key offers all sections.
        (with(&offer("\"Sport\""), ""), vec!["Campus", "Jobs", "Sport"]),
        // A digest of some sections offers only those.
        (with("sections = [\"Jobs\"]", &offer("\"Campus\"")), vec!["Jobs", "Campus"]),
        // No article is in that section.
        (with(&offer("\"Sprot\", \"Jobs\""), &offer("\"Jobs\"")), vec!["Jobs"]),
    ] {
        let site = Site::with_config(&config, false, false).await;
        publish_all(&site, &["Sport", "Campus", "Jobs"]).await;
        assert_eq!(offered(&site.get("/subscribe").await.text()), expected, "{config}");
    }
    let site =
        Site::with_config(&with(&offer("\"Sport\""), &offer("\"Sport\"")), false, false).await;
    assert_eq!(
        offered(&site.get("/subscribe").await.text()),
        ["Sport"],
        "before the first article"
    );
}
