//! What the schema of Liquibase 4.29 says about the types of attributes, as far as it changes their values.
//!
//! Absent on purpose: everything else in it. Its default values are those of Liquibase's own classes.

/// Attributes that the schema of Liquibase 4.29 has truth values in.
const BOOLEANS: &str = "allowUpdate applyToRollback autoIncrement cascadeConstraints clustered computed cycle \
    defaultOnNull defaultValueBoolean deferrable deleteCascade descending disabled dropIndex errorIfMissing \
    errorIfMissingOrEmpty failOnError fullDefinition global ifExists ifNotExists ignore initiallyDeferred nullable \
    onlyUpdate ordered primaryKey referencesUniqueColumn relativeToChangelogFile replaceIfExists rowDependencies \
    runAlways runInTransaction runOnChange splitStatements stripComments unique usePreparedStatements validate \
    validateForeignKey validateNullable validatePrimaryKey validateUnique";

/// Attributes of other types in that schema that white space does not count in either.
const COLLAPSED: &str =
    "encoding expectedRows incrementBy index maxDepth minDepth onDelete onUpdate position startWith";

/// The value of an attribute whose type does not count white space, and whether it is a truth value; `None` when it is
/// a text, in which white space counts.
pub(super) fn collapsed(element: &str, name: &str, value: &str) -> Option<(String, bool)> {
    let is_one_of = |names: &str| names.split_whitespace().any(|known| known == name);
    // The same name may have another type elsewhere.
    let is_text = match name {
        "primaryKey" => element != "constraints",
        "ignore" => element != "changeSet",
        "defaultValueBoolean" => element != "column",
        "incrementBy" => matches!(element, "createSequence" | "alterSequence"),
        "encoding" => !matches!(element, "loadData" | "loadUpdateData"),
        _ => false,
    };
    let is_boolean = is_one_of(BOOLEANS);
    if is_text || !(is_boolean || is_one_of(COLLAPSED)) {
        return None;
    }
    let words = value.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty());
    Some((words.collect::<Vec<_>>().join(" "), is_boolean))
}
