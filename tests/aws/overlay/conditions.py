"""Condition keys of policies that ministack never fills.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html (aws:ResourceTag of stacks)
"""

from urllib.parse import parse_qs

from ministack.core import iam_actions
from ministack.services import cloudformation

from .hooks import replace


def s3_service_context(action, query, path, headers, *more):
    context = dict(plain(action, query, path, headers, *more) or {})
    for key in ("if-none-match", "if-match"):
        if headers.get(key):
            context[f"s3:{key}"] = headers[key]
    return context


plain = replace(iam_actions, "s3_service_context", s3_service_context)


def request_tag_context(service, action, body, params):
    context = dict(plain_tags(service, action, body, params) or {})
    if service == "cloudformation":
        sent = {**params, **parse_qs(body.decode(errors="replace"))}
        name = sent.get("StackName") or ""
        name = name[0] if isinstance(name, list) else name
        stacks = cloudformation._stacks.values()
        for stack in (it for it in stacks if name and name in (it["StackName"], it["StackId"])):
            context |= {f"aws:ResourceTag/{tag['Key']}": tag["Value"] for tag in stack.get("Tags") or []}
    return context


plain_tags = replace(iam_actions, "request_tag_context", request_tag_context)
