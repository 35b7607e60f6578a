//! Feeds in places elsewhere, only what changed: a folder that a web server serves.

mod buckets;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

use courant::app::App;
use courant::domain::article::IncomingArticle;
use courant::domain::time::{MINUTE, Millis};
use courant::feeds::cache::refresh_due;
use courant::feeds::publishing::{PublishReport, Publisher};
use flate2::read::GzDecoder;

use crate::program::Serving;
use crate::support::{Shell, World, article, database_tests};

/// One node that publishes to the first place of its config.
struct Node {
    app: App,
    publisher: Publisher,
}

impl Node {
    fn of(app: &App) -> Self {
        Self { app: app.clone(), publisher: app.publisher(&app.config.publish[0]) }
    }

    async fn refresh(&self) {
        refresh_due(&self.app.store, &self.app.config, &self.app.feed_cache, self.app.now())
            .await
            .unwrap();
    }

    /// What the daemon does at a change.
    async fn tick(&self) -> Result<PublishReport, String> {
        self.refresh().await;
        self.publisher.publish_due(self.app.now()).await.map_err(|e| e.to_string())
    }

    async fn put(&self) -> Vec<String> {
        let mut put = self.tick().await.unwrap().uploaded;
        put.sort();
        put
    }

    fn served(&self, file: &str) -> Vec<u8> {
        self.app.feed_cache.get(file).unwrap().identity().to_vec()
    }
}

/// A node of a world under a config with more in it.
async fn node(world: &mut World, more: &str) -> Node {
    world.configure(|s| s.more = more.to_owned()).await;
    Node::of(&world.app)
}

const FOLDER: &str = "[[publish]]\nname = \"web\"\nurl = \"file://www/feeds\"\n";
const ALL: [&str; 3] = ["news.atom", "news.json", "news.rss"];

/// All files below a folder, by their names from there.
fn files(folder: &Path) -> BTreeMap<String, PathBuf> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned(), path);
            }
        }
    }
    found
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    std::io::copy(&mut GzDecoder::new(bytes), &mut text).unwrap();
    text
}

