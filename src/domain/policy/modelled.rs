//! What the changes of Liquibase do that it turns into SQL by itself, by the SQL that Liquibase 4.29 makes of each for
//! PostgreSQL.
//!
//! Absent on purpose: changes that are SQL already, and those of extensions, of which nothing is known.

use super::deed::{Act, Column, Constraint, Deed, Default as Values, Name, Rule};
use super::types::Type;
use crate::domain::changelog::{Object, Part};

/// Functions that `valueComputed` and the like may hold and that are the same for every row.
const STEADY: [&str; 6] = [
    "now()",
    "current_timestamp",
    "current_date",
    "current_time",
    "localtimestamp",
    "transaction_timestamp()",
];

/// What a change does.
pub(super) fn acts(part: &Part) -> Vec<Act> {
    let said = Said(&part.attributes);
    let act = |deed| Act::new(deed).on(said.table("tableName"));
    let column = || part.attributes.text("columnName").map(str::to_owned);
    let one = |deed| vec![act(deed).about(column())];
    match part.kind.as_str() {
        "addColumn" => said.added_columns(),
        "addAutoIncrement" | "addDefaultValue" | "dropDefaultValue" | "dropNotNullConstraint" => {
            one(Deed::LockOut)
        }
        "addForeignKeyConstraint" => {
            let act = Act::new(said.constraint(Rule::Foreign)).on(said.table("baseTableName"));
            vec![act.about(said.owned("constraintName"))]
        }
        "addLookupTable" => vec![
            Act::new(Deed::CreateTableAs).on(said.table("newTableName")),
            Act::new(said.constraint(Rule::Foreign)).on(said.table("existingTableName")),
        ],
        "addNotNullConstraint" => one(Deed::SetNotNull),
        "addPrimaryKey" => vec![act(said.constraint(Rule::Primary { uses_index: said.has("forIndexName") }))],
        "addUniqueConstraint" => {
            vec![act(said.constraint(Rule::Unique { uses_index: said.has("forIndexName") }))]
        }
        "createIndex" => {
            vec![act(Deed::CreateIndex { is_concurrent: false }).about(said.owned("indexName"))]
        }
        "createTable" => {
            let columns = part.attributes.objects("columns").iter().map(new_column).collect();
            vec![act(Deed::CreateTable(columns))]
        }
        "delete" => one(Deed::Delete { is_of_all: !said.has("where") }),
        "dropColumn" => {
            let several =
                part.attributes.objects("columns").iter().map(|it| it.text("name").map(str::to_owned));
            let several: Vec<_> = several.map(|name| act(Deed::DropColumn).about(name)).collect();
            if several.is_empty() { one(Deed::DropColumn) } else { several }
        }
        "dropAllForeignKeyConstraints" | "dropForeignKeyConstraint" => {
            vec![Act::new(Deed::LockOut).on(said.table("baseTableName"))]
        }
        "dropPrimaryKey" | "dropUniqueConstraint" => vec![act(Deed::LockOut)],
        "dropIndex" => vec![act(Deed::DropIndex { is_concurrent: false }).about(said.owned("indexName"))],
        "dropTable" => {
            let cascades = part.attributes.is_true("cascadeConstraints").then(|| act(Deed::Cascade));
            [act(Deed::DropTable)].into_iter().chain(cascades).collect()
        }
        "mergeColumns" => {
            let drop = |name| act(Deed::DropColumn).about(said.owned(name));
            let update = act(Deed::Update { is_of_all: true });
            vec![update, drop("column1Name"), drop("column2Name")]
        }
        "modifyDataType" => {
            let to = Type::parse(part.attributes.text("newDataType").unwrap_or_default());
            one(Deed::ChangeType { to, is_computed: false })
        }
        "renameColumn" => vec![act(Deed::RenameColumn).about(said.owned("oldColumnName"))],
        "renameTable" => said.rename("oldTableName", "newTableName"),
        "renameView" => said.rename("oldViewName", "newViewName"),
        "update" => one(Deed::Update { is_of_all: !said.has("where") }),
        _ => Vec::new(),
    }
}

