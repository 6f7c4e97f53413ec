//! From the text of a flow file to a flow: strict, because a misspelt key would otherwise be an action that silently
//! does something else. Every problem is found at once.

use super::condition::Condition;
use super::template::Template;
use super::{Action, Argument, Flow, Include, Problem, Stage, Variable, Work};
use crate::domain::spelling;
use crate::domain::step::StepKind;
use crate::domain::yaml::{self, Content, Key, Name, Resolved, Value};

const ROOT: [&str; 4] = ["include", "globalVariables", "stages", "endStage"];
const STAGE: [&str; 3] = ["if", "stageVariables", "actions"];
const LIQUIBASE: [&str; 6] = ["type", "command", "if", "cmdArgs", "globalArgs", "continueOnError"];
const SHELL: [&str; 5] = ["type", "command", "if", "shell", "continueOnError"];
const CONTROL: [&str; 4] = ["type", "command", "if", "cmdArgs"];
const EXIT: [&str; 2] = ["exitCode", "exitMessage"];
const LOCKSTEP: [&str; 2] = ["type", "command"];

const TYPES: [&str; 4] = ["liquibase", "shell", "control", "lockstep"];

/// The steps of a promotion that a promotion flow says the place of.
const STEPS: [StepKind; 3] = [StepKind::Service, StepKind::Health, StepKind::Evidence];

type Entries = [(Key, Value)];

/// Reads the text of the file at `path`.
pub(super) fn read(path: &str, text: &str) -> (Option<Flow>, Vec<Problem>) {
    let mut reader = Reader { path, problems: Vec::new() };
    let flow = reader.flow(text);
    let is_usable = !reader.problems.iter().any(|problem| problem.is_error);
    (flow.filter(|_| is_usable), reader.problems)
}

/// Reads the text of a file that a flow includes: names with values, and nothing in them.
pub(super) fn read_variables(path: &str, text: &str) -> (Vec<Variable>, Vec<Problem>) {
    let mut reader = Reader { path, problems: Vec::new() };
    let variables = match reader.document(text) {
        Some(Value { content: Content::Mapping(entries), .. }) => reader.variables(&entries),
        Some(Value { content: Content::Scalar(Resolved::Null), .. }) | None => Vec::new(),
        Some(value) => {
            reader.error(value.line, "it is no list of variables", "Write `NAME: value`, one a line.");
            Vec::new()
        }
    };
    (variables, reader.problems)
}

