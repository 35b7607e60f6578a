//! Imported files with errors are rejected as a whole, and a backup is recognized as a copy.

use crate::cli::import_example_data;
use crate::support::Shell;

#[test]
fn an_unclosed_quotation_mark_rejects_the_whole_file() {
    let shell = Shell::new();
    let long = "x".repeat(1_001);
    let files = [
        ("email,name\nann@example.org,\"Ann\nbob@example.org,Bob\n".to_owned(), "people.csv:2: "),
        (
            "email,name\nann@example.org,Ann\nbob@example.org,\"Bob\ncai@example.org,Cai\n"
                .to_owned(),
            "people.csv:3: ",
        ),
        (
            "email,notes\nann@example.org,\"tall\nbob@example.org,small\ncai@example.org,\n"
                .to_owned(),
            "people.csv:2: ",
        ),
        (
            "email,notes\nann@example.org,\"tall\nbob@example.org,\"small\"\ncai@example.org,\n"
                .to_owned(),
            "people.csv:2: ",
        ),
        (format!("email,name\nann@example.org,{long}\n"), "people.csv:2: "),
    ];
    for (text, location) in files {
        shell.write("people.csv", &text);
        let output = shell.courant(&["subscribers", "import", "people.csv", "--digest", "weekly"]);
        assert_ne!(output.status, 0, "{text}");
        assert!(
            output.err.contains(location) && output.err.contains("quotation mark"),
            "{output:?}"
        );
        assert_eq!(
            shell.courant(&["subscribers", "list", "--json"]).json(),
            serde_json::json!([]),
            "{text}"
        );
    }
    shell.write(
        "people.csv",
        "email,notes\nann@example.org,\"tall\nand slim\"\nbob@example.org,5\" shoes\n",
    );
    shell.write("articles.csv", "id,title,summary\n1,One,\"open\n2,Two,x\n3,Three,y\n");
    let output = shell.courant(&["articles", "import", "articles.csv"]);
    assert!(
        output.status != 0 && output.err.contains("articles.csv:2: a quotation mark opens here"),
        "{output:?}"
    );
    assert_eq!(shell.courant(&["articles", "list", "--json"]).json(), serde_json::json!([]));
}

#[test]
fn a_hundred_reasons_are_printed_and_a_report_has_all_of_them() {
    let shell = Shell::new();
    let articles: String = (0..150).map(|id| format!("{id},,2026-09-01\n")).collect();
    let people: String = (0..150).map(|n| format!("nobody{n}\n")).collect();
    shell.write("articles.csv", format!("id,title,published_at\n{articles}"));
    shell.write("people.csv", format!("email\n{people}"));
    // The report of subscribers is CSV and has a header.
    for (import, lines) in [
        (["articles", "import", "articles.csv"].as_slice(), 150),
        (&["subscribers", "import", "people.csv", "--digest", "weekly"], 151),
    ] {
        let output = shell.courant(import);
        assert_eq!(output.err.matches(".csv:").count(), 100, "{output:?}");
        assert!(output.err.contains("… and 50 more lines; write all of them"), "{output:?}");
        let output = shell.courant(&[import, &["--report", "reasons.txt"]].concat());
        assert!(output.err.contains("all are in reasons.txt"), "{output:?}");
        let report = std::fs::read_to_string(shell.path("reasons.txt")).unwrap();
        assert_eq!(report.lines().count(), lines);
    }
}

#[test]
fn a_part_of_an_article_past_its_limit_is_rejected_with_its_size() {
    let shell = Shell::new();
    let tags: Vec<String> = (0..501).map(|tag| tag.to_string()).collect();
    let line = |title: &str, tags: &[String]| {
        serde_json::json!({"title": title, "tags": tags, "published_at": "2026-09-01"}).to_string()
    };
    shell.write(
        "articles.jsonl",
        [line("Tagged", &tags), line(&"x".repeat(20_000), &[])].join("\n"),
    );
    let output = shell.courant(&["articles", "import", "articles.jsonl"]);
    for part in [":1: it has 501 tags", ":2: the title is 20000 bytes long"] {
        assert!(output.err.contains(part), "{output:?}");
    }
}

