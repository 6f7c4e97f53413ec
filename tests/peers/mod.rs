//! What others say of AWS, held against lockstep: moto, an AWS made by others, answers our calls; botocore, AWS's own
//! service models, judges what the sandbox answers.
//!
//! Both are Python modules in `.tools/moto`, or where `LOCKSTEP_MOTO` says; `make setup-tests` fetches them. Where they are
//! missing a test says that it did not look. Moto has no App Runner: the stand-in of `tests/adapters` answers in its
//! place. Its ECS answers for one-off tasks, in `tests/adapters/moto.rs`.

mod calls;
mod models;
pub(crate) mod moto;
