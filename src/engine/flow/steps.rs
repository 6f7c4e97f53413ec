//! How a run of a flow goes on: from one row to the next, through what always runs, to its end.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{
    Asking, Deed, End, Facts, FlowRun, FlowStage, Frame, Halt, INTERRUPTED, Open, Order, Outcome, RowStatus,
    Skip, Task, View, exported,
};
use crate::domain::Timestamp;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::flow::command::{self, Touch};
use crate::domain::flow::{Action, Given, Kind, Rank, Row, Work};
use crate::domain::journal::{Entry, FlowWord};
use crate::domain::names::{EnvironmentName, RunId};
use crate::engine::State;
use crate::engine::effect::{DatabaseCall, Effect, FlowCall};
use crate::engine::event::{EventKind, Progress};
use crate::engine::refresh::Wait;

/// What stands in the place of an environment's name in the id of a run that has none.
const NOWHERE: &str = "flow";

impl State {
    /// Begins to run a flow file, unless one runs already.
    pub(in crate::engine) fn run_flow(&mut self, asking: &Asking) -> Vec<Effect> {
        if self.flow.as_ref().is_some_and(|flow| !flow.is_over()) {
            self.refuse("a flow runs already", "Wait until it has ended, or stop it.");
            return Vec::new();
        }
        if self.is_stopping {
            self.refuse("lockstep is stopping", "Start it again.");
            return Vec::new();
        }
        let nowhere = EnvironmentName::parse(NOWHERE).ok();
        let Some(place) = asking.environment.clone().or(nowhere) else { return Vec::new() };
        let run = RunId::at(self.now, &self.mark, &place);
        let mut effects = Vec::new();
        // A flow that changes nothing needs neither; whether it does is known once it is read.
        if self.identity.is_none() && !self.environments.is_empty() {
            effects.push(Effect::Identify);
        }
        effects.push(Effect::Flow(FlowCall::Read(run.clone(), Box::new(asking.clone()))));
        effects.push(Effect::ReadJournal);
        self.flow = Some(FlowRun {
            run,
            asking: asking.clone(),
            notes: Vec::new(),
            warnings: Vec::new(),
            environment: None,
            script: None,
            rows: Vec::new(),
            begun: Vec::new(),
            by: self.operator(),
            began: self.now,
            stage: FlowStage::Reading,
            log_from: self.log.end(),
            findings: None,
            report: None,
            waits: Vec::new(),
            is_journal_read: false,
            read: None,
            at: 0,
            open: Vec::new(),
            frames: vec![Frame::default()],
            facts: Facts::default(),
            found: None,
            halt: Halt::None,
            changes: false,
            holds_lock: false,
        });
        effects
    }

    /// True for an event that only flows care about, or that is about the run of one.
    pub(in crate::engine) fn is_of_flow(&self, kind: &EventKind) -> bool {
        match kind {
            EventKind::FlowsListed(_)
            | EventKind::FlowRead(..)
            | EventKind::FlowFound(..)
            | EventKind::FlowActed(..) => true,
            EventKind::JournalFailed(entry, _) => entry.run().is_some_and(|run| self.is_flow(run)),
            EventKind::Step(run, ..) | EventKind::Unlocked(run) => self.is_flow(run),
            _ => false,
        }
    }

    fn is_flow(&self, run: &RunId) -> bool {
        self.flow.as_ref().is_some_and(|flow| flow.run == *run)
    }

    /// Takes such an event in.
    pub(in crate::engine) fn flow_went_on(&mut self, kind: &EventKind) -> Vec<Effect> {
        match kind {
            EventKind::FlowsListed(files) => {
                self.flow_files = Some(files.clone());
                Vec::new()
            }
            EventKind::FlowRead(run, result) => {
                if let Some(flow) = self.flow.as_mut().filter(|flow| flow.run == *run) {
                    flow.read = Some(result.clone());
                }
                Vec::new()
            }
            EventKind::FlowFound(run, row, found) => self.flow_found(run, *row, found),
            EventKind::FlowActed(run, row, deed) => self.flow_acted(run, *row, deed),
            EventKind::JournalFailed(_, failure) => self.flow_unrecorded(failure),
            EventKind::Step(_, _, progress) => self.flow_locked(progress),
            EventKind::Unlocked(_) => self.flow_unlocked(),
            _ => Vec::new(),
        }
    }

