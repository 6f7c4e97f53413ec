//! Every way in which AWS says no, through the real SDK and the built program: each has a sentence and a mend of its own.

use std::fs;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::place::Place;
use super::scripted::{ACCOUNT, Answer, Scripted};

/// Keys that no configuration of a machine has a say in.
const KEYS: &str = "access_key_id = \"test\"\nsecret_access_key = \"a-secret-key\"\n";

const LOGIN: &str = "Log in again with `aws sso login --profile company`.";

/// A profile of IAM Identity Center.
const SSO: &str = "[sso-session company]\nsso_start_url = https://company.awsapps.com/start\nsso_region = us-east-1\n\
    sso_registration_scopes = sso:account:access\n\n[profile company]\nsso_session = company\nsso_account_id = 123456789012\n\
    sso_role_name = Look\nregion = us-east-1\n";

/// Where the SDK keeps the login of that session: SHA-1 of its name.
const TOKEN: &str = ".aws/sso/cache/71b21161ffa1e6516bcc072aaf5ef38cbe85b511.json";

/// A project with one environment, whose `[aws]` has these lines.
fn project(aws: &str, rest: &str) -> Place {
    let place = Place::fresh();
    let text = format!(
        "[instance]\nid = \"demo9\"\n[aws]\nregion = \"us-east-1\"\n{aws}[database]\ninstance = \"rds\"\n\
         username_secret = \"demo9/rds/username\"\npassword_secret = \"demo9/rds/password\"\nsslmode = \"require\"\n[releases]\nfolder = \".\"\n\
         image = \"registry.example/store\"\n[deadlines]\nlook = 20.0\n{rest}[[environment]]\nname = \"dev\"\n\
         service = \"store-dev\"\ndatabase = \"dev\"\ngate = \"confirm\"\naddress = \"http://127.0.0.1:9\"\n"
    );
    fs::write(place.work().join("lockstep.toml"), text).unwrap();
    place
}

/// What the doctor says there, with these variables besides.
async fn examined(place: &Place, variables: &[(&str, &str)]) -> (i32, Value) {
    let mut command = place.command(&["doctor", "--output", "json"]);
    let output = command.envs(variables.iter().copied()).output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let said = serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr));
    });
    assert!(!text.contains("a-secret-key"), "{text}");
    (output.status.code().unwrap(), said)
}

/// One need, as the doctor found it.
fn need<'v>(said: &'v Value, name: &str) -> &'v Value {
    let mut needs = said["needs"].as_array().unwrap().iter();
    needs.find(|need| need["need"] == name).unwrap_or_else(|| panic!("no {name}: {said:#}"))
}

fn because(need: &Value) -> Vec<&str> {
    need["because"].as_array().unwrap().iter().filter_map(Value::as_str).collect()
}

/// An emulated AWS that says these things, and a project that calls it.
async fn told(answers: Vec<Answer>, aws: &str) -> (Scripted, Place) {
    let scripted = Scripted::start(answers).await;
    let place = project(&format!("endpoint_url = \"{}\"\n{KEYS}{aws}", scripted.url), "");
    (scripted, place)
}

#[tokio::test]
async fn a_login_that_has_expired_is_told_from_one_that_never_was() {
    let place = project("profile = \"company\"\n", "");
    fs::create_dir_all(place.work().join(".aws/sso/cache")).unwrap();
    fs::write(place.work().join(".aws/config"), SSO).unwrap();
    let (code, said) = examined(&place, &[]).await;
    let found = need(&said, "credentials");
    assert_eq!((code, because(found)[0]), (69, "nobody has logged in with this profile"), "{said:#}");
    assert_eq!(found["mend"], LOGIN);
    assert_eq!(need(&said, "service")["state"], "not seen", "nobody can ask");

    let token = r#"{"startUrl":"https://company.awsapps.com/start","region":"us-east-1","accessToken":"x","expiresAt":"2020-01-01T00:00:00Z"}"#;
    fs::write(place.work().join(TOKEN), token).unwrap();
    let (code, said) = examined(&place, &[]).await;
    let found = need(&said, "credentials");
    assert_eq!((code, because(found)[0]), (69, "the login of this profile has expired"), "{said:#}");
    assert_eq!(found["mend"], LOGIN);
}

#[tokio::test]
async fn a_profile_that_there_is_not_and_no_credentials_at_all_are_two_things() {
    let place = project("profile = \"company\"\n", "");
    // Keys in the environment are nobody's but the environment's.
    let keys = [("AWS_ACCESS_KEY_ID", "stray"), ("AWS_SECRET_ACCESS_KEY", "stray")];
    let (code, said) = examined(&place, &keys).await;
    let found = need(&said, "credentials");
    assert_eq!(code, 65, "{said:#}");
    let none = "the AWS configuration has no profile `company`";
    assert_eq!(because(found)[0], format!("{none}, or one without credentials"));
    let mend = "Correct [aws] profile, or add the profile with `aws configure sso`.";
    assert_eq!(found["mend"], mend);
    fs::create_dir_all(place.work().join(".aws")).unwrap();
    fs::write(place.work().join(".aws/config"), "[profile other]\nregion = us-east-1\n").unwrap();
    let (code, said) = examined(&place, &keys).await;
    let found = need(&said, "credentials");
    assert_eq!((code, because(found)[0], &found["mend"]), (65, none, &mend.into()), "{said:#}");

    let place = project("", "");
    let (code, said) = examined(&place, &[("AWS_EC2_METADATA_DISABLED", "true")]).await;
    let found = need(&said, "credentials");
    assert_eq!((code, &found["found"]), (69, &"there are no AWS credentials to ask with".into()), "{said:#}");
    assert_eq!(found["mend"], "Set [aws] profile, or log in with `aws sso login` or `aws configure`.");
}

