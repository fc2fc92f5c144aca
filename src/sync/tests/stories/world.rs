//! The vocabulary: a person with a space and some machines.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use protocol::account::RedeemRequest;
use protocol::id::SpaceId;
use protocol::name::SpacePath;
use protocol::space::{CreateSpaceRequest, Role};
use sync::api::{Api, PlainHttp};
use sync::clock::SystemClock;
use sync::error::Result;
use sync::pull::{Different, Pull, PullSummary, pull};
use sync::push::{Push, PushSummary, push};
use sync::report::Silent;
use sync::secret::Secret;
use sync::service::Service as SyncService;
use sync::synchronise::{MassDelete, Pairing, Request, SyncSummary, synchronise};
use tempfile::TempDir;
use testkit::{PASSWORD, Service};

pub(crate) struct World {
    service: Service,
    pub(crate) api: Arc<Api>,
    pub(crate) space: SpaceId,
    folder: TempDir,
}

/// One machine's copy of the space.
pub(crate) struct Device {
    pub(crate) directory: PathBuf,
    pub(crate) state: PathBuf,
    pub(crate) mass_delete: MassDelete,
}

impl World {
    pub(crate) async fn start() -> Self {
        let service = Service::start().await;
        let api = Api::new(&service.url, None, PlainHttp::OnlyLoopback).unwrap();
        let request = RedeemRequest {
            invitation: service.invitation("ada@example.com").await,
            login: Some("ada@example.com".to_owned()),
            password: PASSWORD.to_owned(),
            device_name: "laptop".to_owned(),
        };
        let login = api.redeem(&request).await.unwrap();
        let api = Arc::new(api.with_token(Secret::new(login.token)));
        let request = CreateSpaceRequest { name: "home".to_owned() };
        let space = api.create_space(&request).await.unwrap().id;
        Self { service, api, space, folder: TempDir::new().unwrap() }
    }

    /// Somebody else, with a role in the space.
    pub(crate) async fn member(&self, login: &str, role: Role) -> Arc<Api> {
        let api = Api::new(&self.service.url, None, PlainHttp::OnlyLoopback).unwrap();
        let request = RedeemRequest {
            invitation: self.service.invitation(login).await,
            login: None,
            password: PASSWORD.to_owned(),
            device_name: "phone".to_owned(),
        };
        let answer = api.redeem(&request).await.unwrap();
        self.api.share(&self.space, login, role).await.unwrap();
        Arc::new(api.with_token(Secret::new(answer.token)))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn device(&self, name: &str) -> Device {
        Device {
            directory: self.path(name).join("files"),
            state: self.path(name).join("state"),
            mass_delete: MassDelete::Stop,
        }
    }

    pub(crate) async fn push(&self, source: &Path, to: &str) -> PushSummary {
        self.push_through(self.api.clone(), source, to).await.unwrap()
    }

    pub(crate) async fn push_through(
        &self,
        service: Arc<dyn SyncService>,
        source: &Path,
        to: &str,
    ) -> Result<PushSummary> {
        push_to(service, self.space.clone(), source.to_owned(), to).await
    }

    pub(crate) async fn pull(&self, from: &str, to: &Path, different: Different) -> PullSummary {
        self.pull_through(self.api.clone(), from, to, different).await.unwrap()
    }

    pub(crate) async fn pull_through(
        &self,
        service: Arc<dyn SyncService>,
        from: &str,
        to: &Path,
        different: Different,
    ) -> Result<PullSummary> {
        let request = Pull {
            space: self.space.clone(),
            from: from.parse().unwrap(),
            contents_only: from.ends_with('/'),
            to: to.to_owned(),
            different,
        };
        let clock = Arc::new(SystemClock);
        pull(service, clock, Arc::new(Silent), request).await
    }

    pub(crate) async fn try_sync(&self, device: &Device, pairing: Pairing) -> Result<SyncSummary> {
        self.sync_through(self.api.clone(), device, pairing).await
    }

    pub(crate) async fn sync_through(
        &self,
        service: Arc<dyn SyncService>,
        device: &Device,
        pairing: Pairing,
    ) -> Result<SyncSummary> {
        let request = Request {
            directory: device.directory.clone(),
            space: self.space.clone(),
            state: device.state.clone(),
            mass_delete: device.mass_delete,
            pairing,
        };
        let clock = Arc::new(SystemClock);
        synchronise(service, clock, Arc::new(Silent), request).await
    }

    pub(crate) async fn sync(&self, device: &Device) -> SyncSummary {
        self.try_sync(device, Pairing::Continue).await.unwrap()
    }

    /// Paths in the space, with `/` after directories.
    pub(crate) async fn listing(&self) -> Vec<String> {
        let root = SpacePath::root();
        let rows = sync::browse::entries_below(self.api.clone(), &self.space, &root).await;
        rows.unwrap().into_iter().map(|(path, _)| path.to_string()).collect()
    }
}

/// From somewhere else, with no world at hand.
pub(crate) async fn push_to(
    service: Arc<dyn SyncService>,
    space: SpaceId,
    source: PathBuf,
    to: &str,
) -> Result<PushSummary> {
    let (to, into_directory) = (to.parse().unwrap(), to.ends_with('/'));
    let request = Push { sources: vec![source], space, to, into_directory };
    push(service, Arc::new(SystemClock), Arc::new(Silent), request).await
}

impl Device {
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.directory.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.directory.join(path)).unwrap()
    }

    pub(crate) fn remove(&self, path: &str) {
        std::fs::remove_file(self.directory.join(path)).unwrap();
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        let to = self.directory.join(to);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::rename(self.directory.join(from), to).unwrap();
    }

    pub(crate) fn tree(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        tree(&self.directory)
    }
}

/// Everything below a directory except our own folder; `None` for directories.
pub(crate) fn tree(root: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let walk = walkdir::WalkDir::new(root).min_depth(1).into_iter();
    let entries = walk.filter_entry(|entry| entry.file_name() != ".sync-agent");
    let read = |entry: walkdir::Result<walkdir::DirEntry>| {
        let entry = entry.unwrap();
        let content = entry.file_type().is_file().then(|| std::fs::read(entry.path()).unwrap());
        (entry.path().strip_prefix(root).unwrap().to_owned(), content)
    };
    entries.map(read).collect()
}

/// Bytes that do not repeat, the same for the same seed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    use rand::{RngCore, SeedableRng};
    let mut bytes = vec![0; length];
    rand::rngs::StdRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}
