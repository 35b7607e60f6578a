//! Publishing of changed feeds to destinations: a directory that another web server serves.

mod buckets;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

use courant::app::App;
use courant::domain::article::IncomingArticle;
use courant::domain::time::{MINUTE, Millis};
use courant::feeds::cache::refresh_due;
use courant::publishing::{PublishReport, Publisher};
use flate2::read::GzDecoder;

use crate::server_process::ServerProcess;
use crate::support::{LONGEST_WAIT, Shell, World, article, database_tests};

/// A node that publishes to the first destination of its config.
struct Node {
    app: App,
    publisher: Publisher,
}

impl Node {
    fn new(app: &App) -> Self {
        Self { app: app.clone(), publisher: app.publisher(&app.config.destinations[0]) }
    }

    async fn refresh(&self) {
        refresh_due(&self.app.store, &self.app.config, &self.app.feed_cache, self.app.now())
            .await
            .unwrap();
    }

    /// Renders and publishes due feeds, as the daemon does after a change.
    async fn tick(&self) -> Result<PublishReport, String> {
        self.refresh().await;
        self.publisher.publish_due(self.app.now()).await.map_err(|e| e.to_string())
    }

    async fn publish(&self) -> Vec<String> {
        let mut uploaded = self.tick().await.unwrap().uploaded;
        uploaded.sort();
        uploaded
    }

    fn served_bytes(&self, file: &str) -> Vec<u8> {
        self.app.feed_cache.get(file).unwrap().identity().to_vec()
    }
}

/// Returns a node whose config has additional text.
async fn publishing_node(world: &mut World, more: &str) -> Node {
    world.configure(|s| s.more = more.to_owned()).await;
    Node::new(&world.app)
}

const DIRECTORY: &str = "[[publish]]\nname = \"web\"\nurl = \"file://www/feeds\"\n";
const NEWS_FILES: [&str; 3] = ["news.atom", "news.json", "news.rss"];

/// Returns all files below a directory by their relative names.
fn files(root: &Path) -> BTreeMap<String, PathBuf> {
    let (mut files, mut directories) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(next) = directories.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                files.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), path);
            }
        }
    }
    files
}

fn decompress(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    std::io::copy(&mut GzDecoder::new(bytes), &mut text).unwrap();
    text
}

