//! The change types of Liquibase 4.29, a row each: what they are called, whether Liquibase undoes them by itself, and
//! their attributes with the kind of value each takes. The rows are what Liquibase says about its own classes.
//!
//! Absent on purpose: changes of Liquibase Pro and of extensions, and `customChange`: what they hash is theirs.

/// A change type.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// True when Liquibase knows its opposite.
    pub(super) undoes_itself: bool,
    /// Its attributes: names, each with the kind of its value behind a colon unless that is text.
    attributes: &'static str,
}

/// What values an attribute takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Text.
    Text,
    /// Text, which may also be the change's own value.
    Body,
    /// True or false.
    Boolean,
    /// A whole number of any size.
    Integer,
    /// Columns.
    Columns(Columns),
    /// It is read, but does not count in a sum.
    Uncounted,
}

/// What a column of a change may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Columns {
    /// The attributes of any column.
    Plain,
    /// Those and a place among others.
    Added,
    /// Those and where it stands in a file.
    Loaded,
}

impl Kind {
    /// The change type called `name`.
    pub(super) fn called(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// Its attributes.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&'static str, Takes)> {
        self.attributes.split_whitespace().map(|attribute| {
            let (name, takes) = attribute.split_once(':').unwrap_or((attribute, ""));
            let takes = match takes {
                "body" => Takes::Body,
                "boolean" => Takes::Boolean,
                "integer" => Takes::Integer,
                "columns" => Takes::Columns(Columns::Plain),
                "added" => Takes::Columns(Columns::Added),
                "loaded" => Takes::Columns(Columns::Loaded),
                "uncounted" => Takes::Uncounted,
                _ => Takes::Text,
            };
            (name, takes)
        })
    }
}

/// The names of all change types.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.name)
}

/// Changes of Liquibase Pro: without a licence Liquibase does not know them.
pub(super) fn is_pro(name: &str) -> bool {
    const PRO: &str = "addCheckConstraint createFunction createPackage createPackageBody createSynonym createTrigger \
        disableCheckConstraint disableTrigger dropCheckConstraint dropFunction dropPackage dropPackageBody \
        dropSynonym dropTrigger enableCheckConstraint enableTrigger markUnused renameTrigger";
    PRO.split_whitespace().any(|pro| pro == name)
}

const fn kind(name: &'static str, attributes: &'static str) -> Kind {
    Kind { name, undoes_itself: false, attributes }
}

const fn undone(name: &'static str, attributes: &'static str) -> Kind {
    Kind { name, undoes_itself: true, attributes }
}

