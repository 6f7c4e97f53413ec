//! The Bagel Store over real HTTP and a real PostgreSQL, and the changelog it stands on.

mod changelog;
mod shop;

mod health;
mod ordering;
mod pages;
mod program;
mod releases;
