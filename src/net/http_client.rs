//! HTTP/1.1 client protected against server-side request forgery (SSRF): one request per
//! connection, no redirects, no proxy, limits on time and size.
//!
//! The policy is checked against the resolved address of each connection, so a change of the DNS
//! record between check and use (DNS rebinding) does not bypass it.

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

use super::tls;
use crate::domain::network::{self, IpNetwork};

/// Maximum number of response headers.
const MAX_HEADERS: usize = 100;
/// Maximum length of a response's status line and headers in bytes; a longer one closes the
/// connection.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Maximum number of addresses of one host that are tried.
const MAX_ADDRESSES_TRIED: usize = 4;

/// Addresses to which connections are allowed.
#[derive(Debug, Clone)]
pub enum AddressPolicy {
    /// All addresses: the admin configured the URL.
    Any,
    /// Public addresses at ports 80, 443 and above 1023, and every port in the allowed networks:
    /// the URL is from an untrusted party.
    Public {
        /// Networks that the admin has allowed.
        allowed_networks: Vec<IpNetwork>,
    },
}

impl AddressPolicy {
    /// Returns `true` if a connection to this address is allowed.
    pub fn permits(&self, address: SocketAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Public { allowed_networks: allow } => {
                let is_web = matches!(address.port(), 80 | 443 | 1024..);
                allow.iter().any(|network| network.contains(address.ip()))
                    || (is_web && network::is_public(address.ip()))
            }
        }
    }
}

/// Reason why a request has no response.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// None of the host's addresses is allowed.
    #[error(
        "{0} has no allowed address: it is private or uses a forbidden port; add its network to `allowed_networks` if it is yours"
    )]
    Forbidden(String),
    /// The URL or the headers cannot be expressed in an HTTP request.
    #[error("{0} cannot be requested over HTTP")]
    InvalidRequest(String),
    /// The connection failed, with the underlying error.
    #[error("{0}")]
    Connection(String),
    /// The request exceeded its timeout.
    #[error("no response within {0:?}")]
    Timeout(Duration),
}

/// Response to an HTTP request.
#[derive(Debug)]
pub struct HttpResponse {
    /// Status code of the response.
    pub status: StatusCode,
    /// Body, truncated to the requested length.
    pub body: Bytes,
    /// `true` if the body is not truncated.
    pub is_complete: bool,
}

/// Sends HTTP requests; cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    policy: AddressPolicy,
    timeout: Duration,
    user_agent: HeaderValue,
    tls: Arc<OnceLock<Result<Arc<ClientConfig>, String>>>,
}

impl Client {
    /// Returns a client with an address policy and a timeout per request, from connecting to the
    /// end of the response. `site` is the URL in its `User-Agent`.
    pub fn new(policy: AddressPolicy, timeout: Duration, site: &str) -> Self {
        let user_agent = HeaderValue::try_from(format!("Courant (+{site})"))
            .unwrap_or(HeaderValue::from_static("Courant"));
        Self { policy, timeout, user_agent, tls: Arc::default() }
    }

    /// Returns the client with this timeout if its own is longer.
    #[must_use]
    pub fn with_timeout_at_most(&self, timeout: Duration) -> Self {
        Self { timeout: self.timeout.min(timeout), ..self.clone() }
    }

