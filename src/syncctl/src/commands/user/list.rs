use clap::Args;
use serde::Serialize;
use store::{Account, AccountState};

use crate::accounts::Service;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;
use crate::ui::table::Table;

/// List the accounts
#[derive(Debug, Args)]
pub(crate) struct ListArgs {}

#[derive(Debug, Serialize)]
struct AccountList {
    users: Vec<User>,
}

#[derive(Debug, Serialize)]
struct User {
    id: String,
    login: String,
    state: &'static str,
    created_at: jiff::Timestamp,
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
        }
    }
}

pub(crate) fn run(_: ListArgs, ui: &mut Ui) -> Result<ExitCode> {
    let service = Service::connect(ui)?;
    let accounts = service.run(|accounts| async move { accounts.list().await })?;
    let users: Vec<User> = accounts.into_iter().map(User::from).collect();
    if ui.is_json() {
        ui.json("syncctl/user-list/1", &AccountList { users })?;
    } else if users.is_empty() {
        ui.note("No accounts yet. Invite somebody with `syncctl user add EMAIL`.");
    } else {
        let mut table = Table::new(&["LOGIN", "STATE", "CREATED"]);
        for user in users {
            let created = user.created_at.strftime("%Y-%m-%d %H:%M UTC").to_string();
            table.row(vec![user.login, user.state.to_owned(), created]);
        }
        for line in table.render(ui.settings().terminal.width) {
            ui.line(&line)?;
        }
    }
    Ok(ExitCode::Done)
}
