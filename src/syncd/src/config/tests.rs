use std::collections::HashMap;
use std::time::Duration;

use super::{Config, LogFormat, variables};

fn complete() -> HashMap<&'static str, &'static str> {
    HashMap::from([
        (variables::LISTEN, "127.0.1.1:8421"),
        (variables::INSTANCE, "a-1"),
        (variables::REGION, "eu-west-1"),
        (variables::TABLE, "syncd-metadata"),
        (variables::BUCKET, "syncd-content"),
        (variables::WRITER_ROLE_ARN, "arn:aws:iam::000000000000:role/syncd-writer"),
        (variables::READER_ROLE_ARN, "arn:aws:iam::000000000000:role/syncd-reader"),
        (variables::PUBLIC_URL, "http://127.0.0.1:8420/"),
    ])
}

fn read(variables: &HashMap<&str, &str>) -> Result<Config, String> {
    Config::from_variables(|name| variables.get(name).map(|text| (*text).to_owned()))
        .map_err(|error| error.to_string())
}

#[test]
fn what_is_not_set_has_a_default() {
    let config = read(&complete()).unwrap();
    assert_eq!(config.public_url, "http://127.0.0.1:8420");
    assert_eq!(config.digest_interval, Duration::from_secs(900));
    assert_eq!(config.watch_interval, Duration::from_secs(2));
    assert_eq!(config.drain.delay, Duration::from_secs(15));
    assert_eq!(config.drain.timeout, Duration::from_secs(60));
    assert_eq!(config.log_format, LogFormat::Json);
    assert_eq!(config.mail_from, None);
    assert_eq!(config.content_streams, 64);
    // At `info` the SDK names keys of credentials.
    assert!(config.log_filter.contains("aws_config=warn"), "{}", config.log_filter);
    assert!(config.allowed_origins.is_empty());
}

#[test]
fn every_problem_is_named_at_once() {
    let mut variables = complete();
    variables.remove(variables::TABLE);
    variables.insert(variables::BUCKET, "");
    variables.insert(variables::LISTEN, "8421");
    variables.insert(variables::DRAIN_DELAY, "15s");
    variables.insert(variables::PUBLIC_URL, "ftp://files.example.com");
    variables.insert(variables::LOG_FORMAT, "xml");
    variables.insert(variables::TRUSTED_PROXIES, "balancer");
    variables.insert(variables::ALLOWED_ORIGINS, "https://a.example.com, b.example.com/x");
    insta::assert_snapshot!(read(&variables).unwrap_err(), @r#"
    the environment is not complete:
      SYNCD_LISTEN must be an address and a port
      SYNCD_TABLE is not set
      SYNCD_BUCKET is not set
      SYNCD_PUBLIC_URL must be an http or https URL without query
      SYNCD_DRAIN_DELAY must be a whole number
      SYNCD_TRUSTED_PROXIES must be addresses and networks such as 10.0.0.0/16, separated by commas, or none
      SYNCD_ALLOWED_ORIGINS must be a list of origins such as https://files.example.com, separated by commas
      SYNCD_LOG_FORMAT must be json or text
    `syncd --help` lists every variable
    "#);
}

#[test]
fn every_variable_that_is_required_is_documented_as_such() {
    for variable in variables::ALL {
        let mut variables = complete();
        variables.remove(variable.name);
        let starts = read(&variables).is_ok();
        assert_eq!(starts, variable.default.is_some(), "{}", variable.name);
    }
}
