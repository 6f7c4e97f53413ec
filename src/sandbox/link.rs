//! The line to a sandbox's keeper: a few requests over loopback HTTP, answered with lines of JSON.
//!
//! HTTP/1.0 on purpose: a response lasts as long as its connection, and the kernel ends both with either process. The
//! bearer token is in a file that only the owner of the sandbox can read. Deliberately absent: the keeper's side of it.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Sandbox;
use super::folder::{StateFolder, read_json};

/// A keeper that lives answers at once; one that is busy stopping may not answer at all.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// The longest silence of a start: a Liquibase run on a very busy machine.
const SILENCE_LIMIT: Duration = Duration::from_mins(3);

/// What a keeper says, one per line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    /// What it does now or has done, for people.
    Doing(String),
    /// The end: the sandbox is ready.
    Ready(Box<Sandbox>),
    /// The end: a whole sentence that says why it is not.
    Failed(String),
    /// The end: the keeper is about to leave.
    Stopping,
}

/// Which process keeps the sandbox, and where it listens (`keeper.json`).
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct KeeperAddress {
    pub(super) pid: u32,
    pub(super) port: u16,
}

/// Knows where a keeper listens; whether it still does, the first request shows.
pub(super) struct Link {
    port: u16,
    token: String,
}

/// An answer that has begun; dropping it closes the connection.
pub(super) type Answer = BufReader<TcpStream>;

impl Link {
    /// Reads where the keeper said it listens.
    pub(super) fn find(state: &StateFolder) -> Option<Self> {
        let address: KeeperAddress = read_json(&state.keeper()).ok()?;
        Some(Self { port: address.port, token: std::fs::read_to_string(state.token()).ok()? })
    }

    /// Listens to words until the one that ends them.
    pub(super) async fn follow(&self, request: &str, progress: &mut dyn FnMut(&str)) -> io::Result<Word> {
        let mut answer = self.ask(request).await?;
        loop {
            let mut line = String::new();
            if timeout(SILENCE_LIMIT, answer.read_line(&mut line)).await?? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match serde_json::from_str(&line)? {
                Word::Doing(text) => progress(&text),
                end => return Ok(end),
            }
        }
    }

    /// Sends a request such as `POST stop` and reads up to the answer's body.
    pub(super) async fn ask(&self, request: &str) -> io::Result<Answer> {
        timeout(ANSWER_LIMIT, self.exchange(request)).await?
    }

    /// Sends `body` to `POST verb` and reads the whole answer: its text, or what the keeper said against it.
    pub(super) async fn tell(&self, verb: &str, body: &str) -> io::Result<Result<String, String>> {
        let mut answer = BufReader::new(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await?);
        let head = format!(
            "POST /_sandbox/{verb} HTTP/1.0\r\nhost: 127.0.0.1\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.token,
            body.len()
        );
        answer.write_all(format!("{head}{body}").as_bytes()).await?;
        let mut text = String::new();
        timeout(SILENCE_LIMIT, answer.read_to_string(&mut text)).await??;
        let (head, body) = text.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
        let is_done = head.split(' ').nth(1).is_some_and(|code| code.starts_with('2'));
        Ok(if is_done { Ok(body.to_owned()) } else { Err(body.to_owned()) })
    }

    async fn exchange(&self, request: &str) -> io::Result<Answer> {
        let (method, verb) = request.split_once(' ').unwrap_or(("GET", request));
        let mut answer = BufReader::new(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await?);
        let head = format!(
            "{method} /_sandbox/{verb} HTTP/1.0\r\nhost: 127.0.0.1\r\nauthorization: Bearer {}\r\n\r\n",
            self.token
        );
        answer.write_all(head.as_bytes()).await?;
        let mut status = String::new();
        answer.read_line(&mut status).await?;
        if status.split(' ').nth(1).is_none_or(|code| !code.starts_with('2')) {
            return Err(io::Error::other(format!("the keeper answered {}", status.trim())));
        }
        let mut header = String::new();
        while answer.read_line(&mut header).await? > 2 {
            header.clear();
        }
        Ok(answer)
    }
}
