//! Types of columns, as far as PostgreSQL rewrites a table to change one into another.

/// A type as it is written, in one form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Type {
    /// Its name in the words of the SQL standard, in lower case.
    name: String,
    /// The numbers in parentheses.
    numbers: Vec<i64>,
    is_array: bool,
}

/// Other names of types: the aliases of PostgreSQL, and those of Liquibase for all databases.
const ALIASES: [(&str, &str); 33] = [
    ("bigserial", "serial8"),
    ("blob", "bytea"),
    ("bool", "boolean"),
    ("char", "character"),
    ("char varying", "character varying"),
    ("clob", "text"),
    ("currency", "numeric"),
    ("datetime", "timestamp"),
    ("dec", "numeric"),
    ("decimal", "numeric"),
    ("double", "double precision"),
    ("float4", "real"),
    ("float8", "double precision"),
    ("int", "integer"),
    ("int2", "smallint"),
    ("int4", "integer"),
    ("int8", "bigint"),
    ("longtext", "text"),
    ("longvarchar", "text"),
    ("national char", "character"),
    ("national character", "character"),
    ("nchar", "character"),
    ("number", "numeric"),
    ("nvarchar", "character varying"),
    ("serial4", "serial"),
    ("smallserial", "serial2"),
    ("time without time zone", "time"),
    ("timestamp without time zone", "timestamp"),
    ("timestamptz", "timestamp with time zone"),
    ("timetz", "time with time zone"),
    ("varbit", "bit varying"),
    ("varchar", "character varying"),
    ("varchar2", "character varying"),
];

impl Type {
    /// Reads a type as SQL or a change of Liquibase has it.
    pub(super) fn parse(text: &str) -> Self {
        let lower = text.to_ascii_lowercase().replace('"', "");
        let is_array = lower.contains('[') || lower.ends_with(" array");
        let lower = lower.split('[').next().unwrap_or_default().trim_end_matches(" array");
        let (before, numbers, after) = match lower.split_once('(') {
            Some((before, rest)) => {
                let (inner, after) = rest.split_once(')').unwrap_or((rest, ""));
                (before, inner.split(',').filter_map(|number| number.trim().parse().ok()).collect(), after)
            }
            None => (lower, Vec::new(), ""),
        };
        let words = before.split_whitespace().chain(after.split_whitespace()).collect::<Vec<_>>().join(" ");
        let words = words.strip_prefix("pg_catalog.").unwrap_or(&words);
        let name = ALIASES.iter().find(|(alias, _)| *alias == words).map_or(words, |(_, name)| name);
        Self { name: name.to_owned(), numbers, is_array }
    }

    /// The type with a number made for every row: `serial` and the like.
    pub(super) fn is_serial(&self) -> bool {
        self.name.starts_with("serial")
    }

    /// `char(n)`, which fills up with blanks. PostgreSQL's own `"char"` in quotes is taken for it.
    pub(super) fn is_padded(&self) -> bool {
        self.name == "character"
    }

    /// A time of day and date without its time zone.
    pub(super) fn is_timestamp_without_zone(&self) -> bool {
        self.name == "timestamp"
    }

    /// True when PostgreSQL changes a column of this type to the other without touching a row (8.3 to 18:
    /// `ATColumnChangeRequiresRewrite` and the support functions of length casts).
    pub(super) fn becomes_without_rewrite(&self, to: &Self) -> bool {
        if self == to {
            return true;
        }
        if self.is_array || to.is_array {
            return false;
        }
        let grows = |only_the_first: bool| match (self.numbers.as_slice(), to.numbers.as_slice()) {
            (_, []) => true,
            ([old, rest @ ..], [new, others @ ..]) => new >= old && (!only_the_first || rest == others),
            ([], _) => false,
        };
        let is_text = |name: &str| matches!(name, "character varying" | "text");
        match (self.name.as_str(), to.name.as_str()) {
            (old, "text") if is_text(old) => true,
            ("text", "character varying") => to.numbers.is_empty(),
            ("cidr", "inet") => true,
            ("numeric", "numeric") => grows(true),
            (old, new) if old == new => {
                let growing = [
                    "bit varying",
                    "character varying",
                    "interval",
                    "time",
                    "time with time zone",
                    "timestamp",
                    "timestamp with time zone",
                ];
                growing.contains(&old) && grows(false)
            }
            _ => false,
        }
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.name)?;
        if !self.numbers.is_empty() {
            let numbers: Vec<_> = self.numbers.iter().map(i64::to_string).collect();
            write!(out, "({})", numbers.join(", "))?;
        }
        if self.is_array { out.write_str("[]") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_are_the_same_are_equal() {
        for (one, two) in [
            ("VARCHAR(10)", "character  varying ( 10 )"),
            ("int", "INTEGER"),
            ("timestamp(3) with time zone", "timestamptz(3)"),
            ("int[]", "integer[ ]"),
            ("decimal(10, 2)", "numeric(10,2)"),
            ("pg_catalog.int4", "int"),
        ] {
            assert_eq!(Type::parse(one), Type::parse(two), "{one}");
        }
    }

    /// What PostgreSQL 15 does with each is asked of the real one in `tests/policy`.
    #[test]
    fn a_type_grows_without_a_rewrite_or_it_does_not() {
        for (from, to, without) in [
            ("varchar(10)", "varchar(20)", true),
            ("varchar(10)", "text", true),
            ("varchar(20)", "varchar(10)", false),
            ("text", "varchar", true),
            ("text", "varchar(10)", false),
            ("int", "bigint", false),
            ("int", "text", false),
            ("numeric(10,2)", "numeric(12,2)", true),
            ("numeric(10,2)", "numeric(12,3)", false),
            ("numeric(10,2)", "numeric", true),
            ("numeric", "numeric(10,2)", false),
            ("char(3)", "text", false),
            ("cidr", "inet", true),
            ("timestamp(3)", "timestamp(6)", true),
            ("timestamp", "timestamptz", false),
        ] {
            assert_eq!(Type::parse(from).becomes_without_rewrite(&Type::parse(to)), without, "{from} → {to}");
        }
    }
}
