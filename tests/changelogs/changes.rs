//! Random changes: valid ones, with odd values in them.

use super::item::Item;
use super::random::Random;

/// Files that changes may name, below the root.
pub(super) const FILES: [&str; 3] = ["data/rows.csv", "data/body.sql", "data/view.sql"];

const WORDS: [&str; 24] = [
    "t_main",
    "Orders",
    "yes",
    "no",
    "010",
    "1e10",
    "null",
    "~",
    "2024-01-02",
    "  spaced  ",
    "quo'te",
    "dou\"ble",
    "ünïcödé",
    "e\u{301}",
    "\u{1F600}",
    "a & b",
    "x < y",
    "${who}",
    "${ WHO }",
    "${unknown}",
    "tab\there",
    "two\nlines",
    "# hash",
    "colon: here",
];

const STATEMENTS: [&str; 15] = [
    "select 1",
    "select 1;\nselect 2;",
    "-- a comment\nselect 'it''s' /* here */;",
    "insert into t values ('a;b');\n\n  insert into t values (2)  ;",
    "create table ${table} (id int)",
    "select '${who}', '${local}', '${only_here}'",
    "select $$ body; $$",
    "  select\t1 ,\n\t2  ",
    "select 'ünïcödé e\u{301} \u{1F600}\u{a0}x'",
    "select 1 where 2 > 1 and 1 < 2",
    "update t set a = 'x' -- end",
    "select '${n${ested}}'",
    "begin\n  perform 1;\nend;",
    "select \"a\\b\"",
    "select '${from_outside} ${database.typeName} ${late}'",
];

/// A word, mostly an odd one.
pub(super) fn word(random: &mut Random) -> String {
    random.pick(&WORDS).to_owned()
}

/// A statement, or several.
pub(super) fn statement(random: &mut Random) -> String {
    random.pick(&STATEMENTS).to_owned()
}

fn name(random: &mut Random) -> String {
    if random.chance(70) { format!("n{}", random.below(1000)) } else { word(random) }
}

fn number(random: &mut Random) -> String {
    random.pick(&["0", "7", "-3", "1.5", "1.50", "10.0", "123456789012", "0.001", "1.0E7"]).to_owned()
}

