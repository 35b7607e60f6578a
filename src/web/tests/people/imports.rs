//! Imports: from the upload over the check to the report.

use super::*;
use crate::store::imports::ImportJob;
use crate::subscribers::import::jobs;

const BOUNDARY: &str = "x-boundary-x";

async fn upload(user: &User<'_>, name: &str, content: &[u8]) -> TestResponse {
    let mut body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"digest\"\r\n\r\nweekly\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/csv\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(content);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    let request = Request::post("/admin/subscribers/import")
        .header(header::HOST, "news.example.edu")
        .header(header::COOKIE, &user.cookie)
        .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"))
        .body(Body::from(body))
        .unwrap();
    let response = user.site.router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    TestResponse {
        status: parts.status,
        headers: parts.headers,
        body: to_bytes(body, usize::MAX).await.unwrap().to_vec(),
    }
}

/// Uploads a file; returns the page of the import and its id.
async fn uploaded(user: &User<'_>, name: &str, content: &[u8]) -> (String, i64) {
    let response = upload(user, name, content).await;
    assert_eq!(response.status, StatusCode::SEE_OTHER, "{}", response.text());
    let location = response.header(header::LOCATION).trim_start_matches("/news");
    let path = location.split('?').next().unwrap().to_owned();
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    (path, id)
}

async fn work(site: &Site, id: i64) -> ImportJob {
    jobs::run_due(site.app.import_context(), "node", site.app.clock).await.unwrap();
    site.app.store.imports().find(id).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_chinese_file_is_read_mapped_checked_and_imported() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    assert!(lin.page("/admin/subscribers/import").await.contains("Nothing has been imported yet."));
    // In GB18030: mailbox, name, city; Li Lei of Beijing, Han Meimei of Shanghai, Wu Ming of Guangzhou.
    let gb: &[u8] = b"\xd3\xca\xcf\xe4;\xd0\xd5\xc3\xfb;\xb3\xc7\xca\xd0\n\
        li@example.org;\xc0\xee\xc0\xd7;\xb1\xb1\xbe\xa9\n\
        han@example.org;\xba\xab\xc3\xb7\xc3\xb7;\xc9\xcf\xba\xa3\n\
        nobody;\xce\xde\xc3\xfb;\xb9\xe3\xd6\xdd\n\
        ";
    let (path, id) = uploaded(&lin, "<b>名单.csv", gb).await;
    let page = lin.page(&path).await;
    assert!(page.contains("&lt;b&gt;名单.csv") && !page.contains("<b>名单"), "{page}");
    assert!(page.contains("GB18030") && page.contains("semicolon"), "{page}");
    assert!(page.contains("李雷") && page.contains("name=\"meaning-2\""), "{page}");
    assert!(page.contains("name=\"column-2\" value=\"城市\""), "{page}");
    let gbk = lin.page(&format!("{path}?encoding=GBK&delimiter=semicolon")).await;
    assert!(gbk.contains("<p>CSV · GB18030 · semicolon"), "the word of the form: {gbk}");
    let other = lin.page(&format!("{path}?encoding=windows-1252&delimiter=semicolon")).await;
    assert!(!other.contains("李雷"), "another encoding is shown without being stored");
    assert!(other.contains("name=\"encoding\" value=\"windows-1252\""), "{other}");

    let columns = "column-0=%E9%82%AE%E7%AE%B1&meaning-0=email&column-1=%E5%A7%93%E5%90%8D&meaning-1=name&column-2=%E5%9F%8E%E5%B8%82&meaning-2=new&attribute-2=city";
    let start = format!("{path}/start");
    let fields = format!("{columns}&digest=weekly&encoding=gb18030&delimiter=semicolon");
    let rejected = lin.post(&start, &format!("{fields}&status=confirmed&action=check")).await;
    assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(rejected.text().contains("State how and when"), "{}", rejected.text());
    let consent = "status=confirmed&consent=paper+form&skip_bad=yes";
    lin.done(&start, &format!("{fields}&{consent}&action=check")).await;
    let page = lin.page(&path).await;
    assert!(page.contains("data-progress"), "the work is waited for");
    assert!(!page.contains("class=\"flash\""), "the state says what happens: {page}");
    let job = work(&site, id).await;
    assert_eq!((job.state.as_str(), job.valid, job.rejected), ("checked", 2, 1));
    assert!(site.person("li@example.org").await.is_none(), "a check stores nothing");
    let page = lin.page(&path).await;
    assert!(page.contains("The file is checked. Nothing is imported yet."), "{page}");
    assert!(page.contains("new people") && page.contains("An import would do this"), "{page}");
    assert!(page.contains(">Import the 2 valid lines</button>"), "{page}");
    assert!(page.contains("data-confirm=\"Import 2 lines and leave out the rejected ones (1)?\""));
    let report = lin.get(&format!("{path}/rejected.csv")).await.text();
    assert!(report.starts_with("\u{feff}line,reason\n4,"), "{report}");

    let again = "column-2=%E5%9F%8E%E5%B8%82&meaning-2=attribute+city";
    let fields = format!("{again}&digest=weekly&{consent}");
    lin.done(&start, &format!("{fields}&action=import")).await;
    let job = work(&site, id).await;
    assert_eq!((job.state.as_str(), job.counts.new), ("finished", 2), "{:?}", job.error);
    let li = site.person("li@example.org").await.unwrap();
    assert_eq!(
        (li.name.as_deref(), li.attributes["city"].to_string()),
        (Some("李雷"), "北京".into())
    );
    let links = site.subscriptions("li@example.org").await;
    assert_eq!((links[0].status.as_str(), links[0].consent.as_str()), ("confirmed", "paper form"));
    let refused = lin.done(&start, &format!("{fields}&action=import")).await;
    assert!(refused.ends_with("refused=import-state"), "the work is done once: {refused}");
    let page = lin.page(&path).await;
    assert!(
        page.contains("Result") && page.contains("The import has processed 2 lines."),
        "{page}"
    );
}