database_tests! {
    async fn a_directory_receives_the_served_bytes_and_later_only_changed_files(world) {
        let node = publishing_node(world, &format!("[[feeds]]\nname = \"sport\"\nsections = [\"Sport\"]\n{DIRECTORY}")).await;
        let directory = world.home.path().join("www/feeds");
        world.publish([article("a"), IncomingArticle { sections: vec!["Sport".into()], ..article("b") }]).await;
        assert_eq!(node.publish().await.len(), 6);
        let published = files(&directory);
        assert_eq!(published.len(), 12, "each file should have a compressed copy: {published:?}");
        for file in ["news.rss", "news.atom", "news.json", "sport.rss"] {
            let plain = std::fs::read(&published[file]).unwrap();
            assert!(plain == node.served_bytes(file) && decompress(&std::fs::read(&published[&format!("{file}.gz")]).unwrap()) == plain, "{file}");
            let modified = std::fs::metadata(&published[file]).unwrap().modified().unwrap().duration_since(UNIX_EPOCH).unwrap();
            assert_eq!(Some(Millis(i64::try_from(modified.as_millis()).unwrap())), node.app.feed_cache.get(file).unwrap().modified);
        }
        assert_eq!(node.publish().await, [""; 0], "unchanged files should not be uploaded again");
        world.advance(MINUTE);
        world.publish([article("c")]).await;
        assert_eq!(node.publish().await, NEWS_FILES, "the other feed does not contain the article");
        assert!(String::from_utf8(std::fs::read(&published["news.atom"]).unwrap()).unwrap().contains("Title of c"));
        // Another process knows which files are uploaded.
        let other = Node::new(&world.another_node().await);
        assert_eq!(other.publish().await, [""; 0]);
        world.configure(|s| s.renamed = vec![("web", "site")]).await;
        assert_eq!(Node::new(&world.app).publish().await, [""; 0], "renaming a destination should upload nothing");
    }

    async fn deleted_files_are_uploaded_again_with_the_next_change(world) {
        let node = publishing_node(world, &format!("[[feeds]]\nname = \"sport\"\nsections = [\"Sport\"]\n{DIRECTORY}")).await;
        let directory = world.home.path().join("www/feeds");
        world.publish([article("a"), IncomingArticle { sections: vec!["Sport".into()], ..article("b") }]).await;
        node.publish().await;
        std::fs::remove_dir_all(&directory).unwrap();
        world.advance(MINUTE);
        world.publish([article("c")]).await;
        assert_eq!(node.publish().await.len(), 6, "missing files of unchanged feeds should be uploaded too");
        assert_eq!(files(&directory).len(), 12);
        std::fs::remove_file(directory.join("sport.rss")).unwrap();
        node.refresh().await;
        let report = node.publisher.publish_now(false, node.app.now()).await.unwrap();
        assert_eq!((report.uploaded, report.up_to_date, report.pending), (vec!["sport.rss".to_owned()], 6, 0));
    }

    async fn files_of_removed_feeds_are_deleted_and_other_files_are_kept(world) {
        let sport = format!("[[feeds]]\nname = \"sport\"\nsections = [\"Sport\"]\n{DIRECTORY}");
        let first = publishing_node(world, &sport).await;
        let directory = world.home.path().join("www/feeds");
        world.publish([article("a")]).await;
        first.publish().await;
        std::fs::write(directory.join("index.html"), "<p>ours</p>").unwrap();
        std::fs::write(directory.join("sport.txt"), "ours").unwrap();
        let second = publishing_node(world, &format!("{DIRECTORY}gzip = false\n")).await;
        let report = second.tick().await.unwrap();
        assert_eq!((report.uploaded.len(), report.deleted.len(), report.pending), (3, 3, 0), "{report:?}");
        assert_eq!(files(&directory).into_keys().collect::<Vec<_>>(), ["index.html", "news.atom", "news.json", "news.rss", "sport.txt"]);
        // A file of the same name in another directory was not published by this node.
        publishing_node(world, &sport).await.publish().await;
        let elsewhere = world.home.path().join("other");
        std::fs::create_dir(&elsewhere).unwrap();
        std::fs::write(elsewhere.join("sport.rss"), "not ours").unwrap();
        let moved = publishing_node(world, &DIRECTORY.replace("file://www/feeds", "file://other")).await;
        let report = moved.tick().await.unwrap();
        assert!(report.uploaded.len() == 3 && report.deleted.is_empty() && report.pending == 0, "{report:?}");
        assert!(elsewhere.join("sport.rss").exists() && directory.join("sport.rss").exists());
    }

    async fn a_private_feed_is_published_only_where_it_is_listed(world) {
        world.configure(|s| s.feed = "private = \"0123456789abcdef0\"".into()).await;
        let with_public_feed = format!("[[feeds]]\nname = \"open\"\n{DIRECTORY}");
        let first = publishing_node(world, &with_public_feed).await;
        world.publish([article("a")]).await;
        assert_eq!(first.publish().await, ["open.atom", "open.json", "open.rss"]);
        let named = publishing_node(world, &format!("{with_public_feed}feeds = [\"news\"]\n")).await;
        let report = named.tick().await.unwrap();
        assert!(report.uploaded.len() == 3 && report.uploaded.iter().all(|file| file.starts_with("news/0123456789abcdef0.")), "{report:?}");
        assert_eq!(report.deleted.len(), 3, "the public feed was not listed");
    }

    async fn uploads_of_a_dead_node_are_done_by_another_node_after_the_lease_expired(world) {
        let node = publishing_node(world, DIRECTORY).await;
        world.publish([article("a")]).await;
        world.sql("INSERT INTO publications (destination, file, version, pending_version, lease_node, lease_until) VALUES ('web', 'news.rss', '', 'x', 'dead', 9000000000000)").await;
        assert_eq!(node.publish().await, ["news.atom", "news.json"]);
        world.sql("UPDATE publications SET lease_until = 1 WHERE lease_node = 'dead'").await;
        assert_eq!(node.publish().await, ["news.rss"]);
    }
}

