//! Relational Database Service: where the databases answer, and which secret it keeps itself for who logs in. What is
//! in the databases is asked over SQL, elsewhere.

use aws_sdk_rds::types::{Endpoint, MasterUserSecret};

use super::Aws;
use super::failure::failure;
use super::grant::{Action, arn};
use crate::domain::failure::{Failure, FailureKind};

/// The RDS instance that holds the databases.
#[derive(Clone)]
pub(in crate::adapters) struct DatabaseServer {
    /// Its host.
    pub(in crate::adapters) host: String,
    /// Its port.
    pub(in crate::adapters) port: u16,
    /// The secret with user and password, where RDS manages them.
    pub(in crate::adapters) secret: Option<String>,
}

impl Aws {
    /// Finds the RDS instance that holds the databases.
    pub(in crate::adapters) async fn database_server(&self) -> Result<DatabaseServer, Failure> {
        let name = &self.settings().database.instance;
        let what = format!("could not find the database server {name}");
        let request = self.clients().await.rds.describe_db_instances().db_instance_identifier(name);
        let answer = request.send().await.map_err(|error| {
            let action = Action::on("rds:DescribeDBInstances", arn(self.way(), "rds", &format!("db:{name}")));
            failure(&what, action, &error, self.way())
        })?;
        let instance =
            answer.db_instances().iter().find(|found| found.db_instance_identifier() == Some(name));
        let Some(instance) = instance else {
            return Err(Failure::new(FailureKind::Configuration, what)
                .because(format!("RDS has no instance of that name in {}", self.way().region))
                .hint("Correct [database] instance, or [aws] region."));
        };
        let endpoint = instance.endpoint();
        let host = endpoint.and_then(|endpoint| endpoint.address()).filter(|host| !host.is_empty());
        let port = endpoint.and_then(Endpoint::port).and_then(|port| u16::try_from(port).ok());
        if let (Some(host), Some(port)) = (host, port) {
            let secret = instance.master_user_secret().and_then(MasterUserSecret::secret_arn);
            return Ok(DatabaseServer { host: host.to_owned(), port, secret: secret.map(str::to_owned) });
        }
        let status = instance.db_instance_status().unwrap_or("in a state that AWS does not name");
        Err(Failure::new(FailureKind::Unavailable, what)
            .because(format!("it has no address yet: it is {status}"))
            .hint("Wait until RDS says that it is available."))
    }
}
