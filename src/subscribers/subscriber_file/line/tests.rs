//! Tests of lines in the layouts of each service.

use super::super::layout::LayoutChoice;
use super::*;

fn line(header: &str, values: &[&str]) -> SubscriberLine {
    let headers: Vec<&str> = header.split(',').collect();
    let layout = Layout::recognize(&headers, &LayoutChoice::default()).0;
    let values: Vec<Cow<'_, str>> = values.iter().map(|value| Cow::Borrowed(*value)).collect();
    read_line(&values, &layout).unwrap()
}

#[test]
fn names_are_joined_in_the_order_of_their_script() {
    for (first, last, name) in [
        ("Ann", "Lee", "Ann Lee"),
        ("小明", "王", "王小明"),
        ("Ann", "", "Ann"),
        ("", "Lee", "Lee"),
    ] {
        let line = line("email,First Name,Last Name", &["a@b.example", first, last]);
        assert_eq!(line.subscriber.name.as_deref(), Some(name));
    }
}

#[test]
fn an_address_with_a_name_is_split() {
    let line = line("email", &["\"Roe, Ann\" <ann@example.org>"]);
    assert_eq!(line.subscriber.email, "ann@example.org");
    assert_eq!(line.subscriber.name.as_deref(), Some("Roe, Ann"));
}

#[test]
fn a_line_of_listmonk_has_attributes_as_json() {
    let header = "uuid,email,name,attributes,status,created_at,updated_at";
    let json =
        r#"{"city":"Köln","age":41,"address":{"zip":"50667"},"likes":["a","b"],"none":null}"#;
    let line = line(
        header,
        &["5f1c", "ann@example.org", "Ann", json, "enabled", "2024-03-01 08:00:00 +0000 UTC", "x"],
    );
    let expected = [("address_zip", "50667"), ("age", "41"), ("city", "Köln"), ("likes", "a; b")];
    let expected = expected.map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(line.attributes, BTreeMap::from(expected));
    assert_eq!(line.status, Some(LineStatus::Subscribed));
    let evidence = line.evidence.unwrap();
    assert_eq!(evidence, "listmonk: added 2024-03-01 08:00:00 +0000 UTC");
}

#[test]
fn what_mailchimp_computes_about_a_person_is_no_attribute_unless_it_is_mapped() {
    let headers = [
        "Email Address",
        "MEMBER_RATING",
        "OPTIN_TIME",
        "LATITUDE",
        "LONGITUDE",
        "GMTOFF",
        "DSTOFF",
        "CC",
        "REGION",
        "LAST_CHANGED",
        "LEID",
        "EUID",
        "NOTES",
        "City",
    ];
    let attributes = |choice: &LayoutChoice| -> Vec<String> {
        let layout = Layout::recognize(&headers, choice).0;
        layout.attributes.into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(attributes(&LayoutChoice::default()), ["notes", "city"]);
    let columns = [("region".to_owned(), "REGION".to_owned())].into();
    let mapped = LayoutChoice { columns, ..LayoutChoice::default() };
    assert!(attributes(&mapped).contains(&"region".to_owned()));
}

#[test]
fn the_files_of_mailchimp_state_the_status_by_their_columns() {
    let base = "Email Address,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,CONFIRM_IP,LEID,TAGS";
    let values = [
        "ann@example.org",
        "4",
        "",
        "2020-05-01 10:00:00",
        "192.0.2.7",
        "77",
        "\"VIP\",\"Key Partner\"",
    ];
    let subscribed = line(base, &values);
    assert_eq!(
        (subscribed.status, subscribed.subscriber.tags),
        (None, vec!["VIP".to_owned(), "Key Partner".to_owned()])
    );
    assert_eq!(
        subscribed.evidence.as_deref(),
        Some("Mailchimp: confirmed 2020-05-01 10:00:00, confirmed from 192.0.2.7")
    );
    assert_eq!(subscribed.attributes, BTreeMap::new());
    let ended = |column: &str, value: &str| {
        let header = format!("{base},{column}");
        line(&header, &[&values[..], &[value]].concat()).status
    };
    assert_eq!(ended("UNSUB_TIME", "2021-01-01 00:00:00"), Some(LineStatus::Unsubscribed));
    assert_eq!(ended("CLEAN_TIME", "2021-01-01 00:00:00"), Some(LineStatus::Suppressed("bounce")));
    assert_eq!(ended("UNSUB_REASON", "Abuse complaint"), Some(LineStatus::Suppressed("complaint")));
}

#[test]
fn a_line_of_mailpoet_has_two_statuses() {
    let header = "Email,First name,Last name,List status,Global status,List";
    for (of_list, global, status) in [
        ("subscribed", "subscribed", LineStatus::Subscribed),
        ("unsubscribed", "subscribed", LineStatus::LeftList),
        ("subscribed", "unsubscribed", LineStatus::Unsubscribed),
        ("subscribed", "bounced", LineStatus::Suppressed("bounce")),
        ("subscribed", "unconfirmed", LineStatus::Pending),
        ("subscribed", "inactive", LineStatus::Subscribed),
    ] {
        let line = line(header, &["a@b.example", "", "", of_list, global, "News"]);
        assert_eq!((line.status, line.subscriber.tags), (Some(status), vec!["News".to_owned()]));
    }
}

#[test]
fn members_who_receive_no_mail_are_unsubscribed() {
    let ghost = "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers";
    let member = |receives: &str| {
        line(
            ghost,
            &[
                "6",
                "a@b.example",
                "A",
                "",
                receives,
                "false",
                "",
                "2024-01-01",
                "",
                "One,Two",
                "Gold",
            ],
        )
    };
    assert_eq!(member("true").status, None);
    assert_eq!(member("true").subscriber.tags, ["One", "Two", "Gold"]);
    assert_eq!(member("false").status, Some(LineStatus::Unsubscribed));
    let substack = "email,active_subscription,expiry,plan,email_disabled,created_at";
    let reader = |off: &str| {
        line(substack, &["a@b.example", "true", "", "yearly", off, "2024-01-01"]).status
    };
    assert_eq!((reader("false"), reader("true")), (None, Some(LineStatus::Unsubscribed)));
}

#[test]
fn an_unknown_status_of_an_unknown_file_is_not_used() {
    assert_eq!(line("email,status", &["a@b.example", "student"]).status, None);
    let ended = line("email,status", &["a@b.example", "Unsubscribed"]).status;
    assert_eq!(ended, Some(LineStatus::Unsubscribed));
}
