//! What lies above every screen: help, words that are looked for, the palette, what can be copied, the themes.

use super::{Tale, tale};

pub(super) fn tales() -> Vec<Tale> {
    vec![
        tale()
            .press("?")
            .sight("help", "everywhere")
            .press("/plan")
            .above("find-typing", "/plan▏")
            .press("<enter>n")
            .sight("find", "2 of")
            .press("<esc>/nowhere<enter>")
            .sight("find-nothing", "nothing has it"),
        tale()
            .press("2:")
            .above("palette", "promote")
            .press("prot")
            .above("palette-typed", "promote test")
            .press("zzz")
            .above("palette-nothing", "Nothing is called so")
            .press("<esc>y")
            .above("copy", "copy"),
        tale().press("T").above("themes", "high-contrast"),
    ]
}
