//! Reads an article file on a thread of its own, a few articles ahead of the task that receives them.

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::article_file::ArticleFile;
use super::importers::{LeftOut, NumberedArticle};
use crate::domain::article::IncomingArticle;

/// Maximum number of articles that are sent together.
const BATCH_ARTICLES: usize = 100;
/// Length of the texts from which articles are sent without waiting for more, in bytes.
const BATCH_BYTES: usize = 1 << 20;

/// Reader of the articles of a file.
pub(super) struct FileReader {
    batches: mpsc::Receiver<Vec<NumberedArticle>>,
    thread: JoinHandle<anyhow::Result<(ArticleFile, LeftOut)>>,
}

impl FileReader {
    /// Starts to read a file. The thread ends when the reader is dropped.
    pub(super) fn spawn(mut file: ArticleFile) -> Self {
        let (sender, batches) = mpsc::channel(1);
        let thread = tokio::task::spawn_blocking(move || {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            let left_out = file.read(&mut |(line, article)| {
                bytes += article.as_ref().map_or_else(String::len, |one| text_bytes(&one.article));
                batch.push((line, article));
                if batch.len() < BATCH_ARTICLES && bytes < BATCH_BYTES {
                    return true;
                }
                bytes = 0;
                sender.blocking_send(std::mem::take(&mut batch)).is_ok()
            })?;
            if !batch.is_empty() {
                // The receiver is gone if the import was given up.
                let _ = sender.blocking_send(batch);
            }
            Ok((file, left_out))
        });
        Self { batches, thread }
    }

    /// Returns the next articles with their line numbers; `None` at the end of the file or after an
    /// error, which [`Self::finish`] returns.
    pub(super) async fn next(&mut self) -> Option<Vec<NumberedArticle>> {
        self.batches.recv().await
    }

    /// Returns the file, and the numbers of entries that are not public articles.
    pub(super) async fn finish(self) -> anyhow::Result<(ArticleFile, LeftOut)> {
        drop(self.batches);
        self.thread.await?
    }
}

/// Returns the length of the longer texts of an article in bytes.
fn text_bytes(article: &IncomingArticle) -> usize {
    article.title.len() + article.body_html.len() + article.summary.as_ref().map_or(0, String::len)
}
