//! What the stacks hold and people's data lies in: buckets, objects, the table.

use std::path::Path;

use async_trait::async_trait;

use crate::Result;

/// S3 and DynamoDB, as far as the deployer uses them.
#[async_trait]
pub trait Resources: Send + Sync {
    /// Whether a bucket of this name is there and this account's.
    async fn bucket_exists(&self, bucket: &str) -> Result<bool>;
    /// What a bucket holds, counted up to `limit` versions.
    async fn bucket_contents(&self, bucket: &str, limit: u64) -> Result<BucketContents>;
    /// Removes up to 1,000 versions and delete markers and every unfinished upload. Call until nothing is left.
    async fn empty_some(&self, bucket: &str) -> Result<Emptied>;
    /// Facts of an object; `None` where there is none.
    async fn object(&self, bucket: &str, key: &str) -> Result<Option<Object>>;
    /// The keys below a prefix, in S3's order.
    async fn keys(&self, bucket: &str, prefix: &str) -> Result<Vec<Object>>;
    /// Uploads a file under a key that must not exist (`If-None-Match: *`), its SHA-256 checked by S3.
    async fn upload(&self, upload: Upload<'_>) -> Result<()>;
    /// Writes a small text, replacing what is there.
    async fn put_text(&self, bucket: &str, key: &str, text: &str) -> Result<()>;
    /// Reads a small text; `None` where there is none.
    async fn text(&self, bucket: &str, key: &str) -> Result<Option<String>>;

    /// Facts of a table; `None` where there is none.
    async fn table(&self, table: &str) -> Result<Option<TableFacts>>;
    /// Switches deletion protection of a table.
    async fn protect_table(&self, table: &str, protected: bool) -> Result<()>;
    /// ARN of the key behind an alias (`alias/NAME`); `None` where there is none, or where it is to be deleted.
    async fn key_of_alias(&self, alias: &str) -> Result<Option<String>>;
}

/// What a bucket holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BucketContents {
    /// Objects that can be seen.
    pub objects: u64,
    /// Versions behind them and delete markers.
    pub versions: u64,
    /// Bytes of objects and versions.
    pub bytes: u64,
    /// Whether counting stopped at the limit.
    pub is_partial: bool,
}

impl BucketContents {
    /// Nothing at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.objects == 0 && self.versions == 0
    }
}

/// What one step of emptying did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Emptied {
    /// Versions, delete markers and uploads removed.
    pub removed: u64,
    /// Whether there may be more.
    pub has_more: bool,
}

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Key.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal, where S3 has checked one.
    pub sha256: Option<String>,
}

/// A file to upload.
#[derive(Clone, Copy, Debug)]
pub struct Upload<'a> {
    /// Bucket.
    pub bucket: &'a str,
    /// Key.
    pub key: &'a str,
    /// File.
    pub file: &'a Path,
    /// Its SHA-256 in hexadecimal.
    pub sha256: &'a str,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableFacts {
    /// ARN.
    pub arn: String,
    /// Items, as DynamoDB counts them about every six hours.
    pub items: u64,
    /// Bytes, of the same age.
    pub bytes: u64,
    /// Whether it refuses to be deleted.
    pub protected: bool,
}