    /// The journal was read, and these answers about other runs are still to come.
    pub(in crate::engine) fn flow_remembers(&mut self, wait: Option<Wait>) -> Vec<Effect> {
        let Some(flow) = self.flow.as_mut() else { return Vec::new() };
        match flow.stage {
            FlowStage::Reading => {
                flow.is_journal_read = true;
                flow.waits.extend(wait);
                Vec::new()
            }
            FlowStage::Gating(row) => self.flow_gate(row),
            _ => Vec::new(),
        }
    }

    /// Begins as soon as everything that has to be known before is known.
    pub(in crate::engine) fn settle_flow(&mut self) -> Vec<Effect> {
        let is_ready = self.flow.as_ref().is_some_and(|flow| {
            flow.stage == FlowStage::Reading
                && flow.is_journal_read
                && flow.read.is_some()
                && self.is_answered(&flow.waits)
                && (self.identity.is_some() || self.environments.is_empty())
        });
        if is_ready { self.begin_flow() } else { Vec::new() }
    }

    fn begin_flow(&mut self) -> Vec<Effect> {
        let by = self.operator();
        let Some(flow) = self.flow.as_mut() else { return Vec::new() };
        let reading = match flow.read.take() {
            Some(Ok(reading)) => *reading,
            Some(Err(failure)) => return self.refuse_flow(failure),
            None => return Vec::new(),
        };
        flow.by.clone_from(&by);
        flow.notes = reading.notes;
        flow.warnings = reading.warnings;
        flow.environment = reading.environment;
        let script = reading.script;
        flow.rows = vec![RowStatus::Waiting; script.rows.len()];
        flow.begun = vec![None; script.rows.len()];
        flow.script = Some(script.clone());
        if flow.halt != Halt::None {
            return self.refuse_flow(interrupted().because("nothing of it was begun"));
        }
        let changes = script.changes();
        let commands: Vec<_> = changes.iter().map(|(_, command)| *command).collect();
        let Some(flow) = self.flow.as_ref() else { return Vec::new() };
        if let Some(failure) = self.flow_objection(flow, &commands) {
            return self.refuse_flow(failure);
        }
        let Some(flow) = self.flow.as_mut() else { return Vec::new() };
        let Some(environment) = flow.environment.clone().filter(|_| !changes.is_empty()) else {
            return self.go_on();
        };
        flow.changes = true;
        flow.stage = FlowStage::Locking;
        let (run, file) = (flow.run.clone(), flow.asking.path.clone());
        let changes = changes.iter().map(|(row, _)| named(&script.rows, *row)).collect();
        let word = FlowWord::Began { file, by, changes };
        vec![
            Effect::Record(Entry::Flow { run: run.clone(), environment: environment.clone(), word }),
            Effect::Database(environment, DatabaseCall::Lock(run)),
        ]
    }

    /// The step of a promotion that a flow has too, its lock, went on.
    fn flow_locked(&mut self, progress: &Progress) -> Vec<Effect> {
        let Some(flow) = self.flow.as_mut().filter(|flow| flow.stage == FlowStage::Locking) else {
            return Vec::new();
        };
        match progress {
            Progress::Ended(Ok(_)) => {
                flow.holds_lock = true;
                self.go_on()
            }
            Progress::Ended(Err(failure)) => {
                let failure = failure.clone();
                self.refuse_flow(failure)
            }
            _ => Vec::new(),
        }
    }

    /// The files that a condition asks for were looked for.
    fn flow_found(&mut self, run: &RunId, row: usize, found: &BTreeSet<String>) -> Vec<Effect> {
        let Some(flow) = self.flow.as_mut().filter(|flow| flow.run == *run) else { return Vec::new() };
        if flow.stage != FlowStage::Finding(row) {
            return Vec::new();
        }
        flow.found = Some(found.clone());
        self.go_on()
    }

