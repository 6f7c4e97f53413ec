//! From seeds to services: the past an instance is given before anybody touches it.
//!
//! Everything here is derived from the seed, so that the same seed gives the same identifiers, times and
//! log lines again. Absent on purpose: choosing versions and moments.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::configuration::{
    Configuration, HealthCheckConfiguration, IMAGE_PORT, ImageConfiguration, ImageRepository,
    InstanceConfiguration, NetworkConfiguration, ObservabilityConfiguration, SourceConfiguration,
};
use super::durations::{Pace, after_start};
use super::lines::{self, Line};
use super::names;
use super::settings::{ServiceSeed, Settings, WorldError};
use super::state::{Operation, OperationKind, OperationStatus, Service, ServiceStatus};

/// The names of the two secrets of an instance.
pub(super) fn secret_names(settings: &Settings) -> [String; 2] {
    [format!("{}/rds/username", settings.demo_id), format!("{}/rds/password", settings.demo_id)]
}

/// Makes the service of a seed; its public address is filled in by whoever opens it.
pub(super) fn service(
    settings: &Settings,
    seed: &ServiceSeed,
    now: Timestamp,
) -> Result<Service, WorldError> {
    let (Some((version, _)), Some((_, created_at))) = (seed.deployments.last(), seed.deployments.first())
    else {
        let because =
            format!("{} has no deployment; give it at least the version it is to run.", seed.environment);
        return Err(WorldError::Seeds { because });
    };
    let name = names::service_name(settings, &seed.environment);
    if !(4..=40).contains(&name.len()) {
        let because =
            format!("App Runner takes service names of 4 to 40 characters, {name} has {}.", name.len());
        return Err(WorldError::Seeds { because });
    }
    let id = names::derived(&[&settings.demo_id, &seed.environment, "service"]);
    let operations = operations(settings, seed, now);
    let updated_at = operations.last().map_or(*created_at, |operation| operation.updated_at);
    Ok(Service {
        environment: seed.environment.clone(),
        arn: names::service_arn(settings, &name, &id),
        name,
        id,
        url: String::new(),
        created_at: *created_at,
        updated_at,
        status: ServiceStatus::Running,
        configuration: configuration(settings, seed, version),
        under_way: None,
        operations,
    })
}

/// The log lines the deployments of a seed left behind, oldest first.
pub(super) fn history(
    settings: &Settings,
    seed: &ServiceSeed,
    service: &Service,
) -> Vec<(Timestamp, String, Line)> {
    let pace = Pace::new(settings.time_factor);
    let mut written = Vec::new();
    for (operation, (version, _)) in service.operations.iter().zip(&seed.deployments) {
        let image = format!("{}:{version}", settings.image_repository);
        let end = operation.ended_at.unwrap_or(operation.started_at);
        let past = [
            (after_start::PROVISIONING, lines::pulling(&image)),
            (after_start::PROVISIONING, lines::PULLED.into()),
            (after_start::PROVISIONING, lines::PROVISIONING.into()),
            (after_start::HEALTH_CHECK, lines::checking(&service.configuration)),
            (after_start::HEALTHY, lines::HEALTHY.into()),
            (after_start::ROUTED, lines::ROUTED.into()),
        ];
        for line in lines::beginning(operation.kind, &operation.id) {
            written.push((operation.started_at, operation.id.clone(), line));
        }
        for (offset, text) in past {
            let at = pace.moment(operation.started_at, offset).min(end);
            written.push((at, operation.id.clone(), Line::deployment(text)));
        }
        for line in lines::success(operation.kind, ServiceStatus::Running) {
            written.push((end, operation.id.clone(), line));
        }
    }
    written
}

fn operations(settings: &Settings, seed: &ServiceSeed, now: Timestamp) -> Vec<Operation> {
    let pace = Pace::new(settings.time_factor);
    let rows = seed.deployments.iter().enumerate().map(|(index, (version, started_at))| {
        let ended_at = pace.moment(*started_at, after_start::DONE).min(now.max(*started_at));
        let kind = if index == 0 { OperationKind::CreateService } else { OperationKind::UpdateService };
        Operation {
            id: names::derived(&[&settings.demo_id, &seed.environment, &index.to_string(), version]),
            kind,
            status: OperationStatus::Succeeded,
            started_at: *started_at,
            updated_at: ended_at,
            ended_at: Some(ended_at),
        }
    });
    rows.collect()
}

fn configuration(settings: &Settings, seed: &ServiceSeed, version: &str) -> Configuration {
    let variables =
        [("ENVIRONMENT", &seed.environment), ("DEMO_ID", &settings.demo_id), ("DB_NAME", &seed.database)];
    let [username, password] = secret_names(settings).map(|name| names::secret_arn(settings, &name));
    let container = ImageConfiguration {
        runtime_environment_variables: variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect(),
        start_command: None,
        port: IMAGE_PORT.to_owned(),
        runtime_environment_secrets: BTreeMap::from([
            ("DB_USERNAME".to_owned(), username),
            ("DB_PASSWORD".to_owned(), password),
        ]),
    };
    let repository = ImageRepository {
        identifier: format!("{}:{version}", settings.image_repository),
        configuration: container,
        kind: "ECR_PUBLIC".to_owned(),
    };
    Configuration {
        source: SourceConfiguration { image_repository: Some(repository), ..SourceConfiguration::default() },
        instance: InstanceConfiguration::default(),
        health_check: HealthCheckConfiguration {
            protocol: "HTTP".to_owned(),
            path: "/health".to_owned(),
            ..HealthCheckConfiguration::default()
        },
        auto_scaling_arn: names::scaling_arn(settings),
        network: NetworkConfiguration::default(),
        observability: ObservabilityConfiguration::default(),
    }
}

#[cfg(test)]
pub(super) fn example_settings() -> Settings {
    Settings {
        demo_id: "demo1".to_owned(),
        region: "us-east-1".to_owned(),
        account: "000000000000".to_owned(),
        time_factor: 20,
        state_folder: "state".into(),
        store: "bagel-store".into(),
        database: super::DatabaseAccess {
            host: "127.0.0.1".to_owned(),
            port: 5432,
            username: "bagel".to_owned(),
            password: "secret word".to_owned(),
        },
        login: ("demo".to_owned(), "another word".to_owned()),
        liquibase: None,
        known_versions: vec!["v1.0.0".to_owned(), "v1.1.0".to_owned()],
        image_repository: "public.ecr.aws/l1v5b6d6/demo1-bagel-store".to_owned(),
        seeds: Vec::new(),
        ports: BTreeMap::new(),
        faults: crate::sandbox::faults::Board::default(),
    }
}

#[cfg(test)]
pub(super) fn example() -> Service {
    let started = Timestamp::from_second(1_750_000_000).expect("a moment");
    let seed = ServiceSeed {
        environment: "dev".to_owned(),
        database: "dev".to_owned(),
        deployments: vec![("v1.0.0".to_owned(), started)],
    };
    service(&example_settings(), &seed, Timestamp::now()).expect("a service")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_service() {
        assert_eq!(example(), example());
    }

    #[test]
    fn a_seed_without_a_deployment_is_refused_with_its_environment() {
        let seed =
            ServiceSeed { environment: "test".into(), database: "test".into(), deployments: Vec::new() };
        let error = service(&example_settings(), &seed, Timestamp::now()).expect_err("refused").to_string();
        assert!(error.contains("test has no deployment"), "{error}");
    }

    #[test]
    fn settings_print_no_password() {
        let printed = format!("{:?}", example_settings());
        assert!(!printed.contains("secret word") && !printed.contains("another word"), "{printed}");
    }
}
