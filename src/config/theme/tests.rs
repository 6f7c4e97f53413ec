//! That every theme can be read, by eyes of every kind, and what is said of one that cannot be used.

use std::fs;

use super::contrast::{EASY, READABLE, contrast, linear};
use super::*;

/// How eyes with another set of cones see a colour, in linear light (Machado, Oliveira and Fernandes 2009, severity 1).
const DEUTERANOPIA: [[f64; 3]; 3] = [
    [0.367_322, 0.860_646, -0.227_968],
    [0.280_085, 0.672_501, 0.047_413],
    [-0.011_820, 0.042_940, 0.968_881],
];
const PROTANOPIA: [[f64; 3]; 3] = [
    [0.152_286, 1.052_583, -0.204_868],
    [0.114_503, 0.786_281, 0.099_216],
    [-0.003_882, -0.048_116, 1.051_998],
];
const TRITANOPIA: [[f64; 3]; 3] = [
    [1.255_528, -0.076_749, -0.178_779],
    [-0.078_411, 0.930_809, 0.147_602],
    [0.004_733, 0.691_367, 0.303_900],
];

/// CIE L*a*b* of a colour as such eyes see it.
fn seen(colour: Rgb, eyes: &[[f64; 3]; 3]) -> [f64; 3] {
    let light = [colour.0, colour.1, colour.2].map(linear);
    let [red, green, blue] = eyes.map(|row| {
        let sum: f64 = row.iter().zip(light).map(|(share, light)| share * light).sum();
        sum.clamp(0.0, 1.0)
    });
    let [x, y, z] = [
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505,
        0.2126 * red + 0.7152 * green + 0.0722 * blue,
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089,
    ]
    .map(|part| if part > 0.008_856 { part.cbrt() } else { 7.787 * part + 16.0 / 116.0 });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// How far apart two colours look to such eyes (CIE76); 2 can just be told apart side by side, 30 from memory.
fn distance(one: Rgb, other: Rgb, eyes: &[[f64; 3]; 3]) -> f64 {
    let (one, other) = (seen(one, eyes), seen(other, eyes));
    one.iter().zip(other).map(|(one, other)| (one - other).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn every_text_colour_of_every_theme_can_be_read_selected_or_not() {
    let shelf = Shelf::compiled_in();
    for name in shelf.names() {
        let theme = shelf.theme(&name).unwrap();
        let needed = if ["projector", "high-contrast"].contains(&name.as_str()) { EASY } else { READABLE };
        for (what, colour) in theme.inks() {
            for (paper, behind) in theme.papers() {
                let ratio = contrast(colour, behind);
                assert!(ratio >= needed, "{name}: {what} on {paper} has {ratio:.2}:1, needs {needed}:1");
            }
        }
    }
}

#[test]
fn the_colour_blind_see_what_is_well_what_asks_and_what_failed_as_three_things() {
    let shelf = Shelf::compiled_in();
    for (name, eyes) in
        [("deuteranopia", DEUTERANOPIA), ("deuteranopia", PROTANOPIA), ("tritanopia", TRITANOPIA)]
    {
        let theme = shelf.theme(name).unwrap();
        let (success, warning, danger) = (theme.success, theme.warning, theme.danger);
        for (one, other) in [(success, warning), (success, danger), (warning, danger)] {
            let distance = distance(one, other, &eyes);
            assert!(distance >= 30.0, "{name}: {one:?} and {other:?} are {distance:.0} apart");
        }
    }
}

#[test]
fn every_theme_that_people_were_promised_is_there_and_every_file_can_be_read() {
    let shelf = Shelf::compiled_in();
    for name in
        ["dark", "light", "high-contrast", "projector", "deuteranopia", "tritanopia", "monochrome", DEFAULT]
    {
        assert!(shelf.theme(name).is_ok(), "{name}");
    }
    assert_eq!(shelf.names().len(), fs::read_dir("themes").unwrap().count());
    let theme = shelf.theme("monochrome").unwrap();
    let greys = theme.inks().map(|(_, colour)| colour).into_iter().chain(theme.papers().map(|it| it.1));
    assert!(greys.into_iter().all(|grey| grey.0 == grey.1 && grey.1 == grey.2));
}

#[test]
fn a_theme_that_is_not_there_is_named_with_those_that_are() {
    let shelf = Shelf::compiled_in();
    let failure = shelf.theme("pink").unwrap_err();
    assert_eq!(failure.because, [format!("the themes are: {}", shelf.names().join(", "))]);
}

fn own(files: &[(&str, &str)]) -> (tempfile::TempDir, Shelf) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(format!("{name}.toml")), text).unwrap();
    }
    let shelf = Shelf::read(Some(folder.path().to_owned()));
    (folder, shelf)
}

