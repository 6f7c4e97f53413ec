//! What a statement or a change does, in words of one kind, so that every check is written once, whether the changeset
//! is SQL or a change that Liquibase turns into SQL.

use std::fmt;

use super::types::Type;

/// One thing that a changeset does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Act {
    pub(super) deed: Deed,
    /// The table it is done to.
    pub(super) table: Option<Name>,
    /// The column it is done to, or the index, constraint or other thing that it is about.
    pub(super) object: Option<String>,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    AddColumn(Column),
    AddConstraint(Constraint),
    /// `drop … cascade`.
    Cascade,
    ChangeType {
        to: Type,
        /// There is an expression that makes the new values.
        is_computed: bool,
    },
    Cluster,
    CreateIndex {
        is_concurrent: bool,
    },
    CreateTable(Vec<Column>),
    /// The number of columns is not known.
    CreateTableAs,
    Delete {
        is_of_all: bool,
    },
    DropColumn,
    DropIndex {
        is_concurrent: bool,
    },
    DropTable,
    /// A statement that is put together while it runs.
    Dynamic,
    Grant {
        with_grant_option: bool,
        with_admin_option: bool,
    },
    /// Something else that takes ACCESS EXCLUSIVE.
    LockOut,
    /// Sets how long a statement waits for a lock; false when it may wait for ever.
    LockTimeout(bool),
    RefreshView {
        is_concurrent: bool,
    },
    Reindex {
        is_concurrent: bool,
    },
    RenameColumn,
    RenameTable {
        to: Name,
    },
    Revoke,
    SelectStar,
    SetNotNull,
    Truncate,
    Update {
        is_of_all: bool,
    },
    VacuumFull,
    ValidateConstraint,
}

/// A column that is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Type,
    pub(super) is_not_null: bool,
    pub(super) default: Default,
    /// What holds for it, in the order it is written.
    pub(super) constraints: Vec<Constraint>,
}

/// Where the values of a new column come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Default {
    /// It is null.
    Nothing,
    /// One value for all rows.
    Constant,
    /// A value of its own for every row.
    PerRow,
}

/// A constraint that is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Constraint {
    pub(super) name: Option<String>,
    pub(super) rule: Rule,
    /// `not valid`: rows that are there already are not looked at.
    pub(super) is_not_valid: bool,
}

/// What a constraint asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rule {
    Check {
        /// The column, when it asks for nothing but that this one is not null.
        not_null: Option<String>,
    },
    Foreign,
    Primary {
        uses_index: bool,
    },
    Unique {
        uses_index: bool,
    },
    Other,
}

/// The name of a table. Without a schema it is that of `public`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Name {
    schema: Option<String>,
    name: String,
}

impl Act {
    pub(super) fn new(deed: Deed) -> Self {
        Self { deed, table: None, object: None }
    }

    pub(super) fn on(self, table: Option<Name>) -> Self {
        Self { table, ..self }
    }

    pub(super) fn about(self, object: impl Into<Option<String>>) -> Self {
        Self { object: object.into(), ..self }
    }

    /// True when it takes ACCESS EXCLUSIVE on something that others may be using.
    pub(super) fn locks_out(&self) -> bool {
        match &self.deed {
            Deed::AddConstraint(constraint) => !matches!(constraint.rule, Rule::Foreign),
            Deed::AddColumn(_)
            | Deed::ChangeType { .. }
            | Deed::Cluster
            | Deed::DropColumn
            | Deed::DropTable
            | Deed::LockOut
            | Deed::RenameColumn
            | Deed::RenameTable { .. }
            | Deed::SetNotNull
            | Deed::Truncate
            | Deed::VacuumFull => true,
            Deed::DropIndex { is_concurrent }
            | Deed::RefreshView { is_concurrent }
            | Deed::Reindex { is_concurrent } => !is_concurrent,
            Deed::Cascade
            | Deed::CreateIndex { .. }
            | Deed::CreateTable(_)
            | Deed::CreateTableAs
            | Deed::Delete { .. }
            | Deed::Dynamic
            | Deed::Grant { .. }
            | Deed::LockTimeout(_)
            | Deed::Revoke
            | Deed::SelectStar
            | Deed::Update { .. }
            | Deed::ValidateConstraint => false,
        }
    }
}

impl Name {
    /// The name as the catalogs have it: without quotes.
    pub(super) fn new(schema: Option<&str>, name: impl Into<String>) -> Self {
        let schema = schema.filter(|schema| *schema != "public").map(str::to_owned);
        Self { schema, name: name.into() }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(out, "{schema}.")?;
        }
        out.write_str(&self.name)
    }
}
