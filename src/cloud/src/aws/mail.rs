//! SES.

use aws_sdk_sesv2::Client;

use super::failure;
use crate::Result;
use crate::region::{DnsRecord, MailAccount, MailIdentityState};

pub(super) async fn account(client: &Client) -> Result<MailAccount> {
    let answer = client.get_account().send().await.map_err(failure::of("ses", "GetAccount"))?;
    let daily = answer.send_quota.map_or(0.0, |quota| quota.max24_hour_send);
    Ok(MailAccount {
        has_production_access: answer.production_access_enabled,
        can_send: answer.sending_enabled,
        // -1 is no limit.
        daily_quota: if daily < 0.0 { u64::MAX } else { daily as u64 },
    })
}

pub(super) async fn identity(client: &Client, identity: &str) -> Result<MailIdentityState> {
    let call = client.get_email_identity().email_identity(identity).send().await;
    let answer = call.map_err(failure::of("ses", "GetEmailIdentity"))?;
    let (dkim_status, tokens) = answer.dkim_attributes.map_or_else(Default::default, |dkim| {
        let status = dkim.status.map_or_else(String::new, |it| it.as_str().to_owned());
        (status, dkim.tokens.unwrap_or_default())
    });
    Ok(MailIdentityState {
        is_verified: answer.verified_for_sending_status,
        dkim_status,
        records: tokens
            .into_iter()
            .map(|token| DnsRecord {
                name: format!("{token}._domainkey.{identity}"),
                kind: "CNAME".to_owned(),
                value: format!("{token}.dkim.amazonses.com"),
            })
            .collect(),
    })
}
