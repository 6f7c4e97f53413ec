//! `lockstep demo`: the life of a sandbox.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _, stderr, stdin, stdout};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Opening;
use super::arguments::{Demo, DemoCommand, LiquibasePlace};
use super::fault;
use crate::adapters::liquibase;
use crate::adapters::packing;
use crate::config::{RunnerKind, file, paths};
use crate::domain::changelog;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::DemoId;
use crate::exit::Exit;
use crate::headless::Format;
use crate::runtime::{Clock, Journal};
use crate::sandbox::{
    self, CommandTemplate, LaunchSettings, ReleaseFolder, Sandbox, SandboxError, SandboxSummary, story,
};

/// Names the store's program, where it is not beside this one.
const STORE_VARIABLE: &str = "LOCKSTEP_STORE";

/// Names the folder with `postgres` and `initdb`.
const POSTGRES_VARIABLE: &str = "LOCKSTEP_PG_BIN";

/// Carries the command out.
pub(super) async fn run(demo: &Demo, format: Format, console: Opening<'_>) -> Result<Exit, Failure> {
    let id = DemoId::parse(&demo.id).map_err(|reason| Failure::new(FailureKind::Usage, reason))?;
    let root = paths::home();
    match &demo.command {
        None => Box::pin(show(demo, &id, console)).await,
        Some(DemoCommand::Up) => {
            let sandbox = up(demo, &id, true).await?;
            match format {
                Format::Text => tell(&ready(&sandbox))?,
                Format::Json => tell(&pretty(&sandbox_json(&sandbox)))?,
            }
            Ok(Exit::Proven)
        }
        Some(DemoCommand::Down) => {
            let was_running = sandbox::down(&root, id.as_str()).await?;
            let words = if was_running { "is stopped; its state is kept" } else { "was not running" };
            tell(&format!("sandbox {id} {words}\n"))?;
            Ok(Exit::Proven)
        }
        Some(DemoCommand::Reset) => reset(&root, &id).await,
        Some(DemoCommand::Fault(fault)) => fault::run(&fault.command, &root, &id, format).await,
        Some(DemoCommand::List) => {
            let sandboxes = sandbox::list(&root);
            match format {
                Format::Text => tell(&listing(&sandboxes))?,
                Format::Json => tell(&pretty(&sandboxes.iter().map(summary_json).collect()))?,
            }
            Ok(Exit::Proven)
        }
        Some(DemoCommand::Env) => {
            tell(&exports(&running(&root, &id)?))?;
            Ok(Exit::Proven)
        }
    }
}

/// Starts the sandbox and shows the console on it. Unless it is to be kept, it ends with the console.
async fn show(demo: &Demo, id: &DemoId, console: Opening<'_>) -> Result<Exit, Failure> {
    let is_asked_for = console.appearance.plain;
    if !is_asked_for && (!stdin().is_terminal() || !stdout().is_terminal()) {
        return Err(Failure::new(FailureKind::Usage, "the console needs a terminal").hint(
            "`--plain` tells in sentences what happens; `lockstep demo up` starts the sandbox alone.",
        ));
    }
    let sandbox = up(demo, id, demo.keep).await?;
    let hold = sandbox::hold(&paths::home(), id.as_str()).await?;
    let result = super::console(file::load(&sandbox.config)?, console).await;
    drop(hold);
    result
}

async fn up(demo: &Demo, id: &DemoId, keep: bool) -> Result<Sandbox, Failure> {
    let root = paths::home();
    let settings = launch_settings(demo, id, keep, &root)?;
    Ok(sandbox::up(&root, &settings, &mut progress).await?)
}

/// Builds every release of the Bagel Store into the sandbox's folder and says how to start it.
fn launch_settings(demo: &Demo, id: &DemoId, keep: bool, root: &Path) -> Result<LaunchSettings, Failure> {
    let tools = paths::tools();
    let runner = liquibase::find(RunnerKind::Auto, tools.as_deref())?.command_line();
    let lockstep = std::env::current_exe().map_err(|error| {
        Failure::new(FailureKind::Unavailable, "lockstep does not find its own program").because(error)
    })?;
    let state = root.join("sandboxes").join(id.as_str());
    let files = packing::bagel_store();
    let image = story::image_repository(id.as_str());
    let mut releases = Vec::new();
    for version in changelog::releases(&files) {
        packing::build(&files, id, &version, &state.join("releases"))?;
        let path_root = state.join("roots").join(version.to_string());
        packing::unpack(&files, &version, &path_root)?;
        releases.push(ReleaseFolder {
            version: version.to_string(),
            path_root,
            image: format!("{image}:{version}"),
        });
    }
    Ok(LaunchSettings {
        demo_id: id.to_string(),
        time_factor: demo.time_factor,
        keep,
        store: store(&lockstep)?,
        lockstep,
        postgres_bin: std::env::var_os(POSTGRES_VARIABLE).map(PathBuf::from),
        tools,
        liquibase_as_task: demo.liquibase == LiquibasePlace::Ecs,
        liquibase: CommandTemplate {
            program: runner.program,
            args: runner.args.iter().map(|argument| argument.to_string_lossy().into_owned()).collect(),
            env: runner.env.into_iter().collect(),
        },
        releases,
    })
}

