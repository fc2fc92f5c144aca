"""DynamoDB tables: what the template says is kept, and a protected table is not deleted.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
"""

import json

from ministack.services import dynamodb

from ..cloudformation.resources import HANDLERS, NAMES, HandlerFailed
from ..hooks import checked, replace, replace_in
from . import wrapping
from .wrapping import is_true

_recovery_days = {}


def keep(name, properties, attributes):
    table = dynamodb._tables[name]
    table["DeletionProtectionEnabled"] = is_true(properties.get("DeletionProtectionEnabled", False))
    recovery = properties.get("PointInTimeRecoverySpecification") or {}
    dynamodb._pitr_settings[name] = is_true(recovery.get("PointInTimeRecoveryEnabled", False))
    _recovery_days[name] = int(recovery.get("RecoveryPeriodInDays", 35))
    expiry = properties.get("TimeToLiveSpecification") or {}
    if is_true(expiry.get("Enabled", False)):
        dynamodb._ttl_settings[name] = {"TimeToLiveStatus": "ENABLED", "AttributeName": expiry["AttributeName"]}
    else:
        dynamodb._ttl_settings.pop(name, None)
    encryption = properties.get("SSESpecification") or {}
    table["SSEDescription"] = {
        "Status": "ENABLED", "SSEType": encryption.get("SSEType", "KMS"),
        "KMSMasterKeyArn": encryption.get("KMSMasterKeyId", ""),
    } if is_true(encryption.get("SSEEnabled", False)) else None  # fmt: skip


def with_booleans(function):
    """A parameter makes every value a text; UpdateTable wants what the schema says."""
    def changed(physical_id, before, after, *rest):
        before, after = ({**it, **({"DeletionProtectionEnabled": is_true(it["DeletionProtectionEnabled"])}
                                   if "DeletionProtectionEnabled" in it else {})} for it in (before, after))  # fmt: skip
        return function(physical_id, before, after, *rest)

    return changed


def delete(name, properties):
    table = dynamodb._tables.get(name)
    if table is None:
        return
    if table.get("DeletionProtectionEnabled"):
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.Basics.html
        raise HandlerFailed("Resource cannot be deleted as it is currently protected against deletion. "
                            "Disable deletion protection first. (Service: DynamoDb, Status Code: 400)", "InvalidRequest")  # fmt: skip
    checked(dynamodb._delete_table({"TableName": name}))


def describe_continuous_backups(data):
    status, headers, body = plain_backups(data)
    answer = json.loads(body)
    recovery = answer.get("ContinuousBackupsDescription", {}).get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") == "ENABLED":
        recovery["RecoveryPeriodInDays"] = _recovery_days.get(data.get("TableName"), 35)
    return status, headers, json.dumps(answer).encode()


plain_backups = replace(dynamodb, "_describe_continuous_backups", describe_continuous_backups)
replace_in(HANDLERS["AWS::DynamoDB::Table"], "update", with_booleans(HANDLERS["AWS::DynamoDB::Table"]["update"]))
replace_in(HANDLERS["AWS::DynamoDB::Table"], "delete", delete)
wrapping.after("AWS::DynamoDB::Table", keep)
NAMES["AWS::DynamoDB::Table"] = (lambda it: it.get("TableName"), lambda name: name in dynamodb._tables)
