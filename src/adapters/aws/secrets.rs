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
        Ok(pick(self.secret_text(name).await?, member))
    }

    /// User and password out of the one secret called `name`, which is JSON as RDS writes it.
    pub(in crate::adapters) async fn login(&self, name: &str) -> Result<(String, Secret), Failure> {
        pair(&self.secret_text(name).await?).map_err(|why| {
            Failure::new(FailureKind::Configuration, format!("could not use the secret {name}"))
                .because(why)
                .hint("Store JSON with `username` and `password` in it, or name a secret for each.")
        })
    }

    async fn secret_text(&self, name: &str) -> Result<String, Failure> {
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
        answer.secret_string.ok_or_else(|| {
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

/// The members `username` and `password`; what is wrong never repeats any of it.
fn pair(text: &str) -> Result<(String, Secret), &'static str> {
    let Ok(Value::Object(members)) = serde_json::from_str::<Value>(text) else {
        return Err("it is not a JSON object");
    };
    let member = |name: &str| members.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let user = member("username").ok_or("it has no `username`")?;
    let password = member("password").ok_or("it has no `password`")?;
    Ok((user.to_owned(), Secret::new(password)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_with_both_says_what_it_lacks_and_nothing_of_what_it_holds() {
        let kept = r#"{"username":"app","password":"hunter2","engine":"postgres"}"#;
        assert_eq!(pair(kept), Ok(("app".to_owned(), Secret::new("hunter2"))));
        for (text, why) in [
            ("hunter2", "it is not a JSON object"),
            (r#"["app","hunter2"]"#, "it is not a JSON object"),
            (r#"{"password":"hunter2"}"#, "it has no `username`"),
            (r#"{"username":"app","password":""}"#, "it has no `password`"),
            (r#"{"username":"app","password":7}"#, "it has no `password`"),
        ] {
            assert_eq!(pair(text), Err(why));
        }
    }

    #[test]
    fn a_secret_is_its_text_or_the_member_of_a_secret_that_rds_keeps() {
        assert_eq!(pick("hunter2".to_owned(), "password").reveal(), "hunter2");
        assert_eq!(pick("12345".to_owned(), "password").reveal(), "12345");
        let kept = r#"{"username":"app","password":"hunter2"}"#;
        assert_eq!(pick(kept.to_owned(), "password").reveal(), "hunter2");
        assert_eq!(pick(kept.to_owned(), "username").reveal(), "app");
    }
}
