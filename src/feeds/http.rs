//! Asking others over HTTP/1.1: one request a connection, no redirect followed, no proxy, everything bounded.
//!
//! Whom we may connect to is judged on the resolved address of each connection, so a name that pointed elsewhere a moment ago
//! gains nothing.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, HeaderMap, HeaderValue, USER_AGENT};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;
use url::{Host, Url};

use crate::domain::network::{self, Network};
use crate::mail::smtp::verified_by_system;

/// Headers of an answer, at most.
const MOST_HEADERS: usize = 100;
/// Bytes of an answer's head, at most; more ends the connection.
const LONGEST_HEAD: usize = 64 * 1024;
/// Addresses of one name that are tried.
const TRIED: usize = 4;

/// Whom we may connect to.
#[derive(Debug, Clone)]
pub enum Reach {
    /// Anybody: the operator named the address.
    Anywhere,
    /// The open internet at the web's ports or above 1023, and all of these networks: a stranger named the address.
    Public {
        /// Networks that the operator opened.
        allow: Vec<Network>,
    },
}

impl Reach {
    /// Whether a connection to this address may be made.
    pub fn permits(&self, address: SocketAddr) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Public { allow } => {
                let is_web = matches!(address.port(), 80 | 443 | 1024..);
                allow.iter().any(|network| network.contains(address.ip()))
                    || (is_web && network::is_public(address.ip()))
            }
        }
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// All that the name stands for lies where we must not connect to.
    #[error("{0} is in no network that may be reached: it is private, or `allow` has to name it")]
    Forbidden(String),
    /// The request can't be put into HTTP.
    #[error("{0} can't be asked for")]
    Unfit(String),
    /// No connection, or one that broke; the words of who noticed.
    #[error("{0}")]
    Broken(String),
    /// The time was over.
    #[error("no answer within {0:?}")]
    Late(Duration),
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// The beginning of its body, as far as it was wanted.
    pub body: Bytes,
    /// Whether that is all of it.
    pub is_whole: bool,
}

/// Sends requests; cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    reach: Reach,
    patience: Duration,
    agent: HeaderValue,
    tls: Arc<OnceLock<Result<Arc<ClientConfig>, String>>>,
}

impl Client {
    /// One that may reach this far and gives each request this long, its connection and answer included; `site` is told to
    /// whom we ask, as who is asking.
    pub fn new(reach: Reach, patience: Duration, site: &str) -> Self {
        let agent = HeaderValue::try_from(format!("Courant (+{site})"))
            .unwrap_or(HeaderValue::from_static("Courant"));
        Self { reach, patience, agent, tls: Arc::default() }
    }

    /// Asks, and reads at most so many bytes of the answer's body; redirects are answers like others.
    ///
    /// # Errors
    /// When nothing was answered in time, or nobody may be asked there.
    pub async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
        wanted: usize,
    ) -> Result<Answer, HttpError> {
        let request = self.request(method, url, headers, body)?;
        match tokio::time::timeout(self.patience, self.ask(url, request, wanted)).await {
            Ok(answered) => answered,
            Err(_) => Err(HttpError::Late(self.patience)),
        }
    }

    fn request(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, HttpError> {
        let unfit = || HttpError::Unfit(url.to_string());
        let authority = url.host_str().map(|host| match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        });
        let target = url
            .query()
            .map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .body(Full::new(body))
            .map_err(|_| unfit())?;
        *request.headers_mut() = headers;
        let host = authority
            .and_then(|authority| HeaderValue::try_from(authority).ok())
            .ok_or_else(unfit)?;
        request.headers_mut().insert(HOST, host);
        request.headers_mut().insert(USER_AGENT, self.agent.clone());
        request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        Ok(request)
    }

    async fn ask(
        &self,
        url: &Url,
        request: Request<Full<Bytes>>,
        wanted: usize,
    ) -> Result<Answer, HttpError> {
        let stream = self.connect(url).await?;
        if url.scheme() != "https" {
            return exchange(stream, request, wanted).await;
        }
        let config = self.tls.get_or_init(|| {
            verified_by_system().map(Arc::new).map_err(|e| format!("TLS can't be used: {e}"))
        });
        let config = config.as_ref().map_err(|why| HttpError::Broken(why.clone()))?;
        let name = match url.host() {
            Some(Host::Domain(name)) => ServerName::try_from(name.to_owned())
                .map_err(|_| HttpError::Unfit(url.to_string()))?,
            Some(Host::Ipv4(address)) => ServerName::from(IpAddr::from(address)),
            Some(Host::Ipv6(address)) => ServerName::from(IpAddr::from(address)),
            None => return Err(HttpError::Unfit(url.to_string())),
        };
        let stream = TlsConnector::from(Arc::clone(config)).connect(name, stream).await;
        exchange(stream.map_err(|e| HttpError::Broken(e.to_string()))?, request, wanted).await
    }

    /// A connection to the first permitted address that answers.
    async fn connect(&self, url: &Url) -> Result<TcpStream, HttpError> {
        let port = url.port_or_known_default().ok_or_else(|| HttpError::Unfit(url.to_string()))?;
        let (host, addresses): (String, Vec<SocketAddr>) = match url.host() {
            Some(Host::Domain(name)) => {
                let found = tokio::net::lookup_host((name, port)).await;
                (
                    name.to_owned(),
                    found
                        .map_err(|e| HttpError::Broken(format!("{name} is not found: {e}")))?
                        .collect(),
                )
            }
            Some(Host::Ipv4(address)) => (address.to_string(), vec![(address, port).into()]),
            Some(Host::Ipv6(address)) => (address.to_string(), vec![(address, port).into()]),
            None => return Err(HttpError::Unfit(url.to_string())),
        };
        let permitted: Vec<SocketAddr> = addresses
            .into_iter()
            .filter(|address| self.reach.permits(*address))
            .take(TRIED)
            .collect();
        let mut trouble = HttpError::Forbidden(host);
        for address in permitted {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // Where it can't be set, the last segment only waits.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(e) => trouble = HttpError::Broken(format!("{address} can't be reached: {e}")),
            }
        }
        Err(trouble)
    }
}

/// One request and its answer on a connection, which ends with it.
async fn exchange<S>(
    stream: S,
    request: Request<Full<Bytes>>,
    wanted: usize,
) -> Result<Answer, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |e: hyper::Error| HttpError::Broken(format!("the connection broke: {e}"));
    let mut shape = http1::Builder::new();
    shape.max_headers(MOST_HEADERS).max_buf_size(LONGEST_HEAD);
    let (mut sender, connection) = shape.handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // It has nothing to say that the request does not hear of.
    let _driven = AbortOnDropHandle::new(tokio::spawn(async move { drop(connection.await) }));
    let (head, body) = sender.send_request(request).await.map_err(broken)?.into_parts();
    let (body, is_whole) = beginning(body, wanted).await.map_err(broken)?;
    Ok(Answer { status: head.status, headers: head.headers, body, is_whole })
}

/// So much of a body as is wanted, and whether that is all.
async fn beginning(mut body: Incoming, wanted: usize) -> Result<(Bytes, bool), hyper::Error> {
    let mut read = Vec::new();
    if wanted == 0 {
        return Ok((Bytes::new(), false));
    }
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if read.len() + data.len() > wanted {
            read.extend_from_slice(&data[..wanted - read.len()]);
            return Ok((read.into(), false));
        }
        read.extend_from_slice(&data);
    }
    Ok((read.into(), true))
}

#[cfg(test)]
mod tests;
