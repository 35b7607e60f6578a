//! The door to the web: who asks for a declared feed, at its own address or at an alias, is answered here; all others go on to
//! the router.
//!
//! No database, no parsing of the address, no copy of a body: a look-up, the headers that are ready, and the bytes.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arc_swap::ArcSwapOption;
use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::uri::PathAndQuery;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::serve::{IncomingStream, Listener};
use tower_service::Service;

use super::Shared;
use super::aliases::{Aliases, format_of};
use super::feeds::moved_to;
use super::readership::Peer;
use super::ready::{Begun, Ready};
use crate::config::{Config, Feed};
use crate::feeds::address::Place;
use crate::feeds::format::Format;
use crate::feeds::made::Made;
use crate::feeds::shelf::file_name;

/// The whole web, for one connection.
#[derive(Debug, Clone)]
pub struct Door {
    web: Shared,
    stand: Arc<Stand>,
    router: Router,
    peer: Option<SocketAddr>,
}

/// The declared feeds by their addresses.
#[derive(Debug)]
struct Stand {
    paths: HashMap<String, Arc<Spot>>,
    aliases: Aliases<Arc<Spot>>,
}

/// Where a document of a declared feed stands.
#[derive(Debug)]
struct Spot {
    feed: Feed,
    file: String,
    path: String,
    ready: ArcSwapOption<Ready>,
}

impl Door {
    /// The door to a router.
    pub(super) fn to(web: Shared, router: Router) -> Self {
        let stand = Arc::new(Stand::of(&web.app.config));
        Self { web, stand, router, peer: None }
    }

    /// For a connection from there.
    fn for_peer(&self, peer: SocketAddr) -> Self {
        Self { peer: Some(peer), ..self.clone() }
    }

    /// What an address leads to, and whether it is an alias.
    fn spot(&self, uri: &Uri) -> Option<(&Arc<Spot>, bool)> {
        // What a query chooses of a feed is another feed.
        let own = || {
            self.stand
                .paths
                .get(uri.path())
                .filter(|_| uri.query().is_none())
                .map(|spot| (spot, false))
        };
        own().or_else(|| Some((self.stand.aliases.find(uri.path(), uri.query())?, true)))
    }

    /// Answers if that needs neither the router nor the disk.
    fn answer(&self, spot: &Arc<Spot>, request: &Request) -> Option<Answer> {
        let made = self.web.app.shelf.get(&spot.file)?;
        let ready = spot.ready(&self.web.app.config, &made);
        match ready.begin(&made, &self.web.app.shelf, request.method(), request.headers())? {
            Begun::Answer(response) => {
                self.web.note(
                    &spot.feed.name,
                    request.headers(),
                    self.reader(request),
                    response.status(),
                );
                Some(Answer::Now(Some(response)))
            }
            Begun::Brotli => {
                self.web.note(
                    &spot.feed.name,
                    request.headers(),
                    self.reader(request),
                    StatusCode::OK,
                );
                let (web, spot, asked) =
                    (Arc::clone(&self.web), Arc::clone(spot), request.headers().clone());
                Some(Answer::Later(Box::pin(async move {
                    let found = web.app.shelf.brotli(&spot.file, &made).await;
                    let answer = ready.finish(&made, &web.app.shelf, &asked, found);
                    Ok(answer.unwrap_or_else(|| StatusCode::NOT_ACCEPTABLE.into_response()))
                })))
            }
        }
    }

    /// The other end, for the counting of readers.
    fn reader(&self, request: &Request) -> Peer {
        let told = || request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
        Peer(self.peer.or_else(told).map(|peer| peer.ip()))
    }

    /// Hands a request on.
    fn pass(&mut self, mut request: Request) -> Answer {
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        Answer::Later(Box::pin(self.router.call(request)))
    }
}

