//! `lockstep doctor`: what was found, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::domain::doctor::{Examination, Need, Place, Standing};
use crate::domain::failure::FailureKind;
use crate::domain::names::DemoId;

/// The width that every terminal has.
const WIDTH: usize = 80;

/// Where what was found begins: behind the sign, the word and the name.
const FOUND: usize = 32;

/// An instance: its id, what it is called, and how real it is.
type Instance = (DemoId, String, String);

/// A table for each place, every need in a row, and what mends it below; then how many stand how.
pub fn text(instance: Option<&Instance>, examination: &Examination) -> String {
    let mut text = match instance {
        Some((id, title, mode)) => format!("{id} · {title} · {mode}\n"),
        None => "no instance\n".to_owned(),
    };
    for (place, needs) in examination.by_place() {
        // Writing to a `String` cannot fail.
        writeln!(text, "\n{}", title(place)).ok();
        match needs.as_slice() {
            // Everything of it waits for the same.
            [first, _, ..] if needs.iter().all(|need| need.found == first.found && is_unseen(need)) => {
                row(&mut text, &Need { name: "everything", ..(*first).clone() });
            }
            needs => {
                for need in needs {
                    row(&mut text, need);
                }
            }
        }
    }
    let counts = examination.counts();
    let count = |standing: Standing| {
        let word = standing.word();
        counts.get(word).map(|count| format!("{} {count} {word}", standing.sign()))
    };
    let order =
        [Standing::Wrong(FailureKind::Unavailable), Standing::Doubtful, Standing::Unseen, Standing::Well];
    let counts: Vec<_> = order.into_iter().filter_map(count).collect();
    writeln!(text, "\n{}", counts.join("   ")).ok();
    text
}

fn is_unseen(need: &Need) -> bool {
    need.found.standing == Standing::Unseen
}

fn title(place: &Place) -> String {
    match place {
        Place::Machine => "This machine".to_owned(),
        Place::Instance => "The instance's files".to_owned(),
        Place::Cloud(way) => format!("AWS: {way}"),
        Place::Environment(name) => format!("Environment {name}"),
    }
}

fn row(text: &mut String, need: &Need) {
    let found = &need.found;
    let head = format!("  {} {:8}  {:16}  ", found.standing.sign(), found.standing.word(), need.name);
    let indent = " ".repeat(FOUND);
    for (index, line) in wrapped(&found.words).iter().enumerate() {
        let front = if index == 0 { &head } else { &indent };
        writeln!(text, "{front}{line}").ok();
    }
    for cause in &found.because {
        for (index, line) in wrapped(&format!("because {cause}")).iter().enumerate() {
            let hanging = if index == 0 { "" } else { "  " };
            writeln!(text, "{indent}{hanging}{line}").ok();
        }
    }
    for (index, mend) in found.mend.iter().flat_map(|mend| mend.lines()).enumerate() {
        // What is to be copied stands at the edge, in one piece.
        if index > 0 && !mend.contains(". ") && !mend.ends_with('.') {
            writeln!(text, "{mend}").ok();
            continue;
        }
        for (index, line) in wrapped(&format!("→ {mend}")).iter().enumerate() {
            let hanging = if index == 0 { "" } else { "  " };
            writeln!(text, "{indent}{hanging}{line}").ok();
        }
    }
}

