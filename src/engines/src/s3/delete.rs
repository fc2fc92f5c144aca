use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
    ETagCondition, Error, ObjectIdentifier,
};
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use super::versions::only_version;
use super::{Engine, PAGE};
use crate::object::Condition;

impl Engine {
    pub(super) async fn remove(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = request.input;
        only_version(input.version_id.as_deref())?;
        if input.if_match_size.is_some() || input.if_match_last_modified_time.is_some() {
            return Err(unknown_condition());
        }
        let condition = match &input.if_match {
            None => Condition::None,
            Some(ETagCondition::Any) => Condition::Present,
            Some(ETagCondition::ETag(etag)) => Condition::Etag(etag.value().to_owned()),
        };
        self.blocking(move |store| store.delete(&input.bucket, &input.key, &condition)).await?;
        let mut response = S3Response::new(DeleteObjectOutput::default());
        response.status = Some(http::StatusCode::NO_CONTENT);
        Ok(response)
    }

    pub(super) async fn remove_many(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let DeleteObjectsInput { bucket, delete, .. } = request.input;
        self.store.bucket(&bucket)?;
        if delete.objects.is_empty() || delete.objects.len() > PAGE {
            return Err(s3_error!(MalformedXML, "A delete names 1 to 1000 objects."));
        }
        let quiet = delete.quiet.unwrap_or(false);
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for object in delete.objects {
            let key = object.key.clone();
            match self.remove_one(bucket.clone(), object).await {
                Ok(()) if quiet => {}
                Ok(()) => deleted.push(DeletedObject { key: Some(key), ..Default::default() }),
                Err(error) => errors.push(Error {
                    key: Some(key),
                    code: Some(error.code().as_str().to_owned()),
                    message: error.message().map(ToOwned::to_owned),
                    version_id: None,
                }),
            }
        }
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted: Some(deleted),
            errors: Some(errors),
            ..Default::default()
        }))
    }

    async fn remove_one(&self, bucket: String, object: ObjectIdentifier) -> Result<(), S3Error> {
        only_version(object.version_id.as_deref())?;
        if object.size.is_some() || object.last_modified_time.is_some() {
            return Err(unknown_condition());
        }
        let condition = match object.e_tag {
            None => Condition::None,
            Some(etag) if etag.value() == "*" => Condition::Present,
            Some(etag) => Condition::Etag(etag.value().to_owned()),
        };
        let key = object.key;
        Ok(self.blocking(move |store| store.delete(&bucket, &key, &condition)).await?)
    }
}

/// S3 has conditions on size and time in directory buckets only; one that is
/// not judged must not be taken for met.
fn unknown_condition() -> S3Error {
    s3_error!(NotImplemented, "A delete takes the condition If-Match alone.")
}
