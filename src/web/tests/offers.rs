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

#[tokio::test]
async fn the_home_page_names_only_the_choices_that_the_form_offers() {
    let one_language = CONFIG.replace("languages = [\"en\", \"zh\"]\n", "");
    let offer =
        |config: &str| config.replace("schedule = ", "offer_sections = [\"Jobs\"]\nschedule = ");
    for (config, english, chinese) in [
        (
            offer(CONFIG),
            "You can choose the sections and the language.",
            "还可以选择感兴趣的栏目和语言。",
        ),
        (offer(&one_language), "You can choose the sections.", "还可以选择感兴趣的栏目。"),
        (CONFIG.to_owned(), "You can choose the language.", "还可以选择语言。"),
        (one_language.clone(), "and confirm it.</p>", "邮箱并完成确认。</p>"),
    ] {
        for (language, sentence) in [("en", english), ("zh", chinese)] {
            let config =
                config.replace("[site]\n", &format!("[site]\nlanguage = \"{language}\"\n"));
            let site = Site::with_config(&config, false, false).await;
            let page = site.get(&format!("/?lang={language}")).await.text();
            assert!(page.contains(sentence), "{sentence}: {page}");
        }
    }
}

#[tokio::test]
async fn the_home_page_names_the_sections_of_the_articles_as_a_choice() {
    let site = Site::with_config(CONFIG, false, false).await;
    publish_all(&site, &["Sport"]).await;
    let page = site.get("/?lang=en").await.text();
    assert!(page.contains("You can choose the sections and the language."), "{page}");
}

#[tokio::test]
async fn confirmation_repeats_the_choices_and_a_used_link_says_so() {
    let site = Site::with_config(
        &CONFIG.replace("base_url", "timezone = \"Asia/Shanghai\"\nbase_url"),
        false,
        false,
    )
    .await;
    publish_all(&site, &["Campus", "Sport"]).await;
    let subscribe = async |address: &str, delivery: i64, fields: &str| {
        let body = format!("address={address}%40example.org&digest=weekly&{fields}");
        site.post("/subscribe?lang=en", &body).await;
        let key = format!("{address}@example.org");
        let person = site.app.store.subscribers().find_by_address(&key).await.unwrap().unwrap();
        let scope = LinkScope::Confirm { subscriber: person.id, delivery };
        format!("/confirm/{}?lang=en", site.sign(scope))
    };
    let link = subscribe("ada", 1, "section=Sport&section=Campus&language=zh").await;
    let choices = [
        "The week",
        "Every Monday at 8:00",
        "Campus and Sport",
        "简体中文",
        "8:00 (Asia/Shanghai)",
    ];
    let ask = site.get(&link).await.text();
    let done = site.post(&link, "").await.text();
    let again = site.get(&link).await.text();
    for page in [&ask, &done, &again, &site.post(&link, "").await.text()] {
        for choice in choices {
            assert!(page.contains(choice), "{choice} is missing in {page}");
        }
    }
    assert!(ask.contains("<button type=\"submit\"") && done.contains("You are subscribed"));
    assert!(again.contains("You are already subscribed") && !again.contains("<button"), "{again}");

    let link = subscribe("bob", 2, "").await;
    assert!(site.get(&link).await.text().contains("All sections"));
    let subscription = site.subscriptions("bob@example.org").await[0].id;
    site.post(&link, "").await;
    let unsubscribe = site.sign(LinkScope::Unsubscribe { subscription, edition: None });
    site.post(&format!("/unsubscribe/{unsubscribe}"), "action=unsubscribe").await;
    let ended = site.get(&link).await;
    assert_eq!(ended.status, StatusCode::NOT_FOUND, "{}", ended.text());
}
