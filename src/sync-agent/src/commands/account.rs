//! `logout`, `whoami`, `devices`.

use std::process::ExitCode;

use protocol::id::DeviceId;
use serde_json::json;

use super::{Outcome, home, logged_in};
use crate::failure::Failure;
use crate::ui::{Ui, units};

pub(super) async fn logout(ui: &Ui) -> Outcome {
    let home = home()?;
    let Some(login) = home.login()? else {
        let text = "Nobody is logged in on this device.".to_owned();
        ui.summary("sync-agent/logout/1", &json!({ "url": null }), || vec![text]);
        return Ok(ExitCode::SUCCESS);
    };
    // Forgotten here in any case; the token ends by itself if the server can't be told.
    let told = login.api()?.logout().await;
    home.forget_login()?;
    let text = match told {
        Ok(()) => format!("Logged out from {}.", login.url),
        Err(error) => format!("Forgotten on this device, but the server was not told: {error}"),
    };
    ui.summary("sync-agent/logout/1", &json!({ "url": login.url }), || vec![text]);
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn whoami(ui: &Ui) -> Outcome {
    let (_, login, api) = logged_in(ui)?;
    let user = api.me().await?;
    let value = json!({
        "user": user,
        "url": login.url,
        "device": login.device,
        "expires_at": login.expires_at,
    });
    ui.result("sync-agent/whoami/1", &value, || vec![format!("{} at {}", user.login, login.url)]);
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn devices(revoke: Option<&str>, ui: &Ui) -> Outcome {
    let (_, _, api) = logged_in(ui)?;
    if let Some(id) = revoke {
        let id: DeviceId = id
            .parse()
            .map_err(|error| Failure::Usage(format!("{id:?} is no device id: {error}")))?;
        api.revoke_device(&id).await?;
        let text = format!("The login of device {id} has ended.");
        ui.summary("sync-agent/revoked/1", &json!({ "device": id }), || vec![text]);
        return Ok(ExitCode::SUCCESS);
    }
    let devices = api.devices().await?;
    ui.result("sync-agent/devices/1", &devices, || {
        let rows = devices.devices.iter().map(|device| {
            vec![
                device.id.to_string(),
                units::name(&device.name),
                units::server_time(&device.created_at),
                if device.current { "this device".to_owned() } else { String::new() },
            ]
        });
        units::table(&rows.collect::<Vec<_>>())
    });
    Ok(ExitCode::SUCCESS)
}
