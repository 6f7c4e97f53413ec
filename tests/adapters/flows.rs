//! The table of Liquibase's commands that flow files are held against, beside what the real Liquibase says.

use std::collections::BTreeSet;
use std::path::Path;

use futures_util::{StreamExt as _, stream};
use lockstep::adapters::liquibase::{Runner, find};
use lockstep::config::RunnerKind;
use lockstep::domain::flow::command::{Hand, all, globals};
use tokio::process::Command;

use crate::sandbox::tools::tools_folder;

/// Commands whose help is asked for at the same time.
const AT_ONCE: usize = 2;

#[tokio::test]
async fn the_table_of_commands_is_what_liquibase_itself_lists() {
    let runner = find(RunnerKind::Auto, Some(Path::new(&tools_folder()))).unwrap();
    let help = help(&runner, &[]).await;
    let (options, commands) = help.split_once("\nCommands\n").unwrap();
    let options = options.split_once("Global Options").unwrap().1;
    assert_eq!(globals().map(str::to_owned).collect::<BTreeSet<_>>(), arguments(options));

    let listed: BTreeSet<_> = commands
        .split_once("Each argument contains")
        .unwrap()
        .0
        .lines()
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')))
        .filter_map(|line| line.split_whitespace().next())
        .map(|name| if name == "init" { "init start-h2" } else { name })
        .map(str::to_owned)
        .collect();
    let ours = || all().filter(|command| command.by == Hand::Liquibase);
    assert_eq!(ours().map(|command| command.name.to_owned()).collect::<BTreeSet<_>>(), listed);

    let checked = stream::iter(ours()).map(|command| {
        let words: Vec<&str> = command.name.split(' ').collect();
        let runner = runner.clone();
        async move {
            let known: BTreeSet<_> = command.arguments().iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(arguments(&self::help(&runner, &words).await), known, "{}", command.name);
        }
    });
    checked.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

async fn help(runner: &Runner, words: &[&str]) -> String {
    let line = runner.command_line();
    let output = Command::new(line.program)
        .args(line.args)
        .args(words)
        .arg("--help")
        .env_clear()
        .envs(line.env)
        .output()
        .await
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The arguments that a help text lists.
fn arguments(help: &str) -> BTreeSet<String> {
    let names = help.lines().filter_map(|line| {
        let indent = line.len() - line.trim_start().len();
        let name = line.trim_start().strip_prefix("--").filter(|_| (2..8).contains(&indent))?;
        name.split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')).next()
    });
    names.map(str::to_owned).collect()
}
