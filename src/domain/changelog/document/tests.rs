//! What is read, and what is refused with its line. That values come out as in Liquibase is held against its own sums
//! in `change/tests.rs`.

use std::fmt::Write as _;

use super::*;
use crate::domain::yaml::printed;

const HEAD: &str = "databaseChangeLog:\n- changeSet:\n    id: 1\n    author: a\n";
const XML: &str =
    "<databaseChangeLog xmlns=\"http://www.liquibase.org/xml/ns/dbchangelog\" s:schemaLocation=\"x\">\n";

fn yaml(text: &str) -> (Option<Node>, Vec<String>) {
    let (root, problems) = read("a.yaml", text);
    (root, problems.iter().map(ToString::to_string).collect())
}

/// Without the name of the schema, which every file has.
fn xml(text: &str) -> (Option<Node>, Vec<String>) {
    let (mut root, problems) = read("a.xml", text);
    if let Some(root) = &mut root {
        root.children.retain(|child| child.name != "schemaLocation");
    }
    (root, problems.iter().map(ToString::to_string).collect())
}

/// A node on one line: `name=value(children)`.
fn shown(node: &Node) -> String {
    let value = node.value.as_ref().map(|value| format!("={}", printed(value))).unwrap_or_default();
    let children: Vec<_> = node.children.iter().map(shown).collect();
    let children = if children.is_empty() { String::new() } else { format!("({})", children.join(" ")) };
    format!("{}{value}{children}", node.name)
}

#[test]
fn the_three_languages_make_the_same_tree() {
    let expected = "databaseChangeLog(changeSet(id=1 author=a changes(sql(sql=x))))";
    let (root, problems) = yaml(&format!("{HEAD}    changes:\n    - sql:\n        sql: x\n"));
    assert_eq!((root.map(|root| shown(&root)).as_deref(), problems), (Some(expected), vec![]));
    let (root, problems) = read(
        "a.json",
        r#"{"databaseChangeLog":[{"changeSet":{"id":1,"author":"a","changes":[{"sql":{"sql":"x"}}]}}]}"#,
    );
    assert_eq!((root.map(|root| shown(&root)).as_deref(), problems), (Some(expected), vec![]));
    let (root, problems) = xml(&format!(
        "{XML}<changeSet id='1' author='a'><changes><sql sql='x'/></changes></changeSet></databaseChangeLog>"
    ));
    assert_eq!((root.map(|root| shown(&root)).as_deref(), problems), (Some(expected), vec![]));
}

#[test]
fn nodes_know_their_lines() {
    let (root, _) = yaml(&format!("# first\n{HEAD}    changes:\n    - sql: x\n"));
    let root = root.unwrap();
    let set = &root.children[0];
    assert_eq!([root.line, set.line, set.children[1].line, set.children[2].children[0].line], [2, 3, 5, 7]);
    let (root, _) = xml(&format!("{XML}<changeSet\n id='1'>\n<sql>x</sql></changeSet></databaseChangeLog>"));
    let root = root.unwrap();
    assert_eq!([root.line, root.children[0].line, root.children[0].children[1].line], [1, 2, 4]);
}

#[test]
fn merge_keys_and_aliases_are_worked_out() {
    let text = "databaseChangeLog:\n- a: &x {p: 1, q: 2}\n- b:\n    <<: *x\n    q: 3\n- c:\n    q: 4\n    <<: [*x, {r: 5}]\n- d: *x\n";
    let (root, problems) = yaml(text);
    let expected = "databaseChangeLog(a(p=1 q=2) b(p=1 q=3) c(q=4 p=1 r=5) d(p=1 q=2))";
    assert_eq!((root.map(|root| shown(&root)).as_deref(), problems), (Some(expected), vec![]));
}

#[test]
fn of_a_key_that_stands_twice_the_last_one_counts_and_it_is_told() {
    let (root, problems) = yaml("databaseChangeLog:\n- a: {p: 1, q: 2, p: 3}\n");
    assert_eq!(root.map(|root| shown(&root)).as_deref(), Some("databaseChangeLog(a(q=2 p=3))"));
    assert_eq!(
        problems,
        [
            "a.yaml:2: the key `p` stands twice. Liquibase leaves this one out and takes the one further down: keep one of them."
        ]
    );
}

