//! What of a change is hashed, by its type.

use super::attribute::{Read, Refusal};
use super::kinds::Kind;
use super::object::Object;
use super::source::{self, Source};
use super::{Loaded, Parts, csv};
use crate::domain::changelog::checksum::{Checksum, Splitting};
use crate::domain::changelog::node::Node;
use crate::domain::changelog::tree::Standing;
use crate::domain::changelog::{Algorithm, Script, sql};

/// Fields of a view that its sum of version 9 leaves out: the query is hashed by itself.
const APART_IN_A_VIEW: [&str; 4] = ["path", "relativeToChangelogFile", "selectQuery", "encoding"];

/// The same for a procedure.
const APART_IN_A_PROCEDURE: [&str; 6] =
    ["path", "dbms", "relativeToChangelogFile", "procedureText", "encoding", "comments"];

/// How the file of a view or procedure counts in version 8.
fn as_one_statement() -> Splitting {
    Splitting { end_delimiter: Some(";".to_owned()), splits_statements: false, strips_comments: false }
}

/// A change whose sums are asked for.
pub(super) struct Change<'c> {
    pub(super) kind: &'static Kind,
    pub(super) node: &'c Node,
    pub(super) object: &'c Object,
    pub(super) at: &'c Standing<'c>,
}

impl Change<'_> {
    /// Its sums. What is learned on the way about its SQL and its files goes into `loaded`.
    pub(super) fn parts(&self, loaded: &mut Loaded) -> Read<Parts> {
        match self.kind.name {
            "sql" => Ok(self.sql(loaded)),
            "sqlFile" => self.sql_file(loaded),
            "loadData" | "loadUpdateData" => self.data(loaded),
            "createView" => self.definition(loaded, "selectQuery", &APART_IN_A_VIEW),
            "createProcedure" => self.definition(loaded, "procedureText", &APART_IN_A_PROCEDURE),
            name => {
                let text = self.object.printed(name);
                Ok(Parts::of(|algorithm| Ok(Some(Checksum::of_text(algorithm, &text)))))
            }
        }
    }

    fn splitting(&self) -> Splitting {
        let is_true = |name: &str| self.object.text(name).map(|text| text == "true");
        Splitting {
            end_delimiter: self.object.text("endDelimiter").map(str::to_owned),
            splits_statements: is_true("splitStatements").unwrap_or(true),
            strips_comments: is_true("stripComments").unwrap_or(false),
        }
    }

    fn sql(&self, loaded: &mut Loaded) -> Parts {
        let text = self.object.text("sql").unwrap_or_default();
        loaded.sql = Some(text.to_owned());
        text.clone_into(&mut loaded.text);
        let splitting = self.splitting();
        loaded.is_cut_at_semicolons = is_cut_at_semicolons(&splitting);
        loaded.script = Some(self.script(text, splitting.clone()));
        Parts::of(|algorithm| Ok(Some(Checksum::of_sql(algorithm, text, &splitting))))
    }

    /// SQL that is written in the change itself.
    fn script(&self, text: &str, splitting: Splitting) -> Script {
        Script::in_document(self.at.file, self.at.lines, self.node.line, text, splitting)
    }

    /// The file as it is, without its parameters filled in, although they are when it runs.
    fn sql_file(&self, loaded: &mut Loaded) -> Read<Parts> {
        let line = self.node.line;
        let Some(source) = Source::named(self.node, "path", self.at)? else {
            return Err(Refusal::new(line, "a sqlFile names no file", "Give it `path`."));
        };
        loaded.files.push(source.path.clone());
        let bytes = source.bytes(line)?;
        let text = source.text(bytes, self.object.text("encoding"));
        let splitting = self.splitting();
        if let Ok(text) = &text {
            let expanded = self.at.parameters.expand(self.at.file, text);
            loaded.text.push('\n');
            loaded.text.push_str(&expanded.text);
            loaded.sql = Some(sql::trim(&expanded.text).to_owned());
            loaded.script = Some(Script::of_file(&source.path, text, &expanded, splitting.clone()));
        }
        loaded.is_cut_at_semicolons = is_cut_at_semicolons(&splitting);
        Ok(Parts::of(|algorithm| {
            Ok(Some(match algorithm {
                Algorithm::V8 => source::old_sum(bytes, &splitting)?,
                Algorithm::V9 => {
                    Checksum::of_sql(algorithm, text.as_deref().map_err(Clone::clone)?, &splitting)
                }
            }))
        }))
    }

    /// The name of the table and the lines of the file; nothing else counts.
    fn data(&self, loaded: &mut Loaded) -> Read<Parts> {
        let (line, name) = (self.node.line, self.kind.name);
        let Some(source) = Source::named(self.node, "file", self.at)? else {
            return Err(Refusal::new(line, format!("a {name} names no file"), "Give it `file`."));
        };
        loaded.files.push(source.path.clone());
        let comment = match self.object.text("commentLineStartsWith") {
            None => Some('#'),
            // Only its first character counts.
            Some(text) => text.chars().next(),
        };
        let counted = csv::counted(source.bytes(line)?, comment);
        let table = self.object.text("tableName").unwrap_or("null");
        Ok(Parts::of(|algorithm| {
            let counted = counted.as_ref().ok_or("its file has too many empty lines")?;
            let text = format!("{table}:{}", Checksum::of_bytes(algorithm, counted));
            Ok(Some(Checksum::of_text(algorithm, &text)))
        }))
    }

    /// A view or a procedure: its attributes, and by itself the SQL that defines it, written here or in a file.
    fn definition(&self, loaded: &mut Loaded, body: &'static str, apart: &[&str]) -> Read<Parts> {
        let name = self.kind.name;
        let source = Source::named(self.node, "path", self.at)?;
        let written = self.object.text(body);
        let mut old = self.object.clone();
        if body == "procedureText" {
            // Its name in version 8.
            old.set(body, None);
            old.set_text("procedureBody", written);
        }
        let old = Checksum::of_text(Algorithm::V8, &old.printed(name));
        let attributes = Checksum::of_text(Algorithm::V9, &self.object.without(apart).printed(name));
        let together = |algorithm, attributes: &str, body: &str| {
            Ok(Some(Checksum::of_text(algorithm, &format!("{attributes}:{body}"))))
        };
        let Some(source) = source else {
            loaded.script = written.map(|written| self.script(written, as_one_statement()));
            let body = Checksum::of_sql(Algorithm::V9, written.unwrap_or_default(), &as_one_statement());
            return Ok(Parts { v8: Ok(Some(old)), v9: together(Algorithm::V9, &attributes, &body) });
        };
        loaded.files.push(source.path.clone());
        let bytes = source.bytes(self.node.line)?;
        let text = source.text(bytes, None);
        if let Ok(text) = &text {
            let expanded = self.at.parameters.expand(self.at.file, text);
            loaded.script = Some(Script::of_file(&source.path, text, &expanded, as_one_statement()));
            loaded.text.push('\n');
            loaded.text.push_str(text);
        }
        let v8 = match written {
            Some(written) => Ok(Checksum::of_sql(Algorithm::V8, written, &as_one_statement())),
            None => source::old_sum(bytes, &as_one_statement()),
        };
        let v9 = text.and_then(|text| {
            let expanded = self.at.parameters.expand(self.at.file, &text);
            match expanded.unknown() {
                Some(reason) => Err(reason),
                None => Ok(Checksum::of_sql(Algorithm::V9, &expanded.text, &as_one_statement())),
            }
        });
        Ok(Parts {
            v8: v8.and_then(|body| together(Algorithm::V8, &old, &body)),
            v9: v9.and_then(|body| together(Algorithm::V9, &attributes, &body)),
        })
    }
}

fn is_cut_at_semicolons(splitting: &Splitting) -> bool {
    splitting.splits_statements && splitting.end_delimiter.is_none()
}
