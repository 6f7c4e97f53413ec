//! The configuration of an App Runner service, in AWS's own shapes.
//!
//! The same form goes over the wire and into `aws.json`: it is AWS's to change, not ours. What a structure
//! leaves out takes AWS's default, which is what makes a partial `SourceConfiguration` dangerous. Absent on
//! purpose: which configuration is live; [`super::state`] knows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::image::{self, Registry};

/// The port a Bagel Store image listens on inside its container; App Runner's own default is 8080.
pub(super) const IMAGE_PORT: &str = "5000";

/// Everything an update can change, and a rollback brings back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Configuration {
    pub(super) source: SourceConfiguration,
    pub(super) instance: InstanceConfiguration,
    pub(super) health_check: HealthCheckConfiguration,
    pub(super) auto_scaling_arn: String,
    pub(super) network: NetworkConfiguration,
    pub(super) observability: ObservabilityConfiguration,
}

impl Configuration {
    /// The image the service runs or is to run; empty when the source names none.
    pub(super) fn image(&self) -> &str {
        self.source.image_repository.as_ref().map_or("", |repository| &repository.identifier)
    }

    /// The part of the source that concerns the running container.
    pub(super) fn container(&self) -> Option<&ImageConfiguration> {
        self.source.image_repository.as_ref().map(|repository| &repository.configuration)
    }
}

/// Where the application comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SourceConfiguration {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) code_repository: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) image_repository: Option<ImageRepository>,
    /// False when left out, AWS's default for a public repository.
    #[serde(default)]
    pub(super) auto_deployments_enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) authentication_configuration: Option<Value>,
}

/// An image and how its container is to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ImageRepository {
    #[serde(rename = "ImageIdentifier")]
    pub(super) identifier: String,
    #[serde(rename = "ImageConfiguration", default)]
    pub(super) configuration: ImageConfiguration,
    #[serde(rename = "ImageRepositoryType")]
    pub(super) kind: String,
}

/// Port and environment of the container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ImageConfiguration {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) runtime_environment_variables: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start_command: Option<String>,
    pub(super) port: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) runtime_environment_secrets: BTreeMap<String, String>,
}

impl Default for ImageConfiguration {
    fn default() -> Self {
        Self {
            runtime_environment_variables: BTreeMap::new(),
            start_command: None,
            port: "8080".to_owned(),
            runtime_environment_secrets: BTreeMap::new(),
        }
    }
}

/// Size and role of an instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct InstanceConfiguration {
    pub(super) cpu: String,
    pub(super) memory: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) instance_role_arn: Option<String>,
}

impl Default for InstanceConfiguration {
    fn default() -> Self {
        Self { cpu: "1024".to_owned(), memory: "2048".to_owned(), instance_role_arn: None }
    }
}

/// How App Runner decides that an instance is healthy; durations in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct HealthCheckConfiguration {
    pub(super) protocol: String,
    pub(super) path: String,
    pub(super) interval: u32,
    pub(super) timeout: u32,
    pub(super) healthy_threshold: u32,
    pub(super) unhealthy_threshold: u32,
}

impl Default for HealthCheckConfiguration {
    fn default() -> Self {
        Self {
            protocol: "TCP".to_owned(),
            path: "/".to_owned(),
            interval: 5,
            timeout: 2,
            healthy_threshold: 1,
            unhealthy_threshold: 5,
        }
    }
}

/// Which networks the service talks to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct NetworkConfiguration {
    pub(super) egress_configuration: Value,
    pub(super) ingress_configuration: Value,
    pub(super) ip_address_type: String,
}

impl Default for NetworkConfiguration {
    fn default() -> Self {
        Self {
            egress_configuration: serde_json::json!({ "EgressType": "DEFAULT" }),
            ingress_configuration: serde_json::json!({ "IsPubliclyAccessible": true }),
            ip_address_type: "IPV4".to_owned(),
        }
    }
}

/// Whether traces are collected.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ObservabilityConfiguration {
    pub(super) observability_enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) observability_configuration_arn: Option<String>,
}

/// Says what App Runner would refuse in a source, or nothing.
pub(super) fn source_problem(source: &SourceConfiguration) -> Option<String> {
    if source.code_repository.is_some() {
        return Some("You can't change an image-based service to a code-based one.".to_owned());
    }
    let Some(repository) = &source.image_repository else {
        return Some("SourceConfiguration must contain ImageRepository.".to_owned());
    };
    let image = &repository.identifier;
    let kind = match repository.kind.as_str() {
        "ECR" => Registry::Private,
        "ECR_PUBLIC" => Registry::Public,
        other => return Some(constraint("imageRepositoryType", other, "one of ECR, ECR_PUBLIC")),
    };
    match image::registry(image) {
        None => return Some(constraint("imageIdentifier", image, "the address of an image in Amazon ECR")),
        Some(registry) if registry != kind => {
            return Some(format!("ImageRepositoryType {} does not fit the image {image}.", repository.kind));
        }
        Some(_) => {}
    }
    container_problem(&repository.configuration)
}

