//! App Runner, the first kind of deploy target: what it can do, and finding, describing and reading the operations of a service.
//! Changing it is `deploy`'s, and following that `follow`'s.

mod deploy;
mod follow;

use std::time::Duration;

use aws_sdk_apprunner::primitives::DateTime;
use aws_sdk_apprunner::types::{OperationSummary, OperationType, Service};

use super::Aws;
use super::failure::failure;
use super::logs::Tail;
use crate::config::EnvironmentSettings;
use crate::domain::Timestamp;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::log::Source;
use crate::domain::observation::{Operation, OperationStatus, ServiceStatus, ServiceView};
use crate::domain::platform::Platform;
use crate::domain::release::ImageRef;

pub(in crate::adapters) use deploy::Deployment;

/// What App Runner can do. Reports have it take back a failed deployment in fifteen minutes and more.
const PLATFORM: Platform = Platform {
    name: "App Runner",
    change: "UpdateService",
    cancels: false,
    shifts_traffic: false,
    logs: "CloudWatch, below /aws/apprunner/",
    takes_back_within: Duration::from_mins(20),
};

/// The most that App Runner lists at once.
const PAGE: i32 = 20;

impl Aws {
    /// The service of an environment, as App Runner describes it.
    pub(in crate::adapters) async fn service_view(
        &self,
        environment: &EnvironmentSettings,
    ) -> Result<ServiceView, Failure> {
        let service = self.service(environment).await?;
        let operations = self.operations(environment, service.service_arn()).await?;
        let address = self.note_address(environment, &service);
        Ok(ServiceView {
            platform: PLATFORM,
            status: status(&service),
            image: image(environment, &service)?,
            address,
            updated_at: timestamp(service.updated_at()),
            operation: operations.first().map(operation),
        })
    }

    /// Where the application of an environment answers: as configured, else as App Runner names it.
    pub(in crate::adapters) async fn address(
        &self,
        environment: &EnvironmentSettings,
    ) -> Result<String, Failure> {
        if let Some(address) = &environment.address {
            return Ok(address.clone());
        }
        let known = self.addresses().get(&environment.environment.service).cloned();
        match known {
            Some(address) => Ok(address),
            None => Ok(self.note_address(environment, &self.service(environment).await?)),
        }
    }

    /// Describes the service of an environment, finding its ARN by name first.
    async fn service(&self, environment: &EnvironmentSettings) -> Result<Service, Failure> {
        let name = &environment.environment.service;
        let known = self.arns().get(name).cloned();
        if let Some(arn) = known {
            match self.describe(environment, &arn).await {
                // It was deleted and made again: the name is the same, the ARN is not.
                Err(failure) if failure.kind == FailureKind::Configuration => {}
                answer => return answer,
            }
        }
        let arn = self.find(environment).await?;
        self.describe(environment, &arn).await
    }

    /// The newest operations of a service, newest first.
    async fn operations(
        &self,
        environment: &EnvironmentSettings,
        arn: &str,
    ) -> Result<Vec<OperationSummary>, Failure> {
        let request = self.clients().await.apprunner.list_operations().service_arn(arn).max_results(PAGE);
        let answer = request.send().await.map_err(|error| {
            let what = format!("could not read the operations of {}", described(environment));
            failure(what, "apprunner:ListOperations", &error, self.way())
        })?;
        Ok(answer.operation_summary_list.unwrap_or_default())
    }

    /// Makes sure that the log of a service could be read while it is deployed to; a log that is not there yet could be.
    pub(in crate::adapters) async fn try_log(
        &self,
        environment: &EnvironmentSettings,
        since: Timestamp,
    ) -> Result<(), Failure> {
        let service = self.service(environment).await?;
        let [mut own, _] = tails(service.service_arn(), millis(since));
        own.read(self).await.map(drop)
    }

    /// The updates of the service of an environment that App Runner lists, newest first.
    pub(in crate::adapters) async fn updates(
        &self,
        environment: &EnvironmentSettings,
    ) -> Result<Vec<Operation>, Failure> {
        let service = self.service(environment).await?;
        let operations = self.operations(environment, service.service_arn()).await?;
        Ok(operations.iter().filter(|summary| is_update(summary)).map(operation).collect())
    }

    async fn describe(&self, environment: &EnvironmentSettings, arn: &str) -> Result<Service, Failure> {
        let what = || format!("could not describe {}", described(environment));
        let request = self.clients().await.apprunner.describe_service().service_arn(arn);
        let answer = request
            .send()
            .await
            .map_err(|error| failure(what(), "apprunner:DescribeService", &error, self.way()))?;
        answer
            .service
            .ok_or_else(|| Failure::new(FailureKind::Unavailable, what()).because("the answer was empty"))
    }

