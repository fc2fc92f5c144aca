//! FS-7 from the client's side: is what lies here the newest there is?

use std::path::{Path, PathBuf};
use std::sync::Arc;

use protocol::file::{CheckItem, CheckRequest, CheckedItem};
use protocol::id::SpaceId;
use protocol::name::SpacePath;
use serde::Serialize;

use crate::chunk::hash_reader;
use crate::error::{IoContext, Result};
use crate::fs::open_regular;
use crate::halves;
use crate::report::{Problem, shown};
use crate::scan;
use crate::service::Service;

/// The server's own limit for one request.
const ITEMS_PER_REQUEST: usize = 100;

/// One local file and what the service says about it.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    pub local: PathBuf,
    pub path: SpacePath,
    #[serde(flatten)]
    pub item: CheckedItem,
}

/// Compares a file, or every file of a directory, with what the space has under `to`.
pub async fn check(
    service: Arc<dyn Service>,
    space: &SpaceId,
    local: &Path,
    to: &SpacePath,
) -> Result<(Vec<Compared>, Vec<Problem>)> {
    let root = local.to_owned();
    let base = to.clone();
    let (files, problems) = tokio::task::spawn_blocking(move || hash_all(&root, &base)).await??;
    let items: Vec<_> = files.iter().map(|(_, item)| item.clone()).collect();
    let service = &service;
    let answers = halves::ask(&items, ITEMS_PER_REQUEST, |items| async move {
        Ok(service.check(space, &CheckRequest { items }).await?.items)
    });
    let rows = files.into_iter().zip(answers.await?);
    let compared =
        rows.map(|((local, sent), item)| Compared { local, path: sent.path, item }).collect();
    Ok((compared, problems))
}

type Hashed = Vec<(PathBuf, CheckItem)>;

fn hash_all(root: &Path, base: &SpacePath) -> Result<(Hashed, Vec<Problem>)> {
    let tree = scan::walk(root)?;
    let mut problems = tree.problems;
    let mut files = Vec::with_capacity(tree.files.len());
    for file in tree.files {
        let hashed = open_regular(&file.path).and_then(hash_reader);
        match hashed {
            Ok(cut) => {
                let names = base.names().iter().chain(file.relative.names()).cloned();
                let item = CheckItem { path: names.collect(), sha256: cut.hash };
                files.push((file.path, item));
            }
            Err(error) => problems.push(Problem::failed(shown(&file.path), error)),
        }
    }
    if files.is_empty() && problems.is_empty() {
        std::fs::metadata(root).at("read", root)?;
    }
    Ok((files, problems))
}
