//! Schemathesis sends generated requests, as each role, and compares the responses with the document.

use std::net::SocketAddr;
use std::process::Command;

use crate::server_process::{ServerProcess, post_json};
use crate::support::{Shell, skipped};

/// Number of generated requests of each operation and role.
const EXAMPLES: &str = "6";

/// Settings of Schemathesis: the answers to a change that names no version.
const CHECKS: &str = "[checks.missing_required_header]
expected-statuses = [403, 409, 422, 428]
";

/// Settings that name the objects which exist.
const NAMES: &str = "[parameters]
\"path.name\" = \"campus\"
\"path.digest\" = \"campus\"
\"path.id\" = 1
\"path.version\" = 1
";

/// Objects on which the generated requests act: list and body.
const OBJECTS: [(&str, &str); 10] = [
    ("feeds", r#"{"name":"campus","settings":{"title":"Campus"}}"#),
    (
        "digests",
        r#"{"name":"campus","settings":{"title":"C","schedule":"0 8 1 * *","from":"N <n@example.edu>"}}"#,
    ),
    ("segments", r#"{"name":"campus","settings":{"filter":"tag = \"a\""}}"#),
    (
        "webhooks",
        r#"{"name":"campus","settings":{"url":"http://127.0.0.1:9/","events":["article.changed"],"secret":"whsec_a2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="}}"#,
    ),
    ("users", r#"{"name":"campus","role":"admin"}"#),
    ("tokens", r#"{"name":"campus","role":"viewer"}"#),
    ("attributes", r#"{"name":"campus","type":"text"}"#),
    (
        "subscribers",
        r#"{"email":"ann@example.org","digests":["weekly"],"tags":["a"],"status":"confirmed","consent":"form"}"#,
    ),
    ("digests/weekly/editions", "{}"),
    ("bulk-operations", r#"{"where":"tag = \"a\"","action":"tag","tag":"b"}"#),
];

fn is_installed() -> bool {
    Command::new("schemathesis").arg("--version").output().is_ok_and(|out| out.status.success())
}

/// Sends generated requests with a token. A request may be refused for a reason that no schema states, such
/// as an address that is not valid, so whether valid data is accepted is the only check that is left out.
fn run(shell: &Shell, address: SocketAddr, (role, token): (&str, &str), options: &[&str]) {
    let run = Command::new("schemathesis")
        .args(["run", &format!("http://{address}/api/openapi.json")])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--checks", "all", "--exclude-checks", "positive_data_acceptance"])
        .args(["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES])
        .args(["--seed", "1", "--workers", "1", "--suppress-health-check", "all", "--no-color"])
        .args(options)
        .current_dir(shell.path(""))
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&run.stdout);
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "as {role}:\n{printed}\n{errors}");
}

#[test]
fn generated_requests_of_every_role_get_documented_responses() {
    if !is_installed() {
        return skipped("schemathesis is not installed");
    }
    let shell = Shell::new();
    shell.replace("[database]", "[server]\nlisten = \"127.0.0.1:0\"\n[database]");
    shell.replace("[[transports]]", "max_age = \"36500d\"\n[[transports]]");
    let token = |arguments: &[&str]| {
        let arguments = [&["tokens", "create"], arguments].concat();
        shell.run_ok(&arguments).trim().to_owned()
    };
    let admin = token(&["admin", "--role", "admin"]);
    let articles = "id,title,url,published_at,body_html\n1,One,https://college.example/1,2026-01-02T08:00:00Z,<p>Text</p>\n";
    let file = shell.write("articles.csv", articles);
    shell.run_ok(&["articles", "import", file.to_str().unwrap()]);
    let mut server = ServerProcess::start(&shell.path(""));
    let address = server.wait_until_ready();
    let authorization = format!("Authorization: Bearer {admin}");
    for (list, body) in OBJECTS {
        let created = post_json(address, &format!("/api/v1/{list}"), &[&authorization], body);
        assert!((200..300).contains(&created.status), "{list}: {created:?}");
    }
    shell.write("schemathesis.toml", format!("{NAMES}{CHECKS}"));
    for (role, arguments) in [
        ("admin", &["second", "--role", "admin"][..]),
        ("editor", &["editor", "--role", "editor"]),
        ("lists", &["lists", "--role", "lists"]),
        ("viewer", &["viewer", "--role", "viewer"]),
        ("limited editor", &["limited", "--role", "editor", "--digest", "campus"]),
        ("limited list manager", &["limited-lists", "--role", "lists", "--digest", "campus"]),
    ] {
        // The objects must remain under their names.
        let options = ["--exclude-method", "DELETE", "--exclude-path-regex", "/rename$"];
        run(&shell, address, (role, &token(arguments)), &options);
    }
    // Any names and numbers, most of which do not exist; the token of the requests stays valid.
    shell.write("schemathesis.toml", CHECKS);
    run(&shell, address, ("admin", &admin), &["--exclude-operation-id", "revoke_token"]);
    let log = server.log();
    // The server answers 503 at /readyz until its feeds are in memory.
    let is_failure = |line: &&str| {
        (line.contains(" ERROR ") && !line.contains("/readyz")) || line.contains("panicked")
    };
    assert_eq!(log.lines().find(is_failure), None, "{log}");
    assert_eq!(server.stop().0, Some(0));
}
