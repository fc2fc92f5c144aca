//! `login`.

use std::process::ExitCode;

use protocol::account::{LoginRequest, RedeemRequest};
use serde_json::json;
use sync::api::{Api, PlainHttp};
use sync::home::Login;

use super::{Outcome, home};
use crate::args::LoginArgs;
use crate::failure::Failure;
use crate::secrets;
use crate::ui::{Ui, units};

pub(super) async fn run(args: &LoginArgs, ui: &Ui) -> Outcome {
    let home = home()?;
    let plain = if args.allow_plain_http { PlainHttp::Anywhere } else { PlainHttp::OnlyLoopback };
    // The address is judged before anybody types a password.
    let api = Api::new(&args.url, None, plain)?;
    let secrets = secrets::read(args)?;
    let device_name = args.device.clone().unwrap_or_else(machine_name);
    let password = secrets.password.expose().to_owned();
    let answer = match (secrets.invitation, secrets.login) {
        (Some(invitation), login) => {
            let request = RedeemRequest {
                invitation: invitation.expose().to_owned(),
                login,
                password,
                device_name,
            };
            api.redeem(&request).await?
        }
        (None, Some(login)) => {
            let request = LoginRequest { login, password, device_name };
            api.login(&request).await?
        }
        (None, None) => {
            return Err(Failure::Usage("whose password is it? add --login EMAIL".to_owned()));
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
    ui.summary(&value, || {
        let until = units::server_time(&login.expires_at);
        vec![format!("Logged in to {} as {} until {until}.", login.url, login.user.login)]
    });
    Ok(ExitCode::SUCCESS)
}

fn machine_name() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy().into_owned();
    if name.is_empty() { "a device".to_owned() } else { name }
}
