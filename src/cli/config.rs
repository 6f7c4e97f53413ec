//! `lockstep config`: what is wrong in the files, and the way to Terraform and back.

use std::fs;
use std::io::{Read as _, Write as _, stderr, stdin, stdout};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::arguments::{Arguments, ConfigCommand};
use super::here;
use crate::adapters::machine_user;
use crate::config::instance::FILE_NAME;
use crate::config::terraform::{self, Imported};
use crate::config::{Settings, file, instance, keys, paths};
use crate::domain::failure::{Failure, FailureKind};
use crate::exit::Exit;
use crate::headless::Format;
use crate::tui::keymap::Keymap;

/// Carries the command out.
pub(super) fn run(command: &ConfigCommand, arguments: &Arguments) -> Result<Exit, Failure> {
    match command {
        ConfigCommand::Check { path } => check(path.as_deref(), arguments),
        ConfigCommand::ImportTerraform { outputs, write } => import(outputs, *write),
        ConfigCommand::Tfvars { deployed_by } => {
            let settings = instance::choose(arguments.instance.as_deref(), &here())?;
            let deployed_by = deployed_by.clone().unwrap_or_else(machine_user);
            let variables = terraform::variables(&settings, &deployed_by);
            for doubt in &variables.doubts {
                tell(&format!("warning: {doubt}"));
            }
            write(&variables.text)?;
            Ok(Exit::Proven)
        }
    }
}

/// Everything that is wrong in the file of an instance, in the user's own and in the keys that both choose.
fn check(path: Option<&Path>, arguments: &Arguments) -> Result<Exit, Failure> {
    let settings = match path {
        Some(path) => file::load(path),
        None => instance::choose(arguments.instance.as_deref(), &here()),
    };
    let own = keys::of_user(&paths::user_file());
    let chosen = |settings: &Settings| settings.keys.clone();
    let of_file = settings.as_ref().map(chosen).unwrap_or_default();
    let keys: Vec<_> = of_file.into_iter().chain(own.as_ref().ok().cloned().unwrap_or_default()).collect();
    let keys = Keymap::with(&keys).err();
    let failures: Vec<&Failure> =
        settings.as_ref().err().into_iter().chain(own.as_ref().err()).chain(&keys).collect();
    match arguments.format() {
        Format::Json => {
            let problems = failures.iter().flat_map(|failure| {
                let because =
                    failure.because.iter().map(|cause| json!({ "what": failure.what, "because": cause }));
                because.collect::<Vec<_>>()
            });
            let value = json!({
                "file": settings.as_ref().ok().map(|settings| settings.origin.display().to_string()),
                "problems": problems.collect::<Vec<_>>(),
            });
            write(&format!("{value:#}\n"))?;
        }
        Format::Text => {
            if let Ok(settings) = &settings {
                let count = settings.environments.len();
                let s = if count == 1 { "" } else { "s" };
                write(&format!(
                    "✔ {}: {count} environment{s}, nothing is wrong\n",
                    settings.origin.display()
                ))?;
            }
            for failure in &failures {
                write!(stderr(), "{}", crate::headless::failure_text(failure)).ok();
            }
        }
    }
    Ok(failures.first().map_or(Exit::Proven, |failure| Exit::from(*failure)))
}

/// Puts what Terraform made into the file of this project, or shows what would come of it.
fn import(outputs: &Path, is_written: bool) -> Result<Exit, Failure> {
    let text = outputs_of(outputs)?;
    let path = project_file();
    let before = match fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(unreadable(&path, &error)),
    };
    let Imported { text, changes } = terraform::import(&text, before.as_deref())?;
    // A file that cannot be read must not take the place of one that can.
    file::check(&path, &text).map_err(|problems| {
        let what = format!("what would be {} cannot be used", path.display());
        let failure =
            problems.into_iter().fold(Failure::new(FailureKind::Configuration, what), Failure::because);
        failure.hint("Correct what the file has beside what is imported; nothing was written.")
    })?;
    for change in &changes {
        tell(change);
    }
    if !is_written {
        write(&text)?;
        return Ok(Exit::Proven);
    }
    if before.as_deref() == Some(text.as_str()) {
        write(&format!("{} has all of it already\n", path.display()))?;
        return Ok(Exit::Proven);
    }
    put(&path, &text).map_err(|error| {
        Failure::new(FailureKind::Failed, format!("{} could not be written", path.display())).because(error)
    })?;
    write(&format!("{} is written\n", path.display()))?;
    Ok(Exit::Proven)
}

fn outputs_of(path: &Path) -> Result<String, Failure> {
    if path.as_os_str() == "-" {
        let mut text = String::new();
        stdin().read_to_string(&mut text).map_err(|error| unreadable(Path::new("standard input"), &error))?;
        return Ok(text);
    }
    fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

/// The file of the project that the command was started in; one that is not there yet would be here.
fn project_file() -> PathBuf {
    let here = here();
    let known = here.ancestors().map(|folder| folder.join(FILE_NAME)).find(|path| path.is_file());
    known.unwrap_or_else(|| here.join(FILE_NAME))
}

/// Writes it beside the file and puts it in its place, so that there is never half of one.
fn put(path: &Path, text: &str) -> std::io::Result<()> {
    let beside = path.with_extension(format!("toml.new-{}", std::process::id()));
    fs::write(&beside, text)?;
    if let Ok(known) = fs::metadata(path) {
        fs::set_permissions(&beside, known.permissions())?;
    }
    fs::rename(&beside, path)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(FailureKind::Configuration, format!("{} cannot be read", path.display())).because(error)
}

/// On standard error, beside the result. When that is closed nobody can be told.
fn tell(line: &str) {
    writeln!(stderr(), "{line}").ok();
}

fn write(text: &str) -> Result<(), Failure> {
    stdout().write_all(text.as_bytes()).map_err(|error| super::unwritten(&error))
}
