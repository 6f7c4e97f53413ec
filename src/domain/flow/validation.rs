//! What would go wrong in a script when it is run, as far as that can be known before: commands and arguments that do
//! not exist, files that are missing, variables that nothing sets. Absent on purpose: what only the database knows.

use super::command::{self, Command, Hand, Known, Touch};
use super::condition::Operand;
use super::reading::guess;
use super::script::{Kind, Row, Script};
use super::{Action, Condition, Fact, Given, Problem, Template, Work};

/// Arguments that name a file which must be there.
const FILES: [&str; 3] = ["changelog-file", "checks-settings-file", "sql-file"];

/// Finds what would go wrong; `exists` says which files are there.
pub fn validate(script: &Script, exists: &dyn Fn(&str) -> bool) -> Vec<Problem> {
    let mut validation = Validation { exists, problems: Vec::new(), has_status: false };
    for row in &script.rows {
        validation.row(row);
    }
    validation.problems
}

struct Validation<'a> {
    exists: &'a dyn Fn(&str) -> bool,
    problems: Vec<Problem>,
    /// True once a `status` was met.
    has_status: bool,
}

impl Validation<'_> {
    fn row(&mut self, row: &Row) {
        if let Some(condition) = &row.condition {
            self.condition(row, condition);
        }
        match &row.kind {
            Kind::Action(action) => self.action(row, action),
            Kind::Stage { .. } | Kind::Flow { .. } => {}
        }
    }

    fn condition(&mut self, row: &Row, condition: &Condition) {
        for operand in condition.operands() {
            match operand {
                Operand::Text(_, template) => self.needed(row, template),
                Operand::Fact(Fact::ChangesetCount) if !self.has_status => {
                    let text = "`status.changesetCount` is asked for, and no `status` stands before it";
                    self.error(row, text, "Run `status` first, in the same file.");
                }
                Operand::Fact(_) => {}
            }
        }
    }

    fn action(&mut self, row: &Row, action: &Action) {
        match &action.work {
            Work::Liquibase { command, arguments, globals } => {
                for argument in arguments.iter().chain(globals) {
                    self.needed(row, &argument.value);
                }
                let Some(command) = self.command(row, command) else { return };
                self.has_status |= command.name == "status";
                if !command.arguments().is_empty() {
                    for argument in arguments {
                        self.argument(row, argument.line, &argument.name, command);
                    }
                }
                for argument in globals {
                    self.global(row, argument.line, &argument.name);
                }
                let given = Given::to(command, arguments, &mut |name| row.scope.get(name).map(str::to_owned));
                self.files(row, &given);
            }
            Work::Shell { command, interpreter } => {
                self.missing(row, command, &|name| is_set_by(command.as_written(), name));
                if let Some(interpreter) = interpreter {
                    self.needed(row, interpreter);
                }
            }
            Work::Exit { code, message } => {
                self.needed(row, code);
                if let Some(message) = message {
                    self.needed(row, message);
                }
            }
            Work::Lockstep { .. } => {}
        }
    }

    /// The command, when it is one that can be carried out.
    fn command(&mut self, row: &Row, written: &str) -> Option<&'static Command> {
        let Some(command) = command::find(written) else {
            let names: Vec<_> = command::all().map(|command| command.name).collect();
            let mend = guess(written, &names, "`liquibase --help` lists the commands.");
            self.error(row, format!("Liquibase has no command `{written}`"), mend);
            return None;
        };
        if command.by == Hand::Licensed {
            let text = format!("`{}` needs a licensed edition of Liquibase", command.name);
            self.error(row, text, "Do it in another way, or run the flow under that edition.");
        }
        if command.touch() == Touch::Unlocks {
            let text = "`release-locks` lets a lock go without a proof that its holder is gone";
            self.error(
                row,
                text,
                "Take it out; `lockstep reconcile --release-lock ENV` does it with the proof.",
            );
        }
        Some(command)
    }

    fn argument(&mut self, row: &Row, line: usize, name: &str, command: &Command) {
        let text = match command.argument(name) {
            Known::Yes(_) => return,
            Known::Licensed(known) => {
                format!("the argument `{known}` of `{}` needs a licensed edition of Liquibase", command.name)
            }
            Known::No => format!("`{}` has no argument `{name}`", command.name),
        };
        let mend = if matches!(command::global(name), Known::No) {
            guess(name, command.arguments(), &format!("`liquibase {} --help` lists them.", command.name))
        } else {
            "It is one of every command: write it below `globalArgs`.".to_owned()
        };
        self.problems.push(Problem::error(&row.file, Some(line), text, mend));
    }

    fn global(&mut self, row: &Row, line: usize, name: &str) {
        if matches!(command::global(name), Known::No) {
            let names: Vec<_> = command::globals().collect();
            let mend = guess(name, &names, "Arguments of one command stand below `cmdArgs`.");
            let text = format!("`{name}` is no argument of every command");
            self.problems.push(Problem::error(&row.file, Some(line), text, mend));
        }
    }

    fn files(&mut self, row: &Row, given: &[Given]) {
        for given in given.iter().filter(|given| FILES.contains(&given.name.as_str())) {
            let is_open = !Template::read(&given.value).needed().is_empty();
            if !is_open && !(self.exists)(&given.value) {
                let text = format!("there is no file {} ({})", given.value, given.name);
                self.error(row, text, "Paths are relative to the folder that the flow is started in.");
            }
        }
    }

    /// Variables that must have a value here and have none.
    fn needed(&mut self, row: &Row, template: &Template) {
        self.missing(row, template, &|_| false);
    }

    fn missing(&mut self, row: &Row, template: &Template, is_otherwise_set: &dyn Fn(&str) -> bool) {
        let facts = Fact::ALL.map(Fact::word);
        let expanded = template.expand(&mut |name| row.scope.get(name).map(str::to_owned));
        let mut names = template.needed();
        // A variable may stand for a text with another in it.
        let inner = Template::read(&expanded);
        names.extend(inner.needed());
        names.sort_unstable();
        names.dedup();
        for name in names {
            if !row.scope.knows(name) && !facts.contains(&name) && !is_otherwise_set(name) {
                let text = format!("nothing sets `{name}`, so `${{{name}}}` stays as it is");
                let mend = format!(
                    "Set it in the environment or with `--set {name}=…`, or write `${{{name}:-text}}`."
                );
                self.warning(row, text, mend);
            }
        }
    }

    fn error(&mut self, row: &Row, text: impl Into<String>, mend: impl Into<String>) {
        self.add(Problem::error(&row.file, Some(row.line), text, mend));
    }

    fn warning(&mut self, row: &Row, text: impl Into<String>, mend: impl Into<String>) {
        self.add(Problem::warning(&row.file, Some(row.line), text, mend));
    }

    /// A flow that is run twice has its problems once.
    fn add(&mut self, problem: Problem) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

