//! `[releases]`: where changelog archives come from, and which image belongs to them.
//!
//! Absent on purpose: a token. Only the name of the variable that holds it is written down.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::file::placed;
use super::{RegistrySettings, ReleaseSettings, SourceSettings};
use crate::domain::location::is_bucket;

/// Where GitHub's own interface answers.
const GITHUB: &str = "https://api.github.com";

/// Where Amazon's public registry answers.
const PUBLIC: &str = "https://public.ecr.aws";

/// The variable in which GitHub's workflows and tools have a token.
const TOKEN: &str = "GITHUB_TOKEN";

/// The section as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReleasesEntry {
    source: Option<Spanned<String>>,
    /// The older name of a source that is a folder.
    folder: Option<PathBuf>,
    cache: Option<PathBuf>,
    token_variable: Option<String>,
    github_api: Option<String>,
    image: String,
    registry: Option<String>,
}

impl ReleasesEntry {
    /// The section with its paths `beside` the file; what is wrong with it is added to `problems`.
    pub(super) fn check(
        self,
        beside: &Path,
        is_emulated: bool,
        text: &str,
        problems: &mut Vec<String>,
    ) -> ReleaseSettings {
        // The world of an emulated AWS does not have the public registry of the real one.
        let is_public = !is_emulated && self.image.starts_with("public.ecr.aws/");
        let open = self.registry.or_else(|| is_public.then(|| PUBLIC.to_owned()));
        let registry = open.map(RegistrySettings::Open).or_else(|| private(&self.image));
        let at = self.source.as_ref().map(|source| source.span().start);
        let mut wrong = |words: String| problems.push(placed(text, at, &format!("[releases] {words}")));
        let source = match (self.source.map(Spanned::into_inner), self.folder) {
            (None, Some(folder)) => SourceSettings::Folder(beside.join(folder)),
            (Some(_), Some(folder)) => {
                wrong("source and folder say the same in two ways; keep source".to_owned());
                SourceSettings::Folder(beside.join(folder))
            }
            (None, None) => {
                wrong(
                    "names no source: a folder, `s3://bucket/prefix` or `github:owner/repository`".to_owned(),
                );
                SourceSettings::Folder(beside.to_owned())
            }
            (Some(source), None) => {
                let token_variable = self.token_variable.unwrap_or_else(|| TOKEN.to_owned());
                let api = self.github_api.unwrap_or_else(|| GITHUB.to_owned());
                let api = api.trim_end_matches('/').to_owned();
                read(&source, token_variable, api).unwrap_or_else(|| {
                    if source.starts_with("s3:") || source.starts_with("github:") {
                        wrong(format!(
                            "source: `{source}` is neither like s3://bucket/prefix nor like github:owner/repository"
                        ));
                    }
                    SourceSettings::Folder(beside.join(&source))
                })
            }
        };
        let cache = self.cache.map(|folder| beside.join(folder));
        ReleaseSettings { source, cache, image: self.image, registry }
    }
}

/// The registry of an account, from the name of an image in it: `123456789012.dkr.ecr.us-east-1.amazonaws.com/store`.
fn private(image: &str) -> Option<RegistrySettings> {
    let (account, rest) = image.split_once('/')?.0.split_once(".dkr.ecr.")?;
    let region = rest.strip_suffix(".amazonaws.com")?;
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let (account, region) = (account.to_owned(), region.to_owned());
    is_account.then_some(RegistrySettings::Private { account, region })
}

