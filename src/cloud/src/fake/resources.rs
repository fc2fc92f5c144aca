use async_trait::async_trait;

use super::{Asked, Fake, World};
use crate::{
    BucketContents, CloudError, Emptied, Object, Reason, Resources, Result, TableFacts, Upload,
};

type Objects = std::collections::BTreeMap<String, (Object, String)>;

#[async_trait]
impl Resources for Fake {
    async fn bucket_exists(&self, bucket: &str) -> Result<bool> {
        let world = self.world();
        // https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
        if world.foreign_buckets.contains(bucket) {
            let (code, message) = ("403", "HTTP status 403 without a message");
            return Err(CloudError::new("s3", "HeadBucket", Reason::Denied, code, message));
        }
        Ok(world.buckets.contains_key(bucket))
    }

    async fn bucket_contents(&self, bucket: &str, limit: u64) -> Result<BucketContents> {
        let mut world = self.world();
        let objects = objects(&mut world, "ListObjectVersions", bucket)?;
        let count = objects.len() as u64;
        Ok(BucketContents {
            objects: count.min(limit),
            versions: 0,
            bytes: objects.values().map(|(object, _)| object.size).sum(),
            is_partial: count > limit,
        })
    }

    async fn empty_some(&self, bucket: &str) -> Result<Emptied> {
        let mut world = self.world();
        let objects = objects(&mut world, "DeleteObjects", bucket)?;
        // One call takes a thousand (https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html).
        let doomed: Vec<String> = objects.keys().take(1_000).cloned().collect();
        for key in &doomed {
            objects.remove(key);
        }
        Ok(Emptied { removed: doomed.len() as u64, has_more: !objects.is_empty() })
    }

    async fn object(&self, bucket: &str, key: &str) -> Result<Option<Object>> {
        let world = self.world();
        let found = world.buckets.get(bucket).and_then(|objects| objects.get(key));
        Ok(found.map(|(object, _)| object.clone()))
    }

    async fn keys(&self, bucket: &str, prefix: &str) -> Result<Vec<Object>> {
        let mut world = self.world();
        let objects = objects(&mut world, "ListObjectsV2", bucket)?;
        let below = objects.values().filter(|(object, _)| object.key.starts_with(prefix));
        Ok(below.map(|(object, _)| object.clone()).collect())
    }

    async fn upload(&self, upload: Upload<'_>) -> Result<()> {
        const OPERATION: &str = "PutObject";
        let mut world = self.world();
        let objects = objects(&mut world, OPERATION, upload.bucket)?;
        if objects.contains_key(upload.key) {
            let message = "At least one of the pre-conditions you specified did not hold";
            let (code, reason) = ("PreconditionFailed", Reason::Conflict);
            return Err(CloudError::new("s3", OPERATION, reason, code, message));
        }
        let size = std::fs::metadata(upload.file).map_or(0, |file| file.len());
        let (key, sha256) = (upload.key.to_owned(), Some(upload.sha256.to_owned()));
        objects.insert(key.clone(), (Object { key, size, sha256 }, String::new()));
        Ok(())
    }

    async fn put_text(&self, bucket: &str, key: &str, text: &str) -> Result<()> {
        let mut world = self.world();
        let objects = objects(&mut world, "PutObject", bucket)?;
        let object = Object { key: key.to_owned(), size: text.len() as u64, sha256: None };
        objects.insert(key.to_owned(), (object, text.to_owned()));
        Ok(())
    }

    async fn text(&self, bucket: &str, key: &str) -> Result<Option<String>> {
        let world = self.world();
        let found = world.buckets.get(bucket).and_then(|objects| objects.get(key));
        Ok(found.map(|(_, text)| text.clone()))
    }

    async fn table(&self, table: &str) -> Result<Option<TableFacts>> {
        Ok(self.world().tables.get(table).cloned())
    }

    async fn protect_table(&self, table: &str, protected: bool) -> Result<()> {
        let mut world = self.world();
        let Some(found) = world.tables.get_mut(table) else {
            let message = format!("Requested resource not found: Table: {table} not found");
            let (code, reason) = ("ResourceNotFoundException", Reason::NotFound);
            return Err(CloudError::new("dynamodb", "UpdateTable", reason, code, message));
        };
        found.protected = protected;
        world.asked.push(Asked::ProtectTable(table.to_owned(), protected));
        Ok(())
    }

    async fn key_of_alias(&self, alias: &str) -> Result<Option<String>> {
        Ok(self.world().keys.get(alias).cloned())
    }
}

fn objects<'a>(
    world: &'a mut World,
    operation: &'static str,
    bucket: &str,
) -> Result<&'a mut Objects> {
    world.buckets.get_mut(bucket).ok_or_else(|| {
        let message = "The specified bucket does not exist";
        CloudError::new("s3", operation, Reason::NotFound, "NoSuchBucket", message)
    })
}