/// Lines that fit behind the names; a word that does not stands alone, in one piece.
fn wrapped(text: &str) -> Vec<String> {
    let room = WIDTH - FOUND - 2;
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let length = |text: &str| text.chars().count();
        let last = lines.last_mut().expect("there is always one");
        if last.is_empty() || length(last) + 1 + length(word) <= room {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// For programs; docs/json.md describes it.
pub fn json(instance: Option<&Instance>, examination: &Examination) -> Value {
    let obstacle = examination.obstacle().map(FailureKind::word);
    json!({
        "instance": instance.map(|(id, title, mode)| json!({ "id": id.as_str(), "title": title, "mode": mode })),
        "obstacle": obstacle,
        "needs": examination.by_place().into_iter().flat_map(|(_, needs)| needs).map(need_json).collect::<Vec<_>>(),
    })
}

fn need_json(need: &Need) -> Value {
    let (place, name) = match &need.place {
        Place::Machine => ("machine", None),
        Place::Instance => ("instance", None),
        Place::Cloud(way) => ("aws", Some(way.as_str())),
        Place::Environment(name) => ("environment", Some(name.as_str())),
    };
    let found = &need.found;
    let kind = match found.standing {
        Standing::Wrong(kind) => Some(kind.word()),
        Standing::Well | Standing::Doubtful | Standing::Unseen => None,
    };
    json!({
        "of": place,
        "name": name,
        "need": need.name,
        "state": found.standing.word(),
        "kind": kind,
        "found": found.words,
        "because": found.because,
        "mend": found.mend,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::doctor::Found;
    use crate::domain::failure::Failure;
    use crate::domain::names::EnvironmentName;

    fn examination() -> Examination {
        let cloud = Place::Cloud("us-east-1, profile demo".to_owned());
        let dev = Place::Environment(EnvironmentName::parse("dev").unwrap());
        let denied = Failure::new(FailureKind::Refused, "could not describe the service bagel-store-demo1-dev of dev")
            .because("AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/Look/ana is not authorized to perform: rds:DescribeDBInstances")
            .hint("Ask for the permission `rds:DescribeDBInstances`, or use another profile. The least that gives it:\n{\"Effect\":\"Allow\",\"Action\":\"rds:DescribeDBInstances\",\"Resource\":\"*\"}");
        let mut examination = Examination::default();
        examination.add([
            Found::unseen("there is none here; commands need none, the console does")
                .need(Place::Machine, "terminal"),
            Found::well("123456789012, as configured").need(cloud.clone(), "account"),
            Found::doubtful(
                "the clock of this machine is 2 min behind that of AWS",
                "Set the clock of this machine right, and let it be kept so (`timedatectl set-ntp true`).",
            )
            .need(cloud, "clock"),
            Found::failed(denied).need(dev, "service"),
        ]);
        let prod = Place::Environment(EnvironmentName::parse("prod").unwrap());
        let waits = Found::unseen("its credentials have to work first");
        examination.add(["service", "database"].map(|name| waits.clone().need(prod.clone(), name)));
        examination
    }

    fn instance() -> Instance {
        (DemoId::parse("demo1").unwrap(), "Bagel Store".to_owned(), "LIVE".to_owned())
    }

    #[test]
    fn every_need_is_a_row_with_shape_and_word_and_what_mends_it_below() {
        insta::assert_snapshot!(text(Some(&instance()), &examination()));
    }

    #[test]
    fn nothing_but_one_word_or_what_is_to_be_copied_is_wider_than_a_terminal() {
        let text = text(Some(&instance()), &examination());
        let wide: Vec<_> = text.lines().filter(|line| line.chars().count() > WIDTH).collect();
        let is_whole = |line: &&str| line.starts_with('{') || !line.trim().contains(' ');
        assert!(!wide.is_empty() && wide.iter().all(is_whole), "{wide:?}");
    }

    #[test]
    fn programs_are_told_the_same() {
        let value = json(None, &examination());
        assert_eq!(value["instance"], Value::Null);
        assert_eq!(value["obstacle"], "unavailable");
        let needs = value["needs"].as_array().unwrap();
        let seen: Vec<_> = needs.iter().map(|need| (&need["of"], &need["need"], &need["state"])).collect();
        assert_eq!(seen[3], (&json!("environment"), &json!("service"), &json!("wrong")));
        assert_eq!((&needs[3]["kind"], &needs[3]["name"]), (&json!("refused"), &json!("dev")));
    }
}