database_tests! {
    async fn a_folder_gets_the_very_bytes_and_later_what_changed_alone(world) {
        let node = node(world, &format!("[[feeds]]\nname = \"sport\"\nsections = [\"Sport\"]\n{FOLDER}")).await;
        let folder = world.home.path().join("www/feeds");
        world.publish([article("a"), IncomingArticle { sections: vec!["Sport".into()], ..article("b") }]).await;
        assert_eq!(node.put().await.len(), 6);
        let there = files(&folder);
        assert_eq!(there.len(), 12, "each with a compressed one beside it: {there:?}");
        for file in ["news.rss", "news.atom", "news.json", "sport.rss"] {
            let plain = std::fs::read(&there[file]).unwrap();
            assert!(plain == node.served(file) && unpacked(&std::fs::read(&there[&format!("{file}.gz")]).unwrap()) == plain, "{file}");
            let modified = std::fs::metadata(&there[file]).unwrap().modified().unwrap().duration_since(UNIX_EPOCH).unwrap();
            assert_eq!(Some(Millis(i64::try_from(modified.as_millis()).unwrap())), node.app.feed_cache.get(file).unwrap().modified);
        }
        assert_eq!(node.put().await, [""; 0], "nothing changed");
        world.advance(MINUTE);
        world.publish([article("c")]).await;
        assert_eq!(node.put().await, ALL, "the other feed does not hold it");
        assert!(String::from_utf8(std::fs::read(&there["news.atom"]).unwrap()).unwrap().contains("Title of c"));
        // Another process knows what is there.
        let other = Node::of(&world.another_node().await);
        assert_eq!(other.put().await, [""; 0]);
        world.configure(|s| s.renamed = vec![("web", "site")]).await;
        assert_eq!(Node::of(&world.app).put().await, [""; 0], "a new name of the place changes nothing there");
    }

    async fn files_that_somebody_took_away_are_put_there_again_with_the_next_change(world) {
        let node = node(world, &format!("[[feeds]]\nname = \"sport\"\nsections = [\"Sport\"]\n{FOLDER}")).await;
        let folder = world.home.path().join("www/feeds");
        world.publish([article("a"), IncomingArticle { sections: vec!["Sport".into()], ..article("b") }]).await;
        node.put().await;
        std::fs::remove_dir_all(&folder).unwrap();
        world.advance(MINUTE);
        world.publish([article("c")]).await;
        assert_eq!(node.put().await.len(), 6, "not the changed feed alone");
        assert_eq!(files(&folder).len(), 12);
        std::fs::remove_file(folder.join("sport.rss")).unwrap();
        node.refresh().await;
        let report = node.publisher.publish_now(false, node.app.now()).await.unwrap();
        assert_eq!((report.uploaded, report.current, report.pending), (vec!["sport.rss".to_owned()], 6, 0));
    }

    async fn a_feed_that_is_no_more_is_taken_away_and_what_others_put_there_stays(world) {
        let sport = format!("[[feeds]]\nname = \"sport\"\nsections = [\"Sport\"]\n{FOLDER}");
        let first = node(world, &sport).await;
        let folder = world.home.path().join("www/feeds");
        world.publish([article("a")]).await;
        first.put().await;
        std::fs::write(folder.join("index.html"), "<p>ours</p>").unwrap();
        std::fs::write(folder.join("sport.txt"), "ours").unwrap();
        let second = node(world, &format!("{FOLDER}gzip = false\n")).await;
        let report = second.tick().await.unwrap();
        assert_eq!((report.uploaded.len(), report.deleted.len(), report.pending), (3, 3, 0), "{report:?}");
        assert_eq!(files(&folder).into_keys().collect::<Vec<_>>(), ["index.html", "news.atom", "news.json", "news.rss", "sport.txt"]);
        // In another folder what bears its name is not ours.
        node(world, &sport).await.put().await;
        let elsewhere = world.home.path().join("other");
        std::fs::create_dir(&elsewhere).unwrap();
        std::fs::write(elsewhere.join("sport.rss"), "not ours").unwrap();
        let moved = node(world, &FOLDER.replace("file://www/feeds", "file://other")).await;
        let report = moved.tick().await.unwrap();
        assert!(report.uploaded.len() == 3 && report.deleted.is_empty() && report.pending == 0, "{report:?}");
        assert!(elsewhere.join("sport.rss").exists() && folder.join("sport.rss").exists());
    }

    async fn a_private_feed_goes_nowhere_unless_it_is_named(world) {
        world.configure(|s| s.feed = "private = \"0123456789abcdef0\"".into()).await;
        let open = format!("[[feeds]]\nname = \"open\"\n{FOLDER}");
        let first = node(world, &open).await;
        world.publish([article("a")]).await;
        assert_eq!(first.put().await, ["open.atom", "open.json", "open.rss"]);
        let named = node(world, &format!("{open}feeds = [\"news\"]\n")).await;
        let report = named.tick().await.unwrap();
        assert!(report.uploaded.len() == 3 && report.uploaded.iter().all(|file| file.starts_with("news/0123456789abcdef0.")), "{report:?}");
        assert_eq!(report.deleted.len(), 3, "the open one was not named");
    }

    async fn what_a_dead_node_was_putting_is_put_by_another(world) {
        let node = node(world, FOLDER).await;
        world.publish([article("a")]).await;
        world.sql("INSERT INTO publications (destination, file, etag, pending_etag, lease_node, lease_until) VALUES ('web', 'news.rss', '', 'x', 'dead', 9000000000000)").await;
        assert_eq!(node.put().await, ["news.atom", "news.json"]);
        world.sql("UPDATE publications SET lease_until = 1 WHERE lease_node = 'dead'").await;
        assert_eq!(node.put().await, ["news.rss"]);
    }
}

