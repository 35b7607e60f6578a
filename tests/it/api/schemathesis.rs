//! Schemathesis sends generated requests, as each role, and compares the responses with the document.

use std::process::Command;

use crate::server_process::ServerProcess;
use crate::support::{Shell, skipped};

/// Checks of every response. A request may be refused for a reason that no schema states, such as an
/// address that is not valid, so whether valid data is accepted is not checked.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,negative_data_rejection,\
    unsupported_method,allow_header_conformance,ignored_auth";

/// Number of generated requests of each operation and role.
const EXAMPLES: &str = "8";

fn is_installed() -> bool {
    Command::new("schemathesis").arg("--version").output().is_ok_and(|out| out.status.success())
}

#[test]
fn generated_requests_of_every_role_get_documented_responses() {
    if !is_installed() {
        return skipped("schemathesis is not installed");
    }
    let shell = Shell::new();
    shell.replace("[database]", "[server]\nlisten = \"127.0.0.1:0\"\n[database]");
    let roles = ["admin", "editor", "lists", "viewer"];
    let tokens = roles
        .map(|role| shell.run_ok(&["tokens", "create", role, "--role", role]).trim().to_owned());
    let mut server = ServerProcess::start(&shell.path(""));
    let address = server.wait_until_ready();
    for (role, token) in roles.iter().zip(&tokens) {
        let run = Command::new("schemathesis")
            .args(["run", &format!("http://{address}/api/openapi.json")])
            .args(["--header", &format!("Authorization: Bearer {token}")])
            .args(["--checks", CHECKS, "--max-examples", EXAMPLES])
            .args(["--phases", "examples,coverage,fuzzing", "--seed", "1", "--workers", "1"])
            .args(["--suppress-health-check", "all", "--no-color"])
            // The generated requests must not revoke the token of a role.
            .args(["--exclude-operation-id", "revoke_token"])
            .current_dir(shell.path(""))
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&run.stdout);
        assert!(
            run.status.success(),
            "as {role}:\n{printed}\n{}",
            String::from_utf8_lossy(&run.stderr)
        );
    }
    let log = server.log();
    // The server answers 503 at /readyz until its feeds are in memory.
    let is_failure = |line: &&str| {
        (line.contains(" ERROR ") && !line.contains("/readyz")) || line.contains("panicked")
    };
    assert_eq!(log.lines().find(is_failure), None, "{log}");
    assert_eq!(server.stop().0, Some(0));
}