#[test]
fn articles_and_subscribers_are_imported_as_spreadsheets_write_them() {
    let shell = Shell::new();
    let import = ["subscribers", "import", "readers.csv", "--digest", "weekly"];
    shell.write(
        "readers.csv",
        "sep=;\r\nemail;name;;\r\n;;;\r\nida@example.org;Ida\r\n\r\nnobody;No One;;\r\n",
    );
    let output = shell.courant(&import);
    assert!(output.status != 0 && output.err.contains("readers.csv:6: "), "{output:?}");
    shell.write("news.csv", "title\tid\t\r\n\t\t\r\nHarvest\tn1\r\nFrost\tn2\t\t\r\n");
    let output = shell.courant(&["articles", "import", "news.csv"]);
    assert_eq!(output.status, 0, "{output:?}");
    assert_eq!(
        shell.courant(&["articles", "list", "--json"]).json().as_array().map(Vec::len),
        Some(2)
    );
    shell.write("news.csv", "title,id,\nThaw,n3,lost\n");
    let output = shell.courant(&["articles", "import", "news.csv"]);
    assert!(
        output.status != 0 && output.err.contains("news.csv:2: ") && output.err.contains("lost"),
        "{output:?}"
    );
    shell.write("readers.csv", "PK\u{3}\u{4}workbook");
    let output = shell.courant(&import);
    assert!(output.status != 0 && output.err.contains(".xlsx"), "{output:?}");
}

#[test]
fn a_date_outside_the_years_1_to_9999_is_rejected() {
    let shell = Shell::new();
    for date in [
        "\"0000-00-00 00:00:00\"",
        "\"-000500-01-01T00:00:00Z\"",
        "\"10000-01-01\"",
        "\"12026-01-01T00:00:00Z\"",
        "-99999999999999",
        "\"00000101\"",
        "1e300",
    ] {
        shell.write(
            "articles.jsonl",
            format!("{{\"id\":\"good\",\"title\":\"Good\"}}\n{{\"id\":\"b\",\"title\":\"Bad\",\"published_at\":{date}}}\n"),
        );
        let output = shell.courant(&["articles", "import", "articles.jsonl"]);
        assert!(
            output.status != 0
                && output.err.contains("articles.jsonl:2: ")
                && output.err.contains("published_at"),
            "{date}: {output:?}"
        );
        assert_eq!(
            shell.courant(&["articles", "list", "--json"]).json(),
            serde_json::json!([]),
            "{date}"
        );
    }
}