#[test]
fn a_date_without_quotes_is_told() {
    let (_, problems) = yaml(&format!("{HEAD}    changes:\n    - tagDatabase: {{tag: 2024-01-02}}\n"));
    assert_eq!(
        problems,
        [
            "a.yaml:6: without quotes the date 2024-01-02 hangs on the time zone of the machine, and so does the checksum: UTC is assumed. Put it in quotes."
        ]
    );
    assert_eq!(yaml(&format!("{HEAD}    tag: '2024-01-02'\n")).1, Vec::<String>::new());
}

#[test]
fn what_is_no_yaml_or_no_changelog_is_told_with_its_line() {
    for (text, expected) in [
        ("", "a.yaml:1: it is no changelog"),
        ("foo: bar\n", "a.yaml:1: there is no `databaseChangeLog`"),
        ("\ndatabaseChangeLog:\n  a: b\n", "a.yaml:2: `databaseChangeLog` is not a list"),
        (
            "databaseChangeLog: []\n---\nx: y\n",
            "a.yaml:2: the YAML cannot be read: a second document begins here",
        ),
        (&format!("{HEAD}    sql: @x\n"), "a.yaml:5: the YAML cannot be read: unexpected character: `@'"),
        (
            &format!("{HEAD}    sql: !foo x\n"),
            "a.yaml:5: the YAML cannot be read: the tag `!foo` is not one that is read here",
        ),
        (
            &format!("{HEAD}    sql: &a [*a]\n"),
            "a.yaml:5: the YAML cannot be read: an alias stands inside of what it stands for",
        ),
        (
            &format!("{HEAD}    sql: \"a\\/b\"\n"),
            "a.yaml:5: the YAML cannot be read: Liquibase does not know the escape `\\/`",
        ),
        (
            &format!("{HEAD}    sql:\tx\n"),
            "a.yaml:5: the YAML cannot be read: a tab stands where Liquibase takes none",
        ),
        (
            &format!("{HEAD}    sql: 'a\u{2028}b'\n"),
            "a.yaml:5: the YAML cannot be read: the character U+2028 is an end of line",
        ),
        (&format!("{HEAD}    sql: {{yes: x}}\n"), "a.yaml:5: a key is not a text"),
        (
            &format!("{HEAD}    <<: x\n"),
            "a.yaml:5: the YAML cannot be read: the key `<<` stands for something that is no mapping",
        ),
    ] {
        let (_, problems) = yaml(text);
        assert!(problems.iter().any(|problem| problem.starts_with(expected)), "{text:?}: {problems:?}");
    }
}

#[test]
fn tabs_are_taken_where_liquibase_takes_them() {
    for text in [
        "sql: x\t\n",
        "sql: x\t# c\td\n",
        "sql: 'x\ty'\n",
        "sql: |\n      \tx\n",
        "sql\t: x\n",
        "sql: [a\t, b]\n",
    ] {
        let (root, problems) = yaml(&format!("{HEAD}    {text}"));
        assert!(root.is_some() && problems.is_empty(), "{text:?}: {problems:?}");
    }
    for text in ["sql: 'x'\t\n", "sql: [a,\tb]\n", "sql: x\n\t\n", "sql: x\n     \ty\n", "sql: &a\tx\n"] {
        assert_eq!(yaml(&format!("{HEAD}    {text}")).0, None, "{text:?}");
    }
}