    /// An action ended.
    fn flow_acted(&mut self, run: &RunId, row: usize, deed: &Deed) -> Vec<Effect> {
        let Some(flow) = self.flow.as_ref().filter(|flow| flow.run == *run) else { return Vec::new() };
        if flow.stage != FlowStage::Acting(row) {
            return Vec::new();
        }
        let mut effects = Vec::new();
        if let Some((environment, action)) = flow.change(row) {
            let word = FlowWord::Ended { action, result: deed.result.clone() };
            effects.push(Effect::Record(Entry::Flow { run: run.clone(), environment, word }));
        }
        if let Some(flow) = self.flow.as_mut() {
            flow.took_place(row, deed, self.now);
        }
        effects.extend(self.go_on());
        effects
    }

    /// The journal could not be written for this run: what was to be done was not.
    fn flow_unrecorded(&mut self, failure: &Failure) -> Vec<Effect> {
        let Some(flow) = self.flow.as_mut() else { return Vec::new() };
        match flow.stage {
            FlowStage::Locking => self.refuse_flow(failure.clone()),
            FlowStage::Acting(row) => {
                flow.took_place(row, &Deed::failed(1, failure.clone()), self.now);
                self.go_on()
            }
            _ => {
                self.say(Err(failure.clone()));
                Vec::new()
            }
        }
    }

    /// Stops the flow: what it does at the moment first, then everything but what always runs; whoever asks once
    /// more stops that too.
    pub(in crate::engine) fn stop_flow(&mut self) -> Vec<Effect> {
        let Some(flow) = self.flow.as_mut().filter(|flow| flow.outcome().is_none()) else {
            return Vec::new();
        };
        flow.halt = if flow.halt == Halt::None { Halt::Stopping } else { Halt::GivenUp };
        for frame in &mut flow.frames {
            frame.end.get_or_insert_with(|| End::Failed(INTERRUPTED, interrupted()));
        }
        let is_in_end = flow.is_in_end();
        if !is_in_end || flow.halt == Halt::GivenUp {
            flow.open.iter_mut().for_each(|open| open.is_stopped = true);
        }
        match flow.stage {
            // What always runs goes on, until somebody insists.
            FlowStage::Acting(row) if !is_in_end || flow.halt == Halt::GivenUp => {
                vec![Effect::Flow(FlowCall::Stop(flow.run.clone(), row))]
            }
            _ => Vec::new(),
        }
    }

    /// Its lock was let go.
    fn flow_unlocked(&mut self) -> Vec<Effect> {
        match self.flow.as_ref().map(|flow| &flow.stage) {
            Some(FlowStage::Unlocking(outcome)) => {
                let outcome = outcome.clone();
                self.end_flow(outcome)
            }
            _ => Vec::new(),
        }
    }

    /// The journal was read once more: the change is made if nothing stands in its way now.
    fn flow_gate(&mut self, row: usize) -> Vec<Effect> {
        let Some(flow) = self.flow.as_ref() else { return Vec::new() };
        let Some((environment, action)) = flow.change(row) else { return Vec::new() };
        let script = flow.script.as_ref();
        let is_cut_off = script.is_some_and(|script| flow.is_cut_off(&script.rows[row]));
        let stopped = if is_cut_off { Some(interrupted()) } else { self.flow_stopped(&environment) };
        if let Some(failure) = stopped {
            let (now, deed) = (self.now, Deed::failed(1, failure));
            if let Some(flow) = self.flow.as_mut() {
                flow.took_place(row, &deed, now);
            }
            return self.go_on();
        }
        let run = flow.run.clone();
        let Some(order) = flow.order(row) else { return Vec::new() };
        if let Some(flow) = self.flow.as_mut() {
            flow.stage = FlowStage::Acting(row);
        }
        let word = FlowWord::Intended { action };
        vec![
            Effect::Record(Entry::Flow { run: run.clone(), environment, word }),
            Effect::Flow(FlowCall::Act { run, row, order: Box::new(order) }),
        ]
    }

    /// Goes on to the next thing that takes time, or to the end.
    fn go_on(&mut self) -> Vec<Effect> {
        let now = self.now;
        loop {
            let Some(flow) = self.flow.as_mut() else { return Vec::new() };
            match flow.advance(now) {
                Move::On => {}
                Move::Wait(effects) => return effects,
                Move::Over => {
                    let outcome = flow.sum();
                    return self.conclude_flow(outcome);
                }
            }
        }
    }

