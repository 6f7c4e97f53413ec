//! Policy checks: each against its cases, the SQL parser against the real PostgreSQL, waivers, and the command line.

mod facts;
mod fuzzing;
mod judging;
mod postgres;
mod reports;
mod table;
