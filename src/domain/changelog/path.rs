//! Paths inside a changelog, in the one form in which Liquibase stores and compares them.

/// Brings a path into the form of FILENAME: `/` between parts, no `.` and `..`, no drive letter, no `classpath:`,
/// no leading `/`.
pub(super) fn normalise(path: &str) -> String {
    let path = path.strip_prefix("classpath:").unwrap_or(path).replace('\\', "/");
    let path = match path.as_bytes() {
        [letter, b':', ..] if letter.is_ascii_alphabetic() => &path[2..],
        _ => &path,
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// A path that a document declares for its changesets, or a changeset for itself, as FILENAME has it: with `/` and
/// without one at the beginning, but otherwise as it is written.
pub(super) fn declared(path: &str) -> String {
    let path = path.replace('\\', "/");
    path.strip_prefix('/').map(str::to_owned).unwrap_or(path)
}

/// The path that `file` means when it is written in the file at `path`: from that file's folder, or from the root.
pub(super) fn resolve(path: &str, file: &str, is_relative: bool) -> String {
    match path.rsplit_once('/') {
        Some((folder, _)) if is_relative => normalise(&format!("{folder}/{file}")),
        _ => normalise(file),
    }
}

/// What stands behind the last dot of the file's name, in lower case.
pub(super) fn extension(path: &str) -> Option<String> {
    let name = path.rsplit('/').next()?;
    name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_has_one_path() {
        for path in [
            "changelog/root.yaml",
            "./changelog/root.yaml",
            "changelog/../changelog/root.yaml",
            "/changelog//root.yaml",
            "classpath:changelog/root.yaml",
            r"C:\changelog\root.yaml",
        ] {
            assert_eq!(normalise(path), "changelog/root.yaml", "{path}");
        }
        assert_eq!(declared("/a\\b/../c"), "a/b/../c");
        assert_eq!(resolve("a/b/c.yaml", "../d.sql", true), "a/d.sql");
        assert_eq!(resolve("a/b/c.yaml", "d.sql", false), "d.sql");
        assert_eq!(resolve("c.yaml", "d.sql", true), "d.sql");
    }
}
