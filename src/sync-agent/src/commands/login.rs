//! `login`.

use std::process::ExitCode;

use protocol::account::{LoginRequest, LoginResponse, RedeemRequest};
use protocol::error::ErrorCode;
use serde_json::json;
use sync::api::{Api, PlainHttp};
use sync::error::{ApiError, SyncError};
use sync::home::Login;

use super::{Outcome, home, patient};
use crate::args::LoginArgs;
use crate::failure::Failure;
use crate::secrets::{self, Secrets};
use crate::ui::{Ui, units};

pub(super) async fn run(args: &LoginArgs, ui: &Ui) -> Outcome {
    let home = home()?;
    let plain = if args.allow_plain_http { PlainHttp::Anywhere } else { PlainHttp::OnlyLoopback };
    // The address is judged before anybody types a password.
    let api = patient(Api::new(&args.url, None, plain)?, ui);
    let mut secrets = secrets::read(args)?;
    let device_name = args.device.clone().unwrap_or_else(machine_name);
    let mut attempt = 1;
    let answer = loop {
        match enter(&api, &secrets, device_name.clone()).await {
            Err(Failure::Engine(SyncError::Api(error)))
                if error.code() == Some(ErrorCode::BadCredentials)
                    && secrets.asked
                    && attempt < secrets::ATTEMPTS =>
            {
                attempt += 1;
                ui.say(&format!("{error}; try again"));
                secrets.ask_again()?;
            }
            other => break other?,
        }
    };
    let before = home.login().ok().flatten();
    let login = Login::new(args.url.clone(), plain, answer);
    home.save_login(&login)?;
    // The token that was replaced would stay valid for weeks with nobody holding it.
    if let Some(old) = before
        && let Ok(api) = old.api()
    {
        let _ = api.logout().await;
    }
    let value = json!({
        "user": login.user,
        "device": login.device,
        "url": login.url,
        "expires_at": login.expires_at,
    });
    ui.summary("sync-agent/login/1", &value, || {
        let until = units::server_time(&login.expires_at);
        vec![format!("Logged in to {} as {} until {until}.", login.url, login.user.login)]
    });
    Ok(ExitCode::SUCCESS)
}

async fn enter(
    api: &Api,
    secrets: &Secrets,
    device_name: String,
) -> Result<LoginResponse, Failure> {
    let password = secrets.password.expose().to_owned();
    let login = secrets.login.clone();
    if let Some(invitation) = &secrets.invitation {
        let invitation = invitation.expose().to_owned();
        let request = RedeemRequest { invitation, login, password, device_name };
        return api.redeem(&request).await.map_err(after_redeeming);
    }
    let login = login
        .ok_or_else(|| Failure::Usage("whose password is it? add --login EMAIL".to_owned()))?;
    Ok(api.login(&LoginRequest { login, password, device_name }).await?)
}

/// It is not repeated by itself: where only the answer was lost, the invitation is used up.
fn after_redeeming(error: ApiError) -> Failure {
    let unsure = matches!(error, ApiError::Unreachable { .. })
        || error.code() == Some(ErrorCode::Unavailable);
    // Nothing was sent to somebody who may be anybody.
    if !unsure || error.is_untrusted() {
        return error.into();
    }
    let hint = "is the address right and the server up? run it again; if the invitation is used up \
                then, it went through: log in with the password alone";
    Failure::Hinted(error.into(), hint)
}

fn machine_name() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy().into_owned();
    if name.is_empty() { "a device".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_login_tells_an_unknown_certificate_from_a_lost_answer() {
        let hint = |message: &str| {
            let (url, message) = ("https://127.0.0.1:8420".to_owned(), message.to_owned());
            after_redeeming(ApiError::Unreachable { url, message }).hint().unwrap()
        };
        assert!(hint("invalid peer certificate: UnknownIssuer").contains("SSL_CERT_FILE"));
        assert!(hint("connection reset").contains("log in with the password alone"));
    }
}