#[test]
fn no_document_makes_more_than_it_deserves() {
    // Each of the lists holds the one before ten times.
    let mut laughs = "databaseChangeLog:\n- l0: &l0 [{a: b}, {a: b}]\n".to_owned();
    for level in 1..=4 {
        let aliases = vec![format!("*l{}", level - 1); 10].join(", ");
        writeln!(laughs, "- l{level}: &l{level} [{{x: [{aliases}]}}]").unwrap();
    }
    let (_, problems) = yaml(&laughs);
    assert_eq!(problems, Vec::<String>::new());
    for (alias, count) in [("*l4", 3), ("*l4", 30)] {
        let aliases = vec![alias; count].join(", ");
        let (_, problems) = yaml(&format!("{laughs}- l5: [{{x: [{aliases}]}}]\n"));
        assert_eq!(problems.len(), 1, "{problems:?}");
    }
    let deep = |depth| format!("databaseChangeLog:\n- a: {}x{}\n", "[".repeat(depth), "]".repeat(depth));
    assert!(yaml(&deep(46)).1.is_empty());
    assert!(yaml(&deep(60)).1[0].contains("more than 50 deep"), "{:?}", yaml(&deep(60)).1);
    assert!(yaml(&deep(100_000)).1[0].contains("cannot be read"));
    let deep = format!("{XML}{}{}</databaseChangeLog>", "<a>".repeat(100_000), "</a>".repeat(100_000));
    assert!(xml(&deep).1[0].contains("more than 100 deep"));
}

#[test]
fn xml_text_is_trimmed_and_attributes_are_normalised() {
    let text = format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n<!-- c -->{XML}<a x='1\n2\t3&#10;4' y=' z ' unique=' true '>\n  one <![CDATA[<two>]]> &amp;&#233;\r\n<!-- no --><b/> three </a>\n</databaseChangeLog>\n"
    );
    let (root, problems) = xml(&text);
    assert_eq!(problems, Vec::<String>::new());
    let expected = "databaseChangeLog(a=one <two> &é\n three(x=1 2 3\n4 y= z  unique=true b))";
    assert_eq!(root.map(|root| shown(&root)).as_deref(), Some(expected));
}

#[test]
fn what_is_no_xml_or_no_changelog_is_told_with_its_line() {
    for (text, expected) in [
        ("", "a.xml:1: it is no changelog"),
        ("<foo/>", "a.xml:1: its root is `foo`, so it is no changelog"),
        ("<databaseChangeLog/>", "a.xml:1: the root does not name Liquibase's schema"),
        (&format!("{XML}<a>\n</b></databaseChangeLog>"), "a.xml:3: the XML cannot be read"),
        (&format!("{XML}\n<a>"), "a.xml:3: the XML cannot be read: the element `a` is not closed"),
        (
            &format!("{XML}</databaseChangeLog>\n<a/>"),
            "a.xml:3: the XML cannot be read: a second root element begins",
        ),
        (
            &format!("{XML}</databaseChangeLog>\nx"),
            "a.xml:2: the XML cannot be read: text stands outside of the root",
        ),
        (
            &format!("{XML}<a>\n&foo;</a></databaseChangeLog>"),
            "a.xml:3: the XML cannot be read: the entity `&foo;`",
        ),
        (&format!("{XML}<a x='1' x='2'/></databaseChangeLog>"), "a.xml:2: the XML cannot be read"),
        (
            &format!("{XML}<a>\u{7}</a></databaseChangeLog>"),
            "a.xml:2: the XML cannot be read: the character U+0007",
        ),
        (
            &format!("\n<?xml version='1.0'?>{XML}</databaseChangeLog>"),
            "a.xml:2: the XML cannot be read: the XML declaration",
        ),
        (
            &format!("{XML}<a unique='TRUE'/></databaseChangeLog>"),
            "a.xml:2: `unique` is `TRUE`, and Liquibase refuses",
        ),
        (
            &format!("{XML}<a unique='1'/></databaseChangeLog>"),
            "a.xml:2: `unique` is `1`, which Liquibase takes for false",
        ),
        (
            &format!("<?xml version='1.0' encoding='latin1'?>{XML}é</databaseChangeLog>"),
            "a.xml:1: it says that it is in LATIN1",
        ),
    ] {
        let (_, problems) = xml(text);
        assert!(problems.iter().any(|problem| problem.starts_with(expected)), "{text:?}: {problems:?}");
    }
}