    fn refuse_flow(&mut self, failure: Failure) -> Vec<Effect> {
        let outcome = Outcome { code: 1, failure: Some(failure), message: None, is_refusal: true };
        self.conclude_flow(outcome)
    }

    fn conclude_flow(&mut self, outcome: Outcome) -> Vec<Effect> {
        let Some(flow) = self.flow.as_mut() else { return Vec::new() };
        match flow.environment.clone().filter(|_| flow.holds_lock) {
            Some(environment) => {
                flow.stage = FlowStage::Unlocking(outcome);
                vec![Effect::Database(environment, DatabaseCall::Unlock(flow.run.clone()))]
            }
            None => self.end_flow(outcome),
        }
    }

    fn end_flow(&mut self, outcome: Outcome) -> Vec<Effect> {
        let now = self.now;
        let Some(flow) = self.flow.as_mut() else { return Vec::new() };
        let path = flow.asking.path.clone();
        let result = match &outcome.failure {
            None => Ok(format!("the flow {path} ended with {}", outcome.code)),
            Some(failure) => Err(failure.clone()),
        };
        let run = flow.run.clone();
        let record = flow.environment.clone().filter(|_| flow.changes).map(|environment| {
            let word = FlowWord::Concluded { code: outcome.code, result: result.clone() };
            Effect::Record(Entry::Flow { run: run.clone(), environment, word })
        });
        let changed = flow.environment.clone().filter(|_| flow.changes);
        flow.holds_lock = false;
        flow.stage = FlowStage::Over(outcome, now);
        self.say(result);
        let mut effects: Vec<_> = record.into_iter().collect();
        effects.extend(self.report_flow());
        effects.push(Effect::Forget(run));
        // What it changed is looked at, so that the board does not show what was.
        effects.extend(changed.into_iter().flat_map(|environment| self.observe(&environment)));
        effects
    }
}

/// Where a run goes from a row.
enum Move {
    /// On to the next row.
    On,
    /// Nowhere, until these are answered.
    Wait(Vec<Effect>),
    /// There is no other row.
    Over,
}

impl FlowRun {
    /// Takes the next row.
    fn advance(&mut self, now: Timestamp) -> Move {
        let Some(script) = self.script.clone() else { return Move::Over };
        if let Some(open) = self.open.last()
            && self.at >= script.rows[open.row].end
        {
            self.close(now);
            return Move::On;
        }
        let index = self.at;
        let Some(row) = script.rows.get(index) else { return Move::Over };
        if self.is_cut_off(row) {
            self.skip(index, row, &Skip::Ended);
            return Move::On;
        }
        if let Some(condition) = &row.condition {
            let view = View { scope: &row.scope, facts: &self.facts, found: self.found.as_ref() };
            let files = condition.files(&view);
            if !files.is_empty() && self.found.is_none() {
                self.stage = FlowStage::Finding(index);
                return Move::Wait(vec![Effect::Flow(FlowCall::Find(self.run.clone(), index, files))]);
            }
            let skipped = (!condition.holds(&view)).then(|| Skip::Condition(condition.shown(&view)));
            self.found = None;
            if let Some(skip) = skipped {
                self.skip(index, row, &skip);
                return Move::On;
            }
        }
        self.rows[index] = RowStatus::Running { since: now };
        self.begun[index] = Some(now);
        self.at = index + 1;
        match &row.kind {
            Kind::Stage { .. } => {
                self.open.push(Open { row: index, is_stopped: false });
                Move::On
            }
            Kind::Flow { .. } => {
                self.open.push(Open { row: index, is_stopped: false });
                self.frames.push(Frame::default());
                Move::On
            }
            Kind::Action(action) => self.begin(index, row, action, now),
        }
    }

    /// Begins an action.
    fn begin(&mut self, index: usize, row: &Row, action: &Action, now: Timestamp) -> Move {
        if let Work::Exit { code, message } = &action.work {
            let mut lookup = |name: &str| self.facts.lookup(&row.scope, name);
            let text = code.expand(&mut lookup);
            let message = message.as_ref().map(|message| message.expand(&mut lookup));
            if let Ok(code) = text.trim().parse() {
                self.exit(index, code, message, now);
            } else {
                let failure = Failure::new(FailureKind::Failed, "the flow could not be ended as it says")
                    .because(format!("`{text}` is no exit code from 0 to 255"))
                    .hint(format!("Correct {}:{}.", row.file, row.line));
                self.took_place(index, &Deed::failed(1, failure), now);
            }
            return Move::On;
        }
        if self.change(index).is_some() {
            self.stage = FlowStage::Gating(index);
            return Move::Wait(vec![Effect::ReadJournal]);
        }
        let Some(order) = self.order(index) else { return Move::On };
        self.stage = FlowStage::Acting(index);
        let act = FlowCall::Act { run: self.run.clone(), row: index, order: Box::new(order) };
        Move::Wait(vec![Effect::Flow(act)])
    }