fn store(lockstep: &Path) -> Result<PathBuf, Failure> {
    let named = std::env::var_os(STORE_VARIABLE).map(PathBuf::from);
    let beside = lockstep.parent().map(|folder| folder.join("bagel-store"));
    named.or(beside).filter(|path| path.is_file()).ok_or_else(|| {
        Failure::new(FailureKind::Unavailable, "the program bagel-store is missing")
            .because("it belongs beside lockstep, where `cargo build` puts both")
            .hint(format!("Build it with `cargo build`, or name it in {STORE_VARIABLE}."))
    })
}

/// Brings the start state back. The journal of what was before is kept under another name.
async fn reset(root: &Path, id: &DemoId) -> Result<Exit, Failure> {
    sandbox::reset(root, id.as_str(), &mut progress).await?;
    let aside = Journal::at(paths::journal(id)).set_aside(Clock::system().now())?;
    if let Some(aside) = aside {
        progress(&format!("the journal so far is in {}", aside.display()));
    }
    tell(&format!("sandbox {id} is in its start state\n"))?;
    Ok(Exit::Proven)
}

fn running(root: &Path, id: &DemoId) -> Result<Sandbox, Failure> {
    sandbox::running(root, id.as_str()).ok_or_else(|| {
        Failure::new(FailureKind::Unavailable, format!("the sandbox {id} is not running"))
            .hint(format!("Start it with `lockstep demo up --id {id}`."))
    })
}

fn ready(sandbox: &Sandbox) -> String {
    let mut text =
        format!("sandbox {} is ready, {} times faster than AWS\n", sandbox.demo_id, sandbox.time_factor);
    for (environment, address) in &sandbox.stores {
        // Writing to a `String` cannot fail.
        writeln!(text, "  {environment:8} {address}").ok();
    }
    text.push_str("next: lockstep status, lockstep, or eval \"$(lockstep demo env)\"\n");
    text
}

fn exports(sandbox: &Sandbox) -> String {
    let mut exports = vec![
        ("LOCKSTEP_INSTANCE".to_owned(), sandbox.demo_id.clone()),
        ("PGHOST".to_owned(), sandbox.postgres.host.clone()),
        ("PGPORT".to_owned(), sandbox.postgres.port.to_string()),
        ("PGUSER".to_owned(), sandbox.postgres.user.clone()),
        ("PGPASSFILE".to_owned(), sandbox.pgpass.display().to_string()),
        ("AWS_ENDPOINT_URL".to_owned(), sandbox.endpoint_url.clone()),
        ("AWS_REGION".to_owned(), sandbox.region.clone()),
        ("AWS_DEFAULT_REGION".to_owned(), sandbox.region.clone()),
        ("AWS_ACCESS_KEY_ID".to_owned(), sandbox.access_key_id.clone()),
        ("AWS_SECRET_ACCESS_KEY".to_owned(), sandbox.secret_access_key.clone()),
    ];
    exports.extend(
        sandbox
            .stores
            .iter()
            .map(|(name, address)| (format!("BAGEL_STORE_{}", name.to_uppercase()), address.clone())),
    );
    let line = |(name, value): &(String, String)| format!("export {name}='{}'", value.replace('\'', "'\\''"));
    exports.iter().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

fn listing(sandboxes: &[SandboxSummary]) -> String {
    if sandboxes.is_empty() {
        return "there is no sandbox; `lockstep demo up` starts one\n".to_owned();
    }
    let rows = sandboxes.iter().map(|sandbox| {
        let state = if sandbox.running { "running" } else { "stopped" };
        let created =
            sandbox.created.map_or_else(|| "never ready".to_owned(), |at| at.strftime("%F %R").to_string());
        let aws = sandbox.addresses.get("aws").map_or("", String::as_str);
        format!("{:24} {state:8} ×{:<5} {created}  {aws}", sandbox.demo_id, sandbox.time_factor)
            .trim_end()
            .to_owned()
            + "\n"
    });
    rows.collect()
}

fn sandbox_json(sandbox: &Sandbox) -> Value {
    json!({
        "id": sandbox.demo_id,
        "time_factor": sandbox.time_factor,
        "config": sandbox.config,
        "endpoint_url": sandbox.endpoint_url,
        "region": sandbox.region,
        "postgres": { "host": sandbox.postgres.host, "port": sandbox.postgres.port, "user": sandbox.postgres.user },
        "stores": sandbox.stores,
    })
}

fn summary_json(sandbox: &SandboxSummary) -> Value {
    json!({
        "id": sandbox.demo_id,
        "running": sandbox.running,
        "kept": sandbox.kept,
        "created": sandbox.created.map(|at| at.to_string()),
        "time_factor": sandbox.time_factor,
        "addresses": sandbox.addresses,
    })
}

pub(super) fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// What takes a while is told line by line, on standard error.
fn progress(line: &str) {
    writeln!(stderr(), "{line}").ok();
}

pub(super) fn tell(text: &str) -> Result<(), Failure> {
    stdout()
        .write_all(text.as_bytes())
        .map_err(|error| Failure::new(FailureKind::Failed, "the output could not be written").because(error))
}

impl From<SandboxError> for Failure {
    fn from(error: SandboxError) -> Self {
        let kind = match error {
            // Nothing is missing: what was asked for cannot be had.
            SandboxError::Fault(_) => FailureKind::Refused,
            _ => FailureKind::Unavailable,
        };
        Self::new(kind, error.to_string())
    }
}
