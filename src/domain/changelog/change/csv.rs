//! The bytes of a `loadData` file that count: without carriage returns, empty lines and comment lines, and without
//! the last end of line.
//!
//! This follows Liquibase's `EmptyLineAndCommentSkippingInputStream` read by read, because its oddities count too: a
//! comment after an empty line, a lone carriage return, a NUL in a comment.

/// How often it may look ahead inside of looking ahead; Java's stack ends too.
const DEEPEST: usize = 1000;

/// The bytes that count. A line is a comment when it begins with `comment`; `None` when nobody can follow Liquibase.
pub(super) fn counted(bytes: &[u8], comment: Option<char>) -> Option<Vec<u8>> {
    let mut stream = Stream { bytes, at: 0, mark: 0, comment, last: None, is_followed: true };
    let mut counted = Vec::with_capacity(bytes.len());
    while let Some(byte) = stream.read(stream.last, false, 0) {
        counted.push(byte);
    }
    stream.is_followed.then_some(counted)
}

struct Stream<'a> {
    bytes: &'a [u8],
    at: usize,
    mark: usize,
    comment: Option<char>,
    /// What was read last, other than in looking ahead.
    last: Option<u8>,
    is_followed: bool,
}

impl Stream<'_> {
    fn next(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.at).copied();
        self.at += usize::from(byte.is_some());
        byte
    }

    fn read(&mut self, last: Option<u8>, looks_ahead: bool, depth: usize) -> Option<u8> {
        if depth > DEEPEST {
            self.is_followed = false;
            return None;
        }
        let (mut last, mut looks_ahead) = (last, looks_ahead);
        loop {
            let mut byte = self.next();
            let begins = byte.is_some() && byte.map(char::from) == self.comment;
            if begins && matches!(last, Some(b'\n') | None) {
                loop {
                    byte = self.next();
                    if matches!(byte, Some(b'\n' | b'\r' | 0) | None) {
                        break;
                    }
                }
            }
            let read = byte?;
            let is_passed_over = match (read, last) {
                (b'\r', _) | (b'\n', Some(b'\n') | None) => true,
                (b'\n', _) => {
                    self.mark = self.at;
                    self.read(Some(b'\n'), true, depth + 1)?;
                    self.at = self.mark;
                    false
                }
                _ => false,
            };
            if is_passed_over {
                // Liquibase begins anew, and forgets that it was looking ahead.
                (last, looks_ahead) = (self.last, false);
                continue;
            }
            if !looks_ahead {
                self.last = Some(read);
            }
            return Some(read);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_lines_and_comments_do_not_count() {
        for (text, expected) in [
            ("a,b\n1,2\n", "a,b\n1,2"),
            ("\n\na,b\r\n\r\n# no\r\n1,2\r\n\r\n", "a,b\n1,2"),
            ("# no\na\n#no\n\n", "a"),
            ("a\n b #yes\n", "a\n b #yes"),
            ("", ""),
            ("\n\n\n", ""),
        ] {
            assert_eq!(counted(text.as_bytes(), Some('#')).as_deref(), Some(expected.as_bytes()), "{text:?}");
        }
        assert_eq!(counted(b"# yes\n", None).as_deref(), Some(b"# yes".as_slice()));
    }

    #[test]
    fn what_nobody_can_follow_is_not_counted() {
        let text = "a".to_owned() + &"\n\r".repeat(200_000) + "b";
        assert_eq!(counted(text.as_bytes(), Some('#')), None);
    }
}
