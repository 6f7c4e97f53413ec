//! From a promotion flow to the steps of a promotion.
//!
//! Some actions of such a flow stand for steps that lockstep takes itself: `liquibase validate`, `tag` and `update`,
//! and those of the type `lockstep`. The order has to be one in which every step can keep what it promises; everything
//! else is up to the file. Lock and recheck always come first, and are not written.

use std::collections::BTreeMap;

use super::{Action, Procedure, Stage};
use crate::domain::changelog::Problem;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::flow::command::{self, Touch};
use crate::domain::flow::{self, Kind, Rank, Row, Scope, Script, Work};
use crate::domain::step::StepKind;

/// A promotion flow with everything that it reads, before it is known what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromotionFlow {
    /// The file.
    pub path: String,
    /// The texts of this file and all that it includes, by path.
    pub files: BTreeMap<String, String>,
    /// The variables of the process, without secrets.
    pub environment: Scope,
}

impl PromotionFlow {
    /// The steps of a promotion by it, where `known` are the variables that lockstep sets. The failure lists every
    /// problem.
    pub(super) fn procedure(&self, known: Vec<(String, String)>) -> Result<Procedure, Failure> {
        let scope = self.environment.knowing(known);
        let source =
            |path: &str| self.files.get(path).cloned().ok_or_else(|| "there is no such file".to_owned());
        let (script, mut problems) = Script::read(&self.path, &scope, &source);
        problems.retain(|problem| problem.is_error);
        if let Some(script) = &script {
            let wrong = flow::validate(script, &|_| true).into_iter();
            problems.extend(wrong.filter(|problem| problem.is_error));
            match Procedure::of(script) {
                Ok(procedure) if problems.is_empty() => return Ok(procedure),
                Ok(_) => {}
                Err(more) => problems.extend(more),
            }
        }
        let failure = Failure::new(
            FailureKind::Configuration,
            format!("the promotion flow {} cannot be used", self.path),
        );
        let failure = problems.iter().fold(failure, |failure, problem| failure.because(problem.to_string()));
        Err(failure.hint("Correct the file; docs/flows.md tells what a promotion flow has."))
    }
}

impl Procedure {
    /// The steps of a promotion that goes by `script`. The error is everything that keeps it from being one.
    pub fn of(script: &Script) -> Result<Self, Vec<Problem>> {
        let mut reading = Reading::new(&script.path);
        for row in &script.rows {
            reading.row(row);
        }
        reading.check();
        if reading.problems.is_empty() { Ok(reading.procedure) } else { Err(reading.problems) }
    }
}

/// A procedure while it is put together.
struct Reading<'a> {
    path: &'a str,
    procedure: Procedure,
    is_end: bool,
    /// The lines of lockstep's own steps.
    lines: Vec<(StepKind, usize)>,
    problems: Vec<Problem>,
}

impl<'a> Reading<'a> {
    fn new(path: &'a str) -> Self {
        let begin = Stage { name: "begin".to_owned(), steps: vec![StepKind::Lock, StepKind::Recheck] };
        let procedure = Procedure { stages: vec![begin], closing: Vec::new(), actions: Vec::new() };
        Self { path, procedure, is_end: false, lines: Vec::new(), problems: Vec::new() }
    }

    fn error(&mut self, line: Option<usize>, text: impl Into<String>, mend: impl Into<String>) {
        self.problems.push(Problem::error(self.path, line, text, mend));
    }

    fn row(&mut self, row: &Row) {
        let line = Some(row.line);
        match &row.kind {
            Kind::Flow { .. } => {
                self.error(line, "a promotion flow runs another flow", "Write its actions here.");
            }
            Kind::Stage { name, rank } => {
                if row.condition.is_some() {
                    let mend = "Put it on the actions of the stage: a step of the promotion has none.";
                    self.error(line, format!("the stage `{name}` has a condition"), mend);
                }
                self.is_end = *rank == Rank::End;
                if !self.is_end {
                    self.procedure.stages.push(Stage { name: name.clone(), steps: Vec::new() });
                }
            }
            Kind::Action(action) => match own_step(&action.work) {
                Some(step) => self.own(row, &action.work, step),
                None => self.added(row, &action.work),
            },
        }
    }

