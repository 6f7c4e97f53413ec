//! Keys that somebody chose: they work, and footer, help and palette show them; and docs/keys.md names every action.

use lockstep::config::keys::ChosenKeys;
use lockstep::config::remembered::Remembered;
use lockstep::tui::keymap::{Action, Keymap, bindings};

use super::Story;

fn chosen(action: &str, keys: &[&str]) -> ChosenKeys {
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    ChosenKeys { file: "lockstep.toml".to_owned(), line: 1, action: action.to_owned(), keys }
}

#[tokio::test]
async fn chosen_keys_work_and_are_shown_wherever_keys_are() {
    let keymap = Keymap::with(&[chosen("drift", &["v", "ctrl-g"]), chosen("promote", &["f6"])]).unwrap();
    let mut story = Story::returning(keymap, Remembered::default(), 200, 60).await;
    story.shows("v drift");
    story.shows("F6 promote");
    story.shows("F6 shows the plan");
    story.shows("v1.2.0 F6 │");
    story.press("d").await;
    story.hides("held against every environment");
    story.press("v").await;
    story.shows("held against every environment");
    story.press("<esc><c-g>").await;
    story.shows("held against every environment");
    story.press("?").await;
    story.shows("v, ctrl-g");
    story.press("<esc><esc>:drift").await;
    story.shows("v, ctrl-g");
}

#[test]
fn the_documentation_names_every_action_with_its_keys_and_no_other() {
    let documentation = include_str!("../../docs/keys.md");
    let rows: Vec<(&str, &str)> = documentation
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(name, rest)| (name, rest.split(" | ").next().unwrap_or_default()))
        .collect();
    let names: Vec<&str> = rows.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, Action::names().collect::<Vec<_>>());
    for (name, keys) in rows {
        let action = Action::named(name).unwrap();
        let mut known: Vec<String> = Vec::new();
        for binding in bindings().filter(|binding| binding.action == action) {
            for key in Keymap::default().keys(binding) {
                if !known.contains(&key.name()) {
                    known.push(key.name());
                }
            }
        }
        let known: Vec<_> = known.iter().map(|key| format!("`{key}`")).collect();
        assert_eq!(keys, known.join(" "), "{name}");
    }
}