/// True when a shell command gives a variable its value itself.
fn is_set_by(command: &str, name: &str) -> bool {
    let mut words = command.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '=')));
    let mut before = "";
    words.any(|word| {
        let is_set = word.strip_prefix(name).is_some_and(|rest| rest.starts_with('='))
            || (word == name && matches!(before, "for" | "read"));
        before = word;
        is_set
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::flow::Scope;

    fn problems(text: &str) -> Vec<String> {
        let known = [("SET".to_owned(), "x".to_owned())];
        let scope = Scope::outermost(known, [], []);
        let (script, problems) = Script::read("f.yaml", &scope, &|_| Ok(text.to_owned()));
        assert_eq!(problems, []);
        let exists = |file: &str| file == "there.yaml";
        validate(&script.unwrap(), &exists).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn everything_that_would_go_wrong_is_found_before() {
        let text = "\
stages:
  One:
    actions:
      - {type: liquibase, command: updat}
      - {type: liquibase, command: update, cmdArgs: {changelog-file: gone.yaml}}
      - {type: liquibase, command: update, cmdArgs: {changelogfil: there.yaml}}
      - {type: liquibase, command: update, cmdArgs: {output-file: a.txt}}
      - {type: liquibase, command: status, globalArgs: {changelogFile: there.yaml}}
      - {type: liquibase, command: rollbackOneUpdate}
      - {type: liquibase, command: release-locks}
      - {type: liquibase, command: update, cmdArgs: {rollback-on-error: \"${UNSET}\"}}
";
        insta::assert_snapshot!(problems(text).join("\n"), @r"
        f.yaml:4: Liquibase has no command `updat`. Did you mean `update`? If not, take it out.
        f.yaml:5: there is no file gone.yaml (changelog-file). Paths are relative to the folder that the flow is started in.
        f.yaml:6: `update` has no argument `changelogfil`. Did you mean `changelog-file`? If not, take it out.
        f.yaml:7: `update` has no argument `output-file`. It is one of every command: write it below `globalArgs`.
        f.yaml:8: `changelogFile` is no argument of every command. Arguments of one command stand below `cmdArgs`.
        f.yaml:9: `rollback-one-update` needs a licensed edition of Liquibase. Do it in another way, or run the flow under that edition.
        f.yaml:10: `release-locks` lets a lock go without a proof that its holder is gone. Take it out; `lockstep reconcile --release-lock ENV` does it with the proof.
        f.yaml:11: nothing sets `UNSET`, so `${UNSET}` stays as it is. Set it in the environment or with `--set UNSET=…`, or write `${UNSET:-text}`.
        f.yaml:11: the argument `rollback-on-error` of `update` needs a licensed edition of Liquibase. `liquibase update --help` lists them.
        ");
    }

    #[test]
    fn what_is_right_has_no_problem() {
        let text = "\
globalVariables: {FILE: there.yaml}
stages:
  One:
    if: \"${SET} == x\"
    actions:
      - {type: liquibase, command: status, cmdArgs: {changelogFile: \"${FILE}\", labels: \"${L:-null}\"}}
      - {type: control, command: exit, if: 'status.changesetCount == 0', cmdArgs: {exitMessage: '${exitCode}'}}
      - {type: shell, command: 'for f in *; do echo ${f}; done'}
";
        assert_eq!(problems(text), [""; 0]);
    }

    #[test]
    fn the_count_of_a_status_that_never_ran_is_a_problem() {
        let text = "stages: {S: {if: 'status.changesetCount == 0', actions: [{type: shell, command: ls}]}}";
        assert!(problems(text)[0].contains("no `status` stands before it"));
    }
}