#[tokio::test]
async fn credentials_that_have_expired_lead_back_to_the_login() {
    let expired = "The security token included in the request is expired";
    let (scripted, place) = told(vec![Answer::refuse("**", 403, "ExpiredToken", expired)], "").await;
    let (code, said) = examined(&place, &[]).await;
    let found = need(&said, "credentials");
    assert_eq!((code, because(found)), (69, vec![&*format!("ExpiredToken: {expired}")]), "{said:#}");
    assert_eq!(found["mend"], "Log in again with `aws sso login`, or renew the keys.");
    assert_eq!(scripted.count("GetCallerIdentity"), 1, "nothing is repeated");
}

#[tokio::test]
async fn a_missing_permission_names_the_action_and_the_least_that_gives_it() {
    let denied = |action: &'static str, asked: &str, resource: &str| {
        let message = format!(
            "User: arn:aws:sts::{ACCOUNT}:assumed-role/Look/ana is not authorized to perform: {asked} on resource: {resource} \
             because no identity-based policy allows the {asked} action"
        );
        Answer::refuse(action, 400, "AccessDeniedException", &message)
    };
    let server = format!("arn:aws:rds:us-east-1:{ACCOUNT}:db:rds");
    let answers = vec![
        denied("ListServices", "apprunner:ListServices", "*"),
        denied("DescribeDBInstances", "rds:DescribeDBInstances", &server),
        denied("GetSecretValue", "secretsmanager:GetSecretValue", "demo9/rds/username"),
    ];
    let (_, place) = told(answers, "").await;
    let (code, said) = examined(&place, &[]).await;
    assert_eq!((code, &said["obstacle"]), (69, &"unavailable".into()), "{said:#}");
    let secret = format!("arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:demo9/rds/username-??????");
    for (name, action, resource) in [
        ("service", "apprunner:ListServices", "*"),
        ("database server", "rds:DescribeDBInstances", server.as_str()),
        ("database sign-in", "secretsmanager:GetSecretValue", secret.as_str()),
    ] {
        let found = need(&said, name);
        let mend = found["mend"].as_str().unwrap();
        let (sentence, statement) = mend.split_once('\n').unwrap_or_else(|| panic!("{mend}"));
        assert!(sentence.starts_with(&format!("Ask for the permission `{action}`")), "{mend}");
        let statement: Value = serde_json::from_str(statement).unwrap();
        let least = serde_json::json!({ "Effect": "Allow", "Action": action, "Resource": resource });
        assert_eq!((statement, &found["kind"]), (least, &"refused".into()));
    }
}

#[tokio::test]
async fn whoever_calls_too_often_is_told_after_three_attempts() {
    let slow = Answer::refuse("DescribeDBInstances", 400, "Throttling", "Rate exceeded");
    let (scripted, place) = told(vec![slow], "").await;
    let (_, said) = examined(&place, &[]).await;
    let found = need(&said, "database server");
    assert_eq!(because(found), ["Throttling: Rate exceeded"]);
    let mend = found["mend"].as_str().unwrap();
    assert!(mend.starts_with("AWS asks to be called less often."), "{mend}");
    assert!(scripted.count("DescribeDBInstances") >= 3, "a look is repeated");
}

