//! Schemas held against each other, against earlier looks and against the journal, when one of them changes and
//! never while drawing.

use std::sync::Arc;

use super::{EnvironmentState, State};
use crate::domain::Timestamp;
use crate::domain::ledger::Rows;
use crate::domain::names::EnvironmentName;
use crate::domain::schema::judgement::{Against, LedgerPrint, SchemaDrift, Witness};
use crate::domain::schema::odd::{Known, odd_ones};

/// What is known of the schema of one environment besides the newest look.
#[derive(Debug, Clone, Default)]
pub struct SchemaWatch {
    /// What this process saw first for the ledger that there is now, and when it saw it so for the last time.
    baseline: Option<(Witness, Timestamp)>,
    /// The newest schema that is known to belong to the ledger.
    witness: Option<Witness>,
    /// The print of the ledger, with the rows that it was made from.
    print: Option<(Rows, LedgerPrint)>,
    drifts: Vec<SchemaDrift>,
}

impl SchemaWatch {
    /// Everything that is wrong with the schema, what says most first.
    pub fn drifts(&self) -> &[SchemaDrift] {
        &self.drifts
    }

    /// The newest schema that is known to belong to the ledger.
    pub fn witness(&self) -> Option<&Witness> {
        self.witness.as_ref()
    }
}

impl State {
    /// Judges every schema anew after a look at the schema or the ledger of `name`.
    pub(super) fn judge_schemas(&mut self, name: &EnvironmentName) {
        let is_promoted = self.running_in(name).is_some();
        if let Some(state) = self.environments.iter_mut().find(|state| state.environment.name == *name) {
            state.witness_schema(is_promoted);
        }
        self.judge_all_schemas();
    }

    /// Judges every schema anew, after the journal was read.
    pub(super) fn judge_all_schemas(&mut self) {
        let witnesses: Vec<_> = self.environments.iter().map(|state| state.schemas.witness()).collect();
        let known: Vec<_> = self
            .environments
            .iter()
            .zip(&witnesses)
            .map(|(state, witness)| {
                let records = self.history.schemas_of(&state.environment.name);
                let is_vouched =
                    |witness| records.clone().any(|(_, record)| Witness::is_as_recorded(witness, record));
                witness.map(|witness| Known { witness, is_vouched: is_vouched(witness) })
            })
            .collect();
        let odd = odd_ones(&known);
        let mut all = Vec::with_capacity(self.environments.len());
        for (place, state) in self.environments.iter().enumerate() {
            let Some(witness) = witnesses[place] else {
                all.push(Vec::new());
                continue;
            };
            let (schema, known) = (&witness.schema, state.schemas.drifts());
            let earlier = state.schemas.baseline.as_ref().and_then(|(baseline, last)| {
                SchemaDrift::of(Against::Earlier(*last), &baseline.schema, schema, known)
            });
            let reference = odd.iter().find(|(odd, _)| *odd == place).map(|(_, reference)| *reference);
            let other = reference.and_then(|reference| {
                let name = self.environments[reference].environment.name.clone();
                SchemaDrift::of(Against::Environment(name), &witnesses[reference]?.schema, schema, known)
            });
            let proven = self.differs_from_what_was_proven(&state.environment.name, witness);
            all.push(earlier.into_iter().chain(other).chain(proven).collect());
        }
        for (state, drifts) in self.environments.iter_mut().zip(all) {
            state.schemas.drifts = drifts;
        }
    }
}

impl State {
    /// Held against what a promotion left behind here; where none has with this ledger, elsewhere.
    fn differs_from_what_was_proven(&self, here: &EnvironmentName, witness: &Witness) -> Option<SchemaDrift> {
        let recorded_in = |name| {
            let mut records = self.history.schemas_of(name);
            records.find(|(_, record)| record.speaks_of(witness))
        };
        let elsewhere = || {
            let names = self.environments.iter().map(|state| &state.environment.name);
            names.filter(|name| *name != here).find_map(|name| Some((recorded_in(name)?, Some(name.clone()))))
        };
        let recorded = recorded_in(here).map(|record| (record, None)).or_else(elsewhere);
        let ((at, record), elsewhere) = recorded?;
        SchemaDrift::of_record(at, elsewhere, record, witness)
    }
}

impl EnvironmentState {
    /// The schema that the newest looks found for the ledger that they found.
    pub(super) fn proven_schema(&self) -> Option<Witness> {
        let (ledger, view) = (self.ledger.current()?, self.schema.current()?);
        let witness = || Witness { print: LedgerPrint::of(ledger), schema: Arc::clone(&view.schema) };
        view.stamp.fits(ledger).then(witness)
    }

    /// Takes the newest schema for true when it was read at a moment at which the ledger was as it is known and
    /// nobody was at work. Otherwise what was known before stays, unless the ledger says that it is over.
    fn witness_schema(&mut self, is_promoted: bool) {
        let (Some(ledger), Some(view)) = (self.ledger.value(), self.schema.value()) else { return };
        let Some(seen_at) = self.schema.seen_at() else { return };
        let print = match &self.schemas.print {
            Some((known, print)) if known.is_same(&ledger.rows) => print.clone(),
            _ => LedgerPrint::of(ledger),
        };
        self.schemas.print = Some((ledger.rows.clone(), print.clone()));
        if self.schemas.witness.as_ref().is_some_and(|witness| witness.print != print) {
            self.schemas.witness = None;
        }
        if is_promoted || ledger.promoting.is_some() || !view.stamp.fits(ledger) {
            return;
        }
        let witness = Witness { print, schema: Arc::clone(&view.schema) };
        match &mut self.schemas.baseline {
            Some((baseline, last)) if baseline.print == witness.print => {
                if baseline.schema.digest() == witness.schema.digest() {
                    *last = seen_at;
                }
            }
            baseline => *baseline = Some((witness.clone(), seen_at)),
        }
        self.schemas.witness = Some(witness);
    }
}