impl Service<Request> for Door {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        <Router as Service<Request>>::poll_ready(&mut self.router, context)
    }

    fn call(&mut self, mut request: Request) -> Answer {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let Some((spot, is_alias)) = self.spot(request.uri()) else {
            let moved = if reads { self.stand.tidied(request.uri()) } else { None };
            return match moved {
                Some((to, is_private)) => Answer::now(moved_to(
                    &format!("{}{to}", self.web.app.config.site.base_url.trim_end_matches('/')),
                    is_private,
                )),
                None => self.pass(request),
            };
        };
        if reads && let Some(answer) = self.answer(spot, &request) {
            return answer;
        }
        if is_alias {
            // What goes wrong at an alias goes wrong as it does at the feed's own address.
            let path = PathAndQuery::try_from(spot.path.as_str());
            *request.uri_mut() = path.map(Uri::from).unwrap_or_default();
        }
        self.pass(request)
    }
}

impl<L: Listener<Addr = SocketAddr>> Service<IncomingStream<'_, L>> for Door {
    type Response = Self;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, stream: IncomingStream<'_, L>) -> Self::Future {
        std::future::ready(Ok(self.for_peer(*stream.remote_addr())))
    }
}

/// An answer that is there, or one that takes a while.
pub enum Answer {
    /// There, until it is taken.
    Now(Option<Response>),
    /// On its way.
    Later(Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>),
}

impl Answer {
    fn now(response: Response) -> Self {
        Self::Now(Some(response))
    }
}

impl Future for Answer {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Now(response) => {
                response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)))
            }
            Self::Later(answer) => answer.as_mut().poll(context),
        }
    }
}

impl Stand {
    fn of(config: &Config) -> Self {
        let spots = |feed: &Feed, format: Format| {
            let path = format!("/feeds/{}.{}", feed.path(), format.extension());
            Arc::new(Spot {
                feed: feed.clone(),
                file: file_name(feed, format),
                path,
                ready: ArcSwapOption::empty(),
            })
        };
        let mut paths = HashMap::new();
        let mut aliases = Vec::new();
        for feed in &config.feeds {
            for format in Format::ALL {
                let spot = spots(feed, format);
                let own = feed.aliases.iter().filter(|alias| format_of(alias) == format);
                aliases.extend(own.map(|alias| (alias.clone(), Arc::clone(&spot))));
                paths.insert(spot.path.clone(), spot);
            }
        }
        Self { paths, aliases: Aliases::of(aliases) }
    }

    /// The address that somebody meant who wrote one with slashes too many, or with capitals, and whether it is private.
    fn tidied(&self, uri: &Uri) -> Option<(String, bool)> {
        let path = uri.path();
        let is_doubled = path.contains("//");
        if !(is_doubled
            || (path.len() > 1 && path.ends_with('/'))
            || path.bytes().any(|b| b.is_ascii_uppercase()))
        {
            return None;
        }
        let exact: String = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .flat_map(|segment| ["/", segment])
            .collect();
        let lower = exact.to_ascii_lowercase();
        // Nobody is told that they nearly guessed a private address.
        let is_public =
            |path: &String| self.paths.get(path).is_some_and(|spot| spot.feed.private.is_none());
        let path = if self.paths.contains_key(&exact) || (is_doubled && exact.starts_with("/feeds"))
        {
            exact
        } else {
            Some(lower).filter(is_public)?
        };
        let holds_secret = |spot: &Arc<Spot>| {
            spot.feed.private.as_ref().is_some_and(|secret| path.contains(secret))
        };
        let is_private = self.paths.values().any(holds_secret);
        Some(uri.query().map_or_else(|| path.clone(), |query| format!("{path}?{query}")))
            .filter(|to| uri.path_and_query().is_none_or(|asked| asked.as_str() != to))
            .map(|to| (to, is_private))
    }
}

impl Spot {
    fn ready(&self, config: &Config, made: &Made) -> Arc<Ready> {
        if let Some(ready) = self.ready.load().as_ref().filter(|ready| ready.is_about(made)) {
            return Arc::clone(ready);
        }
        let ready = Arc::new(Ready::of(config, &self.feed, Place::Newest, made));
        self.ready.store(Some(Arc::clone(&ready)));
        ready
    }
}
