//! Random changelogs of all languages: files, folders, includes, properties, contexts, labels, kinds of database.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::changes::{self, change, statement, word};
use super::item::Item;
use super::random::Random;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<databaseChangeLog xmlns=\"http://www.liquibase.org/xml/ns/dbchangelog\"\n  \
    xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"\n  xsi:schemaLocation=\"http://www.liquibase.org/xml/ns/dbchangelog \
    http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd\">\n";

/// The root file.
pub(super) const ROOT: &str = "changelog/root.yaml";

/// Generates the files of a changelog.
pub(super) fn files(seed: u64) -> BTreeMap<String, Vec<u8>> {
    let mut generator = Generator { random: Random::new(seed), files: BTreeMap::new(), number: 0 };
    generator.all();
    generator.files
}

struct Generator {
    random: Random,
    files: BTreeMap<String, Vec<u8>>,
    number: usize,
}

impl Generator {
    fn all(&mut self) {
        self.add(
            changes::FILES[0],
            "\r\n# comment\r\nid,name\r\n\r\n1,a\r\n#2,b\n\n;3,\"c # d\"\n--4\n\n".to_owned(),
        );
        self.add(changes::FILES[1], "\u{feff}-- ${who}\r\n select  1 ;\n\n".to_owned());
        self.add(changes::FILES[2], "select '${who}'\n  from ${table} \n".to_owned());
        let mut root = String::from("databaseChangeLog:\n");
        for (name, value) in [
            ("who", "\"some${one}\""),
            ("one", "body"),
            ("table", "t_${who}"),
            ("nested", "\"deep\""),
            ("ested", "ested"),
        ] {
            writeln!(root, "  - property:\n      name: {name}\n      value: {value}").unwrap();
        }
        root.push_str(
            "  - property:\n      name: local\n      value: only in the root\n      global: false\n",
        );
        root.push_str("  - property:\n      name: who\n      value: too late\n");
        root.push_str("  - property:\n      name: never\n      value: x\n      dbms: oracle\n");
        for index in 0..10 {
            let name = self.file(&format!("changelog/part{index}"), 28);
            let name = name.trim_start_matches("changelog/").to_owned();
            root.push_str(&self.include(&name, "changelog/"));
        }
        for name in ["10", "2", "B", "_x", "a", "deep/1", "deep/er/0"] {
            self.file(&format!("changelog/folder/{name}"), 8);
        }
        root.push_str("  - includeAll:\n      path: folder/\n      relativeToChangelogFile: true\n");
        root.push_str(if self.random.chance(50) { "      labels: all\n" } else { "      context: every\n" });
        // What stands further down is included through a file of its own.
        let leaf = self.file("other/leaf", 12);
        let inner =
            Item::new("include").text("file", &leaf).text("context", "inner").text("labels", "inner,Again");
        let mut text = String::new();
        let name = match self.random.below(3) {
            0 => {
                inner.xml(&mut text);
                self.add("other/inner.xml", format!("{HEAD}{text}</databaseChangeLog>\n"));
                "other/inner.xml"
            }
            1 => {
                inner.json(&mut text);
                self.add("other/inner.json", format!("{{\"databaseChangeLog\": [{{{text}}}]}}"));
                "other/inner.json"
            }
            _ => {
                inner.yaml(4, &mut self.random, &mut text);
                self.add(
                    "other/inner.yml",
                    format!("databaseChangeLog:\n  - contextFilter: above\n  - {text}"),
                );
                "other/inner.yml"
            }
        };
        write!(
            root,
            "  - include:\n      file: {name}\n      contextFilter: outer or x\n      labels: Outer\n"
        )
        .unwrap();
        self.yaml_changesets(9, &mut root);
        self.add(ROOT, root);
    }

    fn add(&mut self, path: &str, text: String) {
        self.files.insert(path.to_owned(), text.into_bytes());
    }

    fn include(&mut self, name: &str, folder: &str) -> String {
        let mut text = if self.random.chance(50) {
            format!("  - include:\n      file: {name}\n      relativeToChangelogFile: true\n")
        } else {
            format!("  - include:\n      file: {folder}./{name}\n")
        };
        if self.random.chance(30) {
            let context = self.random.pick(&["dev", "'dev, test'", "dev and !x"]);
            writeln!(text, "      context: {context}").unwrap();
        }
        if self.random.chance(20) {
            text.push_str("      labels: fromInclude\n");
        }
        if self.random.chance(10) {
            text.push_str("      ignore: true\n");
        }
        text
    }

    /// A file in a random language; its path.
    fn file(&mut self, stem: &str, changesets: usize) -> String {
        let (extension, text) = match self.random.below(4) {
            0 => ("sql", self.sql(changesets)),
            1 => ("xml", self.xml(changesets)),
            2 => ("json", self.json(changesets)),
            _ => ("yaml", self.yaml(changesets)),
        };
        let path = format!("{stem}.{extension}");
        self.add(&path, text);
        path
    }

    fn id(&mut self) -> String {
        self.number += 1;
        match self.random.below(8) {
            0 => format!("{}.50", self.number),
            1 => format!("id {}", self.number),
            2 => format!("ünï-{}", self.number),
            _ => format!("set-{}", self.number),
        }
    }

