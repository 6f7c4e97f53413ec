//! The program `bagel-store`.
fn main() {}
