//! A flow together with everything that it includes and every flow that it runs, as rows in the order in which they
//! are gone through. Nothing is repeated in a flow, so the rows are all there is.

use std::sync::Arc;

use super::command::{self, Command};
use super::reading::read_variables;
use super::{Action, Condition, Flow, Problem, Scope, Stage, Template, Variable, Work};
use crate::domain::failure::Failure;
use crate::domain::location::{is_object, named_in};

/// How deep flows may run flows.
const DEEPEST: usize = 8;

/// How many rows a script may have.
const MOST_ROWS: usize = 5_000;

/// The file that `flow` runs when it is told none.
const DEFAULT_FILE: &str = "liquibase.flowfile.yaml";

/// Reads files for a script: the text, or why there is none.
pub type Source<'a> = dyn Fn(&str) -> Result<String, String> + 'a;

/// A flow and everything that it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The file that it begins with.
    pub path: String,
    /// What is gone through, in order; what belongs to a row follows it.
    pub rows: Vec<Row>,
}

/// A stage, or an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// How many flows and stages it stands in.
    pub depth: usize,
    /// One past the last row that belongs to it.
    pub end: usize,
    /// The file that it is written in.
    pub file: Arc<str>,
    /// The line there.
    pub line: usize,
    /// The variables that count there.
    pub scope: Arc<Scope>,
    /// When it is gone through; always when there is none.
    pub condition: Option<Condition>,
    /// What it is.
    pub kind: Kind,
}

/// What a row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A stage.
    Stage {
        /// Its name.
        name: String,
        /// Where it stands in its flow.
        rank: Rank,
    },
    /// An action.
    Action(Box<Action>),
    /// An action that runs another flow, whose stages are the rows that follow.
    Flow {
        /// The file of that flow.
        path: String,
        /// True when what comes after it is done although it failed.
        continues: bool,
    },
}

/// Where a stage stands in its flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// Among the others.
    Middle,
    /// At the end, where it runs whatever happened before.
    End,
}

impl Script {
    /// Puts together what the file at `path` leads to. The second part is everything that is wrong or strange in any
    /// of the files; the first is there when it can be run in spite of that.
    pub fn read(path: &str, outermost: &Scope, source: &Source<'_>) -> (Option<Self>, Vec<Problem>) {
        let mut assembly = Assembly { source, rows: Vec::new(), problems: Vec::new(), open: Vec::new() };
        assembly.flow(path, outermost, None);
        let problems = assembly.problems;
        let is_usable = !problems.iter().any(|problem| problem.is_error);
        (is_usable.then(|| Self { path: path.to_owned(), rows: assembly.rows }), problems)
    }

    /// True when it is a promotion flow: only a promotion takes steps of the type `lockstep`.
    pub fn promotes(&self) -> bool {
        self.actions().any(|(_, _, action)| matches!(action.work, Work::Lockstep { .. }))
    }

    /// The actions, with the numbers of their rows.
    pub fn actions(&self) -> impl Iterator<Item = (usize, &Row, &Action)> {
        self.rows.iter().enumerate().filter_map(|(index, row)| match &row.kind {
            Kind::Action(action) => Some((index, row, action.as_ref())),
            Kind::Stage { .. } | Kind::Flow { .. } => None,
        })
    }
}

impl Script {
    /// The rows of the actions that may change a database when the script is run, with their commands. What a condition
    /// keeps from running, whatever happens before it, is not among them.
    pub fn changes(&self) -> Vec<(usize, &'static Command)> {
        let mut changes = Vec::new();
        let mut index = 0;
        while let Some(row) = self.rows.get(index) {
            let never = row
                .condition
                .as_ref()
                .is_some_and(|condition| condition.is_settled() && !condition.holds(&*row.scope));
            if never {
                index = row.end.max(index + 1);
                continue;
            }
            if let Kind::Action(action) = &row.kind
                && let Work::Liquibase { command, .. } = &action.work
                && let Some(command) = command::find(command)
                && command.touch() != command::Touch::Reads
            {
                changes.push((index, command));
            }
            index += 1;
        }
        changes
    }
}

impl Row {
    /// What it is called: `stage Verify`, `liquibase checks run`, `shell mkdir -p reports`.
    pub fn title(&self) -> String {
        match &self.kind {
            Kind::Stage { name, .. } => name.clone(),
            Kind::Action(action) => {
                format!("{} {}", action.work.word(), self.command().trim())
            }
            Kind::Flow { path, .. } => format!("liquibase flow {path}"),
        }
    }

