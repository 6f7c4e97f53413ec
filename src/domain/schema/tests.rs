//! Schemas made by hand, and what must hold of any.

use proptest::prelude::*;

use super::*;

/// One object as the catalogs would tell it.
pub(crate) fn row(kind: Kind, of: &str, name: &str, facts: &[(Aspect, &str)]) -> CatalogRow {
    let facts = facts.iter().map(|(aspect, text)| (aspect.word().to_owned(), (*text).to_owned()));
    CatalogRow {
        kind: kind.word().to_owned(),
        schema: "public".to_owned(),
        of: of.to_owned(),
        name: name.to_owned(),
        facts: facts.collect(),
    }
}

/// The table `orders`, with these columns besides its id.
pub(crate) fn orders(columns: &[&str]) -> Schema {
    let mut rows = vec![
        row(Kind::Table, "orders", "orders", &[]),
        row(Kind::Column, "orders", "id", &[(Aspect::Type, "bigint"), (Aspect::Position, "1")]),
    ];
    for (index, column) in columns.iter().enumerate() {
        let position = (index + 2).to_string();
        rows.push(row(
            Kind::Column,
            "orders",
            column,
            &[(Aspect::Type, "text"), (Aspect::Position, &position)],
        ));
    }
    schema(&rows)
}

fn schema(rows: &[CatalogRow]) -> Schema {
    Schema::of(15, rows).unwrap()
}

fn shorts(differences: &[Difference]) -> Vec<String> {
    differences.iter().map(Difference::short).collect()
}

#[test]
fn a_column_that_only_one_has_is_named_with_its_table() {
    let found = diff(&orders(&[]), &orders(&["note"]));
    assert_eq!(shorts(&found), ["+ column orders.note"]);
    assert_eq!((found[0].a(), found[0].b().as_deref()), (None, Some("text")));
    assert!(found[0].is_real() && !found[0].is_part);
    assert_eq!(shorts(&diff(&orders(&["note"]), &orders(&[]))), ["- column orders.note"]);
    assert_ne!(orders(&[]).digest(), orders(&["note"]).digest());
}

#[test]
fn the_parts_of_a_missing_table_are_only_parts() {
    let found = diff(&schema(&[]), &orders(&["note"]));
    assert_eq!(shorts(&found), ["+ table orders", "+ column orders.id", "+ column orders.note"]);
    assert_eq!(found.iter().map(|it| it.is_part).collect::<Vec<_>>(), [false, true, true]);
}

#[test]
fn another_order_of_columns_is_cosmetic() {
    let (a, b) = (orders(&["note", "gift"]), orders(&["gift", "note"]));
    let found = diff(&a, &b);
    assert_eq!(shorts(&found), ["~ table orders (position)"]);
    assert_eq!(found[0].kind, DifferenceKind::Cosmetic("only the order of the columns"));
    assert_eq!(
        (found[0].a().unwrap(), found[0].b().unwrap()),
        ("id, note, gift".into(), "id, gift, note".into())
    );
    assert_eq!(a.digest(), b.digest());
    // A column that was dropped leaves a gap in the numbers, and no difference.
    let gap = row(Kind::Column, "orders", "note", &[(Aspect::Type, "text"), (Aspect::Position, "9")]);
    let mut rows = vec![row(Kind::Table, "orders", "orders", &[])];
    rows.push(row(Kind::Column, "orders", "id", &[(Aspect::Type, "bigint"), (Aspect::Position, "1")]));
    rows.push(gap);
    assert_eq!(diff(&orders(&["note"]), &schema(&rows)), []);
}

fn check(name: &str, definition: &str) -> Schema {
    schema(&[
        row(Kind::Table, "orders", "orders", &[]),
        row(Kind::Column, "orders", "status", &[(Aspect::Type, "character varying(20)")]),
        row(Kind::Constraint, "orders", name, &[(Aspect::Definition, definition)]),
    ])
}

#[test]
fn a_name_that_postgresql_made_up_is_cosmetic_and_one_that_somebody_gave_is_not() {
    let made = check("orders_status_check", "CHECK ((total > 0))");
    let found = diff(&made, &check("orders_check1", "CHECK ((total > 0))"));
    assert_eq!(shorts(&found), ["~ constraint orders.orders_status_check (name)"]);
    assert_eq!(found[0].kind, DifferenceKind::Cosmetic("PostgreSQL made the name up"));
    let given = check("total_is_positive", "CHECK ((total > 0))");
    let found = diff(&made, &given);
    assert_eq!((shorts(&found).len(), found[0].word(), found[0].is_real()), (1, "name", true));
    assert_ne!(made.digest(), given.digest());
    let found = diff(&made, &check("orders_status_check", "CHECK ((total >= 0))"));
    assert_eq!(shorts(&found), ["~ constraint orders.orders_status_check (definition)"]);
    assert!(found[0].is_real());
}