    /// A step that lockstep takes itself.
    fn own(&mut self, row: &Row, work: &Work, step: StepKind) {
        let line = Some(row.line);
        if row.condition.is_some() || row.continues() {
            let text = format!("`{}` hangs on a condition, or on nothing", row.title());
            self.error(
                line,
                text,
                "Take `if` and `continueOnError` out: what was approved is done, or fails.",
            );
        }
        if let Work::Liquibase { arguments, globals, .. } = work
            && !(arguments.is_empty() && globals.is_empty())
        {
            let text = format!("`{}` has arguments", row.title());
            self.error(line, text, "Take them out: release, database and tag come from the plan.");
        }
        if self.is_end {
            let text = format!("`{}` stands in `endStage`, which runs after a failure too", row.title());
            self.error(line, text, "Move it into a stage.");
            return;
        }
        if let Some((_, before)) = self.lines.iter().find(|(known, _)| *known == step) {
            let text = format!("`{}` stands in line {before} already", row.title());
            self.error(line, text, "Take one of them out.");
        }
        self.lines.push((step, row.line));
        self.push(step);
    }

    /// An action that the flow adds.
    fn added(&mut self, row: &Row, work: &Work) {
        let line = Some(row.line);
        let condition = row.condition.as_ref();
        match condition.map(|it| it.is_of_variables().then(|| it.holds(&*row.scope))) {
            Some(None) => {
                let text = format!("the condition of `{}` hangs on what happens until then", row.title());
                let mend = "Compare variables alone: what was approved is what is carried out.";
                return self.error(line, text, mend);
            }
            Some(Some(false)) => return,
            Some(Some(true)) | None => {}
        }
        if matches!(work, Work::Exit { .. }) {
            let mend = "Take it out: a promotion ends when its result is proven, or with a failure.";
            self.error(line, "a promotion flow ends by itself", mend);
            return;
        }
        let touch = touch(work);
        if touch > Some(Touch::Reads) {
            let text = format!("`{}` changes the database in a way that no plan shows", row.title());
            self.error(line, text, "A promotion changes it by `liquibase update` alone: take it out.");
            return;
        }
        let Ok(number) = u16::try_from(self.procedure.actions.len() + 1) else { return };
        self.procedure.actions.push(Action {
            words: if matches!(work, Work::Liquibase { .. }) { row.command() } else { row.title() },
            canonical: row.canonical(),
            is_side_effect: touch.is_none(),
            continues: row.continues(),
            row: row.clone(),
        });
        self.push(if self.is_end { StepKind::Closing(number) } else { StepKind::Action(number) });
    }

    fn push(&mut self, step: StepKind) {
        let steps = match self.procedure.stages.last_mut() {
            Some(stage) if !self.is_end => &mut stage.steps,
            _ => &mut self.procedure.closing,
        };
        steps.push(step);
    }