    /// The command of an action, on one line, with its variables filled in; of a stage its name.
    pub fn command(&self) -> String {
        match &self.kind {
            Kind::Stage { name, .. } => name.clone(),
            Kind::Flow { .. } => "flow".to_owned(),
            Kind::Action(action) => {
                let text = match &action.work {
                    Work::Shell { command, .. } => {
                        command.expand(&mut |name| self.scope.get(name).map(str::to_owned))
                    }
                    work => work.command().to_owned(),
                };
                text.split_whitespace().collect::<Vec<_>>().join(" ")
            }
        }
    }

    /// Everything that it does, with its variables filled in: two rows with the same text do the same.
    pub fn canonical(&self) -> String {
        let expand =
            |template: &Template| template.expand(&mut |name| self.scope.get(name).map(str::to_owned));
        let mut parts = vec![self.title()];
        if let Kind::Action(action) = &self.kind {
            match &action.work {
                Work::Shell { command, interpreter } => {
                    parts = vec!["shell".to_owned()];
                    parts.extend(interpreter.iter().chain([command]).map(expand));
                }
                Work::Liquibase { arguments, globals, .. } => {
                    let given = arguments.iter().chain(globals);
                    parts.extend(given.map(|it| format!("--{}={}", it.name, expand(&it.value))));
                }
                Work::Exit { .. } | Work::Lockstep { .. } => {}
            }
        }
        parts.extend(self.continues().then(|| "and goes on".to_owned()));
        parts.join(" ")
    }

    /// What went wrong in it, with where it is written.
    pub fn blamed(&self, failure: &Failure) -> Failure {
        failure.clone().because(format!("it is written in {}:{}", self.file, self.line))
    }

    /// True when what comes after it is gone through although it failed.
    pub fn continues(&self) -> bool {
        match &self.kind {
            Kind::Action(action) => action.continues,
            Kind::Flow { continues, .. } => *continues,
            Kind::Stage { .. } => false,
        }
    }
}

/// A script while it is put together.
struct Assembly<'a> {
    source: &'a Source<'a>,
    rows: Vec<Row>,
    problems: Vec<Problem>,
    /// The files that are being read, the outermost first.
    open: Vec<String>,
}

