//! Whole frames: what is drawn is kept until it is complete, then written at once, between the marks that tell a
//! terminal to show nothing of it before its end (DEC private mode 2026; terminals that do not know it ignore it).
//!
//! What was not complete when its writer goes is never written: half a frame helps nobody, least of all behind the
//! words of a panic.

use std::io::{self, Write};

use crossterm::Command as _;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};

/// Writes to `out` what was written between two flushes, in one piece.
#[derive(Debug)]
pub struct Frames<W> {
    out: W,
    frame: Vec<u8>,
}

impl<W: Write> Frames<W> {
    /// Whole frames for `out`.
    pub fn new(out: W) -> Self {
        Self { out, frame: Vec::new() }
    }
}

impl<W: Write> Write for Frames<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        let mut whole = String::new();
        BeginSynchronizedUpdate.write_ansi(&mut whole).map_err(io::Error::other)?;
        let mut whole = whole.into_bytes();
        whole.append(&mut self.frame);
        let mut end = String::new();
        EndSynchronizedUpdate.write_ansi(&mut end).map_err(io::Error::other)?;
        whole.extend_from_slice(end.as_bytes());
        self.out.write_all(&whole)?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_written_whole_between_its_marks_and_an_empty_one_not_at_all() {
        let mut out = Vec::new();
        let mut frames = Frames::new(&mut out);
        frames.write_all(b"one ").unwrap();
        frames.write_all(b"frame").unwrap();
        frames.flush().unwrap();
        frames.flush().unwrap();
        frames.write_all(b"never complete").unwrap();
        drop(frames);
        assert_eq!(out, b"\x1b[?2026hone frame\x1b[?2026l");
    }
}