    async fn find(&self, environment: &EnvironmentSettings) -> Result<String, Failure> {
        let name = &environment.environment.service;
        let what = || format!("could not find {}", described(environment));
        let mut pages =
            self.clients().await.apprunner.list_services().max_results(PAGE).into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failure(what(), "apprunner:ListServices", &error, self.way()))?;
            for summary in page.service_summary_list {
                let (Some(found), Some(arn)) = (summary.service_name, summary.service_arn) else { continue };
                names.push(found.clone());
                self.arns().insert(found, arn);
            }
        }
        let arn = if names.contains(name) { self.arns().get(name).cloned() } else { None };
        arn.ok_or_else(|| {
            self.arns().remove(name);
            let region = &self.way().region;
            let found = if names.is_empty() { "no service".to_owned() } else { names.join(", ") };
            Failure::new(FailureKind::Configuration, what())
                .because(format!("App Runner has {found} in {region}"))
                .hint("Correct [[environment]] service, [aws] region, or the profile.")
        })
    }

    fn note_address(&self, environment: &EnvironmentSettings, service: &Service) -> String {
        let named = service.service_url().filter(|url| !url.is_empty()).map(|url| format!("https://{url}"));
        let address = environment.address.clone().or(named).unwrap_or_default();
        self.addresses().insert(environment.environment.service.clone(), address.clone());
        address
    }
}

/// How a person would call the service of an environment.
fn described(environment: &EnvironmentSettings) -> String {
    format!("the service {} of {}", environment.environment.service, environment.environment.name)
}

/// The image that a service is configured with.
fn image(environment: &EnvironmentSettings, service: &Service) -> Result<ImageRef, Failure> {
    let repository = service.source_configuration().and_then(|source| source.image_repository());
    repository.map(|repository| ImageRef::new(repository.image_identifier())).ok_or_else(|| {
        Failure::new(FailureKind::Configuration, format!("could not use {}", described(environment)))
            .because("it is built from source code, not from an image")
            .hint("Make a service that runs an image; App Runner cannot change the kind of a service.")
    })
}

/// What a service does.
fn status(service: &Service) -> ServiceStatus {
    match service.status().as_str() {
        "RUNNING" => ServiceStatus::Running,
        "OPERATION_IN_PROGRESS" => ServiceStatus::Busy,
        "PAUSED" => ServiceStatus::Paused,
        other => ServiceStatus::Down(other.to_lowercase().replace('_', " ")),
    }
}

/// An operation in lockstep's words.
fn operation(summary: &OperationSummary) -> Operation {
    let word = summary.status().map_or("", |status| status.as_str());
    Operation {
        id: summary.id().unwrap_or_default().to_owned(),
        status: match word {
            "SUCCEEDED" => OperationStatus::Succeeded,
            "FAILED" | "ROLLBACK_FAILED" => OperationStatus::Failed,
            "ROLLBACK_SUCCEEDED" => OperationStatus::RolledBack,
            "ROLLBACK_IN_PROGRESS" => OperationStatus::RollingBack,
            // A word that AWS adds one day is not the end of anything.
            _ => OperationStatus::Running,
        },
        started_at: summary.started_at().map(timestamp),
        ended_at: summary.ended_at().map(timestamp),
    }
}

/// True when an operation changes the configuration of a service.
fn is_update(summary: &OperationSummary) -> bool {
    summary.r#type() == Some(&OperationType::UpdateService)
}

fn timestamp(time: &DateTime) -> Timestamp {
    let nanos = i32::try_from(time.subsec_nanos()).unwrap_or_default();
    Timestamp::new(time.secs(), nanos).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Milliseconds since 1970, as CloudWatch counts.
fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// What App Runner says about the service with this ARN, and what its application prints, from `start` on (milliseconds since
/// 1970).
fn tails(arn: &str, start: i64) -> [Tail; 2] {
    // arn:aws:apprunner:region:account:service/NAME/ID
    let path = arn.split_once("service/").map_or(arn, |(_, path)| path);
    [("service", "events", Source::Service), ("application", "instance/", Source::Application)].map(
        |(kind, prefix, source)| {
            Tail::of_stream(format!("/aws/apprunner/{path}/{kind}"), prefix, source, start)
        },
    )
}

#[cfg(test)]
mod tests {
    use aws_sdk_apprunner::types;

    use super::*;

    #[test]
    fn the_groups_are_named_by_the_arn() {
        let arn = "arn:aws:apprunner:us-east-1:000000000000:service/bagel-store-demo1-dev/0123abc";
        let groups = tails(arn, 0).map(|tail| tail.group().to_owned());
        let group = |kind: &str| format!("/aws/apprunner/bagel-store-demo1-dev/0123abc/{kind}");
        assert_eq!(groups, ["service", "application"].map(group));
    }

    #[test]
    fn every_word_for_an_operation_has_its_meaning() {
        for (word, status) in [
            ("PENDING", OperationStatus::Running),
            ("IN_PROGRESS", OperationStatus::Running),
            ("SUCCEEDED", OperationStatus::Succeeded),
            ("FAILED", OperationStatus::Failed),
            ("ROLLBACK_IN_PROGRESS", OperationStatus::RollingBack),
            ("ROLLBACK_FAILED", OperationStatus::Failed),
            ("ROLLBACK_SUCCEEDED", OperationStatus::RolledBack),
            ("A_WORD_OF_TOMORROW", OperationStatus::Running),
        ] {
            let summary = OperationSummary::builder()
                .id("0123")
                .status(types::OperationStatus::from(word))
                .started_at(DateTime::from_secs_f64(1.5))
                .build();
            let operation = operation(&summary);
            assert_eq!(operation.status, status, "{word}");
            assert_eq!(operation.started_at, Timestamp::from_millisecond(1500).ok());
        }
    }
}