    /// Sends a request and reads at most `max_body` bytes of the response's body. Redirects are
    /// returned like other responses.
    ///
    /// # Errors
    /// If the address is not allowed, or there is no complete response within the timeout.
    pub async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
        max_body: usize,
    ) -> Result<HttpResponse, HttpError> {
        let request = self.request(method, url, headers, body)?;
        match tokio::time::timeout(self.timeout, self.attempt(url, request, max_body)).await {
            Ok(result) => result,
            Err(_) => Err(HttpError::Timeout(self.timeout)),
        }
    }

    fn request(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, HttpError> {
        let invalid = || HttpError::InvalidRequest(url.to_string());
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
            .map_err(|_| invalid())?;
        *request.headers_mut() = headers;
        let host = authority
            .and_then(|authority| HeaderValue::try_from(authority).ok())
            .ok_or_else(invalid)?;
        request.headers_mut().insert(HOST, host);
        request.headers_mut().insert(USER_AGENT, self.user_agent.clone());
        request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        Ok(request)
    }

    async fn attempt(
        &self,
        url: &Url,
        request: Request<Full<Bytes>>,
        max_body: usize,
    ) -> Result<HttpResponse, HttpError> {
        let stream = self.connect(url).await?;
        if url.scheme() != "https" {
            return exchange(stream, request, max_body).await;
        }
        let config = self.tls.get_or_init(|| {
            tls::verified_by_system()
                .map(Arc::new)
                .map_err(|e| format!("TLS is not available: {e}"))
        });
        let config = config.as_ref().map_err(|reason| HttpError::Connection(reason.clone()))?;
        let name = match url.host() {
            Some(Host::Domain(name)) => ServerName::try_from(name.to_owned())
                .map_err(|_| HttpError::InvalidRequest(url.to_string()))?,
            Some(Host::Ipv4(address)) => ServerName::from(IpAddr::from(address)),
            Some(Host::Ipv6(address)) => ServerName::from(IpAddr::from(address)),
            None => return Err(HttpError::InvalidRequest(url.to_string())),
        };
        let stream = TlsConnector::from(Arc::clone(config)).connect(name, stream).await;
        exchange(stream.map_err(|e| HttpError::Connection(e.to_string()))?, request, max_body).await
    }

    /// Connects to the first allowed address that accepts a connection.
    async fn connect(&self, url: &Url) -> Result<TcpStream, HttpError> {
        let port = url
            .port_or_known_default()
            .ok_or_else(|| HttpError::InvalidRequest(url.to_string()))?;
        let (host, addresses): (String, Vec<SocketAddr>) = match url.host() {
            Some(Host::Domain(name)) => {
                let resolved = tokio::net::lookup_host((name, port)).await;
                (
                    name.to_owned(),
                    resolved
                        .map_err(|e| HttpError::Connection(format!("cannot resolve {name}: {e}")))?
                        .collect(),
                )
            }
            Some(Host::Ipv4(address)) => (address.to_string(), vec![(address, port).into()]),
            Some(Host::Ipv6(address)) => (address.to_string(), vec![(address, port).into()]),
            None => return Err(HttpError::InvalidRequest(url.to_string())),
        };
        let permitted: Vec<SocketAddr> = addresses
            .into_iter()
            .filter(|address| self.policy.permits(*address))
            .take(MAX_ADDRESSES_TRIED)
            .collect();
        let mut last_error = HttpError::Forbidden(host);
        for address in permitted {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // Without TCP_NODELAY the last segment is only delayed.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(e) => {
                    last_error = HttpError::Connection(format!("cannot connect to {address}: {e}"))
                }
            }
        }
        Err(last_error)
    }
}

/// Sends one request and reads its response, then closes the connection.
async fn exchange<S>(
    stream: S,
    request: Request<Full<Bytes>>,
    max_body: usize,
) -> Result<HttpResponse, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection_error =
        |e: hyper::Error| HttpError::Connection(format!("connection failed: {e}"));
    let mut builder = http1::Builder::new();
    builder.max_headers(MAX_HEADERS).max_buf_size(MAX_HEAD_BYTES);
    let (mut sender, connection) =
        builder.handshake(TokioIo::new(stream)).await.map_err(connection_error)?;
    // The request reports every error of this task.
    let _connection_task =
        AbortOnDropHandle::new(tokio::spawn(async move { drop(connection.await) }));
    let (head, body) = sender.send_request(request).await.map_err(connection_error)?.into_parts();
    let (body, is_complete) = read_prefix(body, max_body).await.map_err(connection_error)?;
    Ok(HttpResponse { status: head.status, body, is_complete })
}

/// Reads at most `limit` bytes of a body; the flag is `true` if that is all of it.
async fn read_prefix(mut body: Incoming, limit: usize) -> Result<(Bytes, bool), hyper::Error> {
    let mut read = Vec::new();
    if limit == 0 {
        return Ok((Bytes::new(), false));
    }
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if read.len() + data.len() > limit {
            read.extend_from_slice(&data[..limit - read.len()]);
            return Ok((read.into(), false));
        }
        read.extend_from_slice(&data);
    }
    Ok((read.into(), true))
}

#[cfg(test)]
mod tests;
