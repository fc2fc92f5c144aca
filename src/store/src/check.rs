//! Is what a client holds the newest? (FS-7)

use futures::{StreamExt, TryStreamExt, stream};
use protocol::file::{CheckItem, CheckRequest, CheckResponse, CheckState, CheckedItem, Node};
use protocol::id::SpaceId;
use protocol::name::SpacePath;
use protocol::space::Role;

use crate::error::{Result, StoreError};
use crate::files::{MAX_ITEMS, is_live_file};
use crate::{Identity, Store};

/// Histories looked at at the same time.
const PARALLEL: usize = 8;

impl Store {
    /// Compares the client's digests with the newest ones, and where they differ with the older
    /// versions' too.
    pub async fn check(
        &self,
        identity: &Identity,
        space: &SpaceId,
        request: CheckRequest,
    ) -> Result<CheckResponse> {
        if request.items.len() > MAX_ITEMS {
            let message = format!("check takes at most {MAX_ITEMS} items");
            return Err(StoreError::TooLarge(message));
        }
        let paths: Vec<SpacePath> = request.items.iter().map(|item| item.path.clone()).collect();
        let (_, found) = tokio::try_join!(
            self.authorize(identity, space, Role::Viewer),
            self.resolve(space, &paths)
        )?;
        let mut nodes = self.nodes(space, found.iter().flatten().cloned()).await?;
        // Moved or deleted between the two reads: not at this path any more.
        nodes.retain(|_, node| !node.deleted);
        let items = request.items.iter().zip(found).map(|(item, file)| {
            let node = file.and_then(|file| nodes.get(&file).cloned());
            self.checked(space, item, node)
        });
        let items =
            stream::iter(items.collect::<Vec<_>>()).buffered(PARALLEL).try_collect().await?;
        Ok(CheckResponse { items })
    }

    async fn checked(
        &self,
        space: &SpaceId,
        item: &CheckItem,
        node: Option<Node>,
    ) -> Result<CheckedItem> {
        let state = match &node {
            Some(node) if !is_live_file(node) => CheckState::Missing,
            None => CheckState::Missing,
            Some(node) if node.hash == Some(item.sha256) => CheckState::Current,
            Some(node) => {
                let versions = self.version_rows(space, &node.file).await?;
                let held = versions.iter().any(|version| version.hash == item.sha256);
                if held { CheckState::Outdated } else { CheckState::Different }
            }
        };
        Ok(CheckedItem { state, node })
    }
}