struct Reader<'a> {
    path: &'a str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn document(&mut self, text: &str) -> Option<Value> {
        match yaml::compose(text) {
            Ok((value, repeated)) => {
                for fault in repeated {
                    self.error(fault.line, fault.text, "Only the last one counts: keep one of them.");
                }
                value
            }
            Err(fault) => {
                self.error(fault.line, format!("the YAML cannot be read: {}", fault.text), fault.mend);
                None
            }
        }
    }

    fn flow(&mut self, text: &str) -> Option<Flow> {
        let document = self.document(text);
        if !self.problems.is_empty() && document.is_none() {
            return None;
        }
        let Some(Value { content: Content::Mapping(entries), .. }) = document else {
            let mend = "Begin with `stages:`, and below it a name for every stage.";
            self.error(document.map_or(1, |value| value.line), "it is no flow file", mend);
            return None;
        };
        let mut flow = Flow {
            path: self.path.to_owned(),
            includes: Vec::new(),
            globals: Vec::new(),
            stages: Vec::new(),
            end: None,
        };
        for (name, line, value) in self.known("a flow file", &entries, &ROOT) {
            match name {
                "include" => flow.includes = self.includes(value),
                "globalVariables" => flow.globals = self.named("globalVariables", value),
                "stages" => flow.stages = self.stages(value),
                _ => flow.end = self.stage("endStage", line, value),
            }
        }
        if flow.stages.is_empty() && flow.end.is_none() && self.problems.is_empty() {
            self.error(1, "there is no stage in it", "Write `stages:`, and below it a name for every stage.");
        }
        Some(flow)
    }

    fn includes(&mut self, value: &Value) -> Vec<Include> {
        let variables = self.named("include", value).into_iter();
        variables
            .map(|Variable { name, value, line }| Include { namespace: name, file: value, line })
            .collect()
    }

    /// The variables below a key.
    fn named(&mut self, owner: &str, value: &Value) -> Vec<Variable> {
        match self.mapping(owner, value) {
            Some(entries) => self.variables(&entries),
            None => Vec::new(),
        }
    }

    fn variables(&mut self, entries: &Entries) -> Vec<Variable> {
        let mut variables = Vec::new();
        for (key, value) in entries {
            let Some(name) = self.name(key) else { continue };
            if let Some(value) = self.text(name, value) {
                variables.push(Variable { name: name.to_owned(), value, line: key.line });
            }
        }
        variables
    }

    fn stages(&mut self, value: &Value) -> Vec<Stage> {
        let Some(entries) = self.mapping("stages", value) else { return Vec::new() };
        let mut stages = Vec::new();
        for (key, value) in entries.iter() {
            let Some(name) = self.name(key) else { continue };
            if name == "endStage" {
                let text = "`endStage` stands below `stages`, where it is a stage like any other";
                self.error(key.line, text, "Write it beside `stages:`, so that it always runs.");
            }
            stages.extend(self.stage(name, key.line, value));
        }
        stages
    }

    fn stage(&mut self, name: &str, line: usize, value: &Value) -> Option<Stage> {
        let entries = self.mapping(name, value)?;
        let mut stage = Stage {
            name: name.to_owned(),
            line,
            condition: None,
            variables: Vec::new(),
            actions: Vec::new(),
        };
        for (key, line, value) in self.known(&format!("the stage `{name}`"), &entries, &STAGE) {
            match key {
                "if" => stage.condition = self.condition(line, value),
                "stageVariables" => stage.variables = self.named("stageVariables", value),
                _ => stage.actions = self.actions(value),
            }
        }
        if stage.actions.is_empty() {
            let text = format!("the stage `{name}` has no action");
            self.warning(line, text, "Write `actions:` with a list below it, or take the stage out.");
        }
        Some(stage)
    }

    fn actions(&mut self, value: &Value) -> Vec<Action> {
        let items = match &value.content {
            Content::List(items) => items.clone(),
            Content::Scalar(Resolved::Null) => return Vec::new(),
            _ => {
                self.error(value.line, "`actions` is not a list", "Begin every action with ` - type:`.");
                return Vec::new();
            }
        };
        items.iter().filter_map(|item| self.action(item)).collect()
    }

    fn action(&mut self, value: &Value) -> Option<Action> {
        let entries = self.mapping("an action", value)?;
        let find = |name: &str| {
            entries.iter().find(|(key, _)| key.name == Name::Text(name.to_owned())).map(|(_, value)| value)
        };
        let Some(kind) = find("type") else {
            self.error(
                value.line,
                "an action has no `type`",
                "Write `type: liquibase`, `shell` or `control`.",
            );
            return None;
        };
        let kind = self.text("type", kind)?.as_written().to_owned();
        let keys: &[&str] = match kind.as_str() {
            "liquibase" => &LIQUIBASE,
            "shell" => &SHELL,
            "control" => &CONTROL,
            "lockstep" => &LOCKSTEP,
            _ => {
                let mend = guess(&kind, &TYPES, "Write `liquibase`, `shell` or `control`.");
                self.error(value.line, format!("there is no type `{kind}`"), mend);
                return None;
            }
        };
        let owner = format!("an action of type {kind}");
        let (mut command, mut condition, mut continues, mut interpreter) = (None, None, false, None);
        let (mut arguments, mut globals) = (Vec::new(), Vec::new());
        for (name, line, value) in self.known(&owner, &entries, keys) {
            match name {
                "command" => command = self.text(name, value).map(|text| (line, text)),
                "if" => condition = self.condition(line, value),
                "continueOnError" => continues = self.flag(name, value),
                "shell" => interpreter = self.text(name, value),
                "cmdArgs" => arguments = self.arguments(name, value),
                "globalArgs" => globals = self.arguments(name, value),
                _ => {}
            }
        }
        if find("command").is_none() {
            self.error(value.line, format!("{owner} has no `command`"), "Write what it does.");
        }
        let (command_line, command) = command?;
        let work = match kind.as_str() {
            "liquibase" => {
                Work::Liquibase { command: command.as_written().trim().to_owned(), arguments, globals }
            }
            "shell" => Work::Shell { command, interpreter },
            "lockstep" => Work::Lockstep { step: self.step(command_line, command.as_written())? },
            _ => self.exit(command_line, command.as_written(), arguments)?,
        };
        Some(Action { line: value.line, condition, continues, work })
    }

    fn step(&mut self, line: usize, command: &str) -> Option<StepKind> {
        let step = STEPS.into_iter().find(|step| step.word() == command.trim());
        if step.is_none() {
            let words = STEPS.map(StepKind::word);
            let mend = guess(command, &words, &format!("Write {}.", words.join(", ")));
            self.error(line, format!("a promotion has no step `{command}` to be written here"), mend);
        }
        step
    }

    fn exit(&mut self, line: usize, command: &str, arguments: Vec<Argument>) -> Option<Work> {
        if command.trim() != "exit" {
            let text = format!("there is no control command `{command}`");
            self.error(line, text, "The only one is `exit`.");
            return None;
        }
        let (mut code, mut message) = (Template::read("0"), None);
        for Argument { name, value, line } in arguments {
            match EXIT.into_iter().find(|known| *known == name) {
                Some("exitCode") => {
                    let written = value.as_written();
                    if value.needed().is_empty() && !written.contains("${") && written.parse::<u8>().is_err()
                    {
                        let text = format!("the exit code `{written}` is no number from 0 to 255");
                        self.error(line, text, "Write one.");
                    }
                    code = value;
                }
                Some(_) => message = Some(value),
                None => {
                    let mend = guess(&name, &EXIT, "Take it out.");
                    self.error(line, format!("`exit` has no `{name}`"), mend);
                }
            }
        }
        Some(Work::Exit { code, message })
    }

    fn arguments(&mut self, owner: &str, value: &Value) -> Vec<Argument> {
        let variables = self.named(owner, value).into_iter();
        variables.map(|Variable { name, value, line }| Argument { name, value, line }).collect()
    }

    fn condition(&mut self, line: usize, value: &Value) -> Option<Condition> {
        let text = self.text("if", value)?;
        match Condition::read(text.as_written()) {
            Ok(condition) => Some(condition),
            Err(wrong) => {
                let text = format!("the condition is wrong at character {}: {}", wrong.column, wrong.text);
                self.error(line, text, wrong.mend);
                None
            }
        }
    }

    fn flag(&mut self, name: &str, value: &Value) -> bool {
        let Some(text) = self.text(name, value) else { return false };
        match text.as_written() {
            "true" => true,
            "false" => false,
            _ => {
                self.error(value.line, format!("`{name}` is neither true nor false"), "Write one of them.");
                false
            }
        }
    }

    /// A text, a number, a truth value, or nothing, as Liquibase takes it: as text.
    fn text(&mut self, name: &str, value: &Value) -> Option<Template> {
        match &value.content {
            Content::Scalar(Resolved::Value(scalar)) => Some(Template::read(&yaml::printed(scalar))),
            Content::Scalar(Resolved::Null) => Some(Template::read("null")),
            Content::Scalar(Resolved::Merge) | Content::List(_) | Content::Mapping(_) => {
                self.error(
                    value.line,
                    format!("`{name}` is not a text"),
                    "Write one value; put it in quotes.",
                );
                None
            }
        }
    }

    /// The keys of a mapping; nothing is an empty one.
    fn mapping(&mut self, owner: &str, value: &Value) -> Option<std::rc::Rc<Vec<(Key, Value)>>> {
        match &value.content {
            Content::Mapping(entries) => Some(entries.clone()),
            Content::Scalar(Resolved::Null) => Some(std::rc::Rc::default()),
            Content::Scalar(_) | Content::List(_) => {
                let text = format!("`{owner}` has no keys below it");
                self.error(value.line, text, "Write `key: value` below it, indented.");
                None
            }
        }
    }

    /// The entries whose keys are known here; the others are problems.
    fn known<'e>(
        &mut self,
        owner: &str,
        entries: &'e Entries,
        keys: &[&'static str],
    ) -> Vec<(&'static str, usize, &'e Value)> {
        let mut known = Vec::new();
        for (key, value) in entries {
            let Some(name) = self.name(key) else { continue };
            if let Some(name) = keys.iter().find(|known| **known == name) {
                known.push((*name, key.line, value));
            } else {
                let listed: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
                let mend = guess(name, keys, &format!("Take it out: it has {}.", listed.join(", ")));
                self.error(key.line, format!("{owner} has no `{name}`"), mend);
            }
        }
        known
    }

    fn name<'k>(&mut self, key: &'k Key) -> Option<&'k str> {
        match &key.name {
            Name::Text(name) => Some(name),
            Name::Merge | Name::Other => {
                let mend = "Put it in quotes: `yes`, `on` and numbers are not texts without.";
                self.error(key.line, "a key is not a text", mend);
                None
            }
        }
    }

    fn error(&mut self, line: usize, text: impl Into<String>, mend: impl Into<String>) {
        self.problems.push(Problem::error(self.path, Some(line), text, mend));
    }

    fn warning(&mut self, line: usize, text: impl Into<String>, mend: impl Into<String>) {
        self.problems.push(Problem::warning(self.path, Some(line), text, mend));
    }
}

