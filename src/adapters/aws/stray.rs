//! Variables that lead calls elsewhere than to AWS, though nobody who wrote the configuration meant that.
//!
//! The SDK obeys `AWS_ENDPOINT_URL` and one such variable for each service. What a sandbox or a test exported is easily
//! left behind in a terminal; an address in `lockstep.toml` counts more than all of them.

use crate::config::AwsSettings;

/// How the names of all of them begin.
const NAME: &str = "AWS_ENDPOINT_URL";

/// Makes the SDK obey none of them.
const IGNORE: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stray {
    name: String,
    address: String,
}

impl Stray {
    /// Where it leads.
    pub(super) fn words(&self) -> String {
        format!("{} ({} in the environment)", self.address, self.name)
    }

    /// How it is got rid of.
    pub(super) fn mend(&self) -> String {
        format!("Unset {}, or write `endpoint_url` into [aws] if it is meant.", self.name)
    }
}

/// Those that calls by `way` obey.
pub(super) fn endpoints(way: &AwsSettings) -> Vec<Stray> {
    let text = |name: std::ffi::OsString| name.into_string().ok();
    let variables = std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?)));
    among(way, variables)
}

fn among(way: &AwsSettings, variables: impl Iterator<Item = (String, String)>) -> Vec<Stray> {
    let mut found = Vec::new();
    for (name, value) in variables.filter(|(_, value)| !value.is_empty()) {
        if name == IGNORE && value.eq_ignore_ascii_case("true") {
            return Vec::new();
        }
        if name == NAME || name.starts_with(&format!("{NAME}_")) {
            found.push(Stray { name, address: value });
        }
    }
    // One for all services first.
    found.sort_by(|one, other| one.name.cmp(&other.name));
    if way.endpoint_url.is_some() { Vec::new() } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(endpoint_url: Option<&str>, variables: &[(&str, &str)]) -> Vec<String> {
        let way = AwsSettings {
            region: "us-east-1".to_owned(),
            endpoint_url: endpoint_url.map(str::to_owned),
            profile: None,
            keys: None,
            account: None,
            role: None,
        };
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        among(&way, variables).iter().map(Stray::words).collect()
    }

    #[test]
    fn a_variable_that_leads_elsewhere_is_found_unless_the_file_or_another_variable_says_otherwise() {
        let set =
            [("AWS_ENDPOINT_URL_STS", "http://b"), ("AWS_ENDPOINT_URL", "http://a"), ("AWS_PROFILE", "x")];
        let both = [
            "http://a (AWS_ENDPOINT_URL in the environment)",
            "http://b (AWS_ENDPOINT_URL_STS in the environment)",
        ];
        assert_eq!(found(None, &set), both);
        assert_eq!(found(Some("http://c"), &set), [""; 0]);
        assert_eq!(found(None, &[set[1], (IGNORE, "true")]), [""; 0]);
        assert_eq!(found(None, &[("AWS_ENDPOINT_URL", "")]), [""; 0]);
        assert_eq!(found(None, &[("AWS_ENDPOINT_URLS", "x")]), [""; 0]);
    }
}
