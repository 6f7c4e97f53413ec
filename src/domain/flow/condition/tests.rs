//! Conditions as people write them, and any others.

use proptest::prelude::*;

use super::*;

struct World;

impl Surroundings for World {
    fn variable(&self, name: &str) -> Option<String> {
        match name {
            "ENV" => Some("dev".to_owned()),
            "FLAG" => Some("TRUE".to_owned()),
            "TEXT" => Some("a && b".to_owned()),
            _ => None,
        }
    }

    fn fact(&self, fact: Fact) -> Option<String> {
        match fact {
            Fact::ExitCode | Fact::StatusCode => Some("4".to_owned()),
            Fact::ChangesetCount => None,
        }
    }

    fn exists(&self, file: &str) -> bool {
        file == "dev.txt"
    }
}

#[test]
fn a_condition_holds_or_does_not() {
    for (text, holds) in [
        ("${ENV} == dev", true),
        ("${ENV} != dev", false),
        ("'${ENV}' == \"dev\"", true),
        ("dev==${ENV}", true),
        ("${NONE} == '${NONE}'", true),
        ("${NONE:-a b} == 'a b'", true),
        ("exitCode == 4", true),
        ("statusCode != 4", false),
        ("status.changesetCount == 0", false),
        ("status.changesetCount == ''", true),
        ("exists('${ENV}.txt')", true),
        ("exists('${ENV}.txt', true)", true),
        ("exists('nope.txt', false)", true),
        ("exists('nope.txt', true)", false),
        ("${FLAG}", true),
        ("${ENV}", false),
        ("true", true),
        // What a variable holds is never read as part of the condition.
        ("${TEXT} == 'a && b'", true),
        // `&&` binds more tightly.
        ("a == a || a == b && a == b", true),
        ("(a == a || a == b) && a == b", false),
        ("a == b && a == b || a == a", true),
        ("((a == a))", true),
    ] {
        let condition = Condition::read(text).unwrap();
        assert_eq!(condition.holds(&World), holds, "{text}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, column, expected) in [
        ("", 1, "a value is missing at the end"),
        ("a ==", 5, "a value is missing at the end"),
        ("a = b", 3, "`=` is no sign of a condition"),
        ("a & b", 3, "`&` is no sign of a condition"),
        ("!a", 1, "`!` is no sign of a condition"),
        ("a == hello world", 12, "`world` stands behind something complete"),
        ("(a == b", 8, "a `(` is not closed"),
        ("a == b)", 7, "a `)` closes nothing"),
        ("ä == 'b", 6, "a quote is not closed"),
        ("a == && b", 6, "`&&` stands where a value is expected"),
        ("exists('x', maybe)", 13, "the second part of `exists` is neither `true` nor `false`"),
        ("exists('x'", 11, "`exists(` is not closed"),
    ] {
        let wrong = Condition::read(text).unwrap_err();
        assert_eq!((wrong.column, wrong.text.as_str()), (column, expected), "{text}");
        assert!(wrong.mend.ends_with('.'), "{wrong:?}");
    }
}

#[test]
fn a_condition_is_shown_with_the_values_that_decided() {
    let shown = |text: &str| Condition::read(text).unwrap().shown(&World);
    assert_eq!(shown("${ENV} != dev"), "dev != dev");
    assert_eq!(shown("exitCode == 0 && exists('${ENV}.x')"), "4 == 0 && exists('dev.x', true)");
}

#[test]
fn parentheses_do_not_fill_the_stack() {
    let text = "(".repeat(100_000);
    assert!(Condition::read(&text).unwrap_err().text.contains("more than 50 deep"));
}

fn operands() -> impl Strategy<Value = Operand> {
    prop_oneof![
        "[a-z0-9_/.-]{1,8}(\\$\\{[A-Z]{1,3}(:-[a-z ]{0,3})?\\})?"
            .prop_filter("a fact", |text| Fact::ALL.iter().all(|fact| fact.word() != text))
            .prop_map(|text| Operand::Text(None, Template::read(&text))),
        "[a-z \"&|=()$\\{\\}]{0,12}".prop_map(|text| Operand::Text(Some('\''), Template::read(&text))),
        "[a-z ',!]{0,12}".prop_map(|text| Operand::Text(Some('"'), Template::read(&text))),
        prop::sample::select(&Fact::ALL[..]).prop_map(Operand::Fact),
    ]
}

fn conditions() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        (operands(), operands(), any::<bool>()).prop_map(|(left, right, equal)| Condition::Compared {
            left,
            right,
            equal
        }),
        (operands(), any::<bool>()).prop_map(|(file, expected)| Condition::Exists { file, expected }),
        operands().prop_map(Condition::Says),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Condition::Any),
            prop::collection::vec(inner, 2..4).prop_map(Condition::All),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_is_read_as_the_same(condition in conditions()) {
        let text = condition.to_string();
        prop_assert_eq!(Condition::read(&text), Ok(condition), "{}", text);
    }

    #[test]
    fn every_text_is_a_condition_or_says_why_not(text in "[a-z${}()'\"|&=!,äé \\-:]{0,60}") {
        match Condition::read(&text) {
            Ok(condition) => {
                condition.holds(&World);
                prop_assert_eq!(Condition::read(&condition.to_string()), Ok(condition));
            }
            Err(wrong) => prop_assert!(wrong.column >= 1 && wrong.column <= text.chars().count() + 1),
        }
    }

    #[test]
    fn no_text_is_too_much(text in any::<String>()) {
        Condition::read(&text).ok();
    }
}