/// The mend for a name that does not exist.
pub(super) fn guess(written: &str, names: &[&str], otherwise: &str) -> String {
    match spelling::nearest(written, names.iter().copied()) {
        Some(nearest) => format!("Did you mean `{nearest}`? If not, take it out."),
        None => otherwise.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let (flow, problems) = read("f.yaml", text);
        assert_eq!(flow.is_none(), problems.iter().any(|problem| problem.is_error));
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_flow_is_read_with_everything_in_it() {
        let text = r#"
include:
  DATES: dates.yaml
globalVariables:
  ENV: "${ENV:-dev}"
  VERBOSE: TRUE
  COUNT: 010
stages:
  Second:
    if: "${ENV} == dev"
    stageVariables: {REPORTS: out}
    actions:
      - type: liquibase
        command: checks run
        cmdArgs: {checks-scope: "changelog, database", auto-update: null}
        globalArgs: {outputFile: "${REPORTS}/out.txt", show-banner: false}
        continueOnError: true
      - type: shell
        shell: sh
        command: >-
          echo one
          two
  First:
    actions:
      - {type: control, command: exit, if: "exitCode == 4", cmdArgs: {exitCode: 3, exitMessage: "no"}}
endStage:
  actions:
    - {type: liquibase, command: history}
"#;
        let (flow, problems) = read("f.yaml", text);
        assert_eq!(problems, []);
        let flow = flow.unwrap();
        let names: Vec<_> = flow.stages.iter().map(|stage| stage.name.as_str()).collect();
        assert_eq!(names, ["Second", "First"], "stages come in the order of the file");
        let values: Vec<_> = flow.globals.iter().map(|global| global.value.as_written()).collect();
        assert_eq!(values, ["${ENV:-dev}", "true", "8"], "YAML 1.1, as Liquibase reads it");
        let [checks, shell] = &flow.stages[0].actions[..] else { panic!("{:?}", flow.stages[0]) };
        assert!(checks.continues && !shell.continues);
        let Work::Liquibase { command, arguments, globals } = &checks.work else { panic!("{checks:?}") };
        assert_eq!(command, "checks run");
        assert_eq!(arguments[1].value.as_written(), "null");
        assert_eq!(globals[0].name, "outputFile");
        let Work::Shell { command, interpreter } = &shell.work else { panic!("{shell:?}") };
        assert_eq!(command.as_written(), "echo one two");
        assert_eq!(interpreter.as_ref().unwrap().as_written(), "sh");
        assert_eq!(flow.end.unwrap().actions.len(), 1);
    }

    #[test]
    fn every_problem_is_found_at_once_with_its_line_and_its_mend() {
        let text = r#"globalVariable: {A: b}
stages:
  One:
    iff: "a == b"
    actions:
      - type: liquibse
        command: status
      - type: liquibase
        comand: status
      - type: shell
        command: ls
        cmdArgs: {a: b}
      - type: control
        command: stop
      - type: control
        command: exit
        cmdArgs: {exitcode: 3}
      - type: shell
        command: ls
        if: "a = b"
      - type: shell
        command: [ls]
      - type: shell
        command: ls
        continueOnError: maybe
"#;
        insta::assert_snapshot!(problems(text).join("\n"), @r"
        f.yaml:1: a flow file has no `globalVariable`. Did you mean `globalVariables`? If not, take it out.
        f.yaml:4: the stage `One` has no `iff`. Did you mean `if`? If not, take it out.
        f.yaml:6: there is no type `liquibse`. Did you mean `liquibase`? If not, take it out.
        f.yaml:9: an action of type liquibase has no `comand`. Did you mean `command`? If not, take it out.
        f.yaml:8: an action of type liquibase has no `command`. Write what it does.
        f.yaml:12: an action of type shell has no `cmdArgs`. Take it out: it has `type`, `command`, `if`, `shell`, `continueOnError`.
        f.yaml:14: there is no control command `stop`. The only one is `exit`.
        f.yaml:17: `exit` has no `exitcode`. Did you mean `exitCode`? If not, take it out.
        f.yaml:20: the condition is wrong at character 3: `=` is no sign of a condition. Conditions know `==`, `!=`, `&&` and `||`; a text that holds it needs quotes.
        f.yaml:22: `command` is not a text. Write one value; put it in quotes.
        f.yaml:25: `continueOnError` is neither true nor false. Write one of them.
        ");
    }

    #[test]
    fn what_is_no_flow_is_refused() {
        for (text, expected) in [
            ("", "f.yaml:1: it is no flow file."),
            ("- a", "f.yaml:1: it is no flow file."),
            ("a: [", "the YAML cannot be read"),
            ("globalVariables: {}", "there is no stage in it"),
            ("stages: 5", "`stages` has no keys below it"),
            ("stages: {a: {actions: 5}}", "`actions` is not a list"),
            ("stages: {5: {}}", "a key is not a text"),
            ("stages: {endStage: {actions: [{type: shell, command: ls}]}}", "is a stage like any other"),
            (
                "stages: {a: {actions: [{type: control, command: exit, cmdArgs: {exitCode: 256}}]}}",
                "no number",
            ),
        ] {
            let problems = problems(text);
            assert!(problems[0].contains(expected), "{text}: {problems:?}");
        }
    }
}