fn container_problem(container: &ImageConfiguration) -> Option<String> {
    if container.port.parse::<u16>().is_ok_and(|port| port > 0) {
        let names = container
            .runtime_environment_variables
            .keys()
            .chain(container.runtime_environment_secrets.keys());
        let reserved = names.into_iter().find(|name| name.is_empty() || name.starts_with("AWSAPPRUNNER"));
        return reserved.map(|name| format!("The environment variable name '{name}' is reserved."));
    }
    Some(constraint("port", &container.port, "a port number"))
}

/// Says what App Runner would refuse in a health check, or nothing.
pub(super) fn health_check_problem(check: &HealthCheckConfiguration) -> Option<String> {
    if !matches!(check.protocol.as_str(), "TCP" | "HTTP") {
        return Some(constraint("protocol", &check.protocol, "one of TCP, HTTP"));
    }
    if !check.path.starts_with('/')
        || check.path.contains(|letter: char| letter.is_control() || letter == ' ')
    {
        return Some(constraint("path", &check.path, "a path that begins with a slash"));
    }
    let numbers = [
        ("interval", check.interval),
        ("timeout", check.timeout),
        ("healthyThreshold", check.healthy_threshold),
        ("unhealthyThreshold", check.unhealthy_threshold),
    ];
    numbers
        .into_iter()
        .find(|(_, number)| !(1..=20).contains(number))
        .map(|(name, number)| constraint(name, &number.to_string(), "between 1 and 20"))
}

/// Brings an instance size into the form App Runner answers with, or says what it would refuse.
pub(super) fn sized(mut instance: InstanceConfiguration) -> Result<InstanceConfiguration, String> {
    const CPU: [(&str, &str); 5] = [
        ("0.25 vCPU", "256"),
        ("0.5 vCPU", "512"),
        ("1 vCPU", "1024"),
        ("2 vCPU", "2048"),
        ("4 vCPU", "4096"),
    ];
    const MEMORY: [(&str, &str); 9] = [
        ("0.5 GB", "512"),
        ("1 GB", "1024"),
        ("2 GB", "2048"),
        ("3 GB", "3072"),
        ("4 GB", "4096"),
        ("6 GB", "6144"),
        ("8 GB", "8192"),
        ("10 GB", "10240"),
        ("12 GB", "12288"),
    ];
    let find = |table: &[(&str, &str)], value: &str| {
        table
            .iter()
            .find(|(words, units)| *words == value || *units == value)
            .map(|(_, units)| (*units).to_owned())
    };
    instance.cpu = find(&CPU, &instance.cpu)
        .ok_or_else(|| constraint("cpu", &instance.cpu, "256, 512, 1024, 2048, 4096 or the same in vCPU"))?;
    instance.memory = find(&MEMORY, &instance.memory)
        .ok_or_else(|| constraint("memory", &instance.memory, "512 to 12288 or the same in GB"))?;
    Ok(instance)
}

/// The wording in which AWS reports a value that breaks its service model.
pub(super) fn constraint(member: &str, value: &str, rule: &str) -> String {
    format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must be {rule}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(image: &str, kind: &str) -> SourceConfiguration {
        let text = serde_json::json!({
            "ImageRepository": { "ImageIdentifier": image, "ImageRepositoryType": kind }
        });
        serde_json::from_value(text).expect("a source")
    }

    #[test]
    fn an_omitted_image_configuration_goes_back_to_port_8080_and_no_environment() {
        let source = source("public.ecr.aws/a/store:v1", "ECR_PUBLIC");
        let container = &source.image_repository.as_ref().expect("an image").configuration;
        assert_eq!(container, &ImageConfiguration::default());
        assert_eq!(container.port, "8080");
        assert_eq!(source_problem(&source), None);
    }

    #[test]
    fn an_image_of_the_other_registry_kind_is_refused() {
        assert!(source_problem(&source("public.ecr.aws/a/store:v1", "ECR")).is_some());
        assert!(source_problem(&source("docker.io/a/store:v1", "ECR_PUBLIC")).is_some());
        assert!(source_problem(&SourceConfiguration::default()).is_some());
    }

    #[test]
    fn a_health_check_outside_one_to_twenty_is_refused() {
        let check = HealthCheckConfiguration { interval: 21, ..HealthCheckConfiguration::default() };
        assert!(health_check_problem(&check).expect("a problem").contains("between 1 and 20"));
        assert_eq!(health_check_problem(&HealthCheckConfiguration::default()), None);
    }

    #[test]
    fn a_size_in_words_is_answered_in_units() {
        let words =
            InstanceConfiguration { cpu: "1 vCPU".into(), memory: "2 GB".into(), instance_role_arn: None };
        assert_eq!(sized(words), Ok(InstanceConfiguration::default()));
        let odd = InstanceConfiguration { cpu: "3 vCPU".into(), ..InstanceConfiguration::default() };
        assert!(sized(odd).is_err());
    }
}
