"""Previews in numbers: stand-ins that carry everything by which `syncctl` knows a preview, and almost nothing else."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

from stage import ACCOUNT


def moment(**away):
    """RFC 3339, as `syncctl` writes it."""
    at = datetime.now(timezone.utc) + timedelta(**away)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


GONE, LIVES = moment(hours=-2), moment(hours=30)


def template(name, part, deployment=None, preview=True, policy="Delete"):
    """A part of a preview that is made in no time: the data part with a bucket, which has to be emptied."""
    resources = {
        "data": {"Content": {"Type": "AWS::S3::Bucket", "DeletionPolicy": policy,
                             "Properties": {"BucketName": f"{name}-content-{ACCOUNT}-eu-west-1"}}},
        "app": {"Alarms": {"Type": "AWS::SNS::Topic"}},
    }  # fmt: skip
    return {
        "Metadata": {"syncctl": {"deployment": deployment or name, "stack": part, "preview": preview}},
        "Parameters": {"Expires": {"Type": "String"}},
        "Resources": resources[part],
    }


def tags(name, **more):
    return {"syncctl:name": name, "syncctl:preview": "true", "syncctl:owner": "arn:aws:iam::1:user/ann", **more}


class Standins:
    """Stacks straight through CloudFormation, without `syncctl`."""

    def __init__(self, stage, **credentials):
        self.stage, self.client = stage, stage.client("cloudformation", read_timeout=60, **credentials)

    def stack(self, stack, body, tags, expires=None, wait=True):
        parameters = [{"ParameterKey": "Expires", "ParameterValue": expires}] if expires else []
        self.client.create_stack(
            StackName=stack, TemplateBody=json.dumps(body), Parameters=parameters,
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )  # fmt: skip
        if wait:
            self.client.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})

    def preview(self, name, expires, data=None, app=None, content=0):
        """Both stacks. `data` and `app` say what is different about them: template, tags, expires."""
        for stack, part, other in ((f"{name}-data", "data", data or {}), (name, "app", app or {})):
            body = other.get("template", template(name, part))
            self.stack(stack, body, other.get("tags", tags(name)), other.get("expires", expires))
        s3 = self.stage.client("s3") if content else None
        for number in range(content):
            s3.put_object(Bucket=f"{name}-content-{ACCOUNT}-eu-west-1", Key=f"s/x/{number}", Body=b"x")

    def many(self, names, expires):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: self.preview(name, expires), names))

    def names(self):
        pages = self.client.get_paginator("describe_stacks").paginate()
        return {stack["StackName"]: stack["StackStatus"] for page in pages for stack in page["Stacks"]}


def expire(stage, name, **credentials):
    """Nobody can wait for an hour here: the time is set as an update of the stacks sets it."""
    client = stage.client("cloudformation", **credentials)
    for stack in (f"{name}-data", name):
        found = client.describe_stacks(StackName=stack)["Stacks"][0]
        kept = [{"ParameterKey": it["ParameterKey"], "UsePreviousValue": True} for it in found["Parameters"]]
        kept = [it for it in kept if it["ParameterKey"] != "Expires"]
        client.update_stack(
            StackName=stack, UsePreviousTemplate=True, Tags=found["Tags"], Capabilities=["CAPABILITY_IAM"],
            Parameters=[*kept, {"ParameterKey": "Expires", "ParameterValue": GONE}],
        )  # fmt: skip
        client.get_waiter("stack_update_complete").wait(StackName=stack, WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})