    /// Whether every step is there, and where it can keep what it promises.
    fn check(&mut self) {
        const NEEDED: [(StepKind, &str); 5] = [
            (StepKind::Anchor, "`type: liquibase, command: tag`: a way back needs it"),
            (StepKind::Update, "`type: liquibase, command: update`"),
            (StepKind::Service, "`type: lockstep, command: service`"),
            (StepKind::Health, "`type: lockstep, command: health`"),
            (StepKind::Evidence, "`type: lockstep, command: evidence`: without it nothing is proven"),
        ];
        for (step, how) in NEEDED {
            if !self.lines.iter().any(|(known, _)| *known == step) {
                let text = format!("the step `{step}` is missing");
                self.error(None, text, format!("Add {how}."));
            }
        }
        let order = [
            StepKind::Validate,
            StepKind::Anchor,
            StepKind::Update,
            StepKind::Service,
            StepKind::Health,
            StepKind::Evidence,
        ];
        let place = |step: StepKind| order.iter().position(|known| *known == step);
        let late = self.lines.windows(2).find(|two| place(two[0].0) > place(two[1].0)).map(|two| two[1]);
        if let Some((step, line)) = late {
            let words: Vec<_> = order.iter().map(|step| step.word()).collect();
            let text = format!("the step `{step}` stands too late");
            self.error(Some(line), text, format!("Their order is {}.", words.join(", ")));
        }
        let last = self.procedure.steps().last();
        if last != Some(StepKind::Evidence) && self.lines.iter().any(|(step, _)| *step == StepKind::Evidence)
        {
            let mend = "Move it to the end of the last stage, so that it proves what is left behind.";
            self.error(None, "something follows the step `evidence`", mend);
        }
    }
}

/// The step that an action stands for; `None` for one that the flow adds.
fn own_step(work: &Work) -> Option<StepKind> {
    match work {
        Work::Lockstep { step } => Some(*step),
        Work::Liquibase { command, .. } => match command::find(command)?.name {
            "validate" => Some(StepKind::Validate),
            "tag" => Some(StepKind::Anchor),
            "update" => Some(StepKind::Update),
            _ => None,
        },
        Work::Shell { .. } | Work::Exit { .. } => None,
    }
}

