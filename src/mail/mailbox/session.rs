//! One SMTP session of the mailbox: enough of RFC 5321 for any well-behaved client, with PIPELINING, SIZE and 8BITMIME.

use std::io::{self, ErrorKind};
use std::time::Duration;

use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
};

/// The largest message taken.
const MOST: usize = 10 * 1024 * 1024;
/// The longest command line taken; RFC 5321 wants 512, AUTH and long addresses more.
const LONGEST_LINE: usize = 4096;
/// The most recipients of one mail.
const MOST_RECIPIENTS: usize = 100;
/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(300);

#[derive(Debug, Default)]
struct Transaction {
    from: Option<String>,
    to: Vec<String>,
}

/// Serves one client until it leaves; `keep` takes sender, recipients and content and gives the mail's number.
pub(super) async fn serve<S>(
    stream: S,
    keep: impl Fn(String, Vec<String>, Vec<u8>) -> u64,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (reader, mut writer) = tokio::io::split(stream);
    let mut reader = BufReader::new(reader);
    let mut out = b"220 localhost Courant's mailbox\r\n".to_vec();
    let mut transaction = Transaction::default();
    loop {
        // Answers go out together when no more commands are at hand: this is PIPELINING.
        if reader.buffer().is_empty() {
            writer.write_all(&out).await?;
            writer.flush().await?;
            out.clear();
        }
        let Some(line) = line(&mut reader).await? else { return Ok(()) };
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "DATA" if transaction.from.is_some() && !transaction.to.is_empty() => {
                out.extend_from_slice(b"354 Go ahead, and end with a dot\r\n");
                writer.write_all(&out).await?;
                writer.flush().await?;
                out.clear();
                let done = std::mem::take(&mut transaction);
                match content(&mut reader).await? {
                    Some(raw) => format!(
                        "250 2.0.0 kept as {}\r\n",
                        keep(done.from.unwrap_or_default(), done.to, raw)
                    ),
                    None => "552 5.3.4 too large\r\n".to_owned(),
                }
            }
            "QUIT" => {
                out.extend_from_slice(b"221 2.0.0 bye\r\n");
                writer.write_all(&out).await?;
                return writer.shutdown().await;
            }
            _ => answer(&verb, &line, &mut transaction),
        };
        out.extend_from_slice(answer.as_bytes());
    }
}

fn answer(verb: &str, line: &str, transaction: &mut Transaction) -> String {
    match verb {
        "EHLO" => {
            *transaction = Transaction::default();
            format!(
                "250-localhost\r\n250-PIPELINING\r\n250-SIZE {MOST}\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n"
            )
        }
        "HELO" => {
            *transaction = Transaction::default();
            "250 localhost\r\n".to_owned()
        }
        "MAIL" if transaction.from.is_some() => "503 5.5.1 MAIL was said already\r\n".to_owned(),
        "MAIL" => match path(line) {
            Some(from) => {
                transaction.from = Some(from);
                "250 2.1.0 ok\r\n".to_owned()
            }
            None => "501 5.1.7 no address in <>\r\n".to_owned(),
        },
        "RCPT" if transaction.from.is_none() => "503 5.5.1 MAIL first\r\n".to_owned(),
        "RCPT" if transaction.to.len() >= MOST_RECIPIENTS => {
            "452 4.5.3 too many recipients\r\n".to_owned()
        }
        "RCPT" => match path(line).filter(|to| !to.is_empty()) {
            Some(to) => {
                transaction.to.push(to);
                "250 2.1.5 ok\r\n".to_owned()
            }
            None => "501 5.1.3 no address in <>\r\n".to_owned(),
        },
        "DATA" => "503 5.5.1 MAIL and RCPT first\r\n".to_owned(),
        "RSET" => {
            *transaction = Transaction::default();
            "250 2.0.0 ok\r\n".to_owned()
        }
        "NOOP" => "250 2.0.0 ok\r\n".to_owned(),
        "VRFY" => "252 2.0.0 send and see\r\n".to_owned(),
        _ => "502 5.5.1 not known here\r\n".to_owned(),
    }
}

fn path(line: &str) -> Option<String> {
    let (_, behind) = line.split_once('<')?;
    let (path, _) = behind.split_once('>')?;
    Some(path.to_owned())
}

/// A line with its end; nothing when the client has left.
async fn line(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut limited = reader.take(LONGEST_LINE as u64);
    let reading = limited.read_until(b'\n', &mut line);
    match tokio::time::timeout(PATIENCE, reading).await {
        Ok(read) => read?,
        Err(_) => return Err(ErrorKind::TimedOut.into()),
    };
    if line.len() >= LONGEST_LINE && !line.ends_with(b"\n") {
        return Err(ErrorKind::InvalidData.into());
    }
    Ok(line.ends_with(b"\n").then_some(line))
}

/// The content up to the lone dot, leading dots taken off; nothing when it is too large (it is read to its end all the same).
async fn content(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut kept = Vec::new();
    let mut fits = true;
    let mut at_line_start = true;
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut *reader).take(LONGEST_LINE as u64);
        let reading = limited.read_until(b'\n', &mut line);
        let got = match tokio::time::timeout(PATIENCE, reading).await {
            Ok(got) => got?,
            Err(_) => return Err(ErrorKind::TimedOut.into()),
        };
        if got == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if at_line_start && line == b".\r\n" {
            return Ok(fits.then_some(kept));
        }
        let text = if at_line_start { line.strip_prefix(b".").unwrap_or(&line) } else { &line };
        fits = fits && kept.len() + text.len() <= MOST;
        if fits {
            kept.extend_from_slice(text);
        } else {
            kept = Vec::new();
        }
        // Only CRLF ends a line: a bare line feed must not help a dot to look lonely.
        at_line_start = line.ends_with(b"\r\n");
    }
}