impl Assembly<'_> {
    /// Reads the flow at `path`, which `caller`, a file with a line, runs.
    fn flow(&mut self, path: &str, outer: &Scope, caller: Option<(&str, usize)>) {
        let at = |problems: &mut Vec<Problem>, text: String, mend: &str| {
            let (file, line) = caller.map_or((path, None), |(file, line)| (file, Some(line)));
            problems.push(Problem::error(file, line, text, mend));
        };
        if self.rows.len() == MOST_ROWS {
            return;
        }
        let key = path.trim_start_matches("./").to_owned();
        if self.open.contains(&key) {
            let text = format!("the flow {path} runs itself");
            return at(&mut self.problems, text, "Take one of the actions of type `flow` out.");
        }
        if self.open.len() > DEEPEST {
            let text = format!("flows run flows more than {DEEPEST} deep");
            return at(&mut self.problems, text, "Put some of them into one file.");
        }
        let text = match (self.source)(path) {
            Ok(text) => text,
            Err(why) => {
                return at(
                    &mut self.problems,
                    format!("the flow {path} cannot be read: {why}"),
                    whereabouts(path),
                );
            }
        };
        let (flow, problems) = Flow::read(path, &text);
        self.problems.extend(problems);
        let Some(flow) = flow else { return };
        self.open.push(key);
        let mut variables = self.included(&flow, outer);
        variables.extend(flow.globals.iter().cloned());
        let scope = outer.with(path, &variables, &mut self.problems);
        let file: Arc<str> = path.into();
        let stages = flow.stages.iter().map(|stage| (stage, Rank::Middle));
        for (stage, rank) in stages.chain(flow.end.iter().map(|stage| (stage, Rank::End))) {
            self.stage(&file, stage, rank, &scope);
        }
        self.open.pop();
    }

    /// The variables of the files that a flow includes, each with its namespace in front.
    fn included(&mut self, flow: &Flow, outer: &Scope) -> Vec<Variable> {
        let mut variables = Vec::new();
        // The name of a file may use globals.
        let scope = outer.with(&flow.path, &flow.globals, &mut Vec::new());
        for include in &flow.includes {
            let path = include.file.expand(&mut |name| scope.get(name).map(str::to_owned));
            let path = named_in(&flow.path, &path);
            match (self.source)(&path) {
                Ok(text) => {
                    let (found, problems) = read_variables(&path, &text);
                    self.problems.extend(problems);
                    variables.extend(found.into_iter().map(|variable| Variable {
                        name: format!("{}.{}", include.namespace, variable.name),
                        line: include.line,
                        ..variable
                    }));
                }
                Err(why) => self.problems.push(Problem::error(
                    &flow.path,
                    Some(include.line),
                    format!("the included file {path} cannot be read: {why}"),
                    whereabouts(&path),
                )),
            }
        }
        variables
    }

    fn stage(&mut self, file: &Arc<str>, stage: &Stage, rank: Rank, outer: &Scope) {
        let scope = Arc::new(outer.with(file, &stage.variables, &mut self.problems));
        let depth = 2 * (self.open.len() - 1);
        let row = self.row(Row {
            depth,
            end: 0,
            file: file.clone(),
            line: stage.line,
            scope: scope.clone(),
            condition: stage.condition.clone(),
            kind: Kind::Stage { name: stage.name.clone(), rank },
        });
        for action in &stage.actions {
            self.action(file, action, depth + 1, &scope);
        }
        self.close(row);
    }

    fn action(&mut self, file: &Arc<str>, action: &Action, depth: usize, scope: &Arc<Scope>) {
        let nested = nested(action, scope).map(|path| named_in(file, &path));
        let kind = match &nested {
            Some(path) => Kind::Flow { path: path.clone(), continues: action.continues },
            None => Kind::Action(Box::new(action.clone())),
        };
        let row = self.row(Row {
            depth,
            end: 0,
            file: file.clone(),
            line: action.line,
            scope: scope.clone(),
            condition: action.condition.clone(),
            kind,
        });
        if let Some(path) = nested {
            self.flow(&path, scope, Some((file, action.line)));
        }
        self.close(row);
    }

    fn row(&mut self, row: Row) -> Option<usize> {
        if self.rows.len() == MOST_ROWS {
            let known = self.problems.iter().any(|problem| problem.text.contains("stages and actions"));
            if !known {
                let text = format!("there are more than {MOST_ROWS} stages and actions in it");
                let mend = "Run some of the flows by themselves.";
                self.problems.push(Problem::error(&row.file, Some(row.line), text, mend));
            }
            return None;
        }
        self.rows.push(row);
        Some(self.rows.len() - 1)
    }

    fn close(&mut self, row: Option<usize>) {
        let end = self.rows.len();
        if let Some(row) = row.and_then(|index| self.rows.get_mut(index)) {
            row.end = end;
        }
    }
}

/// The flow that an action runs, if it runs one.
fn nested(action: &Action, scope: &Scope) -> Option<String> {
    let Work::Liquibase { command, arguments, .. } = &action.work else { return None };
    let command = command::find(command).filter(|command| command.name == "flow")?;
    let given = super::Given::to(command, arguments, &mut |name| scope.get(name).map(str::to_owned));
    let file = given.into_iter().find(|given| given.name == "flow-file").map(|given| given.value);
    Some(file.unwrap_or_else(|| DEFAULT_FILE.to_owned()))
}