/// What it does to a database; `None` when that cannot be known.
fn touch(work: &Work) -> Option<Touch> {
    match work {
        Work::Liquibase { command, .. } => command::find(command).map(command::Command::touch),
        Work::Shell { .. } | Work::Exit { .. } | Work::Lockstep { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "
globalVariables: {REPORTS: 'reports/${ENV}'}
stages:
  Verify:
    actions:
      - {type: liquibase, command: connect}
      - {type: liquibase, command: validate}
      - {type: shell, command: 'mkdir -p ${REPORTS}', continueOnError: true}
  Deploy:
    actions:
      - {type: liquibase, command: tag}
      - {type: liquibase, command: update}
      - {type: lockstep, command: service}
  Validation:
    actions:
      - {type: lockstep, command: health}
      - {type: liquibase, command: history, if: '${ENV} != dev'}
      - {type: lockstep, command: evidence}
endStage:
  actions:
    - {type: shell, command: 'echo ${VERSION}'}
";

    fn read(text: &str) -> Result<Procedure, Failure> {
        let files = [("p.yaml".to_owned(), text.to_owned())].into();
        let flow = PromotionFlow { path: "p.yaml".to_owned(), files, environment: Scope::default() };
        let known = [("ENV", "test"), ("VERSION", "v1.2.0")];
        flow.procedure(known.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
    }

    #[test]
    fn a_flow_gives_the_order_and_lockstep_the_steps() {
        use StepKind::{Anchor, Evidence, Health, Lock, Recheck, Service, Update, Validate};
        let procedure = read(GOOD).unwrap();
        let stages: Vec<_> =
            procedure.stages.iter().map(|stage| (stage.name.as_str(), stage.steps.clone())).collect();
        let action = StepKind::Action;
        assert_eq!(
            stages,
            [
                ("begin", vec![Lock, Recheck]),
                ("Verify", vec![action(1), Validate, action(2)]),
                ("Deploy", vec![Anchor, Update, Service]),
                ("Validation", vec![Health, action(3), Evidence]),
            ]
        );
        assert_eq!(procedure.closing, [StepKind::Closing(4)]);
        let actions: Vec<_> =
            procedure.actions.iter().map(|it| (it.words.as_str(), it.is_side_effect, it.continues)).collect();
        assert_eq!(
            actions,
            [
                ("connect", false, false),
                ("shell mkdir -p reports/test", true, true),
                ("history", false, false),
                ("shell echo v1.2.0", true, false),
            ]
        );
        assert_eq!(
            procedure.action(StepKind::Closing(4)).map(|it| it.canonical.as_str()),
            Some("shell echo v1.2.0")
        );
        assert_eq!(procedure.action(action(3)).unwrap().canonical, "liquibase history");
        assert_eq!(procedure.stage(action(3)).map(|stage| stage.name.as_str()), Some("Validation"));
        assert_eq!(procedure.stage(StepKind::Closing(4)), None, "the end is no stage");
    }

    #[test]
    fn an_action_whose_condition_does_not_hold_is_no_part_of_the_plan() {
        let procedure = read(&GOOD.replace("'${ENV} != dev'", "'${ENV} == dev'")).unwrap();
        let words: Vec<_> = procedure.actions.iter().map(|it| it.words.as_str()).collect();
        assert_eq!(words, ["connect", "shell mkdir -p reports/test", "shell echo v1.2.0"]);
    }

    #[test]
    fn a_flow_that_cannot_keep_what_a_promotion_promises_is_refused_with_its_line_and_its_mend() {
        let update = "      - {type: liquibase, command: update}\n";
        let service = "      - {type: lockstep, command: service}\n";
        let evidence = "      - {type: lockstep, command: evidence}\n";
        let cases = [
            (GOOD.replace(update, ""), "p.yaml: the step `update` is missing. Add `type: liquibase"),
            (GOOD.replace(evidence, ""), "p.yaml: the step `evidence` is missing. Add"),
            (
                GOOD.replace(service, &format!("{service}{service}")),
                "p.yaml:14: `lockstep service` stands in line 13",
            ),
            (
                GOOD.replace(update, "").replace(service, &format!("{service}{update}")),
                "p.yaml:13: the step `update` stands too late. Their order is validate, anchor, update, service",
            ),
            (
                GOOD.replace(evidence, &format!("{evidence}      - {{type: shell, command: ls}}\n")),
                "p.yaml: something follows the step `evidence`. Move it",
            ),
            (
                GOOD.replace("command: update}", "command: update, if: '${ENV} == prod'}"),
                "p.yaml:12: `liquibase update` hangs on a condition",
            ),
            (
                GOOD.replace("command: update}", "command: update, cmdArgs: {contexts: x}}"),
                "p.yaml:12: `liquibase update` has arguments. Take them out",
            ),
            (
                GOOD.replace("command: history", "command: dropAll"),
                "p.yaml:17: `liquibase dropAll` changes the database in a way that no plan shows",
            ),
            (
                GOOD.replace("  Deploy:\n", "  Deploy:\n    if: '${ENV} == test'\n"),
                "p.yaml:9: the stage `Deploy` has a condition",
            ),
            (
                GOOD.replace(
                    "{type: shell, command: 'echo ${VERSION}'}",
                    "{type: lockstep, command: service}",
                ),
                "`lockstep service` stands in `endStage`, which runs after a failure too",
            ),
            (
                GOOD.replace("'${ENV} != dev'", "'exitCode == 0'"),
                "p.yaml:17: the condition of `liquibase history` hangs on what happens until then",
            ),
            (
                GOOD.replace("'${ENV} != dev'", "\"exists('a.txt', true)\""),
                "p.yaml:17: the condition of `liquibase history` hangs on what happens until then",
            ),
            (GOOD.replace("command: health", "command: helth"), "p.yaml:16: a promotion has no step `helth`"),
            (
                GOOD.replace("command: connect", "command: conect"),
                "p.yaml:6: Liquibase has no command `conect`",
            ),
            (
                GOOD.replace("{type: liquibase, command: connect}", "{type: control, command: exit}"),
                "p.yaml:6: a promotion flow ends by itself",
            ),
        ];
        for (text, expected) in cases {
            assert_ne!(text, GOOD, "{expected}");
            let failure = read(&text).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Configuration);
            assert!(failure.because.iter().any(|it| it.contains(expected)), "{expected}:\n{failure}");
        }
    }
}
