"""Condition keys of policies that ministack never fills.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
"""

from ministack.core import iam_actions

from .hooks import replace


def s3_service_context(action, query, path, headers, *more):
    context = dict(plain(action, query, path, headers, *more) or {})
    for key in ("if-none-match", "if-match"):
        if headers.get(key):
            context[f"s3:{key}"] = headers[key]
    return context


plain = replace(iam_actions, "s3_service_context", s3_service_context)