#[test]
fn the_command_says_what_it_put_and_a_copy_of_the_store_puts_nothing() {
    let shell = Shell::new();
    let said = shell.courant(&["feeds", "publish"]);
    assert!(said.status == 2 && said.err.contains("[[publish]]"), "{said:?}");
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
    for name in ALL {
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
    shell.write("blocked", "a file where a folder should be");
    let said = shell.courant(&["feeds", "publish"]);
    assert!(
        said.status == 1
            && said.out.contains("web: 0 uploaded")
            && said.err.matches("error:").count() == 1,
        "{said:?}"
    );
    assert!(
        said.err.contains("full: cannot publish to") && said.err.contains("blocked"),
        "{said:?}"
    );
    assert_eq!(shell.courant(&["feeds", "publish", "nowhere"]).status, 2);

    shell.run_ok(&["backup", "copy.db"]);
    shell.replace("sqlite://courant.db", "sqlite://copy.db");
    let said = shell.courant(&["feeds", "publish", "web", "--again"]);
    assert!(said.status == 1 && said.err.contains("courant adopt"), "{said:?}");
}

#[test]
fn check_tries_each_folder_and_leaves_nothing_there() {
    let place = |name: &str, folder: &str| {
        format!("[[publish]]\nname = \"{name}\"\nurl = \"file://{folder}\"\n")
    };
    let shell = Shell::with(
        "[[digests]]",
        &format!("{}[[digests]]", place("web", "www") + &place("new", "not/there/yet")),
    );
    std::fs::create_dir(shell.path("www")).unwrap();
    let said = shell.run_ok(&["check"]);
    assert!(
        said.contains(&format!(
            "ok    publish web: {} accepts files\n",
            shell.path("www").display()
        )),
        "{said}"
    );
    assert!(said.contains("ok    publish new: "), "{said}");
    assert!(files(&shell.path("www")).is_empty() && !shell.path("not").exists());
    shell.write("blocked", "a file where a folder should be");
    std::os::unix::fs::symlink("/nowhere/at/all", shell.path("astray")).unwrap();
    // Nobody may make files in the last one, whoever they are.
    let bad =
        place("full", "blocked/www") + &place("lost", "astray") + &place("system", "/sys/www");
    shell.replace("[[digests]]", &format!("{bad}[[digests]]"));
    let said = shell.courant(&["check"]);
    assert!(
        said.status == 1
            && said.out.matches("error publish ").count() == 3
            && said.err.contains("3 errors found"),
        "{said:?}"
    );
    shell.write("one.jsonl", "{\"title\":\"One\"}\n");
    shell.run_ok(&["articles", "import", "one.jsonl"]);
    let publishing = shell.courant(&["feeds", "publish", "lost"]);
    let lost = format!(
        "lost: cannot publish to {0}: {0} is not a directory; move it away",
        shell.path("astray").display()
    );
    assert!(
        said.out.contains(&lost) && publishing.status == 1 && publishing.err.contains(&lost),
        "{said:?} {publishing:?}"
    );
    let full = format!(
        "error publish full: cannot publish to {0}/www: {0} is not a directory; move it away",
        shell.path("blocked").display()
    );
    assert!(
        said.out.contains(&full)
            && said.out.contains("publish system: cannot publish to /sys/www: /sys: "),
        "{said:?}"
    );
}

#[test]
fn serve_publishes_each_change_by_itself() {
    let shell = Shell::with(
        "[[sources]]",
        "[server]\nlisten = \"127.0.0.1:0\"\n[[publish]]\nname = \"web\"\nurl = \"file://www\"\n[[sources]]",
    );
    let mut serving = Serving::start(&shell.path(""));
    serving.ready();
    for title in ["One", "Two"] {
        shell.write("articles.jsonl", format!("{{\"id\":\"{title}\",\"title\":\"{title}\"}}\n"));
        shell.run_ok(&["articles", "import", "articles.jsonl"]);
        let begun = Instant::now();
        while !std::fs::read_to_string(shell.path("www/news.rss"))
            .is_ok_and(|text| text.contains(title))
        {
            assert!(begun.elapsed() < Duration::from_secs(30), "never: {}", serving.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