#[test]
fn a_theme_of_ones_own_takes_over_another_and_changes_a_few_colours() {
    let (_folder, shelf) = own(&[
        ("mine", "inherit = \"light\"\naccent = \"#003f8a\"\n"),
        ("dark", "inherit = \"dark\"\nbackground = \"#000000\"\n"),
        ("deeper", "inherit = \"mine\"\n"),
    ]);
    let compiled_in = Shelf::compiled_in();
    let light = compiled_in.theme("light").unwrap();
    assert_eq!(shelf.theme("mine").unwrap(), &Theme { accent: Rgb(0, 0x3f, 0x8a), ..light.clone() });
    assert_eq!(shelf.theme("deeper").unwrap(), shelf.theme("mine").unwrap());
    let dark = compiled_in.theme("dark").unwrap();
    assert_eq!(shelf.theme("dark").unwrap(), &Theme { background: Rgb(0, 0, 0), ..dark.clone() });
}

#[test]
fn everything_that_is_wrong_with_a_theme_is_told_with_its_line_and_harms_no_other() {
    let (_folder, shelf) = own(&[
        ("two", "inherit = \"dark\"\n\nacent = \"#ffffff\"\ntext = \"red\"\n"),
        ("broken", "inherit = \"dark\"\ntext = \n"),
        ("bare", "text = \"#ffffff\"\n"),
        ("round", "inherit = \"about\"\n"),
        ("about", "inherit = \"round\"\n"),
        ("lost", "inherit = \"nowhere\"\n"),
    ]);
    let causes = |name: &str| shelf.theme(name).unwrap_err().because.join("\n");
    assert!(
        causes("two").starts_with("line 3: there is no colour called `acent`; there are background, text")
    );
    assert!(causes("two").ends_with("line 4: `red` is not a colour like #14171c"), "{}", causes("two"));
    assert!(causes("broken").starts_with("line 2: "), "{}", causes("broken"));
    assert!(causes("bare").starts_with("colours are missing, and it inherits none: background, muted"));
    assert_eq!(causes("round"), "round inherits about inherits itself");
    assert_eq!(causes("lost"), "it inherits nowhere, and there is no theme of that name");
    assert!(shelf.theme("dark").is_ok());
}

#[test]
fn a_theme_of_ones_own_that_can_hardly_be_read_is_used_and_remarked_upon() {
    let (_folder, shelf) = own(&[("pale", "inherit = \"light\"\nmuted = \"#b0b0b0\"\n")]);
    assert!(shelf.theme("pale").is_ok());
    let remark = shelf.remark("pale").unwrap();
    assert!(remark.starts_with("muted on selection has a contrast of 1."), "{remark}");
    assert_eq!(shelf.remark("light"), None);
}

#[test]
fn themes_are_read_again_when_a_file_changes_and_only_then() {
    let (folder, shelf) = own(&[("mine", "inherit = \"dark\"\n")]);
    assert!(shelf.read_again().is_none());
    fs::write(folder.path().join("mine.toml"), "inherit = \"light\"\n").unwrap();
    let changed = shelf.read_again().unwrap();
    assert_eq!(changed.theme("mine").unwrap(), changed.theme("light").unwrap());
    fs::remove_file(folder.path().join("mine.toml")).unwrap();
    assert!(changed.read_again().unwrap().theme("mine").is_err());
}
