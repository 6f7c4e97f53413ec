//! The program `lockstep`: arguments in, exit code out. Everything else lives in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    // The sandbox's own processes are this program under another first word; they need no terminal.
    lockstep::sandbox::entry(std::env::args_os().skip(1)).unwrap_or_else(lockstep::cli::main)
}