#[test]
fn casts_of_text_to_text_are_cosmetic_and_other_casts_are_not() {
    let by_in =
        "CHECK (((status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))";
    let by_any = "CHECK (((status)::text = ANY (ARRAY['a'::text, 'b'::text])))";
    let (a, b) = (check("orders_status_check", by_in), check("orders_status_check", by_any));
    let found = diff(&a, &b);
    assert_eq!(
        found.iter().map(|it| it.kind).collect::<Vec<_>>(),
        [DifferenceKind::Cosmetic("the same, written in another way")]
    );
    assert_eq!(a.digest(), b.digest());
    for (one, other) in [
        ("CHECK (((total)::text > '5'::text))", "CHECK ((total > '5'::text))"),
        ("CHECK (((status)::character varying(2) = 'a'))", "CHECK ((status = 'a'))"),
        ("CHECK ((status <> 'A'::text))", "CHECK ((status <> 'a'::text))"),
    ] {
        let found = diff(&check("c", one), &check("c", other));
        assert!(found.len() == 1 && found[0].is_real(), "{one}");
    }
}

#[test]
fn defaults_that_give_the_same_value_are_the_same() {
    let same = [
        (
            "character varying(20)",
            &["'a'::character varying", "'a'::text", "('a'::character varying)::text"][..],
        ),
        ("numeric(10,2)", &["0", "0.00", "'0'::numeric", "(0)::numeric", "(0)::numeric(10,2)"]),
        ("integer", &["'-1'::integer", "(-1)", "-1"]),
        ("timestamp with time zone", &["now()", "CURRENT_TIMESTAMP", "transaction_timestamp()"]),
        ("text", &["NULL::text", "NULL", ""]),
    ];
    for (column_type, written) in same {
        for one in written {
            assert_eq!(
                canonical::default(one, column_type, ""),
                canonical::default(written[0], column_type, ""),
                "{one}"
            );
        }
    }
    let other = [
        ("text", "'a'::text", "'A'::text"),
        ("text", "'0'::text", "'0.0'::text"),
        ("numeric", "0", "0.00"),
        ("timestamp with time zone", "now()", "clock_timestamp()"),
        ("date", "('now'::text)::date", "'now'::date"),
        ("integer", "(1 + 2)", "(1 - 2)"),
    ];
    for (column_type, one, other) in other {
        assert_ne!(
            canonical::default(one, column_type, ""),
            canonical::default(other, column_type, ""),
            "{one}"
        );
    }
    let own = |name: &str| canonical::default(&format!("nextval({name}::regclass)"), "bigint", name);
    assert_eq!(own("'public.orders_id_seq'"), own("'public.orders_id_seq1'"));
    let others = canonical::default("nextval('public.other'::regclass)", "bigint", "'public.orders_id_seq'");
    assert_ne!(own("'public.orders_id_seq'"), others);
}

#[test]
fn a_routine_is_the_same_with_other_spaces_only_where_spaces_mean_nothing() {
    let routine = |language: &str, body: &str| {
        let text =
            format!("CREATE FUNCTION public.f()\n LANGUAGE {language}\nAS $function${body}$function$\n");
        schema(&[row(Kind::Routine, "f()", "f()", &[(Aspect::Definition, &text)])])
    };
    let found = diff(
        &routine("plpgsql", "begin return 1; end"),
        &routine("plpgsql", "BEGIN\n return 1; -- one\nEND"),
    );
    assert_eq!(
        found.iter().map(|it| it.kind).collect::<Vec<_>>(),
        [DifferenceKind::Cosmetic("only spaces, comments or the case of letters")]
    );
    for (language, one, other) in [
        ("plpython3u", "return 1", "  return 1"),
        ("plpgsql", "raise 'a  b'", "raise 'a b'"),
        ("sql", "a 1", "a1"),
    ] {
        let found = diff(&routine(language, one), &routine(language, other));
        assert!(found.len() == 1 && found[0].is_real(), "{language}");
    }
}

#[test]
fn digests_of_other_servers_or_rules_say_nothing_of_each_other() {
    let (old, new) = (Schema::of(15, &[]).unwrap(), Schema::of(16, &[]).unwrap());
    assert!(!old.digest().is_comparable(new.digest()));
    assert!(orders(&[]).digest().is_comparable(old.digest()));
    let text = orders(&[]).digest().as_str().to_owned();
    assert!(text.starts_with("1.15.") && text.len() == 69, "{text}");
    assert_eq!(SchemaDigest::from_text(&text), *orders(&[]).digest());
}

#[test]
fn a_word_that_is_not_known_is_named() {
    let mut strange = row(Kind::Table, "t", "t", &[]);
    strange.kind = "planet".to_owned();
    assert_eq!(Schema::of(15, &[strange]).unwrap_err(), "`planet` is not known of objects in a database");
}

