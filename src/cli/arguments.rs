//! The words of the command line. Plain data.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cli::appearance::AppearanceArguments;
use crate::cli::picture::{Frame, Picture};
use crate::headless::Format;
use crate::sandbox::faults::After;

/// Promotes an application and its database schema together, from one environment to the next.
///
/// Without a command it opens the console.
#[derive(Parser)]
#[command(version, arg_required_else_help = false, max_term_width = 100)]
pub(super) struct Arguments {
    /// The instance to work with: a sandbox, or what a lockstep.toml describes
    #[arg(long, global = true, env = "LOCKSTEP_INSTANCE", value_name = "ID")]
    pub(super) instance: Option<String>,
    /// Look, and change nothing: whatever would is refused
    #[arg(long, global = true, env = "LOCKSTEP_READ_ONLY", value_parser = clap::builder::FalseyValueParser::new())]
    pub(super) read_only: bool,
    /// How results are written
    #[arg(long, global = true, value_enum, default_value_t = Output::Text)]
    pub(super) output: Output,
    #[command(flatten)]
    pub(super) appearance: AppearanceArguments,
    /// In the console: take new releases by itself to environments whose gate is automatic, after a countdown
    #[arg(long, global = true)]
    pub(super) auto: bool,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

impl Arguments {
    pub(super) fn format(&self) -> Format {
        match self.output {
            Output::Json => Format::Json,
            Output::Text | Output::Sarif | Output::Junit => Format::Text,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    Text,
    Json,
    /// Of `check` only: for platforms that show findings at their lines
    Sarif,
    /// Of `check` only: for build servers
    Junit,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Start a sandbox on this machine and open the console on it
    Demo(Demo),
    /// Show every environment: image, changesets, health
    Status,
    /// Look at everything that a promotion needs, here and in AWS, and say how to mend what is missing; changes nothing
    Doctor,
    /// Hold the newest release against every environment: what is pending, edited, unexpected, out of order
    Drift(Drift),
    /// Show who holds the locks of every environment, and whether the holder is alive
    Locks(Chosen),
    /// Show what a promotion would do, and what stands in its way
    Plan(Plan),
    /// Carry a promotion out and prove its result
    Promote(Promote),
    /// Ask for a plan to be approved
    Request(Request),
    /// Approve a plan: it may be carried out as it is, and not otherwise
    Approve(Approve),
    /// Reject a plan
    Reject(Reject),
    /// Show what waits for approval, and for whose
    Approvals,
    /// Stop the line, so that nothing new may begin anywhere, or resume it
    Line(Line),
    /// Keep a release back: it goes no further
    Bar(Bar),
    /// Let a release that was kept back go on
    Unbar(Bar),
    /// Go back to an earlier release: schema and app, in the order that is safe, and prove the result
    Rollback(Rollback),
    /// Find out what became of promotions that nobody saw end, and what may safely be done now
    Reconcile(Reconcile),
    /// Compare what really is in two databases: of environments, or of releases built for it
    Diff(Diff),
    /// Hold a changelog, or a database, against policy checks; the exit code is the highest severity found, 0 to 4
    Check(Check),
    /// What is wrong in lockstep.toml, and the way to Terraform and back
    Config(Config),
    /// Releases and their archives
    Release(Release),
    /// What a changelog says, without any database
    Changelog(Changelog),
    /// Flow files: stages and actions of Liquibase and a shell, run in one way everywhere
    Flow(Flow),
    /// The reports of operations: list, show, open
    Report(Report),
    /// Who is told of what happens: Slack, mail, the terminal
    Notify(Notify),
    /// The record of everything that was done: show it, verify it, hand it on
    Journal(Journal),
    /// Draw the board as it stands now
    Board(Frame),
    /// Draw any view as it stands now, in any size and theme
    Picture(Picture),
}

#[derive(Args)]
pub(super) struct Demo {
    /// Which sandbox; several can run side by side
    #[arg(long, global = true, default_value = "demo1", value_name = "ID")]
    pub(super) id: String,
    /// How many times faster than AWS its operations go
    #[arg(long, global = true, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000), value_name = "N")]
    pub(super) time_factor: u32,
    /// Where Liquibase runs: `here`, or `ecs` as a one-off task of the emulated ECS
    #[arg(long, global = true, value_enum, default_value_t = LiquibasePlace::Here, value_name = "WHERE")]
    pub(super) liquibase: LiquibasePlace,
    /// Leave the sandbox running when the console ends
    #[arg(long)]
    pub(super) keep: bool,
    #[command(subcommand)]
    pub(super) command: Option<DemoCommand>,
}

#[derive(Subcommand)]
pub(super) enum DemoCommand {
    /// Start the sandbox and leave it running
    Up,
    /// Stop the sandbox; its state is kept
    Down,
    /// Bring the sandbox back to its start state
    Reset,
    /// List the sandboxes of this machine
    List,
    /// Print shell exports, so that psql, aws and a browser work at once: eval "$(lockstep demo env)"
    Env,
    /// Make something go wrong in the sandbox, to see what happens: `fault list` names what there is
    Fault(Fault),
}

#[derive(Args)]
pub(super) struct Fault {
    #[command(subcommand)]
    pub(super) command: FaultCommand,
}

#[derive(Subcommand)]
pub(super) enum FaultCommand {
    /// List every fault, what is set, how often it struck, and how often AWS was asked for what
    List,
    /// Set a fault; it stays until it is cleared, or the sandbox is reset or ends
    Set(FaultSetting),
    /// Clear a fault, or all of them
    Clear {
        /// The fault; by default every one
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// Only where it was set for this environment
        #[arg(long, value_name = "ENV")]
        env: Option<String>,
    },
}

#[derive(Args)]
pub(super) struct FaultSetting {
    /// The fault
    #[arg(value_name = "NAME")]
    pub(super) name: String,
    /// Strike only this environment
    #[arg(long, value_name = "ENV")]
    pub(super) env: Option<String>,
    /// Strike only this action of the AWS API, such as `UpdateService`
    #[arg(long, value_name = "ACTION")]
    pub(super) action: Option<String>,
    /// Strike so often, then no more
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) times: Option<u32>,
    /// Let so many pass first; or, for calls, strike only after one of this action
    #[arg(long, value_name = "N|ACTION", value_parser = After::parse)]
    pub(super) after: Option<After>,
    /// Last so long each time
    #[arg(long, value_name = "N")]
    pub(super) seconds: Option<f64>,
}

#[derive(Args)]
pub(super) struct Chosen {
    /// The environments; by default all of them
    #[arg(value_name = "ENV")]
    pub(super) environments: Vec<String>,
}

#[derive(Args)]
pub(super) struct Drift {
    #[command(flatten)]
    pub(super) chosen: Chosen,
    /// The release; by default the newest
    #[arg(long, value_name = "VERSION")]
    pub(super) release: Option<String>,
    /// Leave a report of it: one HTML file, and the same as JSON
    #[arg(long)]
    pub(super) report: bool,
}

#[derive(Args)]
pub(super) struct Report {
    #[command(subcommand)]
    pub(super) command: ReportCommand,
}

#[derive(Subcommand)]
pub(super) enum ReportCommand {
    /// List the reports, newest first
    List,
    /// Show one report; with `--output json` all that it says
    Show {
        /// The run, as `report list` names it; by default the newest
        #[arg(value_name = "RUN")]
        run: Option<String>,
    },
    /// Print where a report is, and open it where there is a desktop
    Open {
        /// The run; by default the newest
        #[arg(value_name = "RUN")]
        run: Option<String>,
        /// Only print where it is
        #[arg(long)]
        path: bool,
    },
}

#[derive(Args)]
pub(super) struct Notify {
    #[command(subcommand)]
    pub(super) command: NotifyCommand,
}

#[derive(Subcommand)]
pub(super) enum NotifyCommand {
    /// Send a message through every channel of [notify], and say what came of each
    Test,
}

#[derive(Args)]
pub(super) struct Reconcile {
    #[command(flatten)]
    pub(super) chosen: Chosen,
    /// Wait for what still runs, then look again
    #[arg(long)]
    pub(super) attach: bool,
    /// Put on record what was found out, so that something new may begin
    #[arg(long)]
    pub(super) settle: bool,
    /// Put on record that a person has settled what could not be found out in this environment
    #[arg(long, value_name = "ENV", conflicts_with_all = ["environments", "attach", "settle", "release_lock"])]
    pub(super) resolve: Option<String>,
    /// What was seen and done
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
    /// Let Liquibase's lock of this environment go, if its holder is proven to be gone
    #[arg(long, value_name = "ENV", conflicts_with_all = ["environments", "attach", "settle"])]
    pub(super) release_lock: Option<String>,
    /// The environment's name, said again
    #[arg(long, value_name = "ENV", requires = "release_lock")]
    pub(super) confirm: Option<String>,
}

#[derive(Args)]
pub(super) struct Plan {
    /// The environment to promote to
    #[arg(value_name = "ENV")]
    pub(super) environment: String,
    /// The release; by default what the environment before runs, for the first one the newest
    #[arg(long, value_name = "VERSION")]
    pub(super) release: Option<String>,
}

#[derive(Args)]
pub(super) struct Promote {
    /// The environment to promote to
    #[arg(value_name = "ENV")]
    pub(super) environment: String,
    /// The release; by default what the environment before runs, for the first one the newest
    #[arg(long, value_name = "VERSION")]
    pub(super) release: Option<String>,
    /// The environment's name, said again
    #[arg(long, value_name = "ENV")]
    pub(super) confirm: Option<String>,
    /// The digest of the plan that is meant, as `lockstep plan` shows it
    #[arg(long, value_name = "DIGEST")]
    pub(super) plan: Option<String>,
    /// Override what the gate asks for, where it may be; goes on record
    #[arg(long = "override", value_name = "REASON")]
    pub(super) override_reason: Option<String>,
}

#[derive(Args)]
pub(super) struct Ballot {
    /// The environment that the plan leads to
    #[arg(value_name = "ENV")]
    pub(super) environment: String,
    /// The release; by default what the environment before runs
    #[arg(long, value_name = "VERSION")]
    pub(super) release: Option<String>,
    /// The digest of the plan that is meant, as `lockstep plan` shows it
    #[arg(long, value_name = "DIGEST")]
    pub(super) plan: Option<String>,
}

#[derive(Args)]
pub(super) struct Request {
    #[command(flatten)]
    pub(super) ballot: Ballot,
    /// What those who approve should know
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(super) note: String,
}

#[derive(Args)]
pub(super) struct Approve {
    #[command(flatten)]
    pub(super) ballot: Ballot,
    /// What goes on record beside it
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(super) note: String,
}

#[derive(Args)]
pub(super) struct Reject {
    #[command(flatten)]
    pub(super) ballot: Ballot,
    /// Why
    #[arg(long, value_name = "REASON")]
    pub(super) reason: String,
}

#[derive(Args)]
pub(super) struct Line {
    #[command(subcommand)]
    pub(super) command: LineCommand,
}

#[derive(Subcommand)]
pub(super) enum LineCommand {
    /// Nothing new may begin, anywhere; a promotion stops before its next change
    Stop {
        /// Why
        #[arg(long, value_name = "REASON")]
        reason: String,
    },
    /// Promotions may begin again
    Resume {
        /// Why
        #[arg(long, value_name = "REASON")]
        reason: String,
    },
    /// Show whether the line is stopped, and which releases are kept back
    Status,
}

#[derive(Args)]
pub(super) struct Bar {
    /// The release, such as v1.3.0
    #[arg(value_name = "VERSION")]
    pub(super) version: String,
    /// Why
    #[arg(long, value_name = "REASON")]
    pub(super) reason: String,
}

#[derive(Args)]
pub(super) struct Rollback {
    /// The environment to go back in
    #[arg(value_name = "ENV")]
    pub(super) environment: String,
    /// The release to go back to; by default the one that the journal, or the ledger, proves to have been there before
    #[arg(long, value_name = "VERSION")]
    pub(super) to: Option<String>,
    /// Leave the schema as it is; only where the older image runs on it
    #[arg(long)]
    pub(super) app_only: bool,
    /// Why; kept in the journal
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
    /// The environment's name, said again
    #[arg(long, value_name = "ENV")]
    pub(super) confirm: Option<String>,
    /// The digest of the plan that is meant, as the command shows it without this
    #[arg(long, value_name = "DIGEST")]
    pub(super) plan: Option<String>,
}

#[derive(Args)]
pub(super) struct Diff {
    /// An environment, or a release such as v1.2.0, which is built in a scratch database
    #[arg(value_name = "A")]
    pub(super) a: String,
    /// Another one
    #[arg(value_name = "B")]
    pub(super) b: String,
    /// List cosmetic differences too
    #[arg(long)]
    pub(super) all: bool,
    /// Print the SQL that would bring B to A: a proposal, which is not run
    #[arg(long)]
    pub(super) sql: bool,
}

#[derive(Args)]
pub(super) struct Check {
    /// The root changelog, relative to the search path; by default changelog/changelog-master.yaml, else the newest release
    #[arg(long, value_name = "FILE", conflicts_with = "release")]
    pub(super) changelog: Option<String>,
    /// The folder that paths are relative to; by default the current one
    #[arg(long, value_name = "DIR", requires = "changelog")]
    pub(super) search_path: Option<PathBuf>,
    /// A release of the instance
    #[arg(long, value_name = "VERSION")]
    pub(super) release: Option<String>,
    /// The settings of the checks; by default flows/liquibase.checks-settings.conf or liquibase.checks-settings.conf; also `s3://bucket/key`
    #[arg(long, value_name = "FILE")]
    pub(super) settings: Option<String>,
    /// What is let pass, by whom and until when
    #[arg(long, value_name = "FILE")]
    pub(super) waivers: Option<String>,
    /// What to look at: changelog, database, or both
    #[arg(long, value_name = "SCOPES", value_delimiter = ',', default_value = "changelog")]
    pub(super) scope: Vec<String>,
    /// The environment whose database is meant
    #[arg(long, value_name = "ENV")]
    pub(super) environment: Option<String>,
    /// Which changesets: all, or those that the environment has not run
    #[arg(long, value_enum, default_value_t = ChangesetFilter::All)]
    pub(super) changeset_filter: ChangesetFilter,
    /// Only these checks, or all but those with `!` in front
    #[arg(long = "check-name", value_name = "NAMES", value_delimiter = ',')]
    pub(super) names: Vec<String>,
    /// How much it matters when SQL cannot be read; by default as much as the check that matters most
    #[arg(long, value_name = "SEVERITY")]
    pub(super) sql_parser_fail_severity: Option<String>,
    /// Who checks: lockstep alone, or Liquibase with its licence as well, side by side
    #[arg(long, value_enum, default_value_t = Engine::Lockstep)]
    pub(super) engine: Engine,
    /// List every check there is, and whether it looks by these settings
    #[arg(long)]
    pub(super) list: bool,
    /// Leave a report of it: one HTML file, and the same as JSON
    #[arg(long, conflicts_with = "list")]
    pub(super) report: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LiquibasePlace {
    /// Where lockstep runs
    Here,
    /// As a one-off task of the emulated ECS
    Ecs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Engine {
    Lockstep,
    Liquibase,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ChangesetFilter {
    All,
    Pending,
}

#[derive(Args)]
pub(super) struct Config {
    #[command(subcommand)]
    pub(super) command: ConfigCommand,
}

#[derive(Subcommand)]
pub(super) enum ConfigCommand {
    /// Say everything that is wrong in the file of the instance, in your own and in the keys that both choose
    Check {
        /// The file; by default that of the instance
        #[arg(value_name = "FILE")]
        path: Option<PathBuf>,
    },
    /// Put what `terraform output -json` says into the lockstep.toml of this project; comments and everything else stay
    ImportTerraform {
        /// The outputs; `-` for standard input
        #[arg(value_name = "FILE", default_value = "-")]
        outputs: PathBuf,
        /// Write the file; without it what would stand there is printed
        #[arg(long)]
        write: bool,
    },
    /// Print the variables that `terraform/` needs for this instance; never a password
    Tfvars {
        /// Who makes the instance, for the tag of that name; by default you
        #[arg(long, value_name = "NAME")]
        deployed_by: Option<String>,
    },
}

#[derive(Args)]
pub(super) struct Release {
    #[command(subcommand)]
    pub(super) command: ReleaseCommand,
}

#[derive(Subcommand)]
pub(super) enum ReleaseCommand {
    /// List the releases of the instance
    List,
    /// Show the changesets of one release
    Show {
        /// The version, such as v1.2.0
        version: String,
    },
    /// Write the changelog archive of one release; the same bytes on every run
    Build {
        /// The version, such as v1.2.0
        version: String,
        /// The folder with the changelog; by default ./changelog, else the Bagel Store's
        #[arg(long, value_name = "FOLDER")]
        changelog: Option<PathBuf>,
        /// Where to write it; by default ./dist
        #[arg(long, value_name = "FOLDER", default_value = "dist")]
        to: PathBuf,
    },
}

#[derive(Args)]
pub(super) struct Changelog {
    #[command(subcommand)]
    pub(super) command: ChangelogCommand,
}

#[derive(Subcommand)]
pub(super) enum ChangelogCommand {
    /// List every changeset in order, with its checksums, filters, rollback and warnings
    List(ChangelogListing),
}

#[derive(Args)]
pub(super) struct ChangelogListing {
    /// The root changelog, relative to the search path as Liquibase wants it
    #[arg(value_name = "FILE")]
    pub(super) file: String,
    /// The folder that paths are relative to; by default the current one
    #[arg(long, value_name = "DIR")]
    pub(super) search_path: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct Flow {
    #[command(subcommand)]
    pub(super) command: FlowCommand,
}

#[derive(Subcommand)]
pub(super) enum FlowCommand {
    /// Run a flow file; the exit code is the flow's own: 0, the highest severity of its checks, or what it says
    Run(FlowRunning),
    /// Say everything that is wrong or strange in a flow file, and in what it leads to; nothing is run
    Validate(FlowFile),
}

#[derive(Args)]
pub(super) struct FlowFile {
    /// The flow file, or `s3://bucket/key`
    #[arg(value_name = "FILE")]
    pub(super) path: String,
    /// Set a variable of the flow, whatever the file or the environment says
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) set: Vec<String>,
}

#[derive(Args)]
pub(super) struct FlowRunning {
    #[command(flatten)]
    pub(super) file: FlowFile,
    /// The environment whose database it runs against; sets `ENV`, `DEMO_ID` and `APP_URL` too
    #[arg(long, value_name = "ENV")]
    pub(super) environment: Option<String>,
    /// The release whose changelog it runs with, in place of the one in this folder; sets `VERSION` too
    #[arg(long, value_name = "VERSION")]
    pub(super) release: Option<String>,
    /// The environment's name, said again, when the flow changes its database
    #[arg(long, value_name = "ENV")]
    pub(super) confirm: Option<String>,
    /// Let commands run that destroy what may not come back, such as drop-all
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(Args)]
pub(super) struct Journal {
    #[command(subcommand)]
    pub(super) command: JournalCommand,
}

#[derive(Subcommand)]
pub(super) enum JournalCommand {
    /// Check that no record was edited, dropped, moved or cut off; exit code 4 names where one was
    Verify {
        /// An exported file, or the folder of a journal; by default the instance's own
        #[arg(value_name = "PATH")]
        path: Option<PathBuf>,
    },
    /// List the records, oldest first; with `--output json` as they stand there, one a line
    Show(JournalListing),
    /// Write a file that `journal verify` can judge anywhere
    Export(JournalExport),
}

#[derive(Args)]
pub(super) struct JournalListing {
    /// Only those of this run
    #[arg(long, value_name = "RUN")]
    pub(super) run: Option<String>,
    /// Only those that concern this environment
    #[arg(long, value_name = "ENV")]
    pub(super) env: Option<String>,
    /// Only those since a day, a moment, or so long ago: 2026-11-21, 2026-11-21T14:00:00Z, 12h, 3d
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<String>,
    /// Only the last so many of them
    #[arg(long, value_name = "N")]
    pub(super) last: Option<usize>,
}

#[derive(Args)]
pub(super) struct JournalExport {
    /// Only what concerns this run; of the other records their place in the chain is kept
    #[arg(long, value_name = "RUN")]
    pub(super) run: Option<String>,
    /// The file, which must not be there yet; `-` for standard output
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
}