/// What to know about the path of a file that cannot be read.
fn whereabouts(path: &str) -> &'static str {
    if is_object(path) {
        "Paths in a flow of a bucket are relative to that flow."
    } else {
        "Paths are relative to the folder that the flow is started in."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> (Option<Script>, Vec<String>) {
        let source = |path: &str| {
            let file = files.iter().find(|(name, _)| *name == path);
            file.map(|(_, text)| (*text).to_owned()).ok_or_else(|| "there is no such file".to_owned())
        };
        let (script, problems) = Script::read(files[0].0, &Scope::default(), &source);
        (script, problems.iter().map(ToString::to_string).collect())
    }

    const OUTER: &str = "
include: {DATES: dates.yaml}
globalVariables: {A: outer, TAG: '${DATES.TODAY}', INNER: inner}
stages:
  One:
    stageVariables: {B: stage}
    actions:
      - {type: shell, command: 'echo ${A} ${TAG}'}
      - {type: liquibase, command: flow, cmdArgs: {flowFile: '${INNER}.yaml'}, continueOnError: true}
      - {type: shell, command: 'echo  ${B}'}
endStage: {actions: [{type: liquibase, command: history}]}
";

    #[test]
    fn a_flow_in_a_flow_shares_its_variables_and_has_its_own() {
        let inner = "
globalVariables: {A: inner}
stages: {Deep: {actions: [{type: shell, command: 'echo ${A} ${B}'}]}}
";
        let (script, problems) =
            read(&[("a.yaml", OUTER), ("inner.yaml", inner), ("dates.yaml", "TODAY: monday")]);
        assert_eq!(problems, [""; 0]);
        let script = script.unwrap();
        let rows: Vec<_> = script.rows.iter().map(|row| (row.depth, row.end, row.title())).collect();
        let row = |depth, end, title: &str| (depth, end, title.to_owned());
        assert_eq!(
            rows,
            [
                row(0, 6, "One"),
                row(1, 2, "shell echo outer monday"),
                row(1, 5, "liquibase flow inner.yaml"),
                row(2, 5, "Deep"),
                row(3, 5, "shell echo inner stage"),
                row(1, 6, "shell echo stage"),
                row(0, 8, "endStage"),
                row(1, 8, "liquibase history"),
            ]
        );
        assert!(script.rows[2].continues());
    }

    #[test]
    fn what_may_change_a_database_is_known_before() {
        let text = "
stages:
  Closed: {if: 'a == b', actions: [{type: liquibase, command: drop-all}]}
  Open:
    actions:
      - {type: liquibase, command: status}
      - {type: liquibase, command: update, if: 'exitCode == 5'}
      - {type: liquibase, command: tag, if: 'a != a'}
";
        let (script, _) = read(&[("a.yaml", text)]);
        let script = script.unwrap();
        let names: Vec<_> = script.changes().into_iter().map(|(row, command)| (row, command.name)).collect();
        assert_eq!(names, [(4, "update")]);
    }

    #[test]
    fn a_flow_that_runs_itself_is_refused_where_it_does() {
        let again =
            "stages: {S: {actions: [{type: liquibase, command: flow, cmdArgs: {flow-file: ./a.yaml}}]}}";
        let (script, problems) = read(&[("a.yaml", OUTER), ("inner.yaml", again), ("dates.yaml", "")]);
        assert_eq!(script, None);
        assert_eq!(
            problems,
            ["inner.yaml:1: the flow ./a.yaml runs itself. Take one of the actions of type `flow` out."]
        );
    }

    #[test]
    fn a_missing_file_is_named_where_it_is_wanted() {
        let (script, problems) = read(&[("a.yaml", OUTER)]);
        assert_eq!(script, None);
        assert!(
            problems[0].starts_with("a.yaml:2: the included file dates.yaml cannot be read"),
            "{problems:?}"
        );
        assert!(problems[1].starts_with("a.yaml:9: the flow inner.yaml cannot be read"), "{problems:?}");
    }

    #[test]
    fn flows_that_run_many_flows_do_not_fill_the_memory() {
        let many = |next: &str| {
            let action = format!("{{type: liquibase, command: flow, cmdArgs: {{flow-file: {next}}}}}");
            format!("stages: {{S: {{actions: [{}]}}}}", [action.as_str(); 30].join(", "))
        };
        let files = [("0", many("1")), ("1", many("2")), ("2", many("3")), ("3", many("4"))];
        let mut files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        files.push(("4", "stages: {S: {actions: [{type: shell, command: ls}]}}"));
        let (script, problems) = read(&files);
        assert_eq!(script, None);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("more than 5000 stages and actions"), "{problems:?}");
    }

    #[test]
    fn what_a_flow_of_a_bucket_includes_and_runs_is_beside_it() {
        let outer = "
include: {DATES: dates.yaml}
stages: {One: {actions: [{type: liquibase, command: flow, cmdArgs: {flow-file: ../more/inner.yaml}}]}}
";
        let inner = "
include: {NAMES: names.yaml}
stages: {Deep: {actions: [{type: shell, command: 'echo ${NAMES.ANA}'}]}}
";
        let (script, problems) = read(&[
            ("s3://team/flows/a.yaml", outer),
            ("s3://team/flows/dates.yaml", "TODAY: monday"),
            ("s3://team/more/inner.yaml", inner),
            ("s3://team/more/names.yaml", "ANA: ana"),
        ]);
        assert_eq!(problems, [""; 0]);
        let titles: Vec<_> = script.unwrap().rows.iter().map(Row::title).collect();
        assert_eq!(titles, ["One", "liquibase flow s3://team/more/inner.yaml", "Deep", "shell echo ana"]);
        let (_, problems) = read(&[("s3://team/flows/a.yaml", outer)]);
        assert!(
            problems[0].contains("the included file s3://team/flows/dates.yaml cannot be read"),
            "{problems:?}"
        );
        assert!(
            problems[0].ends_with("Paths in a flow of a bucket are relative to that flow."),
            "{problems:?}"
        );
    }
}