#[test]
fn each_value_of_an_array_stays_whole() {
    let shell = Shell::new();
    shell.write(
        "articles.jsonl",
        r#"{"id":"a","title":"A","section":["News, old","Sport"],"author":["Smith, J.","Li"],"tags":["x, y",null,7]}"#,
    );
    shell.run_ok(&["articles", "import", "articles.jsonl"]);
    let one = shell.courant(&["articles", "show", "a", "--json"]).json();
    assert_eq!(one["sections"], serde_json::json!(["News, old", "Sport"]));
    assert_eq!(one["authors"], serde_json::json!(["Smith, J.", "Li"]));
    assert_eq!(one["tags"], serde_json::json!(["x, y", "7"]));
    // Objects with a name, inner lists, and the arrays that PostgreSQL writes to CSV files.
    shell.write(
        "articles.jsonl",
        r#"{"id":"b","title":"B","author":{"name":"Smith, J."},"tags":[{"name":"x, y","id":3},["z"]]}"#,
    );
    shell.write(
        "articles.csv",
        "id,title,author,tags\nc,C,\"[{\"\"name\"\":\"\"Smith, J.\"\"}]\",\"{\"\"x, y\"\",z}\"\n",
    );
    for (file, id) in [("articles.jsonl", "b"), ("articles.csv", "c")] {
        shell.run_ok(&["articles", "import", file]);
        let one = shell.courant(&["articles", "show", id, "--json"]).json();
        assert_eq!(one["authors"], serde_json::json!(["Smith, J."]), "{file}");
        assert_eq!(one["tags"], serde_json::json!(["x, y", "z"]), "{file}");
    }
    shell.write("articles.jsonl", r#"{"id":"d","title":"D","tags":[{"id":3}]}"#);
    let output = shell.courant(&["articles", "import", "articles.jsonl"]);
    assert!(output.status != 0 && output.err.contains("object with a text `name`"), "{output:?}");
}

#[test]
fn an_array_in_a_column_of_one_value_rejects_its_line() {
    let shell = Shell::new();
    for value in ["[\"One\",\"Two\"]", "{\"en\":\"One\"}"] {
        shell.write("articles.jsonl", format!("{{\"id\":\"a\",\"title\":{value}}}\n"));
        let output = shell.courant(&["articles", "import", "articles.jsonl"]);
        assert!(
            output.status != 0
                && output.err.contains("articles.jsonl:1: `title` must be one value"),
            "{output:?}"
        );
    }
}

#[test]
fn the_columns_of_article_url_make_the_address_of_an_imported_article() {
    let shell = Shell::new();
    shell.replace(
        "kind = \"builtin\"",
        "kind = \"builtin\"\narticle_url = \"https://college.example/{slug}.html\"",
    );
    let files = [
        (
            "a.jsonl",
            "{\"id\":\"a\",\"title\":\"A\",\"Slug\":\"one\"}\n{\"id\":\"b\",\"title\":\"B\",\"url\":\"/b\"}\n",
        ),
        ("a.csv", "id,title,url,slug\na,A,,one\nb,B,https://college.example/b,\n"),
    ];
    for (file, text) in files {
        shell.write(file, text);
        shell.run_ok(&["articles", "import", file]);
        let one = shell.courant(&["articles", "show", "a", "--json"]).json();
        assert_eq!(one["url"], "https://college.example/one.html", "{file}");
    }
    for (file, text, line) in
        [("b.jsonl", "{\"id\":\"c\",\"title\":\"C\"}\n", 1), ("b.csv", "id,title,slug\nc,C,\n", 2)]
    {
        shell.write(file, text);
        let output = shell.courant(&["articles", "import", file]);
        assert!(
            output.status != 0
                && output.err.contains(&format!("{file}:{line}: "))
                && output.err.contains("article_url uses {slug}"),
            "{output:?}"
        );
    }
}

#[test]
fn a_backup_is_marked_as_a_copy_before_it_gets_its_final_name() {
    let shell = Shell::new();
    import_example_data(&shell);
    shell.write("copy.db.unfinished", "left by an interrupted backup");
    let (copy, seen) = (shell.path("copy.db"), shell.path("seen.db"));
    let watcher = std::thread::spawn({
        let (copy, seen) = (copy.clone(), seen.clone());
        move || {
            while std::fs::copy(&copy, &seen).is_err() {
                std::hint::spin_loop();
            }
        }
    });
    shell.run_ok(&["backup", "copy.db"]);
    watcher.join().unwrap();
    assert!(!shell.path("copy.db.unfinished").exists());
    for file in ["copy.db", "seen.db"] {
        let text = std::fs::read_to_string(shell.path("config.toml")).unwrap();
        let other = text.replace("sqlite://courant.db", &format!("sqlite://{file}"));
        shell.write("other.toml", other);
        shell.run_ok(&["--config", "other.toml", "subscribers", "list"]);
        let output = shell.courant(&["--config", "other.toml", "deliver"]);
        assert!(output.status != 0 && output.err.contains("courant adopt"), "{file}: {output:?}");
    }
}
