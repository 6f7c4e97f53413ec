//! From a `lockstep.toml` to the variables of `terraform/`, and what Terraform would make otherwise than the file says.

use std::fmt::Write as _;

use crate::config::{LoginSettings, RunnerKind, Settings};

/// The environments that `terraform/` makes.
const ENVIRONMENTS: [&str; 4] = ["dev", "test", "staging", "prod"];

/// Where public images are.
const REGISTRY: &str = "public.ecr.aws/";

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variables {
    /// The file, `<demo_id>.tfvars`.
    pub text: String,
    /// What the file says and Terraform would make otherwise, a line each.
    pub doubts: Vec<String>,
}

/// The variables for the instance of `settings`. What only Terraform knows keeps its default; passwords are never written.
pub fn variables(settings: &Settings, deployed_by: &str) -> Variables {
    let id = settings.id.as_str();
    let mut set = vec![
        ("demo_id", quoted(id)),
        ("deployed_by", quoted(deployed_by)),
        ("region", quoted(&settings.aws.region)),
    ];
    let mut doubts = Vec::new();
    let image = format!("/{id}-bagel-store");
    match settings.releases.image.strip_prefix(REGISTRY).and_then(|rest| rest.strip_suffix(&image)) {
        Some(alias) if !alias.contains('/') => set.push(("image_registry_alias", quoted(alias))),
        _ => doubts.push(format!(
            "[releases] image is {}, and Terraform names it {REGISTRY}<image_registry_alias>{image}",
            settings.releases.image
        )),
    }
    if settings.liquibase.runner == RunnerKind::Docker {
        set.push(("liquibase_image", quoted(&settings.liquibase.docker_image)));
    }
    if let Some(domain) = domain(settings) {
        set.push(("enable_route53", "true".to_owned()));
        set.push(("domain", quoted(&domain)));
    }
    doubts.extend(names(settings));
    let width = set.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut text = format!(
        "# For terraform/, from {}. Passwords come from TF_VAR_database_password and TF_VAR_store_password.\n",
        settings.origin.file_name().unwrap_or_default().display()
    );
    for (name, value) in set {
        // Writing to a `String` cannot fail.
        writeln!(text, "{name:width$} = {value}").ok();
    }
    Variables { text, doubts }
}

/// The zone that the addresses of all environments are in, where they are called as Terraform calls them.
fn domain(settings: &Settings) -> Option<String> {
    let mut domains = settings.environments.iter().map(|it| {
        let begin = format!("https://{}-{}.", it.environment.name, settings.id);
        it.address.as_ref()?.strip_prefix(&begin).map(str::to_owned)
    });
    let first = domains.next()??;
    domains.all(|domain| domain.as_ref() == Some(&first)).then_some(first)
}

/// Names that Terraform makes of the id, and that the file has otherwise.
fn names(settings: &Settings) -> Vec<String> {
    let id = &settings.id;
    let database = &settings.database;
    let mut held =
        vec![("[database] instance".to_owned(), database.instance.clone(), format!("bagel-store-{id}-rds"))];
    // Terraform makes a secret for each; where they are kept otherwise, it has no name for them.
    if let LoginSettings::Secrets { username, password } = &database.login {
        for (key, secret) in [("username", username), ("password", password)] {
            let made = format!("{id}/rds/{key}");
            held.push((format!("[database] {key}_secret"), secret.clone(), made));
        }
    }
    if let Some(bucket) = &settings.reports.bucket {
        held.push((
            "[reports] bucket".to_owned(),
            bucket.clone(),
            format!("bagel-store-{id}-operation-reports"),
        ));
    }
    for settings in &settings.environments {
        let environment = &settings.environment;
        let name = environment.name.as_str();
        let service = format!("bagel-store-{id}-{name}");
        held.push((format!("[[environment]] {name}: service"), environment.service.clone(), service));
        held.push((
            format!("[[environment]] {name}: database"),
            environment.database.clone(),
            name.to_owned(),
        ));
    }
    let differs = held.into_iter().filter(|(_, written, made)| written != made);
    let mut doubts: Vec<String> = differs
        .map(|(key, written, made)| format!("{key} is {written}, and Terraform makes {made}"))
        .collect();
    let written: Vec<&str> = settings.environments.iter().map(|it| it.environment.name.as_str()).collect();
    if written != ENVIRONMENTS {
        doubts.push(format!(
            "the environments are {}, and Terraform makes {}",
            written.join(", "),
            ENVIRONMENTS.join(", ")
        ));
    }
    doubts
}

/// A text as Terraform writes it.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace("${", "$${").replace("%{", "%%{"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::file;

    fn settings(environments: &str) -> Settings {
        let text = format!(
            "[instance]\nid = \"demo2\"\n[aws]\nregion = \"eu-west-1\"\n[database]\ninstance = \"bagel-store-demo2-rds\"\n\
             username_secret = \"demo2/rds/username\"\npassword_secret = \"demo2/rds/password\"\nsslmode = \"require\"\n[releases]\nfolder = \"dist\"\n\
             image = \"public.ecr.aws/a1b2/demo2-bagel-store\"\n{environments}"
        );
        file::check(Path::new("lockstep.toml"), &text).unwrap()
    }

    fn environments(address: impl Fn(&str) -> String) -> String {
        let one = |name: &str| {
            format!(
                "[[environment]]\nname = \"{name}\"\nservice = \"bagel-store-demo2-{name}\"\ndatabase = \"{name}\"\ngate = \"confirm\"\n{}",
                address(name)
            )
        };
        ENVIRONMENTS.map(one).concat()
    }

    #[test]
    fn what_the_file_says_becomes_variables_and_nothing_else_does() {
        let variables = variables(&settings(&environments(|_| String::new())), "ana \"x\" ${y}");
        assert_eq!(variables.doubts, [""; 0]);
        assert_eq!(
            variables.text,
            "# For terraform/, from lockstep.toml. Passwords come from TF_VAR_database_password and TF_VAR_store_password.\n\
             demo_id              = \"demo2\"\n\
             deployed_by          = \"ana \\\"x\\\" $${y}\"\n\
             region               = \"eu-west-1\"\n\
             image_registry_alias = \"a1b2\"\n"
        );
    }

    #[test]
    fn addresses_that_are_called_as_terraform_calls_them_tell_the_zone() {
        let all = environments(|name| format!("address = \"https://{name}-demo2.example.com\"\n"));
        let text = variables(&settings(&all), "ana").text;
        assert!(
            text.contains("enable_route53       = true\ndomain               = \"example.com\"\n"),
            "{text}"
        );
        let some = environments(|name| match name {
            "dev" => "address = \"https://other.example.com\"\n".to_owned(),
            name => format!("address = \"https://{name}-demo2.example.com\"\n"),
        });
        assert!(!variables(&settings(&some), "ana").text.contains("domain"));
    }

    #[test]
    fn what_terraform_would_make_otherwise_is_told() {
        let odd =
            "[[environment]]\nname = \"dev\"\nservice = \"shop\"\ndatabase = \"dev\"\ngate = \"confirm\"\n";
        assert_eq!(
            variables(&settings(odd), "ana").doubts,
            [
                "[[environment]] dev: service is shop, and Terraform makes bagel-store-demo2-dev",
                "the environments are dev, and Terraform makes dev, test, staging, prod",
            ]
        );
    }
}