/// A moment as HTTP writes it.
fn http(at: SystemTime) -> String {
    let at = jiff::Timestamp::try_from(at).unwrap();
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_with_how_far() {
    let wrong = "The request signature we calculated does not match the signature you provided.";
    let ahead = SystemTime::now() + Duration::from_mins(61);
    let refusal = Answer::refuse("**", 403, "SignatureDoesNotMatch", wrong).with("date", http(ahead));
    let (_, place) = told(vec![refusal], "").await;
    let (code, said) = examined(&place, &[]).await;
    let found = need(&said, "credentials");
    assert_eq!(code, 69);
    let told = because(found)[1];
    assert!(
        ["60", "61"]
            .map(|it| format!("the clock of this machine is {it} min behind that of AWS"))
            .iter()
            .any(|it| it == told),
        "{told}"
    );
    assert!(found["mend"].as_str().unwrap().starts_with("Set the clock of this machine right"), "{said:#}");
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_by_what_aws_says_of_the_signature() {
    let late = "Signature expired: 20261128T000000Z is now earlier than 20261128T021000Z (20261128T021500Z - 5 min.)";
    let (_, place) = told(vec![Answer::refuse("**", 403, "SignatureDoesNotMatch", late)], "").await;
    let (_, said) = examined(&place, &[]).await;
    let found = need(&said, "credentials");
    assert_eq!(because(found)[1], "the clock of this machine is 2 h behind that of AWS");
}

#[tokio::test]
async fn a_signature_that_is_wrong_while_the_clock_is_right_is_about_the_key() {
    let wrong = "The request signature we calculated does not match the signature you provided.";
    let (_, place) = told(vec![Answer::refuse("**", 403, "SignatureDoesNotMatch", wrong)], "").await;
    let (_, said) = examined(&place, &[]).await;
    let mend = need(&said, "credentials")["mend"].as_str().unwrap().to_owned();
    assert_eq!(
        mend,
        "The clock is right, so the secret key does not belong to the key id: renew the credentials."
    );
}

#[tokio::test]
async fn a_wrong_region_is_told_wherever_it_shows() {
    let answers = vec![
        Answer::refuse("DescribeDBInstances", 404, "DBInstanceNotFound", "DBInstance rds not found."),
        Answer::refuse("HEAD an object or a bucket", 301, "PermanentRedirect", "")
            .with("x-amz-bucket-region", "eu-west-1"),
        Answer::refuse(
            "ListServices",
            403,
            "InvalidSignatureException",
            "Credential should be scoped to a valid region.",
        ),
    ];
    let scripted = Scripted::start(answers).await;
    let aws = format!("endpoint_url = \"{}\"\n{KEYS}", scripted.url);
    let place = project(&aws, "[reports]\nbucket = \"team-reports\"\n");
    let (code, said) = examined(&place, &[]).await;
    assert_eq!((code, &said["obstacle"]), (65, &"configuration".into()), "{said:#}");
    let mend = |name: &str| need(&said, name)["mend"].as_str().unwrap().to_owned();
    assert_eq!(
        mend("database server"),
        "Check the name, and that it is in us-east-1; another region looks exactly like this."
    );
    assert_eq!(mend("reports bucket"), "Correct [aws] region, or use a bucket that is there.");
    let there = need(&said, "reports bucket");
    assert_eq!(because(there), ["the bucket is in eu-west-1, and lockstep asks in us-east-1"]);
    assert_eq!(mend("service"), "Correct [aws] region: AWS does not know us-east-1 for this service.");
}

#[tokio::test]
async fn a_role_that_may_not_be_taken_on_is_told_with_both_halves_of_what_it_needs() {
    let role = "arn:aws:iam::222222222222:role/Release";
    let denied = format!(
        "User: arn:aws:iam::{ACCOUNT}:user/ana is not authorized to perform: sts:AssumeRole on resource: {role}"
    );
    let refusal = Answer::refuse("AssumeRole", 403, "AccessDenied", &denied);
    let (_, place) = told(vec![refusal], &format!("role_arn = \"{role}\"\n")).await;
    let (code, said) = examined(&place, &[]).await;
    let found = need(&said, "credentials");
    assert_eq!(
        (code, because(found)[0]),
        (69, &*format!("the role {role} could not be taken on")),
        "{said:#}"
    );
    let mend: Vec<_> = found["mend"].as_str().unwrap().lines().collect();
    assert!(mend[0].starts_with("Ask for the permission `sts:AssumeRole`"), "{mend:?}");
    assert_eq!(mend[1], format!(r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"{role}"}}"#));
    assert!(mend[2].contains("has to trust who asks"), "{mend:?}");
}

#[tokio::test]
async fn another_account_than_the_configured_one_is_wrong_before_anything_is_promoted() {
    let (_, place) = told(Vec::new(), "account = \"111111111111\"\n").await;
    let (code, said) = examined(&place, &[]).await;
    let found = need(&said, "account");
    assert_eq!((code, &found["state"]), (65, &"wrong".into()), "{said:#}");
    assert_eq!(found["found"], format!("{ACCOUNT}, and 111111111111 is configured"));
}

#[tokio::test]
async fn a_variable_that_leads_calls_elsewhere_is_a_warning() {
    let scripted = Scripted::start(Vec::new()).await;
    let place = project("profile = \"demo\"\n", "");
    fs::create_dir_all(place.work().join(".aws")).unwrap();
    let keys = "[demo]\naws_access_key_id = test\naws_secret_access_key = a-secret-key\n";
    fs::write(place.work().join(".aws/credentials"), keys).unwrap();
    let variables = [("AWS_ENDPOINT_URL", scripted.url.as_str())];
    let (_, said) = examined(&place, &variables).await;
    let found = need(&said, "address");
    assert_eq!(found["state"], "warning");
    let where_to = format!("calls go to {} (AWS_ENDPOINT_URL in the environment), not to AWS", scripted.url);
    assert_eq!(found["found"], where_to);
    assert_eq!(found["mend"], "Unset AWS_ENDPOINT_URL, or write `endpoint_url` into [aws] if it is meant.");
    assert_eq!(need(&said, "credentials")["state"], "well", "they do go there: {said:#}");

    // Every other command says so as well.
    let output = place.command(&["status"]).envs(variables).output().await.unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains(&where_to), "{told}");
}
