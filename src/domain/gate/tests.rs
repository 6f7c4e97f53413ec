//! Every condition of the table met and not met, and what votes add up to.
