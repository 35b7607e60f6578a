//! One SMTP session of the mailbox: the part of RFC 5321 that clients need, with PIPELINING,
//! SIZE and 8BITMIME.

use std::io::{self, ErrorKind};
use std::time::Duration;

use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
};

/// Largest accepted message, in bytes.
const MAX_MESSAGE_BYTES: usize = 10 * 1024 * 1024;
/// Longest accepted command line, in bytes; RFC 5321 requires 512, AUTH and long addresses need
/// more.
const MAX_LINE_BYTES: usize = 4096;
/// Maximum number of recipients of one message.
const MAX_RECIPIENTS: usize = 100;
/// Timeout for the next input of the client.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

#[derive(Debug, Default)]
struct Transaction {
    from: Option<String>,
    to: Vec<String>,
}

/// Serves one client until it disconnects. `store` receives sender, recipients and content and
/// returns the number of the message.
pub(super) async fn serve<S>(
    stream: S,
    store: impl Fn(String, Vec<String>, Vec<u8>) -> u64,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (reader, mut writer) = tokio::io::split(stream);
    let mut reader = BufReader::new(reader);
    let mut out = b"220 localhost Courant mailbox\r\n".to_vec();
    let mut transaction = Transaction::default();
    loop {
        // Replies are flushed together once no more commands are buffered (PIPELINING).
        if reader.buffer().is_empty() {
            writer.write_all(&out).await?;
            writer.flush().await?;
            out.clear();
        }
        let Some(line) = read_line(&mut reader).await? else { return Ok(()) };
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let reply = match verb.as_str() {
            "DATA" if transaction.from.is_some() && !transaction.to.is_empty() => {
                out.extend_from_slice(b"354 Start mail input; end with <CRLF>.<CRLF>\r\n");
                writer.write_all(&out).await?;
                writer.flush().await?;
                out.clear();
                let completed = std::mem::take(&mut transaction);
                match read_content(&mut reader).await? {
                    Some(raw) => format!(
                        "250 2.0.0 stored as {}\r\n",
                        store(completed.from.unwrap_or_default(), completed.to, raw)
                    ),
                    None => "552 5.3.4 message too large\r\n".to_owned(),
                }
            }
            "QUIT" => {
                out.extend_from_slice(b"221 2.0.0 bye\r\n");
                writer.write_all(&out).await?;
                return writer.shutdown().await;
            }
            _ => reply(&verb, &line, &mut transaction),
        };
        out.extend_from_slice(reply.as_bytes());
    }
}

fn reply(verb: &str, line: &str, transaction: &mut Transaction) -> String {
    match verb {
        "EHLO" => {
            *transaction = Transaction::default();
            format!(
                "250-localhost\r\n250-PIPELINING\r\n250-SIZE {MAX_MESSAGE_BYTES}\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n"
            )
        }
        "HELO" => {
            *transaction = Transaction::default();
            "250 localhost\r\n".to_owned()
        }
        "MAIL" if transaction.from.is_some() => "503 5.5.1 nested MAIL command\r\n".to_owned(),
        "MAIL" => match path(line) {
            Some(from) => {
                transaction.from = Some(from);
                "250 2.1.0 ok\r\n".to_owned()
            }
            None => "501 5.1.7 syntax: MAIL FROM:<address>\r\n".to_owned(),
        },
        "RCPT" if transaction.from.is_none() => "503 5.5.1 need MAIL command\r\n".to_owned(),
        "RCPT" if transaction.to.len() >= MAX_RECIPIENTS => {
            "452 4.5.3 too many recipients\r\n".to_owned()
        }
        "RCPT" => match path(line).filter(|to| !to.is_empty()) {
            Some(to) => {
                transaction.to.push(to);
                "250 2.1.5 ok\r\n".to_owned()
            }
            None => "501 5.1.3 syntax: RCPT TO:<address>\r\n".to_owned(),
        },
        "DATA" => "503 5.5.1 need MAIL and RCPT commands\r\n".to_owned(),
        "RSET" => {
            *transaction = Transaction::default();
            "250 2.0.0 ok\r\n".to_owned()
        }
        "NOOP" => "250 2.0.0 ok\r\n".to_owned(),
        "VRFY" => "252 2.0.0 cannot verify user\r\n".to_owned(),
        _ => "502 5.5.1 command not recognized\r\n".to_owned(),
    }
}

fn path(line: &str) -> Option<String> {
    let (_, rest) = line.split_once('<')?;
    let (path, _) = rest.split_once('>')?;
    Some(path.to_owned())
}

/// Reads a line with its line end; `None` if the client has disconnected.
async fn read_line(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut limited = reader.take(MAX_LINE_BYTES as u64);
    let read = limited.read_until(b'\n', &mut line);
    match tokio::time::timeout(IDLE_TIMEOUT, read).await {
        Ok(read) => read?,
        Err(_) => return Err(ErrorKind::TimedOut.into()),
    };
    if line.len() >= MAX_LINE_BYTES && !line.ends_with(b"\n") {
        return Err(ErrorKind::InvalidData.into());
    }
    Ok(line.ends_with(b"\n").then_some(line))
}

/// Reads the content up to the final dot and removes leading dots. `None` if it is too large, in
/// which case it is still read to its end.
async fn read_content(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut content = Vec::new();
    let mut fits = true;
    let mut at_line_start = true;
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut *reader).take(MAX_LINE_BYTES as u64);
        let read = limited.read_until(b'\n', &mut line);
        let count = match tokio::time::timeout(IDLE_TIMEOUT, read).await {
            Ok(count) => count?,
            Err(_) => return Err(ErrorKind::TimedOut.into()),
        };
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if at_line_start && line == b".\r\n" {
            return Ok(fits.then_some(content));
        }
        let text = if at_line_start { line.strip_prefix(b".").unwrap_or(&line) } else { &line };
        fits = fits && content.len() + text.len() <= MAX_MESSAGE_BYTES;
        if fits {
            content.extend_from_slice(text);
        } else {
            content = Vec::new();
        }
        // Only CRLF ends a line: a dot after a bare line feed must not end the message.
        at_line_start = line.ends_with(b"\r\n");
    }
}
