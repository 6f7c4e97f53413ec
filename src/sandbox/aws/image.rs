//! Image references: their parts, and which forms App Runner takes.
//!
//! The rules are those of `ImageIdentifier` in App Runner's service model. Absent on purpose: whether an
//! image exists; the sandbox's settings know that.

/// The kind of registry App Runner is told an image comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Registry {
    /// Amazon ECR of an account: `<account>.dkr.ecr.<region>.amazonaws.com/…`.
    Private,
    /// Amazon ECR Public: `public.ecr.aws/<alias>/…`.
    Public,
}

/// Takes an image reference apart into repository and tag; a digest or a missing tag gives `None`.
pub(super) fn repository_and_tag(image: &str) -> (&str, Option<&str>) {
    // A colon before the last slash belongs to a registry's port, one after an `@` to a digest.
    let name_at = image.rfind('/').map_or(0, |slash| slash + 1);
    if let Some(at) = image[name_at..].find('@') {
        return (&image[..name_at + at], None);
    }
    match image[name_at..].find(':') {
        Some(colon) => (&image[..name_at + colon], Some(&image[name_at + colon + 1..])),
        None => (image, None),
    }
}

/// The registry of a reference App Runner would take, or `None` when it would not.
pub(super) fn registry(image: &str) -> Option<Registry> {
    if image.len() > 1024 || !tail_is_valid(image) {
        return None;
    }
    let (repository, _) = repository_and_tag(image);
    let (host, path) = repository.split_once('/')?;
    if host == "public.ecr.aws" {
        let (alias, name) = path.split_once('/')?;
        return (!alias.is_empty() && path_is_valid(name)).then_some(Registry::Public);
    }
    let (account, rest) = host.split_once(".dkr.ecr.")?;
    let region = rest.strip_suffix(".amazonaws.com")?;
    let account_is_valid = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let region_is_valid = region.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    (account_is_valid && region_is_valid && path_is_valid(path)).then_some(Registry::Private)
}

/// Whether what follows the repository is nothing, a tag or a digest.
fn tail_is_valid(image: &str) -> bool {
    let (repository, _) = repository_and_tag(image);
    let tail = &image[repository.len()..];
    let is_word = |extra: &[u8], text: &str| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || extra.contains(&byte))
    };
    match tail.as_bytes().first() {
        None => true,
        Some(b'@') => tail.len() > 1 && is_word(b":_", &tail[1..]),
        Some(_) => tail.len() > 1 && is_word(b"+-=._:@", &tail[1..]),
    }
}

/// Whether every part of a repository path is lower-case words joined by single separators.
fn path_is_valid(path: &str) -> bool {
    path.split('/').all(|part| {
        part.split(['.', '_', '-']).all(|word| {
            !word.is_empty() && word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_what_follows_the_colon_after_the_last_slash() {
        let table = [
            ("public.ecr.aws/l1v5b6d6/demo1-bagel-store:v1.0.0", Some("v1.0.0")),
            ("localhost:5000/bagel-store", None),
            ("localhost:5000/bagel-store:v2", Some("v2")),
            ("public.ecr.aws/a/b@sha256:00ff", None),
            ("public.ecr.aws/a/b", None),
        ];
        for (image, tag) in table {
            assert_eq!(repository_and_tag(image).1, tag, "{image}");
        }
        assert_eq!(repository_and_tag("localhost:5000/a/b:c").0, "localhost:5000/a/b");
    }

    #[test]
    fn only_ecr_references_are_taken() {
        let table = [
            ("public.ecr.aws/l1v5b6d6/demo1-bagel-store:v1.0.0", Some(Registry::Public)),
            ("public.ecr.aws/l1v5b6d6/team/store", Some(Registry::Public)),
            ("public.ecr.aws/l1v5b6d6/store@sha256:00ff", Some(Registry::Public)),
            ("123456789012.dkr.ecr.us-east-1.amazonaws.com/store:1", Some(Registry::Private)),
            ("docker.io/library/nginx:1", None),
            ("public.ecr.aws/store:1", None),
            ("public.ecr.aws/a/Store:1", None),
            ("public.ecr.aws/a/store:", None),
            ("public.ecr.aws/a/store:v 1", None),
            ("123.dkr.ecr.us-east-1.amazonaws.com/store:1", None),
            ("", None),
        ];
        for (image, expected) in table {
            assert_eq!(registry(image), expected, "{image}");
        }
    }
}