#[tokio::test]
async fn the_reasons_of_rejected_lines_are_in_the_language_of_the_user() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    let file = b"email,language,timezone,visits\nada@example.org,zh_CN,,\nnobody,,,\nben@example.org,,Mars,\n\
        cy@example.org,,,many\ncy@example.org,,,1\ndan@example.org,,,,x,y\nada@example.org,,,\nada@example.org,,,2\n";
    let now = site.app.now();
    let kind = crate::domain::attribute::AttributeType::Number;
    subscribers::attributes::add(&site.app.store, "visits", kind, &Actor::Cli, now)
        .await
        .unwrap()
        .unwrap();
    let (path, id) = uploaded(&lin, "a.csv", file).await;
    lin.done(&format!("{path}/start"), "digest=weekly&status=pending&action=check").await;
    let job = work(&site, id).await;
    assert_eq!((job.valid, job.rejected), (2, 6), "{:?}", job.error);
    let reasons = [
        ("“zh_CN” is not a language. Write “zh-CN”.", "“zh_CN”不是语言代码。请写“zh-CN”。"),
        ("“nobody” is not an e-mail address: it has no @.", "“nobody”不是邮箱地址：缺少 @。"),
        ("“Mars” is not a time zone.", "“Mars”不是时区。"),
        ("visits: “many” is not a number.", "visits：“many”不是数字。"),
        (
            "The line has 6 fields instead of 4.",
            "这一行有 6 个字段，应为 4 个。包含逗号的字段可能缺少引号。",
        ),
        ("Line 8 has the same address.", "与第 8 行的地址相同。"),
    ];
    let (english, chinese) = (lin.page(&path).await, lin.in_chinese(&path).await);
    let report = lin.in_chinese(&format!("{path}/rejected.csv")).await;
    for (of_english, of_chinese) in reasons {
        assert!(english.contains(of_english), "{of_english}: {english}");
        assert!(chinese.contains(of_chinese), "{of_chinese}: {chinese}");
        assert!(report.contains(of_chinese), "{of_chinese}: {report}");
    }
    let stored = site.app.store.imports().rejections(id, &PageRequest::first(9)).await.unwrap();
    assert_eq!(stored.items[1].reason, "`nobody` is not a valid e-mail address: it has no @");
}

#[tokio::test]
async fn the_reason_why_a_file_cannot_be_read_is_in_the_language_of_the_user() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    let (path, _) = uploaded(&lin, "people.xlsx", b"PK\x03\x04content").await;
    let (english, chinese) = (lin.page(&path).await, lin.in_chinese(&path).await);
    assert!(english.contains("The file is a workbook such as .xlsx, not CSV."), "{english}");
    assert!(chinese.contains("该文件是 .xlsx 之类的工作簿，不是 CSV。"), "{chinese}");
    // Behind the lines of the preview.
    let people: String = (0..7).map(|n| format!("a{n}@example.org,A\n")).collect();
    let file = format!("email,name\n{people}b@example.org,\"B\n");
    let (path, id) = uploaded(&lin, "a.csv", file.as_bytes()).await;
    let fields = "digest=weekly&status=confirmed&consent=form&action=check";
    lin.done(&format!("{path}/start"), fields).await;
    let failed = work(&site, id).await;
    assert_eq!(failed.error_detail.unwrap()["code"], "unclosed-quotation");
    assert!(failed.error.unwrap().starts_with("a.csv:9: a quotation mark opens here"));
    let chinese = lin.in_chinese(&path).await;
    assert!(chinese.contains("第 9 行：从这里开始的引号"), "{chinese}");
}