#[test]
fn a_proposal_makes_what_is_missing_and_leaves_what_destroys_to_a_person() {
    let a = schema(&[
        row(Kind::Table, "user", "user", &[]),
        row(Kind::Column, "user", "Id", &[(Aspect::Type, "bigint"), (Aspect::Nullability, "not null")]),
        row(Kind::Constraint, "user", "user_pkey", &[(Aspect::Definition, "PRIMARY KEY (\"Id\")")]),
        row(Kind::Type, "mood", "mood", &[(Aspect::Definition, "as enum ('x', 'good', 'so''so', 'bad')")]),
        row(Kind::View, "a", "a", &[(Aspect::Definition, " SELECT * FROM public.z")]),
        row(Kind::View, "z", "z", &[(Aspect::Definition, " SELECT 1")]),
    ]);
    let b = schema(&[
        row(Kind::Table, "old", "old", &[]),
        row(Kind::Column, "old", "id", &[(Aspect::Type, "bigint")]),
        row(Kind::Type, "mood", "mood", &[(Aspect::Definition, "as enum ('good', 'bad')")]),
    ]);
    insta::assert_snapshot!("proposal", proposal(&diff(&a, &b)));
    assert_eq!(proposal(&diff(&a, &a)), "");
}

fn any_schema() -> impl Strategy<Value = Schema> {
    let defaults = ["", "'a'::text", "'a'::character varying", "now()"];
    let names = ["t_check", "t_a_check1", "mine", "yours"];
    let column = (0..2_usize, 0..3_usize, 0..2_usize, 0..4_usize, 1..5_usize);
    let constraint = (0..2_usize, 0..4_usize, 0..2_usize);
    let parts = (proptest::collection::vec(column, 0..6), proptest::collection::vec(constraint, 0..4));
    parts.prop_map(move |(columns, constraints)| {
        let (tables, types) = (["t", "t_a"], ["text", "character varying(5)"]);
        let mut rows = BTreeMap::new();
        for (table, name, kind, default, position) in columns {
            let (table, name) = (tables[table], ["a", "b", "c"][name]);
            let position = position.to_string();
            let facts = [
                (Aspect::Type, types[kind]),
                (Aspect::Default, defaults[default]),
                (Aspect::Position, position.as_str()),
            ];
            rows.insert((table, "column", name), row(Kind::Column, table, name, &facts));
            rows.insert((table, "", ""), row(Kind::Table, table, table, &[]));
        }
        for (table, name, definition) in constraints {
            let (table, name) = (tables[table], names[name]);
            let facts = [(Aspect::Definition, ["CHECK (a)", "CHECK (b)"][definition])];
            rows.insert((table, "constraint", name), row(Kind::Constraint, table, name, &facts));
        }
        schema(&rows.into_values().collect::<Vec<_>>())
    })
}

/// The same difference seen from the other side. Of an object with two names either may be told.
fn mirrored(difference: &Difference) -> String {
    let ObjectName { schema, of, kind, .. } = &difference.object;
    let what = match &difference.what {
        What::OnlyInA(object) => format!("- {:?}", object.name),
        What::OnlyInB(object) => format!("+ {:?}", object.name),
        What::Changed { aspect, a, b } => format!("{aspect:?} {a:?} {b:?}"),
    };
    format!("{schema} {of} {kind:?} {what} {:?} {}", difference.kind, difference.is_part)
}

fn other_way_round(difference: &Difference) -> Difference {
    let what = match difference.what.clone() {
        What::OnlyInA(object) => What::OnlyInB(object),
        What::OnlyInB(object) => What::OnlyInA(object),
        What::Changed { aspect, a, b } => What::Changed { aspect, a: b, b: a },
    };
    Difference { what, ..difference.clone() }
}

proptest! {
    #[test]
    fn nothing_differs_from_itself(a in any_schema()) {
        prop_assert_eq!(diff(&a, &a.clone()), []);
    }

    #[test]
    fn what_a_has_more_than_b_is_what_b_has_less_than_a(a in any_schema(), b in any_schema()) {
        let mut one: Vec<_> = diff(&a, &b).iter().map(mirrored).collect();
        let mut other: Vec<_> = diff(&b, &a).iter().map(|it| mirrored(&other_way_round(it))).collect();
        one.sort();
        other.sort();
        prop_assert_eq!(one, other);
    }

    #[test]
    fn digests_are_equal_exactly_when_nothing_real_differs(a in any_schema(), b in any_schema()) {
        let differs = diff(&a, &b).iter().any(Difference::is_real);
        prop_assert_eq!(a.digest() != b.digest(), differs);
    }

    #[test]
    fn no_text_breaks_the_canonical_forms(text in ".{0,60}", sql in "[a-z'\"$():,\\[\\]/*\\- \\\\]{0,60}") {
        for text in [text, sql] {
            canonical::default(&text, &text, &text);
            canonical::expression(&text, &BTreeSet::from(["a"]));
            canonical::index(&text, &BTreeSet::new());
            canonical::routine(&text);
        }
    }
}
