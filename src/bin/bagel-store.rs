//! The program `bagel-store`: settings from the environment, one release of the store until it is told to end.

use clap::Parser;
use lockstep::store::{self, Settings};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// The Bagel Store: a small shop that is promoted together with its database schema
#[derive(Parser)]
#[command(version, after_help = ENVIRONMENT)]
struct Arguments {
    /// End when standard input ends, so that the store never outlives whoever started it
    #[arg(long)]
    exit_with_parent: bool,
}

const ENVIRONMENT: &str = "\
Environment variables:
  BAGEL_VERSION   release to play: v1.0.0, v1.1.0, v1.2.0, v1.3.0 or v1.4.0
  BAGEL_IMAGE     reference of the image it runs from (optional)
  ENVIRONMENT     dev, test, staging, prod or another name
  DEMO_ID         demo instance it belongs to
  BIND, PORT      address and port to listen on (0.0.0.0 and 5000; port 0 takes a free one)
  DB_HOST, DB_PORT, DB_NAME, DB_USERNAME, DB_PASSWORD
  DB_SSLMODE      disable, prefer (default) or verify-full, which needs DB_SSLROOTCERT
  DEMO_USERNAME, DEMO_PASSWORD   the one user who can sign in

It prints `listening on ADDRESS:PORT`, then a line for each request and order.";

/// A setting is missing or can't be used.
const BAD_SETTINGS: u8 = 65;
/// The address can't be listened on, or serving failed.
const UNAVAILABLE: u8 = 69;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let settings = match Settings::read(|name| std::env::var(name).ok()) {
        Ok(settings) => settings,
        Err(problems) => {
            for problem in problems {
                complain(&problem.to_string());
            }
            return ExitCode::from(BAD_SETTINGS);
        }
    };
    match run(settings, arguments.exit_with_parent) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain(&problem);
            ExitCode::from(UNAVAILABLE)
        }
    }
}

#[tokio::main]
async fn run(settings: Settings, exit_with_parent: bool) -> Result<(), String> {
    let address = SocketAddr::new(settings.bind, settings.port);
    let cannot_listen = |why: io::Error| format!("could not listen on {address}: {why}; set BIND or PORT");
    let listener = TcpListener::bind(address).await.map_err(cannot_listen)?;
    let ending = ending(exit_with_parent).map_err(|why| format!("could not watch for signals: {why}"))?;
    print(&format!("listening on {}", listener.local_addr().map_err(cannot_listen)?));
    let served = store::serve(listener, settings, Arc::new(print), ending).await;
    served.map_err(|why| format!("could not go on serving: {why}"))
}

/// Returns a future that completes when the store is told to end.
fn ending(exit_with_parent: bool) -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let orphaned = exit_with_parent.then(standard_input_end);
    let orphaned = async {
        match orphaned {
            Some(end) => end.await.unwrap_or_default(),
            None => std::future::pending().await,
        }
    };
    Ok(async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
            () = orphaned => {}
        }
    })
}

/// Watches standard input on a thread of its own, because a read there can't be called off.
fn standard_input_end() -> oneshot::Receiver<()> {
    let (ended, end) = oneshot::channel();
    std::thread::spawn(move || {
        io::copy(&mut io::stdin().lock(), &mut io::sink()).ok();
        ended.send(()).ok()
    });
    end
}

/// Writes a line of the log; a reader who went away must not end the store.
fn print(line: &str) {
    writeln!(io::stdout().lock(), "{line}").ok();
}

fn complain(line: &str) {
    writeln!(io::stderr().lock(), "bagel-store: {line}").ok();
}