    /// An action ended like this.
    fn took_place(&mut self, index: usize, deed: &Deed, now: Timestamp) {
        self.facts.code = Some(deed.code);
        if deed.pending.is_some() {
            self.facts.pending = deed.pending;
        }
        if let Some(verdict) = deed.verdict.clone() {
            self.findings = Some(self.findings.take().unwrap_or_default().and(verdict));
        }
        let took = self.took(index, now);
        match &deed.result {
            Ok(note) => self.rows[index] = RowStatus::Done { took, note: note.clone() },
            Err(failure) => {
                // What a flow failed with was said of the action in it.
                let row = self.script.as_ref().and_then(|script| script.rows.get(index));
                let action = row.filter(|row| matches!(row.kind, Kind::Action(_)));
                let failure = action.map_or_else(|| failure.clone(), |row| row.blamed(failure));
                self.rows[index] = RowStatus::Failed { took, code: deed.code, failure: failure.clone() };
                let is_stopped = self.halt != Halt::None && !self.is_in_end();
                if is_stopped || !self.continues(index) {
                    self.stop(End::Failed(deed.code.max(1), failure));
                }
            }
        }
    }

    fn exit(&mut self, index: usize, code: u8, message: Option<String>, now: Timestamp) {
        self.facts.code = Some(code);
        let took = self.took(index, now);
        let said = message.as_ref().map_or_else(String::new, |message| format!(": {message}"));
        self.rows[index] = RowStatus::Done { took, note: format!("the flow ends with {code}{said}") };
        self.stop(End::Exit(code, message));
    }

    /// Nothing more is done in the stage that is open, and in its flow only what always runs.
    fn stop(&mut self, end: End) {
        if let Some(open) = self.open.last_mut() {
            open.is_stopped = true;
        }
        if let Some(frame) = self.frames.last_mut() {
            match (&frame.end, &end) {
                // An end that went well is none when what always runs fails.
                (None, _) | (Some(End::Exit(0, _)), End::Failed(..)) => frame.end = Some(end),
                (Some(_), _) => {}
            }
        }
    }

    /// Closes the innermost stage or flow: everything in it is done or skipped.
    fn close(&mut self, now: Timestamp) {
        let Some(Open { row: index, .. }) = self.open.pop() else { return };
        let Some(script) = self.script.clone() else { return };
        let row = &script.rows[index];
        if !matches!(row.kind, Kind::Flow { .. }) {
            let took = self.took(index, now);
            let failed = (index + 1..row.end).find_map(|inner| match &self.rows[inner] {
                RowStatus::Failed { code, failure, .. } if !self.continues(inner) => {
                    Some((*code, failure.clone()))
                }
                _ => None,
            });
            self.rows[index] = match failed {
                Some((code, failure)) => RowStatus::Failed { took, code, failure },
                None => RowStatus::Done { took, note: String::new() },
            };
            return;
        }
        let end = self.frames.pop().and_then(|frame| frame.end);
        // An `exit` in a flow ends that flow and no other.
        let deed = match end {
            None => Deed::done(String::new()),
            Some(End::Exit(code, _)) => Deed { code, ..Deed::done(format!("the flow ended with {code}")) },
            Some(End::Failed(code, failure)) => Deed::failed(code, failure),
        };
        self.took_place(index, &deed, now);
    }

    /// True when a row is not gone through because of what came before it.
    fn is_cut_off(&self, row: &Row) -> bool {
        if self.halt == Halt::GivenUp {
            return true;
        }
        match row.kind {
            Kind::Stage { rank: Rank::End, .. } => false,
            Kind::Stage { rank: Rank::Middle, .. } => {
                self.frames.last().is_some_and(|frame| frame.end.is_some())
            }
            Kind::Action(_) | Kind::Flow { .. } => self.open.last().is_some_and(|open| open.is_stopped),
        }
    }

