use clap::Args;
use serde::Serialize;
use store::{Account, AccountState, PendingInvitation};

use crate::accounts::Service;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;
use crate::ui::table::Table;

/// List the accounts, and the invitations nobody has redeemed yet
#[derive(Debug, Args)]
pub(crate) struct ListArgs {}

#[derive(Debug, Serialize)]
struct AccountList {
    users: Vec<User>,
    invitations: Vec<Waiting>,
}

#[derive(Debug, Serialize)]
struct Waiting {
    /// Absent for the first user, who chooses the login.
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<String>,
    expires_at: jiff::Timestamp,
}

impl From<PendingInvitation> for Waiting {
    fn from(pending: PendingInvitation) -> Self {
        Self { login: pending.login, expires_at: pending.expires_at }
    }
}

#[derive(Debug, Serialize)]
struct User {
    id: String,
    login: String,
    state: &'static str,
    created_at: jiff::Timestamp,
    /// Absent for an active account, and where nobody wrote it down.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_at: Option<jiff::Timestamp>,
}

impl User {
    /// Since when it is in its state, as far as anybody knows.
    fn since(&self) -> String {
        match (self.state, self.disabled_at) {
            ("disabled", None) => "unknown".to_owned(),
            (_, since) => minute(since.unwrap_or(self.created_at)),
        }
    }
}

impl From<Account> for User {
    fn from(account: Account) -> Self {
        let state = match account.state {
            AccountState::Active => "active",
            AccountState::Disabled => "disabled",
        };
        Self {
            id: account.id.to_string(),
            login: account.login,
            state,
            created_at: account.created_at,
            disabled_at: account.disabled_at,
        }
    }
}

pub(crate) fn run(_: ListArgs, ui: &mut Ui) -> Result<ExitCode> {
    let service = Service::connect(ui)?;
    let (accounts, pending) = service
        .run(|accounts| async move { tokio::try_join!(accounts.list(), accounts.pending()) })?;
    let users: Vec<User> = accounts.into_iter().map(User::from).collect();
    let invitations: Vec<Waiting> = pending.into_iter().map(Waiting::from).collect();
    if ui.is_json() {
        ui.json("syncctl/user-list/1", &AccountList { users, invitations })?;
        return Ok(ExitCode::Done);
    }
    if users.is_empty() && invitations.is_empty() {
        ui.note("No accounts yet. Invite somebody with `syncctl user add EMAIL`.");
        return Ok(ExitCode::Done);
    }
    let mut table = Table::new(&["LOGIN", "STATE", "SINCE"]);
    for user in users {
        let since = user.since();
        table.row(vec![user.login, user.state.to_owned(), since]);
    }
    for invitation in invitations {
        let login = invitation.login.unwrap_or_else(|| "(first user)".to_owned());
        let until = format!("until {}", minute(invitation.expires_at));
        table.row(vec![login, "invited".to_owned(), until]);
    }
    for line in table.render(ui.settings().terminal.width) {
        ui.line(&line)?;
    }
    Ok(ExitCode::Done)
}

fn minute(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
