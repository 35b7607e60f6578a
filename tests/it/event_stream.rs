//! `/api/v1/events`: the names of changed objects, from every node, by the permissions of the token.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use courant::api_tokens;
use courant::domain::actor::Actor;
use courant::domain::edition::EditionCommand;
use courant::domain::role::Role;

use crate::crashes::{Node, another_edition};
use crate::server_process::get;
use crate::support::{LONGEST_WAIT, World, article, database_tests};

/// Open stream of events, read line by line.
struct EventStream(BufReader<TcpStream>);

impl EventStream {
    fn open(address: SocketAddr, token: &str) -> Self {
        let mut connection = TcpStream::connect(address).unwrap();
        connection.set_read_timeout(Some(LONGEST_WAIT)).unwrap();
        write!(
            connection,
            "GET /api/v1/events HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n"
        )
        .unwrap();
        let mut stream = Self(BufReader::new(connection));
        assert!(stream.line().unwrap().contains(" 200 "));
        while !stream.line().unwrap().is_empty() {}
        stream
    }

    /// Returns the next line; `None` at the end of the stream.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.0.read_line(&mut line).unwrap();
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// Reads until a change is reported, and returns those before it.
    fn until(&mut self, change: &str) -> Vec<String> {
        let mut before = Vec::new();
        loop {
            let line = self.line().expect("the stream ended");
            match line.strip_prefix("data: ") {
                Some(data) if data == change => return before,
                Some(data) => before.push(data.to_owned()),
                None => {}
            }
        }
    }
}

async fn token(world: &World, name: &str, role: Role, byte: u8) -> String {
    let (app, random) = (&world.app, [byte; api_tokens::TOKEN_BYTES]);
    let secret = &app.store_identity.secret;
    let new = api_tokens::NewToken::new(name, role);
    let token = api_tokens::create_token(&app.store, secret, new, random, &Actor::Cli, world.now());
    token.await.unwrap()
}

database_tests! {
    async fn changes_of_other_processes_are_reported_by_name_until_the_shutdown(world) {
        world.use_real_time();
        world.add_readers(1).await;
        let (viewer, editor) = (token(world, "viewer", Role::Viewer, 1).await, token(world, "editor", Role::Editor, 2).await);
        let count = if world.is_sqlite() { 1 } else { 2 };
        let mut nodes: Vec<Node> = (0..count).map(|n| Node::start(world, n, "serve")).collect();
        for node in &mut nodes {
            let address = node.serving.wait_until_ready();
            assert_eq!(get(address, "/api/v1/events", &[]).status, 401);
            let (of_viewer, of_editor) = (EventStream::open(address, &viewer), EventStream::open(address, &editor));
            let reader = world.app.store.subscribers().find_by_address("r0@example.org").await.unwrap().unwrap();
            world.publish([article(&node.name)]).await;
            // The first read only learns the state, so changes are repeated until one is reported.
            let (seen, seen_again) = {
                let changing = async {
                    loop {
                        world.app.store.subscriptions().unsubscribe_by_admin(reader.id, None, "left", &Actor::Cli, world.now()).await.unwrap();
                        world.app.store.audit_log().record_manual_sync("college", false, &Actor::Cli, world.now()).await.unwrap();
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                };
                let reading = async {
                    let read = |mut stream: EventStream, what: &'static str| tokio::task::spawn_blocking(move || (stream.until(what), stream));
                    let viewer = read(of_viewer, "subscriber").await.unwrap();
                    let editor = read(of_editor, "source college").await.unwrap();
                    (viewer, editor)
                };
                tokio::select! {
                    () = changing => unreachable!(),
                    read = reading => read,
                }
            };
            let (_, mut of_viewer) = seen;
            let (before, mut of_editor) = seen_again;
            assert!(!before.iter().any(|change| change.starts_with("subscriber")), "{before:?}");
            let edition = world.app.store.editions().list(&courant::domain::page::PageRequest::first(1)).await.unwrap();
            if edition.items.is_empty() {
                let edition = another_edition(world).await;
                courant::delivery::run_edition_command(&world.app.store, edition, EditionCommand::Pause, &Actor::Cli, world.now()).await.unwrap();
                let change = format!("edition {edition}");
                tokio::task::spawn_blocking(move || {
                    of_viewer.until(&change);
                    of_editor.until(&change);
                    (of_viewer, of_editor)
                })
                .await
                .unwrap();
            }
        }
        let streams: Vec<EventStream> = nodes.iter_mut().map(|node| EventStream::open(node.serving.wait_until_ready(), &viewer)).collect();
        for node in nodes {
            let (status, duration) = node.serving.stop();
            assert_eq!(status, Some(0));
            assert!(duration < Duration::from_secs(5), "an open stream delays the shutdown: {duration:?}");
        }
        for mut stream in streams {
            tokio::task::spawn_blocking(move || while stream.line().is_some() {}).await.unwrap();
        }
    }
}
