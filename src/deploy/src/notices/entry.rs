//! The certificate.

use super::{certificate_arn, unchecked};
use crate::deployer::Deployer;
use crate::plan::{Level, Notice};

pub(super) async fn check(deployer: &Deployer<'_>) -> Vec<Notice> {
    let Some(arn) = certificate_arn(deployer) else { return Vec::new() };
    let line = crate::lines::of_key(deployer.blueprint, "entry.certificate");
    let notice = |level, text: String, advice: String| Notice {
        level,
        text,
        advice: Some(advice),
        line: line.clone(),
    };
    let found = match deployer.cloud.certificate(&arn).await {
        Ok(found) => found,
        Err(error) => return unchecked("the state of the certificate", &error),
    };
    let Some(found) = found else {
        return vec![notice(
            Level::Blocker,
            format!("There is no certificate {arn} in {}.", deployer.cloud.region()),
            "a load balancer takes certificates of its own Region only: request or import it there"
                .to_owned(),
        )];
    };
    let mut notices = Vec::new();
    if found.status != "ISSUED" {
        let records: Vec<String> = found
            .records
            .iter()
            .map(|record| format!("{} {} {}", record.name, record.kind, record.value))
            .collect();
        let advice = match records.is_empty() {
            true => "wait until ACM has issued it, or request another one".to_owned(),
            false => format!("add these records to the DNS: {}", records.join("; ")),
        };
        notices.push(notice(
            Level::Blocker,
            format!("The certificate is {}.", found.status),
            advice,
        ));
    }
    if let Some(domain) = deployer.deployment().entry.domain.as_ref().map(ToString::to_string)
        && !found.names.iter().any(|name| covers(name, &domain))
    {
        notices.push(notice(
            Level::Warning,
            format!("The certificate is for {}, not for {domain}.", found.names.join(", ")),
            "clients will refuse it: use one that names entry.domain".to_owned(),
        ));
    }
    notices
}

/// A star stands for one label (RFC 6125 section 6.4.3).
fn covers(name: &str, domain: &str) -> bool {
    let (name, domain) = (name.to_ascii_lowercase(), domain.to_ascii_lowercase());
    match name.strip_prefix("*.") {
        Some(parent) => domain.split_once('.').is_some_and(|(_, rest)| rest == parent),
        None => name == domain,
    }
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_star_stands_for_one_label() {
        assert!(covers("*.example.com", "Sync.example.com"));
        assert!(!covers("*.example.com", "a.sync.example.com"));
        assert!(!covers("*.example.com", "example.com"));
        assert!(covers("sync.example.com", "sync.example.com"));
    }
}
