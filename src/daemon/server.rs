//! The web server of the process. It runs from degraded mode until shutdown, across reloads:
//! its connections stay open while its service is replaced.

use std::net::SocketAddr;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::web::{self, FeedFastPath, LiveService};

/// A running web server; dropping it ends it at once.
pub struct Server {
    service: LiveService,
    task: JoinSet<anyhow::Result<()>>,
    address: SocketAddr,
}

impl Server {
    /// Starts to serve at most `max_connections` at a time until `shutdown` fires.
    ///
    /// # Errors
    /// If the address of the listener is unknown.
    pub fn start(
        listener: TcpListener,
        service: FeedFastPath,
        max_connections: usize,
        shutdown: CancellationToken,
    ) -> std::io::Result<Self> {
        let (address, service) = (listener.local_addr()?, LiveService::new(service));
        let mut task = JoinSet::new();
        task.spawn(web::serve(service.clone(), listener, max_connections, shutdown));
        Ok(Self { service, task, address })
    }

    /// Returns the address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Replaces the service for all later requests, including those on open connections.
    pub fn replace(&self, service: FeedFastPath) {
        self.service.replace(service);
    }

    /// Waits until the server has ended.
    ///
    /// # Errors
    /// If the listener failed, or the server panicked.
    pub async fn ended(&mut self) -> anyhow::Result<()> {
        let ended = self.task.join_next().await.transpose().context("the web server panicked")?;
        ended.unwrap_or(Ok(()))
    }
}
