//! A promotion that is cut off at every record of its journal, by the death of everything that can die: whatever is
//! left, `lockstep reconcile` tells the truth or says that a person must look, and there is a way on.
//!
//! Where it was cut off is read from the journal, not assumed: a process that is stopped an instant later than was
//! meant is told as what it was. Every case leaves a row beside the build; `make crashes` prints the table.

mod matrix;
mod scene;
mod truth;
