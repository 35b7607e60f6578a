//! Files that people bring and take: odd ones are refused whole, and a copy of the store is known for one.

use crate::cli::ready;
use crate::support::Shell;

#[test]
fn a_quotation_mark_that_is_never_closed_lets_nobody_in() {
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
    for (text, place) in files {
        shell.write("people.csv", &text);
        let said = shell.courant(&["subscribers", "import", "people.csv", "--digest", "weekly"]);
        assert_ne!(said.status, 0, "{text}");
        assert!(said.err.contains(place) && said.err.contains("quotation mark"), "{said:?}");
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
    let said = shell.courant(&["articles", "import", "articles.csv"]);
    assert!(
        said.status != 0 && said.err.contains("articles.csv: the number of quotation marks is odd"),
        "{said:?}"
    );
    assert_eq!(shell.courant(&["articles", "list", "--json"]).json(), serde_json::json!([]));
}

#[test]
fn a_date_outside_the_years_1_to_9999_is_refused() {
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
        let said = shell.courant(&["articles", "import", "articles.jsonl"]);
        assert!(
            said.status != 0
                && said.err.contains("articles.jsonl:2: ")
                && said.err.contains("published_at"),
            "{date}: {said:?}"
        );
        assert_eq!(
            shell.courant(&["articles", "list", "--json"]).json(),
            serde_json::json!([]),
            "{date}"
        );
    }
}

#[test]
fn a_backup_is_marked_as_a_copy_before_it_has_its_name() {
    let shell = Shell::new();
    ready(&shell);
    shell.write("copy.db.unfinished", "left by somebody who was interrupted");
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
        let said = shell.courant(&["--config", "other.toml", "deliver"]);
        assert!(said.status != 0 && said.err.contains("courant adopt"), "{file}: {said:?}");
    }
}
