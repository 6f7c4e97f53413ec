//! Every text of a report, one after the other: so that whoever must not let something out can look at each.

use super::{OperationReport, Proof, Step};
use crate::domain::changelog::{ChangesetId, Problem};
use crate::domain::failure::Failure;
use crate::domain::policy::{Finding, Subject};

/// What is done with each text.
type Change<'a> = &'a mut dyn FnMut(&mut String);

impl OperationReport {
    /// Hands every text that may come from outside to `change`.
    pub fn each_text(&mut self, change: Change<'_>) {
        for text in [
            &mut self.instance.id,
            &mut self.instance.title,
            &mut self.instance.mode,
            &mut self.summary,
            &mut self.place,
            &mut self.by,
        ] {
            change(text);
        }
        self.reason.iter_mut().for_each(&mut *change);
        self.remarks.iter_mut().for_each(&mut *change);
        if let Some(it) = &mut self.change {
            [&mut it.to, &mut it.image_to].into_iter().for_each(&mut *change);
            it.from.iter_mut().chain(&mut it.image_from).for_each(&mut *change);
        }
        for word in &mut self.words {
            [&mut word.by, &mut word.said, &mut word.note].into_iter().for_each(&mut *change);
            word.arn.iter_mut().for_each(&mut *change);
        }
        if let Some(overridden) = &mut self.overridden {
            change(&mut overridden.reason);
            overridden.conditions.iter_mut().for_each(&mut *change);
        }
        if let Some(it) = &mut self.failure {
            failure(it, change);
        }
        self.plan(change);
        for Step { name, group, about, note, .. } in &mut self.steps {
            [name, group, about, note].into_iter().for_each(&mut *change);
        }
        if let Some(verdict) = &mut self.findings {
            verdict.findings.iter_mut().for_each(|it| finding(it, change));
            verdict.changesets.iter_mut().for_each(|id| identity(id, change));
            verdict.checks.iter_mut().chain(&mut verdict.tables).for_each(&mut *change);
            verdict.notes.iter_mut().for_each(|it| note(it, change));
        }
        for Proof { witness, verdict, seen } in &mut self.evidence {
            [witness, verdict, seen].into_iter().for_each(&mut *change);
        }
        self.pictures(change);
        self.records(change);
    }

    fn plan(&mut self, change: Change<'_>) {
        let Some(plan) = &mut self.plan else { return };
        [&mut plan.digest, &mut plan.archive_digest, &mut plan.way_back].into_iter().for_each(&mut *change);
        plan.order.iter_mut().for_each(&mut *change);
        for it in &mut plan.changesets {
            for text in [
                &mut it.path,
                &mut it.id,
                &mut it.author,
                &mut it.comment,
                &mut it.sql,
                &mut it.rollback_kind,
            ] {
                change(text);
            }
            it.checksum.iter_mut().chain(&mut it.rollback).for_each(&mut *change);
        }
    }

    fn pictures(&mut self, change: Change<'_>) {
        for sight in self.pair.iter_mut().flat_map(|pair| [&mut pair.before, &mut pair.after]) {
            change(&mut sight.state);
            sight.why.iter_mut().chain(&mut sight.app).chain(&mut sight.tag).for_each(&mut *change);
        }
        let Some(grid) = &mut self.grid else { return };
        change(&mut grid.version);
        for environment in &mut grid.environments {
            [&mut environment.name, &mut environment.before].into_iter().for_each(&mut *change);
            environment.after.iter_mut().for_each(&mut *change);
        }
        for row in &mut grid.rows {
            [&mut row.path, &mut row.id, &mut row.author].into_iter().for_each(&mut *change);
        }
    }

    fn records(&mut self, change: Change<'_>) {
        for line in &mut self.log.lines {
            [&mut line.at, &mut line.source, &mut line.text].into_iter().for_each(&mut *change);
        }
        self.log.whole.iter_mut().for_each(&mut *change);
        for record in &mut self.records {
            [&mut record.file, &mut record.hash, &mut record.said].into_iter().for_each(&mut *change);
        }
    }
}

fn failure(it: &mut Failure, change: Change<'_>) {
    change(&mut it.what);
    it.because.iter_mut().chain(&mut it.hint).for_each(change);
}

fn identity(id: &mut ChangesetId, change: Change<'_>) {
    [&mut id.path, &mut id.id, &mut id.author].into_iter().for_each(change);
}

fn note(it: &mut Problem, change: Change<'_>) {
    [&mut it.file, &mut it.text, &mut it.mend].into_iter().for_each(&mut *change);
    it.changeset.iter_mut().for_each(|id| identity(id, change));
}

fn finding(it: &mut Finding, change: Change<'_>) {
    for text in [&mut it.check, &mut it.title, &mut it.statement, &mut it.why, &mut it.mend] {
        change(text);
    }
    it.within.iter_mut().for_each(&mut *change);
    match &mut it.subject {
        Subject::Changeset(id) => identity(id, change),
        Subject::Table(table) => change(table),
    }
    if let Some(place) = &mut it.place {
        change(&mut place.file);
    }
    if let Some(waiver) = &mut it.waiver {
        [&mut waiver.reason, &mut waiver.owner].into_iter().for_each(change);
    }
}
