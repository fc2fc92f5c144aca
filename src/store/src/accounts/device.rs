//! A user's devices: one per login, each with one token.

use protocol::account::{Device, DeviceList};
use protocol::id::DeviceId;

use super::{Accounts, Identity};
use crate::error::{Result, StoreError};
use crate::row::Row;
use crate::row::account::AccountRow;
use crate::row::token::{DeviceRow, TokenRow};
use crate::table::{Query, Write};

impl Accounts {
    /// Devices whose token still counts, oldest first.
    pub async fn devices(&self, identity: &Identity) -> Result<DeviceList> {
        let account_key = AccountRow::key_of(&identity.user);
        let query = Query::new(AccountRow::partition(&identity.user)).prefix("DEV#");
        let (account, page) =
            tokio::try_join!(self.table.get::<AccountRow>(&account_key), self.table.query(query))?;
        let epoch = account.map(|account| account.token_epoch);
        let now = self.clock.now();
        let mut rows = page.rows::<DeviceRow>()?;
        rows.retain(|row| Some(row.token_epoch) == epoch && row.expires_at > now);
        rows.sort_by(|a, b| (a.created_at, &a.device).cmp(&(b.created_at, &b.device)));
        let devices = rows.into_iter().map(|row| Device {
            current: row.device == identity.device,
            id: row.device,
            name: row.name,
            created_at: row.created_at.to_string(),
            expires_at: row.expires_at.to_string(),
        });
        Ok(DeviceList { devices: devices.collect() })
    }

    /// Ends the caller's own token.
    pub async fn logout(&self, identity: &Identity) -> Result<()> {
        match self.revoke_device(identity, &identity.device).await {
            Err(StoreError::NotFound(_)) => Ok(()),
            result => result,
        }
    }

    /// Ends the token of one of the caller's devices.
    pub async fn revoke_device(&self, identity: &Identity, device: &DeviceId) -> Result<()> {
        let key = DeviceRow::key_of(&identity.user, device);
        let row = self.table.get::<DeviceRow>(&key).await?;
        let row = row.ok_or_else(|| StoreError::NotFound("you have no such device".to_owned()))?;
        let delete = |key| Write::Delete { key, condition: None };
        let writes = vec![delete(row.key()), delete(TokenRow::key_of(&row.token_digest))];
        let written = self.table.transact(writes).await;
        self.remembered.forget_token(&row.token_digest);
        written.map(drop)
    }
}