#[test]
fn the_publish_command_reports_uploads_and_a_database_copy_publishes_nothing() {
    let shell = Shell::new();
    let output = shell.courant(&["feeds", "publish"]);
    assert!(output.status == 2 && output.err.contains("[[publish]]"), "{output:?}");
    shell.replace(
        "[[digests]]",
        "[[publish]]\nname = \"web\"\nurl = \"file://www\"\n[[publish]]\nname = \"full\"\nurl = \"file://blocked/www\"\n[[digests]]",
    );
    shell.write("articles.jsonl", "{\"id\":\"1\",\"title\":\"One\"}\n");
    shell.run_ok(&["articles", "import", "articles.jsonl"]);
    let out = shell.run_ok(&["feeds", "publish", "web"]);
    assert!(
        out.contains("web: uploaded news.rss\n")
            && out.contains("web: 3 uploaded, 0 deleted, 3 up to date, 0 pending"),
        "{out}"
    );
    let built = shell.path("built");
    shell.run_ok(&["feeds", "build", "--out", "built"]);
    for name in NEWS_FILES {
        assert_eq!(
            std::fs::read(shell.path("www").join(name)).unwrap(),
            std::fs::read(built.join(name)).unwrap(),
            "{name}"
        );
    }
    assert!(shell.run_ok(&["feeds", "publish", "web"]).contains("0 uploaded,"));
    std::fs::remove_file(shell.path("www/news.rss")).unwrap();
    assert!(
        shell.run_ok(&["feeds", "publish", "web", "--again"]).contains("3 uploaded,")
            && shell.path("www/news.rss").exists()
    );
    shell.write("blocked", "a file instead of a directory");
    let output = shell.courant(&["feeds", "publish"]);
    assert!(
        output.status == 1
            && output.out.contains("web: 0 uploaded")
            && output.err.matches("error:").count() == 1,
        "{output:?}"
    );
    assert!(
        output.err.contains("full: cannot publish to") && output.err.contains("blocked"),
        "{output:?}"
    );
    assert_eq!(shell.courant(&["feeds", "publish", "nowhere"]).status, 2);

    shell.run_ok(&["backup", "copy.db"]);
    shell.replace("sqlite://courant.db", "sqlite://copy.db");
    let output = shell.courant(&["feeds", "publish", "web", "--again"]);
    assert!(output.status == 1 && output.err.contains("courant adopt"), "{output:?}");
}

#[test]
fn check_tests_each_directory_and_leaves_no_file_there() {
    let destination = |name: &str, path: &str| {
        format!("[[publish]]\nname = \"{name}\"\nurl = \"file://{path}\"\n")
    };
    let shell = Shell::with(
        "[[digests]]",
        &format!("{}[[digests]]", destination("web", "www") + &destination("new", "not/there/yet")),
    );
    std::fs::create_dir(shell.path("www")).unwrap();
    let output = shell.run_ok(&["check"]);
    assert!(
        output.contains(&format!(
            "ok    publish web: {} accepts files\n",
            shell.path("www").display()
        )),
        "{output}"
    );
    assert!(output.contains("ok    publish new: "), "{output}");
    assert!(files(&shell.path("www")).is_empty() && !shell.path("not").exists());
    shell.write("blocked", "a file instead of a directory");
    std::os::unix::fs::symlink("/nowhere/at/all", shell.path("astray")).unwrap();
    // Not even root can create files in the last one.
    let failing = destination("full", "blocked/www")
        + &destination("lost", "astray")
        + &destination("system", "/sys/www");
    shell.replace("[[digests]]", &format!("{failing}[[digests]]"));
    let output = shell.courant(&["check"]);
    assert!(
        output.status == 1
            && output.out.matches("error publish ").count() == 3
            && output.err.contains("3 errors found"),
        "{output:?}"
    );
    shell.write("one.jsonl", "{\"title\":\"One\"}\n");
    shell.run_ok(&["articles", "import", "one.jsonl"]);
    let publishing = shell.courant(&["feeds", "publish", "lost"]);
    let dangling = format!(
        "lost: cannot publish to {0}: {0} is not a directory; move it away",
        shell.path("astray").display()
    );
    assert!(
        output.out.contains(&dangling)
            && publishing.status == 1
            && publishing.err.contains(&dangling),
        "{output:?} {publishing:?}"
    );
    let blocked = format!(
        "error publish full: cannot publish to {0}/www: {0} is not a directory; move it away",
        shell.path("blocked").display()
    );
    assert!(
        output.out.contains(&blocked)
            && output.out.contains("publish system: cannot publish to /sys/www: /sys: "),
        "{output:?}"
    );
}

#[test]
fn serve_publishes_each_change() {
    let shell = Shell::with(
        "[[sources]]",
        "[server]\nlisten = \"127.0.0.1:0\"\n[[publish]]\nname = \"web\"\nurl = \"file://www\"\n[[sources]]",
    );
    let mut server = ServerProcess::start(&shell.path(""));
    server.wait_until_ready();
    for title in ["One", "Two"] {
        shell.write("articles.jsonl", format!("{{\"id\":\"{title}\",\"title\":\"{title}\"}}\n"));
        shell.run_ok(&["articles", "import", "articles.jsonl"]);
        let started = Instant::now();
        while !std::fs::read_to_string(shell.path("www/news.rss"))
            .is_ok_and(|text| text.contains(title))
        {
            assert!(started.elapsed() < LONGEST_WAIT, "timeout: {}", server.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
