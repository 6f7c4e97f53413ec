//! Secrets Manager: the user and the password of the databases. Kept by whoever asked, never here.

use serde_json::Value;

use super::Aws;
use super::failure::failure;
use super::grant::{Action, arn};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::secret::Secret;

impl Aws {
    /// The secret called `name`. A secret that RDS keeps itself is JSON; then `member` of it is meant.
    pub(in crate::adapters) async fn secret(&self, name: &str, member: &str) -> Result<Secret, Failure> {
        let what = format!("could not read the secret {name}");
        let answer = self.clients().await.secrets.get_secret_value().secret_id(name).send().await;
        let answer = answer.map_err(|error| {
            // Secrets Manager puts six letters of its own behind a name.
            let secret = match name.strip_prefix("arn:") {
                Some(_) => name.to_owned(),
                None => arn(self.way(), "secretsmanager", &format!("secret:{name}-??????")),
            };
            let action = Action::on("secretsmanager:GetSecretValue", secret);
            failure(&what, action, &error, self.way())
        })?;
        answer.secret_string.map(|text| pick(text, member)).ok_or_else(|| {
            Failure::new(FailureKind::Configuration, what)
                .because("it is binary")
                .hint("Store it as text in Secrets Manager.")
        })
    }
}

fn pick(text: String, member: &str) -> Secret {
    let picked = match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(members)) => members.get(member).and_then(Value::as_str).map(str::to_owned),
        _ => None,
    };
    Secret::new(picked.unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_its_text_or_the_member_of_a_secret_that_rds_keeps() {
        assert_eq!(pick("hunter2".to_owned(), "password").reveal(), "hunter2");
        assert_eq!(pick("12345".to_owned(), "password").reveal(), "12345");
        let kept = r#"{"username":"app","password":"hunter2"}"#;
        assert_eq!(pick(kept.to_owned(), "password").reveal(), "hunter2");
        assert_eq!(pick(kept.to_owned(), "username").reveal(), "app");
    }
}