/// The conditions and values in a change that are SQL themselves.
pub(super) fn expressions(part: &Part) -> Vec<String> {
    const COMPUTED: [&str; 3] = ["valueComputed", "defaultValueComputed", "where"];
    let columns = part.attributes.objects("columns").iter();
    let all = std::iter::once(&part.attributes).chain(columns);
    let texts = all.flat_map(|object| object.texts().filter(|(name, _)| COMPUTED.contains(name)));
    texts.map(|(_, text)| text.to_owned()).collect()
}

/// The attributes of a change.
struct Said<'a>(&'a Object);

impl Said<'_> {
    fn has(&self, name: &str) -> bool {
        self.0.text(name).is_some_and(|text| !text.trim().is_empty())
    }

    fn owned(&self, name: &str) -> Option<String> {
        self.0.text(name).map(str::to_owned)
    }

    /// The table that this attribute names, in the schema of its own.
    fn table(&self, attribute: &str) -> Option<Name> {
        let schema = attribute.replace("TableName", "TableSchemaName").replace("tableName", "schemaName");
        let schema = self.0.text(&schema).or_else(|| self.0.text("schemaName"));
        self.0.text(attribute).map(|name| Name::new(schema, name))
    }

    fn constraint(&self, rule: Rule) -> Deed {
        let name = self.owned("constraintName");
        Deed::AddConstraint(Constraint { name, rule, is_not_valid: self.0.text("validate") == Some("false") })
    }

    fn rename(&self, from: &str, to: &str) -> Vec<Act> {
        let to = Name::new(self.0.text("schemaName"), self.0.text(to).unwrap_or_default());
        vec![Act::new(Deed::RenameTable { to }).on(self.table(from))]
    }

    /// The columns that are added, and the values that rows get which are there already.
    fn added_columns(&self) -> Vec<Act> {
        let table = self.table("tableName");
        let act = |deed, column: &Object| {
            Act::new(deed).on(table.clone()).about(column.text("name").map(str::to_owned))
        };
        let columns = self.0.objects("columns").iter();
        columns
            .flat_map(|column| {
                let values = column.texts().any(|(name, _)| name.starts_with("value"));
                let update = values.then(|| act(Deed::Update { is_of_all: true }, column));
                [act(Deed::AddColumn(new_column(column)), column)].into_iter().chain(update)
            })
            .collect()
    }
}

/// A column as `createTable` and `addColumn` describe it.
fn new_column(object: &Object) -> Column {
    let kind = Type::parse(object.text("type").unwrap_or_default());
    let said = object.object("constraints").cloned().unwrap_or_default();
    let constraint =
        |rule, name: &str| Constraint { name: said.text(name).map(str::to_owned), rule, is_not_valid: false };
    let primary = said.is_true("primaryKey").then(|| {
        let rule = Rule::Primary { uses_index: false };
        constraint(rule, "primaryKeyName")
    });
    let unique = said.is_true("unique").then(|| {
        let rule = Rule::Unique { uses_index: false };
        constraint(rule, "uniqueConstraintName")
    });
    let is_foreign = ["references", "referencedTableName"].iter().any(|name| said.text(name).is_some());
    let foreign = is_foreign.then(|| constraint(Rule::Foreign, "foreignKeyName"));
    let check = said.text("checkConstraint").map(|_| constraint(Rule::Check { not_null: None }, ""));
    let default =
        if kind.is_serial() || object.is_true("autoIncrement") { Values::PerRow } else { default(object) };
    Column {
        name: object.text("name").unwrap_or_default().to_owned(),
        kind,
        is_not_null: said.text("nullable") == Some("false") || primary.is_some(),
        default,
        constraints: [primary, unique, foreign, check].into_iter().flatten().collect(),
    }
}

fn default(object: &Object) -> Values {
    let computed = object.text("defaultValueComputed");
    if object.text("defaultValueSequenceNext").is_some() {
        return Values::PerRow;
    }
    match computed {
        Some(text) if text.contains('(') && !STEADY.contains(&text.trim().to_ascii_lowercase().as_str()) => {
            Values::PerRow
        }
        Some(_) => Values::Constant,
        None if object
            .texts()
            .any(|(name, _)| name.starts_with("defaultValue") && name != NAME_OF_DEFAULT) =>
        {
            Values::Constant
        }
        None => Values::Nothing,
    }
}

/// An attribute that is no value although it begins like one.
const NAME_OF_DEFAULT: &str = "defaultValueConstraintName";