#[tokio::test]
async fn a_check_shows_whose_stored_values_the_file_changes_and_the_import_can_keep_them() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    let ada = site.subscriber("ada@example.org", "Ada <b>", "weekly").await;
    let (path, id) = uploaded(&lin, "a.csv", b"email,name\nada@example.org,Ada King\n").await;
    let page = lin.page(&path).await;
    assert!(page.contains("an empty value replaces nothing"), "{page}");
    assert!(page.contains("name=\"existing\" value=\"update\" checked"), "{page}");
    let start = format!("{path}/start");
    lin.done(&start, "digest=weekly&status=pending&action=check").await;
    work(&site, id).await;
    let page = lin.page(&path).await;
    assert!(page.contains("The import changes stored values of one person."), "{page}");
    assert!(page.contains("Existing people whose values would change"), "{page}");
    let link = format!("/admin/subscribers/{}\">ada@example.org</a>", ada.id);
    assert!(page.contains(&link), "{page}");
    let values = "name: <del>Ada &lt;b&gt;</del> → <ins>Ada King</ins>";
    assert!(page.contains(values), "{page}");
    lin.done(&start, "digest=weekly&status=pending&existing=keep&action=check").await;
    work(&site, id).await;
    let page = lin.page(&path).await;
    assert!(!page.contains("<ins>") && page.contains("value=\"keep\" checked"), "{page}");
    lin.done(&start, "digest=weekly&status=pending&existing=update&action=import").await;
    let job = work(&site, id).await;
    assert_eq!((job.state.as_str(), job.counts.details_changed), ("finished", 1));
    let page = lin.page(&path).await;
    assert!(page.contains("The import changed stored values of one person."), "{page}");
    assert!(page.contains("Existing people whose values changed"), "{page}");
    assert!(page.contains(values), "{page}");
    assert_eq!(site.person("ada@example.org").await.unwrap().name.as_deref(), Some("Ada King"));
}

#[tokio::test]
async fn the_column_of_addresses_can_be_chosen_if_none_is_recognized() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    let csv = b"Kontakt,Name\nada@example.org,Ada\n".as_slice();
    let json = b"{\"Kontakt\": \"bob@example.org\", \"Name\": \"Bob\"}\n".as_slice();
    for (name, content) in [("people.csv", csv), ("people.jsonl", json)] {
        let (path, id) = uploaded(&lin, name, content).await;
        let page = lin.page(&path).await;
        assert!(page.contains("Choose the column with the e-mail addresses."), "{page}");
        assert!(page.contains("name=\"column-0\" value=\"Kontakt\""), "{page}");
        let (start, columns) = (format!("{path}/start"), "column-0=Kontakt&digest=weekly");
        let rejected = lin.post(&start, &format!("{columns}&meaning-0=&action=check")).await;
        assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(rejected.text().contains("Choose the column with"), "{}", rejected.text());
        lin.done(&start, &format!("{columns}&meaning-0=email&action=check")).await;
        let job = work(&site, id).await;
        assert_eq!((job.state.as_str(), job.valid, job.rejected), ("checked", 1, 0), "{name}");
    }
}

#[tokio::test]
async fn an_empty_file_is_refused_and_an_import_can_be_cancelled() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    let empty = upload(&lin, "empty.csv", b"").await;
    assert!(empty.header(header::LOCATION).ends_with("refused=import-no-file"));
    let (path, id) = uploaded(&lin, "a.csv", b"email\nada@example.org\n").await;
    lin.done(&format!("{path}/cancel"), "").await;
    let job = site.app.store.imports().find(id).await.unwrap().unwrap();
    assert_eq!(job.state.as_str(), "cancelled");
    assert!(!lin.page(&path).await.contains("/start\""));
}

#[tokio::test]
async fn a_file_larger_than_other_forms_is_accepted() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    let line = "someone-with-a-long-address@example.org\n";
    let content = format!("email\n{}", line.repeat(MAX_BODY_BYTES / line.len() + 10));
    let (_, id) = uploaded(&lin, "long.csv", content.as_bytes()).await;
    let job = site.app.store.imports().find(id).await.unwrap().unwrap();
    assert_eq!(job.bytes, i64::try_from(content.len()).unwrap());
}

#[tokio::test]
async fn imports_are_not_for_users_of_one_digest_or_without_permission() {
    let site = Site::new(false).await;
    let limited = site.user("lin", Role::ListManager, &["weekly"]).await;
    let viewer = site.user("wu", Role::Viewer, &[]).await;
    for user in [&limited, &viewer] {
        let refused = upload(user, "a.csv", b"email\nada@example.org\n").await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(limited.get("/admin/subscribers/import/1").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_navigation_leads_those_who_may_import_to_the_form() {
    let site = Site::new(false).await;
    let entry = "href=\"/news/admin/subscribers/import\"";
    let lin = site.user("lin", Role::ListManager, &[]).await;
    assert!(lin.page("/admin/").await.contains(entry));
    assert!(lin.page("/admin/find?q=upload").await.contains(entry));
    for (name, role, digests) in
        [("wu", Role::Viewer, &[][..]), ("mei", Role::ListManager, &["weekly"])]
    {
        let user = site.user(name, role, digests).await;
        assert!(!user.page("/admin/").await.contains(entry), "{name}");
    }
}
