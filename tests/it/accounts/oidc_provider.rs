//! The sign-in with a provider that others wrote, from the first page to the account.

use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::server_process::{Response, ServerProcess, get, post_form};
use crate::support::{LONGEST_WAIT, Shell, skipped};

const CLAIMS: &str = r#"{"sub": "4711", "preferred_username": "Lin.Wei", "email": "lin@college.example", "email_verified": true, "groups": ["staff", "editor"]}"#;
const FOREIGN_CLAIMS: &str = r#"{"sub": "4712", "preferred_username": "eve", "email": "eve@evil.example", "email_verified": true}"#;

/// A running `oidc-provider-mock`; killed when dropped.
struct Provider {
    process: Child,
    address: SocketAddr,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Provider {
    /// Starts a provider with two people that insists on a nonce; `None` if it is not installed.
    fn start() -> Option<Self> {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let process = Command::new("oidc-provider-mock")
            .args(["--port", &address.port().to_string(), "--require-nonce", "true"])
            .args(["--user-claims", CLAIMS, "--user-claims", FOREIGN_CLAIMS])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut provider = Self { process: process.ok()?, address };
        let until = Instant::now() + LONGEST_WAIT;
        while std::net::TcpStream::connect(address).is_err() {
            assert_eq!(provider.process.try_wait().unwrap(), None, "the provider has ended");
            assert!(Instant::now() < until, "the provider does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(provider)
    }

    /// Lets a person agree at the address to which the browser was sent; returns where it is sent next.
    fn agree(&self, url: &str, subject: &str) -> String {
        let path = url.strip_prefix(&format!("http://{}", self.address)).unwrap();
        let agreed = post_form(self.address, path, &format!("sub={subject}"));
        assert_eq!(agreed.status, 302, "{agreed:?}");
        path_of(agreed.header("location"))
    }
}

/// Returns path and query of a URL of the site.
fn path_of(url: &str) -> String {
    url.strip_prefix("https://news.example.edu").unwrap().to_owned()
}

/// Returns the name and value of the cookie that a response sets.
fn cookie(response: &Response) -> String {
    response.header("set-cookie").split(';').next().unwrap().to_owned()
}

/// Begins a sign-in; returns the address at the provider and the cookie of the browser.
fn begin(site: SocketAddr) -> (String, String) {
    let begun = get(site, "/admin/oidc", &[]);
    assert_eq!(begun.status, 303, "{begun:?}");
    (begun.header("location").to_owned(), cookie(&begun))
}

#[test]
fn a_person_signs_in_with_a_provider_of_others() {
    let Some(provider) = Provider::start() else {
        return skipped("oidc-provider-mock is not installed");
    };
    let shell = Shell::new();
    let settings = format!(
        "[admin.oidc]\nissuer = \"http://{}\"\nclient_id = \"courant\"\nclient_secret = \"hush\"\nallowed_domains = [\"college.example\"]\nrole_claim = \"groups\"\n[server]\nlisten = \"127.0.0.1:0\"\n[database]",
        provider.address
    );
    shell.replace("[database]", &settings);
    let mut server = ServerProcess::start(&shell.path(""));
    let site = server.wait_until_ready();

    let (url, state) = begin(site);
    let callback = provider.agree(&url, "4711");
    let foreign = get(site, &callback, &[]);
    assert_eq!(foreign.status, 403, "another browser has no cookie: {foreign:?}");
    let done = get(site, &callback, &[&format!("Cookie: {state}")]);
    assert_eq!(done.status, 303, "{done:?} {}", server.log());
    let session = format!("Cookie: {}", cookie(&done));
    let profile = get(site, "/admin/profile", &[&session]);
    let page = String::from_utf8_lossy(&profile.body).into_owned();
    assert!(profile.status == 200 && page.contains("lin-wei"), "{page}");
    let replayed = get(site, &callback, &[&format!("Cookie: {state}")]);
    assert_eq!(replayed.status, 403, "a code and its state work once: {replayed:?}");

    let (url, state) = begin(site);
    let callback = provider.agree(&url, "4712");
    let refused = get(site, &callback, &[&format!("Cookie: {state}")]);
    assert_eq!(refused.status, 403, "an address of another domain: {refused:?}");

    let users = shell.courant(&["users", "list", "--json"]).json();
    assert_eq!(users.as_array().unwrap().len(), 1, "{users}");
    assert_eq!((&users[0]["name"], &users[0]["role"]), (&"lin-wei".into(), &"editor".into()));
    let audit = shell.courant(&["audit", "list", "--json"]).json().to_string();
    assert!(audit.contains("\"openid\"") && audit.contains("refuse_sign_in"), "{audit}");
    assert_eq!(server.stop().0, Some(0));
}
