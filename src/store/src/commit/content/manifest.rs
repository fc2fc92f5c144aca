//! Long lists of extents go to objects of their own, because a row holds 400 KB.

use std::collections::HashMap;

use aws_sdk_s3::primitives::ByteStream;
use protocol::hash::ContentHash;
use protocol::id::{FileId, SpaceId};

use crate::Store;
use crate::error::{Result, not_written};
use crate::extents::{self, StoredExtent};
use crate::row::version::ExtentSource;
use crate::secret::random_bits;

/// Extents of one row, about 80 KB.
const MAX_INLINE: usize = 2_000;

/// Inline extents of one commit, about 0.8 MB: a transaction holds 4 MB.
const MAX_INLINE_OF_COMMIT: usize = 20_000;

impl Store {
    /// Decides where each list goes, and writes the manifests.
    pub(super) async fn place(
        &self,
        space: &SpaceId,
        files: Vec<(FileId, Vec<StoredExtent>)>,
    ) -> Result<HashMap<FileId, ExtentSource>> {
        let mut inline = 0;
        let mut sources = HashMap::new();
        for (file, list) in files {
            let fits = list.len() <= MAX_INLINE && inline + list.len() <= MAX_INLINE_OF_COMMIT;
            let source = if fits {
                inline += list.len();
                ExtentSource::Inline(list)
            } else {
                self.write_manifest(space, &list).await?
            };
            sources.insert(file, source);
        }
        Ok(sources)
    }

    /// Under a random name, so that no member can have put something else there before.
    async fn write_manifest(&self, space: &SpaceId, list: &[StoredExtent]) -> Result<ExtentSource> {
        let bytes = extents::encode(list);
        let hash = ContentHash::of(&bytes);
        let key = format!("s/{space}/manifest-{:032x}", random_bits());
        let put = self.inner.clients.s3.put_object();
        let put = put.bucket(&self.inner.config.bucket).key(&key);
        let put = put.if_none_match("*").body(ByteStream::from(bytes));
        match put.send().await {
            Ok(_) => {}
            // The name is ours alone: an earlier try arrived and only its reply was lost.
            Err(error) if error.raw_response().is_some_and(|r| r.status().as_u16() == 412) => {}
            Err(error) => return Err(not_written("S3 PutObject", &error)),
        }
        Ok(ExtentSource::Manifest { key, hash })
    }
}
