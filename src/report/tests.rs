//! Reports with everything in them, and with everything hostile in them.
