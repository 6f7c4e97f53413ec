//! `lockstep __exec`: becomes a child program of the keeper, after giving up what the child must not have.
//!
//! It is a program of its own because doing this between fork and exec would need `unsafe`. In order: drop root to
//! the named account, umask 077, die with the parent (Linux), enter the folder, exec. Words:
//! `__exec PARENT_PID ACCOUNT|- int|kill FOLDER PROGRAM ARGUMENTS…`.
//! Deliberately absent: any opinion about the program; the keeper prepares its environment and standard streams.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use nix::sys::stat::{Mode, umask};
use nix::unistd::{Pid, User, getppid, setgid, setuid};

/// The parent was gone before the child began.
const PARENT_GONE: u8 = 120;
/// The account could not be taken on.
const NO_ACCOUNT: u8 = 121;
/// The account cannot enter the folder.
pub(super) const NO_FOLDER: u8 = 122;
/// The account cannot execute the program.
pub(super) const NOT_ALLOWED: u8 = 126;
const NOT_FOUND: u8 = 127;

/// Becomes the program; returns only when it could not, with the reason on stderr and as the exit code.
pub(super) fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = arguments.collect();
    let [parent, account, death, folder, program, rest @ ..] = words.as_slice() else {
        return refuse(NOT_FOUND, "__exec is for lockstep's own use");
    };
    if account != "-"
        && let Err(error) = become_account(&account.to_string_lossy())
    {
        return refuse(NO_ACCOUNT, &format!("cannot become the user {}: {error}", account.display()));
    }
    umask(Mode::from_bits_truncate(0o077));
    // Only now: a change of credentials clears the setting.
    if let Err(error) = die_with_parent(death == "kill") {
        return refuse(PARENT_GONE, &format!("cannot be tied to its parent: {error}"));
    }
    // The parent may have died before the setting took hold; then no signal will ever come.
    if parent.to_str().and_then(|word| word.parse().ok()).map(Pid::from_raw) != Some(getppid()) {
        return refuse(PARENT_GONE, "the keeper is gone");
    }
    if let Err(error) = std::env::set_current_dir(folder) {
        return refuse(NO_FOLDER, &format!("cannot enter {}: {error}", folder.display()));
    }
    let error = Command::new(program).args(rest).exec();
    let code = if error.kind() == io::ErrorKind::PermissionDenied { NOT_ALLOWED } else { NOT_FOUND };
    refuse(code, &format!("cannot start {}: {error}", program.display()))
}

/// Drops root for good: supplementary groups first, the user last.
fn become_account(name: &str) -> io::Result<()> {
    let user = User::from_name(name)?.ok_or_else(|| io::Error::other("there is no such user"))?;
    #[cfg(not(target_vendor = "apple"))]
    nix::unistd::setgroups(&[user.gid])?;
    setgid(user.gid)?;
    setuid(user.uid)?;
    Ok(())
}

#[cfg(target_os = "linux")]
fn die_with_parent(at_once: bool) -> io::Result<()> {
    use nix::sys::signal::Signal;
    // SIGINT is PostgreSQL's fast shutdown.
    let signal = if at_once { Signal::SIGKILL } else { Signal::SIGINT };
    Ok(nix::sys::prctl::set_pdeathsig(signal)?)
}

/// Elsewhere the next keeper ends what an earlier one left.
#[cfg(not(target_os = "linux"))]
fn die_with_parent(_at_once: bool) -> io::Result<()> {
    Ok(())
}

fn refuse(code: u8, because: &str) -> ExitCode {
    // Nothing is left to tell it to when stderr is closed; the exit code still says it.
    writeln!(io::stderr(), "{because}").ok();
    ExitCode::from(code)
}