/// A source that is not a folder.
fn read(source: &str, token_variable: String, api: String) -> Option<SourceSettings> {
    let is_name =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    if let Some(rest) = source.strip_prefix("s3://") {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let (bucket, prefix) = (bucket.to_owned(), prefix.trim_matches('/').to_owned());
        return is_bucket(&bucket).then_some(SourceSettings::Bucket { bucket, prefix });
    }
    let (owner, repository) = source.strip_prefix("github:")?.split_once('/')?;
    let is_named = is_name(owner) && is_name(repository);
    let (owner, repository) = (owner.to_owned(), repository.to_owned());
    is_named.then_some(SourceSettings::GitHub { owner, repository, token_variable, api })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Result<ReleaseSettings, String> {
        read_of("store", lines, false)
    }

    fn read_of(image: &str, lines: &str, is_emulated: bool) -> Result<ReleaseSettings, String> {
        let text = format!("image = \"{image}\"\n{lines}\n");
        let entry: ReleasesEntry = toml::from_str(&text).unwrap();
        let mut problems = Vec::new();
        let settings = entry.check(Path::new("/project"), is_emulated, &text, &mut problems);
        if problems.is_empty() { Ok(settings) } else { Err(problems.join("; ")) }
    }

    #[test]
    fn a_source_is_a_folder_a_bucket_or_a_repository() {
        let folder = |path: &str| SourceSettings::Folder(path.into());
        let bucket = |bucket: &str, prefix: &str| SourceSettings::Bucket {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        };
        let github = |token: &str, api: &str| SourceSettings::GitHub {
            owner: "bagels".to_owned(),
            repository: "store".to_owned(),
            token_variable: token.to_owned(),
            api: api.to_owned(),
        };
        for (lines, expected) in [
            ("folder = \"dist\"", folder("/project/dist")),
            ("source = \"dist\"", folder("/project/dist")),
            ("source = \"/mnt/dist\"", folder("/mnt/dist")),
            ("source = \"s3://releases\"", bucket("releases", "")),
            ("source = \"s3://releases/a/b/\"", bucket("releases", "a/b")),
            ("source = \"github:bagels/store\"", github("GITHUB_TOKEN", "https://api.github.com")),
            (
                "source = \"github:bagels/store\"\ntoken_variable = \"T\"\ngithub_api = \"https://git.example/api/v3/\"",
                github("T", "https://git.example/api/v3"),
            ),
        ] {
            assert_eq!(read(lines).unwrap().source, expected, "{lines}");
        }
        assert_eq!(read("source = \"a\"\ncache = \"b\"").unwrap().cache, Some("/project/b".into()));
    }

    #[test]
    fn a_registry_is_asked_where_it_is_open_or_of_an_account_or_named() {
        let registry = |image: &str, lines: &str, is_emulated: bool| {
            read_of(image, &format!("source = \"dist\"\n{lines}"), is_emulated).unwrap().registry
        };
        let public = "public.ecr.aws/l1v5b6d6/demo1-bagel-store";
        let open = |address: &str| Some(RegistrySettings::Open(address.to_owned()));
        assert_eq!(registry(public, "", false), open("https://public.ecr.aws"));
        assert_eq!(registry(public, "", true), None);
        assert_eq!(registry("registry.example/store", "", false), None);
        assert_eq!(registry(public, "registry = \"http://127.0.0.1:1\"", true), open("http://127.0.0.1:1"));
        let (account, region) = ("123456789012".to_owned(), "eu-west-1".to_owned());
        let private = registry("123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/store", "", false);
        assert_eq!(private, Some(RegistrySettings::Private { account, region }));
        assert_eq!(registry("1234.dkr.ecr.eu-west-1.amazonaws.com/store", "", false), None);
    }

    #[test]
    fn a_source_that_cannot_be_is_named_with_its_line() {
        for (lines, expected) in [
            ("", "[releases] names no source"),
            ("source = \"a\"\nfolder = \"b\"", "line 2: [releases] source and folder say the same"),
            ("source = \"s3://\"", "line 2: [releases] source: `s3://` is neither"),
            ("source = \"s3:releases\"", "line 2: [releases] source: `s3:releases` is neither"),
            ("source = \"github:store\"", "line 2: [releases] source: `github:store` is neither"),
            ("source = \"github:a/b/c\"", "line 2: [releases] source: `github:a/b/c` is neither"),
        ] {
            let problem = read(lines).unwrap_err();
            assert!(problem.starts_with(expected), "{lines}: {problem}");
        }
    }
}
