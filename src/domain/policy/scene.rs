//! What is known of the database at one point of a changelog, from the changesets before it.

use std::collections::{HashMap, HashSet};

use super::deed::{Act, Column, Constraint, Deed, Name, Rule};
use super::types::Type;

/// The tables that the changelog has made so far, and what the changeset at hand has said.
#[derive(Debug, Default)]
pub(super) struct Scene {
    tables: HashMap<Name, Table>,
    /// Indexes that are as new as the tables which are new.
    new_indexes: HashSet<String>,
    runs_in_transaction: bool,
    has_lock_timeout: bool,
    /// Nobody uses yet what is made now.
    makes_new: bool,
}

#[derive(Debug, Default)]
struct Table {
    /// Its columns; none are known of a table that the changelog did not make.
    columns: Vec<(String, Type)>,
    /// Nobody uses it yet.
    is_new: bool,
    /// Checks that a column is not null: the constraint, the column, and whether it is valid.
    not_null: Vec<(String, String, bool)>,
}

impl Scene {
    /// A changeset begins, and what it makes is new while `makes_new`.
    pub(super) fn begin(&mut self, runs_in_transaction: bool, makes_new: bool) {
        self.runs_in_transaction = runs_in_transaction;
        self.has_lock_timeout = false;
        self.makes_new = makes_new;
    }

    /// What was new is in use from now on.
    pub(super) fn settle(&mut self) {
        self.new_indexes.clear();
        for table in self.tables.values_mut() {
            table.is_new = false;
        }
    }

    pub(super) fn runs_in_transaction(&self) -> bool {
        self.runs_in_transaction
    }

    pub(super) fn has_lock_timeout(&self) -> bool {
        self.has_lock_timeout
    }

    /// True for a table that nobody uses yet.
    pub(super) fn is_new(&self, table: Option<&Name>) -> bool {
        self.table(table).is_some_and(|table| table.is_new)
    }

    pub(super) fn is_new_index(&self, index: Option<&str>) -> bool {
        index.is_some_and(|index| self.new_indexes.contains(index))
    }

    /// The type of a column, when the changelog made it.
    pub(super) fn kind(&self, table: Option<&Name>, column: Option<&str>) -> Option<&Type> {
        let columns = &self.table(table)?.columns;
        columns.iter().find(|(name, _)| Some(name.as_str()) == column).map(|(_, kind)| kind)
    }

    /// True when a valid constraint says that a column is not null.
    pub(super) fn is_proven_not_null(&self, table: Option<&Name>, column: Option<&str>) -> bool {
        let proven = |table: &Table| {
            table.not_null.iter().any(|(_, name, is_valid)| *is_valid && Some(name.as_str()) == column)
        };
        self.table(table).is_some_and(proven)
    }

    /// How many columns a table has now, when the changelog made it.
    pub(super) fn width(&self, table: Option<&Name>) -> Option<usize> {
        self.tables.get(table?).filter(|table| table.is_made()).map(|table| table.columns.len())
    }

    fn table(&self, table: Option<&Name>) -> Option<&Table> {
        self.tables.get(table?)
    }

    /// Takes in what an act changes.
    pub(super) fn take(&mut self, act: &Act) {
        match (&act.deed, &act.table) {
            (Deed::LockTimeout(is_set), _) => self.has_lock_timeout = *is_set,
            (Deed::CreateIndex { .. }, table) => {
                if let (true, Some(index)) = (self.is_new(table.as_ref()), &act.object) {
                    self.new_indexes.insert(index.clone());
                }
            }
            (Deed::RenameTable { to }, Some(table)) => {
                if let Some(known) = self.tables.remove(table) {
                    self.tables.insert(to.clone(), known);
                }
            }
            (Deed::DropTable, Some(table)) => drop(self.tables.remove(table)),
            (Deed::CreateTable(columns), Some(table)) => {
                let kinds = columns.iter().map(|column| (column.name.clone(), column.kind.clone())).collect();
                self.tables.insert(
                    table.clone(),
                    Table { columns: kinds, is_new: self.makes_new, ..Table::default() },
                );
            }
            (Deed::CreateTableAs, Some(table)) => {
                self.tables.insert(table.clone(), Table { is_new: self.makes_new, ..Table::default() });
            }
            (deed, Some(table)) => {
                self.tables.entry(table.clone()).or_default().take(deed, act.object.as_deref());
            }
            _ => {}
        }
    }
}

impl Table {
    /// True when the changelog says of all its columns how many they are.
    fn is_made(&self) -> bool {
        !self.columns.is_empty()
    }

    fn take(&mut self, deed: &Deed, object: Option<&str>) {
        let object = object.unwrap_or_default();
        match deed {
            Deed::AddColumn(Column { name, kind, .. }) if self.is_made() => {
                self.columns.push((name.clone(), kind.clone()));
            }
            Deed::DropColumn => self.columns.retain(|(name, _)| name != object),
            Deed::ChangeType { to, .. } => {
                if let Some((_, kind)) = self.columns.iter_mut().find(|(name, _)| name == object) {
                    kind.clone_from(to);
                }
            }
            Deed::AddConstraint(Constraint {
                name: Some(name),
                rule: Rule::Check { not_null: Some(column) },
                is_not_valid,
            }) => self.not_null.push((name.clone(), column.clone(), !is_not_valid)),
            Deed::ValidateConstraint => {
                if let Some((_, _, is_valid)) = self.not_null.iter_mut().find(|(name, ..)| name == object) {
                    *is_valid = true;
                }
            }
            _ => {}
        }
    }
}
