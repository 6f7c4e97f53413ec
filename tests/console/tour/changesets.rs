//! Changesets by environments, and one of them everywhere.

use super::super::drift::EDITED;
use super::super::{Backend, Script};
use super::{Tale, tale};

pub(super) fn tales() -> Vec<Tale> {
    vec![
        tale()
            .world(|script| {
                script.edit(EDITED, "'Sweet'", "'Sweeter'");
                script.ran_by_hand(2, "hotfix-77");
            })
            .press("dn")
            .sight("drift", "changeset")
            .press("<enter>")
            .sight("changeset", "checksum")
            .press("<esc>o/un")
            .above("drift-filtered", "1 of 1")
            .press("zzz")
            .above("drift-nothing", "Nothing matches"),
        tale()
            .world(|script| (0..4).for_each(|index| script.runs(index, "v1.4.0", 18)))
            .press("do")
            .sight("drift-none", "No row differs"),
        tale().world(Script::hang).press("d").sight("drift-loading", "Looking at the releases"),
        tale().world(Script::forgets_releases).press("d").sight("drift-no-releases", "There is no release"),
        tale()
            .world(|script| script.goes_down(Backend::Releases))
            .press("d")
            .sight("drift-failed", "could not be read"),
        tale()
            .world(|script| script.goes_down(Backend::Database))
            .press("d")
            .sight("drift-unseen", "4 not seen")
            .press("<enter>")
            .sight("changeset-unseen", "001-products"),
    ]
}
