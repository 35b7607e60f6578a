//! Stories of subscribers: the import of a file, and filters, tags and exports of the list.

use std::fmt::Write as _;

use serde_json::json;

use super::site::{BUILTIN, Site};
use crate::support::{Shell, wait_until};

/// Returns a file of 1,000 people in GB18030, with headings that Courant does not recognize and an address
/// that is not valid in line 502.
fn chinese_file() -> Vec<u8> {
    let mut text = "联系方式,称呼,小组,入学年份,内部编号\n".to_owned();
    for n in 0..1_000 {
        if n == 500 {
            text.push_str("不是地址,钱多多,合唱团,2019,X\n");
        }
        let group = ["合唱团", "船队"][n % 2];
        writeln!(text, "s{n}@example.org,王小明{n},{group},{},N{n}", 2000 + n % 25).unwrap();
    }
    encoding_rs::GB18030.encode(&text).0.into_owned()
}

async fn import_file_in_browser(javascript: bool) {
    let Some(site) = Site::start(BUILTIN, |_| ()).await else { return };
    let file = site.shell.write("报名.csv", chinese_file());
    let facts = json!({"file": file, "changed": "s7@example.org", "javascript": javascript});
    site.tell("import", &facts, |request| panic!("unknown request {request:?}"));
    let person = site.json(&["subscribers", "show", "s7@example.org"]);
    assert_eq!((&person["name"], &person["tags"]), (&json!("王小明7"), &json!(["船队"])));
    assert_eq!(person["attributes"]["year"], json!(2007), "{person}");
    assert!(!person.to_string().contains("N7"), "a column is not imported: {person}");
    assert_eq!(person["subscriptions"][0]["status"], "confirmed");
    let changes = site.audit();
    assert!(changes.iter().filter(|change| change.contains("import")).count() >= 2, "{changes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chinese_file_is_imported_and_its_progress_updates_by_itself() {
    import_file_in_browser(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chinese_file_is_imported_without_javascript() {
    import_file_in_browser(false).await;
}

fn add_people_of_three_languages(shell: &Shell) {
    let mut text = "email,name,language\n".to_owned();
    for n in 0..120 {
        let name = if n == 4 { "=1+1".to_owned() } else { format!("Reader {n}") };
        writeln!(text, "r{n}@example.org,{name},{}", ["en", "zh", "de"][n % 3]).unwrap();
    }
    shell.write("people.csv", text);
    let consent = ["--status", "confirmed", "--consent", "form of the open day"];
    let import = ["subscribers", "import", "people.csv", "--digest", "weekly"];
    shell.run_ok(&[&import[..], &consent].concat());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_filtered_tagged_and_exported() {
    let Some(site) = Site::start(BUILTIN, add_people_of_three_languages).await else { return };
    let facts = json!({"javascript": false, "directory": site.shell.path("")});
    site.tell("lists", &facts, |request| panic!("unknown request {request:?}"));
    let tagged = || {
        let list = site.json(&["subscribers", "list", "--where", "tag = \"partner\""]);
        list.as_array().unwrap().len()
    };
    wait_until("the tag is removed from two people", || tagged() == 38);
    let changes = site.audit();
    assert!(changes.iter().any(|change| change == "export subscriber"), "{changes:?}");
    assert_eq!(
        changes.iter().filter(|change| *change == "create bulk_job").count(),
        2,
        "{changes:?}"
    );
}