    /// Attributes of a changeset.
    fn head(&mut self) -> Item {
        let author = self.random.pick(&["ann", "bob builder", "c.d@example.org"]);
        let mut item = Item::new("changeSet").text("id", self.id()).text("author", author);
        if self.random.chance(25) {
            item = item
                .text("context", self.random.pick(&["dev", "test or prod", "!dev", "a,b", "(x and y) or z"]));
        }
        if self.random.chance(20) {
            item = item.text("labels", self.random.pick(&["v1", "V1, blue", " a , b "]));
        }
        if self.random.chance(15) {
            item = item.text(
                "dbms",
                self.random.pick(&["postgresql", "!oracle", "oracle", "postgresql, h2", "all"]),
            );
        }
        if self.random.chance(5) {
            item = item.text("runOrder", self.random.pick(&["first", "last"]));
        }
        for name in ["runOnChange", "runAlways", "ignore"] {
            if self.random.chance(8) {
                item = item.bare(name, self.random.chance(50));
            }
        }
        if self.random.chance(8) {
            item = item.text(
                "logicalFilePath",
                self.random.pick(&["logical/one.yaml", "/slash/two.xml", "back\\three.sql", "a/./b/../c"]),
            );
        }
        item
    }

    fn changeset(&mut self) -> Item {
        let mut head = self.head();
        let count = self.random.pick(&[1, 1, 1, 2, 3]);
        if self.random.chance(8) {
            let tag = Item::new("tagDatabase").text("tag", format!("tag-{}", self.number));
            return head.list("changes", vec![tag]);
        }
        let changes = (0..count).map(|_| change(&mut self.random)).collect();
        if let Some(comment) = self.comment() {
            head = head.element("comment", comment);
        }
        head.list("changes", changes).behind(self.modification())
    }

    /// A comment; not the word that Liquibase stores as nothing at all.
    fn comment(&mut self) -> Option<String> {
        let comment = word(&mut self.random).trim().replace(['$', '\n', '\t'], " ");
        (self.random.chance(20) && comment != "null").then_some(comment)
    }

    fn modification(&mut self) -> Option<Item> {
        let what = Item::new("append").text("value", " -- end");
        let what = if self.random.chance(50) {
            what
        } else {
            Item::new("replace").text("replace", "a").text("with", "b")
        };
        let dbms = self.random.pick(&["postgresql", "oracle", "postgresql,h2,oracle"]);
        self.random.chance(10).then(|| Item::new("modifySql").text("dbms", dbms).child(what))
    }

    fn yaml(&mut self, count: usize) -> String {
        let mut text = String::from("# generated\ndatabaseChangeLog:\n");
        if self.random.chance(30) {
            text.push_str(
                "  - property:\n      name: only_here\n      value: yes it is\n      global: false\n",
            );
        }
        self.yaml_changesets(count, &mut text);
        text
    }

    fn yaml_changesets(&mut self, count: usize, text: &mut String) {
        for _ in 0..count {
            text.push_str("  - ");
            self.changeset().yaml(4, &mut self.random, text);
        }
    }

    fn json(&mut self, count: usize) -> String {
        let mut text = String::from("{ \"databaseChangeLog\": [\n");
        for index in 0..count {
            text.push_str(if index > 0 { ",\n  { " } else { "  { " });
            self.changeset().json(&mut text);
            text.push_str(" }");
        }
        text.push_str("\n] }\n");
        text
    }

    fn xml(&mut self, count: usize) -> String {
        let mut text = String::from(HEAD);
        text.push_str("<property name=\"late\" value=\"${who} again\"/>\n");
        for _ in 0..count {
            self.changeset().xml(&mut text);
        }
        text.push_str("</databaseChangeLog>\n");
        if self.random.chance(30) { text.replace('\n', "\r\n") } else { text }
    }

    fn sql(&mut self, count: usize) -> String {
        let mut text = String::from(
            self.random.pick(&["--liquibase formatted sql\n", "\n-- Liquibase  formatted SQL\n\n"]),
        );
        if self.random.chance(30) {
            text.push_str("--property name:only_here value:yes_it_is global:false\n");
        }
        for _ in 0..count {
            let author = self.random.pick(&["ann", "bob builder", "\"c d\""]);
            self.number += 1;
            write!(text, "--changeset {author}:{}{}", self.random.pick(&["", "x:", "n-"]), self.number)
                .unwrap();
            for (percent, attributes) in [
                (20, ["splitStatements:false", "splitStatements:true"]),
                (20, ["stripComments:false", "stripComments:true"]),
                (15, ["endDelimiter:/", "endDelimiter:@@"]),
                (15, ["context:dev", "contextFilter:\"a or b\""]),
                (15, ["labels:v1", "labels:\"V1,blue\""]),
                (15, ["dbms:postgresql", "dbms:!oracle,postgresql"]),
                (8, ["dbms:oracle", "ignore:true"]),
                (8, ["runOnChange:true", "runAlways:true"]),
                (8, ["logicalFilePath:some/where.sql", "logicalFilePath:/x\\y/../z"]),
                (5, ["failOnError:false", "unknown:true"]),
            ] {
                if self.random.chance(percent) {
                    write!(text, " {}", self.random.pick(&attributes)).unwrap();
                }
            }
            text.push('\n');
            for (percent, line) in [
                (20, "--comment: because of it"),
                (10, "--preconditions onFail:MARK_RAN onError:HALT"),
                (10, "--precondition-sql-check expectedResult:0 select count(*) from t"),
                (10, "--validCheckSum: 9:0123456789abcdef0123456789abcdef"),
                (10, "/* liquibase rollback\ndrop table y;\n*/"),
            ] {
                if self.random.chance(percent) {
                    writeln!(text, "{line}").unwrap();
                }
            }
            if self.random.chance(10) {
                text.push_str("--ignoreLines:1\nselect 'ignored';\n");
            }
            writeln!(text, "{}", statement(&mut self.random)).unwrap();
            if self.random.chance(30) {
                text.push_str("\n  -- a plain comment\n");
            }
            if self.random.chance(40) {
                text.push_str("--rollback drop table x;\n");
            }
        }
        if self.random.chance(30) { text.replace('\n', "\r\n") } else { text }
    }
}
