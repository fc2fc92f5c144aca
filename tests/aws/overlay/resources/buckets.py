"""S3 buckets: everything the template says is kept, and what holds something is not deleted.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/delete-bucket.html
"""

from xml.sax.saxutils import escape

from ministack.services import s3
from ministack.services.cloudformation import provisioners

from ..cloudformation.resources import HANDLERS, NAMES, HandlerFailed
from ..hooks import Refused, checked, replace_in
from . import wrapping

NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


def is_empty(name):
    bucket = s3._buckets.get(name)
    return bucket is None or not (bucket["objects"] or s3._bucket_has_versions(name))


def keep(name, properties, attributes):
    settings = (
        ("BucketEncryption", encryption, s3._put_bucket_encryption, s3._bucket_encryption),
        ("LifecycleConfiguration", lifecycle, s3._put_bucket_lifecycle, s3._bucket_lifecycle),
        ("LoggingConfiguration", logging, s3._put_bucket_logging, s3._bucket_logging_config),
    )
    for key, render, put, store in settings:
        if key in properties:
            checked(put(name, render(properties[key]).encode()))
        else:
            store.pop(name, None)
    if "OwnershipControls" in properties:
        checked(s3._put_bucket_ownership_controls(name, ownership(properties["OwnershipControls"]).encode()))
    status = (properties.get("VersioningConfiguration") or {}).get("Status")
    if status:
        s3._bucket_versioning[name] = status
    elif s3._bucket_versioning.get(name) == "Enabled":
        # Versioning cannot be switched off again, only suspended.
        s3._bucket_versioning[name] = "Suspended"
    s3._bucket_tags[name] = {str(it["Key"]): str(it["Value"]) for it in properties.get("Tags") or []}


def encryption(value):
    rules = ""
    for rule in value["ServerSideEncryptionConfiguration"]:
        default = rule.get("ServerSideEncryptionByDefault") or {}
        key = default.get("KMSMasterKeyID")
        rules += (
            "<Rule><ApplyServerSideEncryptionByDefault>"
            + f"<SSEAlgorithm>{default.get('SSEAlgorithm', 'AES256')}</SSEAlgorithm>"
            + (f"<KMSMasterKeyID>{escape(key)}</KMSMasterKeyID>" if key else "")
            + "</ApplyServerSideEncryptionByDefault>"
            + (f"<BucketKeyEnabled>{str(rule['BucketKeyEnabled']).lower()}</BucketKeyEnabled>"
               if "BucketKeyEnabled" in rule else "")
            + "".join(f"<BlockedEncryptionTypes><EncryptionType>{it}</EncryptionType></BlockedEncryptionTypes>"
                      for it in (rule.get("BlockedEncryptionTypes") or {}).get("EncryptionType", []))
            + "</Rule>"
        )  # fmt: skip
    return f"<ServerSideEncryptionConfiguration {NAMESPACE}>{rules}</ServerSideEncryptionConfiguration>"


def lifecycle(value):
    rules = ""
    for rule in value["Rules"]:
        expiration = rule.get("ExpirationInDays")
        inner = f"<ID>{escape(rule.get('Id', ''))}</ID><Status>{rule['Status']}</Status>"
        inner += f"<Filter><Prefix>{escape(rule.get('Prefix', ''))}</Prefix></Filter>"
        if expiration or rule.get("ExpiredObjectDeleteMarker"):
            inner += "<Expiration>" + (f"<Days>{expiration}</Days>" if expiration else
                                       "<ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker>") + "</Expiration>"  # fmt: skip
        if old := rule.get("NoncurrentVersionExpiration"):
            inner += ("<NoncurrentVersionExpiration>"
                      f"<NoncurrentDays>{old['NoncurrentDays']}</NoncurrentDays></NoncurrentVersionExpiration>")  # fmt: skip
        if unfinished := rule.get("AbortIncompleteMultipartUpload"):
            inner += ("<AbortIncompleteMultipartUpload><DaysAfterInitiation>"
                      f"{unfinished['DaysAfterInitiation']}</DaysAfterInitiation></AbortIncompleteMultipartUpload>")  # fmt: skip
        rules += f"<Rule>{inner}</Rule>"
    return f"<LifecycleConfiguration>{rules}</LifecycleConfiguration>"


def logging(value):
    format_ = ""
    if "PartitionedPrefix" in (value.get("TargetObjectKeyFormat") or {}):
        source = value["TargetObjectKeyFormat"]["PartitionedPrefix"].get("PartitionDateSource", "EventTime")
        format_ = ("<TargetObjectKeyFormat><PartitionedPrefix>"
                   f"<PartitionDateSource>{source}</PartitionDateSource></PartitionedPrefix></TargetObjectKeyFormat>")  # fmt: skip
    return (f"<BucketLoggingStatus {NAMESPACE}><LoggingEnabled>"
            f"<TargetBucket>{value['DestinationBucketName']}</TargetBucket>"
            f"<TargetPrefix>{escape(value.get('LogFilePrefix', ''))}</TargetPrefix>{format_}"
            "</LoggingEnabled></BucketLoggingStatus>")  # fmt: skip


def ownership(value):
    rules = "".join(f"<Rule><ObjectOwnership>{it['ObjectOwnership']}</ObjectOwnership></Rule>" for it in value["Rules"])
    return f"<OwnershipControls {NAMESPACE}>{rules}</OwnershipControls>"


def delete(name, properties):
    if name not in s3._buckets:
        return
    try:
        checked(s3._delete_bucket(name))
    except Refused as refusal:
        raise HandlerFailed(f"{refusal} (Service: S3, Status Code: 409)", "GeneralServiceException") from None


wrapping.with_tags("AWS::S3::Bucket")
wrapping.after("AWS::S3::Bucket", keep)
replace_in(HANDLERS["AWS::S3::Bucket"], "delete", delete)
NAMES["AWS::S3::Bucket"] = (lambda it: it.get("BucketName"), lambda name: s3._bucket_owner_account(name) is not None)
_ = provisioners