    /// True while a stage that always runs is open.
    fn is_in_end(&self) -> bool {
        let Some(script) = &self.script else { return false };
        self.open.iter().any(|open| matches!(script.rows[open.row].kind, Kind::Stage { rank: Rank::End, .. }))
    }

    fn skip(&mut self, index: usize, row: &Row, skip: &Skip) {
        for status in &mut self.rows[index..row.end] {
            *status = RowStatus::Skipped(skip.clone());
        }
        self.at = row.end;
        self.found = None;
    }

    fn continues(&self, index: usize) -> bool {
        self.script.as_ref().is_some_and(|script| script.rows[index].continues())
    }

    fn took(&self, index: usize, now: Timestamp) -> Duration {
        match self.rows.get(index) {
            Some(RowStatus::Running { since }) => now.duration_since(*since).unsigned_abs(),
            _ => Duration::ZERO,
        }
    }

    /// Where a row changes the database of an environment, and what it is called; `None` when it does not.
    fn change(&self, index: usize) -> Option<(EnvironmentName, String)> {
        let script = self.script.as_ref()?;
        let Kind::Action(action) = &script.rows[index].kind else { return None };
        let Work::Liquibase { command, .. } = &action.work else { return None };
        command::find(command).filter(|command| command.touch() != Touch::Reads)?;
        Some((self.environment.clone()?, named(&script.rows, index)))
    }

    /// What a row wants to be done, with everything filled in.
    fn order(&self, index: usize) -> Option<Order> {
        let row = self.script.as_ref()?.rows.get(index)?;
        Order::of(row, self.environment.clone(), &self.facts, &self.by)
    }

    /// What the whole of it came to.
    fn sum(&self) -> Outcome {
        let end = self.frames.first().and_then(|frame| frame.end.clone());
        let (code, failure, message) = match end {
            None => (0, None, None),
            Some(End::Exit(0, message)) => (0, None, message),
            Some(End::Exit(code, message)) => {
                let failure = Failure::new(FailureKind::Failed, format!("the flow says `exit` with {code}"));
                (code, Some(message.iter().fold(failure, Failure::because)), message)
            }
            Some(End::Failed(code, failure)) => (code, Some(failure), None),
        };
        Outcome { code, failure, message, is_refusal: false }
    }
}

impl Order {
    /// What a row of a run that `by` asked for wants to be done in `environment`, with everything filled in; `None` for
    /// what no adapter does.
    pub(in crate::engine) fn of(
        row: &Row,
        environment: Option<EnvironmentName>,
        facts: &Facts,
        by: &str,
    ) -> Option<Self> {
        let Kind::Action(action) = &row.kind else { return None };
        let mut lookup = |name: &str| facts.lookup(&row.scope, name);
        let task = match &action.work {
            Work::Liquibase { command, arguments, globals } => {
                let command = command::find(command)?;
                Task::Command {
                    name: command.name,
                    arguments: Given::to(command, arguments, &mut lookup),
                    globals: Given::globally(globals, &mut lookup),
                    is_change: command.touch() != Touch::Reads,
                }
            }
            Work::Shell { command, interpreter } => Task::Shell {
                command: command.expand(&mut lookup),
                interpreter: interpreter.as_ref().map(|interpreter| interpreter.expand(&mut lookup)),
                exported: exported(&row.scope, facts),
            },
            Work::Exit { .. } | Work::Lockstep { .. } => return None,
        };
        Some(Self { environment, task, by: by.to_owned() })
    }
}

/// What the action of a row is called on record: its stage, its command, and where it is written.
fn named(rows: &[Row], index: usize) -> String {
    let row = &rows[index];
    let stage = rows[..index].iter().rev().find_map(|before| match &before.kind {
        Kind::Stage { name, .. } if before.end > index => Some(name.as_str()),
        _ => None,
    });
    let stage = stage.unwrap_or_default();
    format!("{} in {stage} ({}:{})", row.title(), row.file, row.line)
}

fn interrupted() -> Failure {
    Failure::new(FailureKind::Interrupted, "the flow was interrupted")
}
