//! What a changeset of a tree says besides its sums, and what is told about it.

use super::*;
use crate::domain::changelog::Surroundings;
use crate::domain::changelog::document;

/// Reads the first changeset of a YAML file that has `body` in it.
fn read(body: &str) -> (Changeset, Vec<Problem>) {
    let body = body.replace('\n', "\n    ");
    let text = format!("databaseChangeLog:\n- changeSet:\n    id: 1\n    author: a\n    {body}\n");
    let (root, problems) = document::read("c.yaml", &text);
    assert_eq!(problems, []);
    let surroundings = Surroundings::default();
    let files = Files::from([("x.sql".to_owned(), b"select 'file'\n".to_vec())]);
    let inherited =
        Filter { contexts: vec!["outer".to_owned()], labels: vec!["old".to_owned()], ..Filter::default() };
    let at = Standing {
        lines: &[],
        files: &files,
        file: "c.yaml",
        stored_path: "logical.yaml",
        inherited: &inherited,
        parameters: &Parameters::new(&surroundings),
    };
    changeset(&root.unwrap().children[0], &at)
}

fn told(body: &str) -> Vec<String> {
    read(body).1.iter().map(ToString::to_string).collect()
}

#[test]
fn attributes_are_read_behind_those_of_the_includes() {
    let body = "context: none\ncontextFilter: inner or x\nlabels: New, blue\ndbms: postgresql\nrunAlways: true\n\
                runOnChange: 'yes'\nrunInTransaction: false\nignore: true\nlogicalFilePath: /other\\path.yaml\ncomment: why\n\
                validCheckSum: ['9:a', ANY]\nsql: x";
    let (changeset, problems) = read(body);
    assert_eq!(problems, []);
    assert_eq!(changeset.id.to_string(), "other/path.yaml::1::a");
    assert_eq!((changeset.place.file.as_str(), changeset.place.line), ("c.yaml", 2));
    assert_eq!(changeset.filter.contexts, ["outer", "inner or x"]);
    assert_eq!(changeset.filter.labels, ["old", "new", "blue"]);
    assert_eq!(changeset.filter.dbms, ["postgresql"]);
    assert!(changeset.filter.is_ignored && changeset.runs_always);
    // A text in quotes is not true, whatever it says.
    assert!(
        !changeset.runs_on_change && !changeset.runs_in_transaction && read("sql: x").0.runs_in_transaction
    );
    assert_eq!(changeset.comment, "why");
    assert_eq!(changeset.valid_sums, ["9:a", "ANY"]);
    assert_eq!(read("sql: x").0.id.path, "logical.yaml");
    assert_eq!(read("context: only\nsql: x").0.filter.contexts, ["outer", "only"]);
}

#[test]
fn rollbacks_are_told_apart() {
    let sql = |text: &str| Rollback::Sql(text.to_owned());
    for (body, expected) in [
        ("sql: x", Rollback::Missing),
        ("tagDatabase: {tag: x}", Rollback::Automatic),
        ("changes: [createTable: {tableName: t}, empty: {}]", Rollback::Automatic),
        ("changes: [createTable: {tableName: t}, sql: x]", Rollback::Missing),
        ("changes: [dropTable: {tableName: t}]", Rollback::Missing),
        ("sql: x\nrollback:", Rollback::Empty),
        ("sql: x\nrollback: []", Rollback::Empty),
        ("sql: x\nrollback: [empty: {}]", Rollback::Empty),
        ("sql: x\nrollback: Empty;", Rollback::Empty),
        ("sql: x\nrollback: [sql: empty]", Rollback::Empty),
        ("sql: x\nrollback: drop table t", sql("drop table t")),
        ("sql: x\nrollback: [{sql: a}, {sql: {sql: b}}]", sql("a\nb")),
        ("sql: x\nrollback: [{sqlFile: {path: x.sql}}]", sql("select 'file'")),
        (
            "sql: x\nrollback: [{dropTable: {tableName: t}}]",
            Rollback::Modelled("dropTable\n  tableName: t".to_owned()),
        ),
        (
            "sql: x\nrollback: {changeSetId: 2, changeSetAuthor: b}",
            Rollback::Changeset("logical.yaml::2::b".to_owned()),
        ),
        (
            "sql: x\nrollback: {changeSetId: 2, changeSetAuthor: b, changeSetPath: p.yaml}",
            Rollback::Changeset("p.yaml::2::b".to_owned()),
        ),
    ] {
        assert_eq!(read(body).0.rollback, expected, "{body}");
    }
}

