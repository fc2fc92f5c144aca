use async_trait::async_trait;

use super::absent::OrAbsent as _;
use super::{Aws, buckets, failure};
use crate::resources::{BucketContents, Emptied, Object, Resources, TableFacts, Upload};
use crate::{Reason, Result};

#[async_trait]
impl Resources for Aws {
    async fn bucket_exists(&self, bucket: &str) -> Result<bool> {
        let call = self.s3.head_bucket().bucket(bucket);
        let call = call.set_expected_bucket_owner(self.buckets().owner).send().await;
        Ok(call.map_err(failure::of("s3", "HeadBucket")).or_absent()?.is_some())
    }

    async fn bucket_contents(&self, bucket: &str, limit: u64) -> Result<BucketContents> {
        buckets::count(&self.buckets(), bucket, limit).await
    }

    async fn empty_some(&self, bucket: &str) -> Result<Emptied> {
        buckets::empty_some(&self.buckets(), bucket).await
    }

    async fn object(&self, bucket: &str, key: &str) -> Result<Option<Object>> {
        buckets::object(&self.buckets(), bucket, key).await
    }

    async fn keys(&self, bucket: &str, prefix: &str) -> Result<Vec<Object>> {
        buckets::keys(&self.buckets(), bucket, prefix).await
    }

    async fn upload(&self, upload: Upload<'_>) -> Result<()> {
        buckets::upload(&self.buckets(), upload).await
    }

    async fn put_text(&self, bucket: &str, key: &str, text: &str) -> Result<()> {
        buckets::put_text(&self.buckets(), bucket, key, text).await
    }

    async fn text(&self, bucket: &str, key: &str) -> Result<Option<String>> {
        buckets::text(&self.buckets(), bucket, key).await
    }

    async fn table(&self, table: &str) -> Result<Option<TableFacts>> {
        let call = self.dynamodb.describe_table().table_name(table).send().await;
        let answer = call.map_err(failure::of("dynamodb", "DescribeTable")).or_absent()?;
        let number =
            |value: Option<i64>| u64::try_from(value.unwrap_or_default()).unwrap_or_default();
        Ok(answer.and_then(|answer| answer.table).map(|table| TableFacts {
            items: number(table.item_count),
            bytes: number(table.table_size_bytes),
            protected: table.deletion_protection_enabled.unwrap_or_default(),
            arn: table.table_arn.unwrap_or_default(),
        }))
    }

    async fn protect_table(&self, table: &str, protected: bool) -> Result<()> {
        let call = self.dynamodb.update_table().table_name(table);
        let call = call.deletion_protection_enabled(protected).send().await;
        call.map_err(failure::of("dynamodb", "UpdateTable")).map(drop)
    }

    async fn key_of_alias(&self, alias: &str) -> Result<Option<String>> {
        let call = self.kms.describe_key().key_id(alias).send().await;
        let answer = match call.map_err(failure::of("kms", "DescribeKey")) {
            // An alias that may not be seen is not ours.
            Err(error) if error.reason == Reason::Denied => return Err(error),
            answer => answer.or_absent()?,
        };
        let usable = |key: &aws_sdk_kms::types::KeyMetadata| key.deletion_date.is_none();
        Ok(answer.and_then(|answer| answer.key_metadata).filter(usable).and_then(|key| key.arn))
    }
}
