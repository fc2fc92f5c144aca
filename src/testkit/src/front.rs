//! What stands before a server, with answers of its own: a balancer whose servers are in trouble.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};

/// One request a connection, so that each can be answered here or passed on.
pub struct Front {
    /// Where it listens.
    pub url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Front {
    /// Answers what `answer` has an answer to, by the request line, and passes the rest on to `server`.
    ///
    /// # Panics
    /// If it can't listen.
    pub async fn start(
        server: &str,
        mut answer: impl FnMut(&str) -> Option<&'static str> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = server.trim_start_matches("http://").to_owned();
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let noted = seen.clone();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                // Whoever hangs up in the middle of a request was killed by the test.
                let Some((line, rest)) = request(&mut client).await else { continue };
                noted.lock().unwrap().push(line.clone());
                let own = answer(&line);
                let server = server.clone();
                tokio::spawn(async move {
                    let _ = match own {
                        Some(own) => client.write_all(closing(own).as_bytes()).await.map(drop),
                        None => pass(client, &server, &closing(&line), &rest).await,
                    };
                });
            }
        });
        Self { url, seen }
    }

    /// The lines of all requests so far.
    ///
    /// # Panics
    /// After a panic of the front itself.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// The first line with its end, and everything after it.
async fn request(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
            if bytes.len() >= end + 4 + length {
                let line = bytes.windows(2).position(|two| two == b"\r\n")? + 2;
                let rest = bytes.split_off(line);
                return Some((String::from_utf8(bytes).unwrap(), rest));
            }
        }
        if client.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// Its first line, and then that the connection ends behind it.
fn closing(text: &str) -> String {
    text.replacen("\r\n", "\r\nconnection: close\r\n", 1)
}

async fn pass(mut client: TcpStream, server: &str, line: &str, rest: &[u8]) -> std::io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    server.write_all(line.as_bytes()).await?;
    server.write_all(rest).await?;
    copy(&mut server, &mut client).await.map(drop)
}