#[test]
fn what_a_changeset_does_is_sql_a_tag_or_changes() {
    let change = |body| read(body).0.change;
    assert_eq!(change("sql: ' select 1 '"), Change::Sql("select 1".to_owned()));
    assert_eq!(change("changes: [sqlFile: {path: x.sql}]"), Change::Sql("select 'file'".to_owned()));
    assert_eq!(change("tagDatabase: {tag: 1.10}"), Change::Tag("1.1".to_owned()));
    let modelled = |kinds: &[&str], text: &str| Change::Modelled {
        kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        text: text.to_owned(),
    };
    let body =
        "changes:\n- createTable: {tableName: t, columns: [column: {name: a, type: int}]}\n- sql: select 1";
    let text = "createTable\n  tableName: t\n  columns\n    column\n      name: a\n      type: int\nselect 1";
    assert_eq!(change(body), modelled(&["createTable", "sql"], text));
    // What is modified is not only its SQL any more.
    let body = "sql: x\nmodifySql: {append: {value: y}}";
    assert_eq!(change(body), modelled(&["sql"], "x\nmodifySql\n  append\n    value: y"));
    assert_eq!(read("changes: [sqlFile: {path: x.sql}]").0.files, ["x.sql"]);
}

#[test]
fn preconditions_become_lines() {
    let body = "preConditions:\n- onFail: MARK_RAN\n- not: [tableExists: {tableName: t}]\n\
                - sqlCheck: {expectedResult: 0, sql: \"select\\n 1\"}\nsql: x";
    assert_eq!(
        read(body).0.preconditions,
        ["onFail: MARK_RAN", "not (tableExists tableName: t)", "sqlCheck expectedResult: 0 sql: select 1"]
    );
}

#[test]
fn what_liquibase_leaves_out_is_told() {
    for (body, expected) in [
        (
            "changes: [dropTable: {tabelName: t}]",
            "c.yaml:5: dropTable has no `tabelName`, and Liquibase leaves it out. Did you mean `tableName`? If not, take it out.",
        ),
        (
            "changes: [addColumn: {columns: [column: {name: a, constraints: {nulable: false}}]}]",
            "c.yaml:5: constraints has no `nulable`, and Liquibase leaves it out. Did you mean `nullable`? If not, take it out.",
        ),
        (
            "author2: x\nsql: x",
            "c.yaml:5: a changeset has no `author2`, and Liquibase leaves it out. Take it out: it does nothing.",
        ),
        (
            "createTabel: {tableName: t}",
            "c.yaml:5: `createTabel` is not a change of Liquibase itself: without the extension it belongs to, Liquibase refuses it. Did you mean `createTable`? Its checksum is only known to Liquibase.",
        ),
        (
            "dbms: postgres\nsql: x",
            "c.yaml:2: changeset logical.yaml::1::a is for a database `postgres`, which Liquibase does not know. The name of PostgreSQL is `postgresql`.",
        ),
        (
            "sql: select $$ a; b $$",
            "c.yaml:2: changeset logical.yaml::1::a has a `;` between dollar quotes: Liquibase cuts the statement there. Add `splitStatements: false` or an `endDelimiter`.",
        ),
        (
            "sql: x\nrollback: not required",
            "c.yaml:6: the rollback `not required` is run as SQL: only in SQL files it means nothing to do. Write `empty` instead.",
        ),
    ] {
        assert_eq!(told(body), [expected], "{body}");
    }
}

#[test]
fn what_liquibase_refuses_is_an_error_and_leaves_the_sums_open() {
    for (body, expected) in [
        ("changes: [sqlFile: {}]", "c.yaml:5: a sqlFile names no file. Give it `path`."),
        (
            "changes: [sqlFile: {path: no.sql}]",
            "c.yaml:5: the file no.sql does not exist. Add it, or correct its path.",
        ),
        ("changes: [loadData: {tableName: t}]", "c.yaml:5: a loadData names no file. Give it `file`."),
        (
            "changes: [createSequence: {startValue: 1.5}]",
            "c.yaml:5: `startValue` is `1.5`, which is no whole number. Write digits alone.",
        ),
        (
            "changes: [addColumn: {columns: [column: {nam: a}]}]",
            "c.yaml:5: a column has no `nam`, and Liquibase refuses the file for it. Did you mean `name`? If not, take it out.",
        ),
        (
            "changes: [createTable: {tableName: a, TableName: b}]",
            "c.yaml:5: `TableName` stands twice in `createTable`. Keep one of them.",
        ),
        (
            "sql: x\nrollback: 5",
            "c.yaml:6: a rollback is neither a text nor a list of changes. Put it in quotes, if it is SQL.",
        ),
    ] {
        let (changeset, problems) = read(body);
        assert_eq!(problems.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected], "{body}");
        assert!(problems[0].is_error && problems[0].changeset == Some(changeset.id.clone()));
        assert!(changeset.sums.v8.is_err() && changeset.sums.v9.is_err(), "{body}");
    }
}

#[test]
fn a_change_that_only_liquibase_knows_leaves_the_sums_open() {
    for body in [
        "customChange: {class: a.B}",
        "changes: [createFunction: {functionBody: x}]",
        "changes: [foo: {bar: x}]",
    ] {
        let (changeset, _) = read(body);
        assert_eq!(
            changeset.sums.v9,
            Err("a custom or Pro change; only Liquibase can tell".to_owned()),
            "{body}"
        );
    }
    let (changeset, _) = read("sql: x\nmodifySql: {context: prod, append: {value: y}}");
    assert!(changeset.sums.v9.is_err());
}