#[rustfmt::skip]
const KINDS: &[Kind] = &[
    kind("addAutoIncrement", "catalogName schemaName tableName columnName columnDataType generationType \
        defaultOnNull:boolean startWith:integer incrementBy:integer"),
    undone("addColumn", "catalogName schemaName tableName columns:added"),
    undone("addDefaultValue", "catalogName schemaName tableName columnName columnDataType defaultValue \
        defaultValueNumeric defaultValueDate defaultValueBoolean:boolean defaultValueComputed \
        defaultValueSequenceNext defaultValueConstraintName"),
    undone("addForeignKeyConstraint", "baseTableCatalogName baseTableSchemaName baseTableName baseColumnNames \
        constraintName referencedTableCatalogName referencedTableSchemaName referencedTableName \
        referencedColumnNames onDelete onUpdate deferrable:boolean initiallyDeferred:boolean validate:boolean \
        deleteCascade:uncounted referencesUniqueColumn:uncounted"),
    undone("addLookupTable", "existingTableCatalogName existingTableSchemaName existingTableName \
        existingColumnName newTableCatalogName newTableSchemaName newTableName newColumnName newColumnDataType \
        constraintName"),
    undone("addNotNullConstraint", "catalogName schemaName tableName columnName columnDataType constraintName \
        defaultNullValue validate:boolean"),
    undone("addPrimaryKey", "catalogName schemaName tableName columnNames constraintName tablespace \
        clustered:boolean validate:boolean forIndexCatalogName forIndexSchemaName forIndexName"),
    undone("addUniqueConstraint", "catalogName schemaName tableName columnNames constraintName tablespace \
        clustered:boolean deferrable:boolean disabled:boolean initiallyDeferred:boolean validate:boolean \
        forIndexCatalogName forIndexSchemaName forIndexName"),
    kind("alterSequence", "catalogName schemaName sequenceName dataType cycle:boolean ordered:boolean \
        cacheSize:integer incrementBy:integer maxValue:integer minValue:integer"),
    undone("createIndex", "catalogName schemaName tableName indexName tablespace clustered:boolean unique:boolean \
        columns:added associatedWith:uncounted"),
    kind("createProcedure", "catalogName schemaName procedureName procedureText:body procedureBody:uncounted \
        dbms path encoding comments relativeToChangelogFile:boolean replaceIfExists:boolean"),
    undone("createSequence", "catalogName schemaName sequenceName dataType cycle:boolean ordered:boolean \
        cacheSize:integer incrementBy:integer maxValue:integer minValue:integer startValue:integer"),
    undone("createTable", "catalogName schemaName tableName tableType tablespace remarks columns:columns \
        ifNotExists:uncounted rowDependencies:uncounted"),
    undone("createView", "catalogName schemaName viewName selectQuery:body path encoding remarks \
        fullDefinition:boolean relativeToChangelogFile:boolean replaceIfExists:boolean"),
    kind("delete", "catalogName schemaName tableName where whereParams:uncounted"),
    kind("dropAllForeignKeyConstraints", "baseTableCatalogName baseTableSchemaName baseTableName"),
    kind("dropColumn", "catalogName schemaName tableName columnName columns:columns"),
    kind("dropDefaultValue", "catalogName schemaName tableName columnName columnDataType"),
    kind("dropForeignKeyConstraint", "baseTableCatalogName baseTableSchemaName baseTableName constraintName"),
    kind("dropIndex", "catalogName schemaName tableName indexName"),
    undone("dropNotNullConstraint", "catalogName schemaName tableName columnName columnDataType constraintName"),
    kind("dropPrimaryKey", "catalogName schemaName tableName constraintName dropIndex:boolean"),
    kind("dropProcedure", "catalogName schemaName procedureName"),
    kind("dropSequence", "catalogName schemaName sequenceName"),
    kind("dropTable", "catalogName schemaName tableName cascadeConstraints:boolean"),
    kind("dropUniqueConstraint", "catalogName schemaName tableName constraintName uniqueColumns"),
    kind("dropView", "catalogName schemaName viewName ifExists:boolean"),
    undone("empty", ""),
    kind("executeCommand", "executable timeout os:uncounted args:uncounted arg:uncounted"),
    kind("insert", "catalogName schemaName tableName dbms columns:columns"),
    kind("loadData", "catalogName schemaName tableName file encoding separator quotchar commentLineStartsWith \
        relativeToChangelogFile:boolean usePreparedStatements:boolean columns:loaded"),
    undone("loadUpdateData", "catalogName schemaName tableName file encoding separator quotchar \
        commentLineStartsWith relativeToChangelogFile:boolean usePreparedStatements:boolean columns:loaded \
        primaryKey onlyUpdate:boolean"),
    kind("mergeColumns", "catalogName schemaName tableName column1Name column2Name joinString finalColumnName \
        finalColumnType"),
    kind("modifyDataType", "catalogName schemaName tableName columnName newDataType"),
    undone("output", "message:body target"),
    undone("renameColumn", "catalogName schemaName tableName oldColumnName newColumnName columnDataType remarks"),
    undone("renameSequence", "catalogName schemaName oldSequenceName newSequenceName"),
    undone("renameTable", "catalogName schemaName oldTableName newTableName"),
    undone("renameView", "catalogName schemaName oldViewName newViewName"),
    kind("setColumnRemarks", "catalogName schemaName tableName columnName columnDataType columnParentType remarks"),
    kind("setTableRemarks", "catalogName schemaName tableName remarks"),
    kind("sql", "sql:body comment dbms endDelimiter splitStatements:boolean stripComments:boolean \
        ignoreOriginalSplitStatements:boolean"),
    kind("sqlFile", "path encoding dbms endDelimiter relativeToChangelogFile:boolean splitStatements:boolean \
        stripComments:boolean ignoreOriginalSplitStatements:boolean"),
    kind("stop", "message"),
    undone("tagDatabase", "tag"),
    kind("update", "catalogName schemaName tableName where columns:columns whereParams:uncounted"),
];