/// Sets each of the texts in about half of the cases.
fn some_texts(mut item: Item, names: &[&'static str], random: &mut Random) -> Item {
    for attribute in names {
        if random.chance(40) {
            item = item.text(attribute, name(random));
        }
    }
    item
}

fn some_booleans(mut item: Item, names: &[&'static str], random: &mut Random) -> Item {
    for attribute in names {
        if random.chance(40) {
            item = item.bare(attribute, random.chance(50));
        }
    }
    item
}

fn column(random: &mut Random) -> Item {
    let kind = random.pick(&["int", "bigint", "varchar(10)", "decimal(10, 2)"]);
    let is_whole = kind.ends_with("int");
    let mut item = Item::new("column").text("name", name(random)).text("type", kind);
    item = some_texts(item, &["remarks"], random);
    match random.below(8) {
        0 => item = item.text("defaultValue", word(random)),
        1 => item = item.bare("defaultValueNumeric", number(random)),
        2 => item = item.text("defaultValueNumeric", random.pick(&["1.50", "(5)", "007", "1,000"])),
        3 => item = item.bare("defaultValueBoolean", random.chance(50)),
        4 => {
            item = item.text(
                "defaultValueDate",
                random.pick(&["2024-01-02", "2024-01-02T03:04:05", "2024-01-02 03:04:05.120", "now()"]),
            );
        }
        5 => item = item.text("defaultValueComputed", "now()"),
        6 if is_whole => item = item.bare("autoIncrement", true).bare("startWith", random.below(50)),
        _ => {}
    }
    if random.chance(50) {
        let constraints =
            some_booleans(Item::new("constraints"), &["nullable", "unique", "deferrable"], random);
        item = item.child(some_texts(
            constraints,
            &["uniqueConstraintName", "notNullConstraintName", "checkConstraint"],
            random,
        ));
    }
    item
}

fn values(random: &mut Random) -> Vec<Item> {
    (0..=random.below(4))
        .map(|_| {
            let item = Item::new("column").text("name", name(random));
            match random.below(6) {
                0 => item.bare("valueNumeric", number(random)),
                1 => item.text("valueNumeric", random.pick(&["1.50", "(5)", "a + 1", "+5"])),
                2 => item.bare("valueBoolean", random.chance(50)),
                3 => item.text(
                    "valueDate",
                    random.pick(&["2024-01-02", "03:04:05", "2024-01-02T03:04:05.5", "today()"]),
                ),
                4 => item.text("valueComputed", "lower('X')"),
                _ => item.text("value", word(random)),
            }
        })
        .collect()
}

fn columns(random: &mut Random, make: impl Fn(&mut Random) -> Item) -> Vec<Item> {
    (0..=random.below(3)).map(|_| make(random)).collect()
}

/// A random change.
pub(super) fn change(random: &mut Random) -> Item {
    match random.below(4) {
        0 => of_sql(random),
        1 => of_data(random),
        2 => of_tables(random),
        _ => of_constraints(random),
    }
}

fn of_sql(random: &mut Random) -> Item {
    match random.below(7) {
        0 | 1 => {
            let item = Item::new("sql").body("sql", statement(random));
            let item = some_booleans(item, &["splitStatements", "stripComments"], random);
            let item = if random.chance(20) {
                item.text("endDelimiter", random.pick(&["/", "\\nGO", "@@"]))
            } else {
                item
            };
            if random.chance(20) {
                item.text("dbms", random.pick(&["postgresql", "oracle", "!oracle", "h2, postgresql"]))
            } else {
                item
            }
        }
        2 => some_booleans(
            Item::new("sqlFile").text("path", FILES[1]),
            &["splitStatements", "stripComments"],
            random,
        ),
        3 => {
            let view = some_booleans(
                Item::new("createView").text("viewName", name(random)),
                &["replaceIfExists", "fullDefinition"],
                random,
            );
            if random.chance(30) {
                view.text("path", FILES[2])
            } else {
                view.body("selectQuery", statement(random))
            }
        }
        4 => {
            let procedure = Item::new("createProcedure").text("procedureName", name(random));
            if random.chance(30) {
                procedure.text("path", FILES[1])
            } else {
                procedure.body("procedureText", statement(random))
            }
        }
        5 => Item::new("dropView").text("viewName", name(random)),
        _ => Item::new("dropProcedure").text("procedureName", name(random)),
    }
}

fn of_data(random: &mut Random) -> Item {
    match random.below(8) {
        0 => Item::new("insert").text("tableName", name(random)).list("columns", values(random)),
        1 => Item::new("update")
            .text("tableName", name(random))
            .list("columns", values(random))
            .element("where", "id = 1"),
        2 => Item::new("delete")
            .text("tableName", name(random))
            .element("where", statement(random).trim().to_owned()),
        3 => {
            let load = Item::new("loadData").text("file", FILES[0]).text("tableName", name(random));
            if random.chance(50) {
                load.text("commentLineStartsWith", random.pick(&["#", ";", "--"]))
            } else {
                load
            }
        }
        4 => Item::new("loadUpdateData")
            .text("file", FILES[0])
            .text("tableName", name(random))
            .text("primaryKey", "id"),
        5 => {
            Item::new("output").text("target", random.pick(&["STDERR", "INFO"])).body("message", word(random))
        }
        6 => Item::new("empty"),
        _ => Item::new("executeCommand").text("executable", name(random)),
    }
}

fn of_tables(random: &mut Random) -> Item {
    let table = |item: &'static str, random: &mut Random| Item::new(item).text("tableName", name(random));
    match random.below(14) {
        0 | 1 => some_texts(table("createTable", random), &["remarks", "schemaName"], random)
            .list("columns", columns(random, column)),
        2 => table("addColumn", random).list("columns", columns(random, column)),
        3 => table("dropColumn", random).text("columnName", name(random)),
        4 => table("dropColumn", random)
            .list("columns", columns(random, |random| Item::new("column").text("name", name(random)))),
        5 => some_booleans(table("dropTable", random), &["cascadeConstraints"], random),
        6 => Item::new("renameTable").text("oldTableName", name(random)).text("newTableName", name(random)),
        7 => table("renameColumn", random)
            .text("oldColumnName", name(random))
            .text("newColumnName", name(random)),
        8 => table("modifyDataType", random).text("columnName", name(random)).text("newDataType", "bigint"),
        9 => table("setTableRemarks", random).text("remarks", word(random)),
        10 => {
            table("setColumnRemarks", random).text("columnName", name(random)).text("remarks", word(random))
        }
        11 => Item::new("createSequence")
            .text("sequenceName", name(random))
            .bare("startValue", random.below(99))
            .bare("incrementBy", 2_usize),
        12 => Item::new("dropSequence").text("sequenceName", name(random)),
        _ => Item::new("renameView").text("oldViewName", name(random)).text("newViewName", name(random)),
    }
}

fn of_constraints(random: &mut Random) -> Item {
    let table = |item: &'static str, random: &mut Random| Item::new(item).text("tableName", name(random));
    let column =
        |item: &'static str, random: &mut Random| table(item, random).text("columnName", name(random));
    match random.below(10) {
        0 => some_booleans(table("createIndex", random).text("indexName", name(random)), &["unique"], random)
            .list(
                "columns",
                columns(random, |random| {
                    some_booleans(Item::new("column").text("name", name(random)), &["descending"], random)
                }),
            ),
        1 => table("dropIndex", random).text("indexName", name(random)),
        2 => some_texts(
            table("addPrimaryKey", random).text("columnNames", "a, b"),
            &["constraintName"],
            random,
        ),
        3 => table("addUniqueConstraint", random)
            .text("columnNames", "a,b")
            .text("constraintName", name(random)),
        4 => {
            let key = Item::new("addForeignKeyConstraint")
                .text("baseTableName", name(random))
                .text("baseColumnNames", "a")
                .text("constraintName", name(random))
                .text("referencedTableName", name(random))
                .text("referencedColumnNames", "id");
            let key =
                some_booleans(key, &["deferrable", "initiallyDeferred", "validate", "deleteCascade"], random);
            if random.chance(50) { key.text("onDelete", random.pick(&["CASCADE", "SET NULL"])) } else { key }
        }
        5 => column("addNotNullConstraint", random).text("columnDataType", "int"),
        6 => column("dropNotNullConstraint", random),
        7 => {
            let item = column("addDefaultValue", random);
            match random.below(3) {
                0 => item.bare("defaultValueNumeric", number(random)),
                1 => item.bare("defaultValueBoolean", random.chance(50)),
                _ => item.text("defaultValue", word(random)),
            }
        }
        8 => column("dropDefaultValue", random),
        _ => table("dropUniqueConstraint", random).text("constraintName", name(random)),
    }
}
