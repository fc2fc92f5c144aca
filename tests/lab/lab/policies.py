"""What IAM policies say and ministack does not evaluate: variables, and keys and resources of single actions.

Put in place by `install`, once, before the emulator serves.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

import dataclasses
import json
import re
from email.utils import parseaddr
from urllib.parse import parse_qs

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import ses_v2
from overlay.hooks import replace

VARIABLE = re.compile(r"\$\{\s*([^},]+?)\s*(?:,\s*'([^']*)'\s*)?\}")
_plain = {}


def install():
    if not _plain:
        _plain["match"] = replace(iam_evaluator, "_first_match", first_match)
        _plain["enforce"] = replace(iam_evaluator, "enforce", enforce)


# Variables.


def first_match(context, statements, effect):
    filled = [fill(it, context) for it in statements if it.effect == effect]
    return _plain["match"](context, [it for it in filled if it is not None], effect)


def fill(statement, context):
    """The statement with the values of its variables; `None` where it matches nothing for want of one."""
    resources = fill_all(statement.resources, context)
    others = fill_all(statement.not_resources, context)
    if (statement.resources and not resources) or (statement.not_resources and not others):
        return None
    conditions = {
        operator: {key: fill_all(expected if isinstance(expected, list) else [expected], context)
                   for key, expected in block.items()}
        for operator, block in statement.conditions.items() if isinstance(block, dict)
    }  # fmt: skip
    return dataclasses.replace(statement, resources=resources, not_resources=others, conditions=conditions)


def fill_all(texts, context):
    return [it for it in (filled(text, context) for text in texts) if it is not None]


def filled(text, context):
    """`None` where a variable has no value. A value with a wildcard counts as none: those of tags cannot have any."""
    if not isinstance(text, str) or "${" not in text:
        return text
    missing = []

    def value(found):
        name, default = found.groups()
        known = iam_evaluator._resolve_condition_key(name, context)
        known = default if known is None else known
        if not isinstance(known, str) or "*" in known or "?" in known:
            missing.append(name)
            return ""
        return known

    text = VARIABLE.sub(value, text)
    return None if missing else text


# Keys and resources of actions.


def enforce(access_key, action, service, region, resource_arn="*", service_context=None):
    signed = iam_evaluator._signed_request.get()
    # Of others nothing is asked, and an object's bytes may look like anything.
    asks = action in ("cloudwatch:PutMetricData", "ses:SendEmail") or service == "logs"
    sent = content(signed.body) if signed is not None and asks else {}
    context, resources = dict(service_context or {}), [resource_arn]
    if action == "cloudwatch:PutMetricData" and "Namespace" in sent:
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html
        context["cloudwatch:namespace"] = sent["Namespace"]
    elif action == "ses:SendEmail" and "FromEmailAddress" in sent:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html
        context["ses:FromAddress"] = parseaddr(sent["FromEmailAddress"])[1]
        resources = mail_resources(context["ses:FromAddress"], sent, f"arn:aws:ses:{region}:{get_account_id()}:")
    elif service == "logs" and re.fullmatch(r"arn:[^*]*:log-group:[^:*]+", resource_arn) and "Tag" not in action:
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
        resources = [f"{resource_arn}:log-stream:{sent.get('logStreamName', '')}"]
    for it in resources:
        refused = _plain["enforce"](access_key, action, service, region, it, context)
        if refused:
            return refused
    return None


def content(body):
    """Names and values of a call's body, a form or JSON."""
    if body[:1] == b"{":
        return json.loads(body)
    # Binary bodies (CBOR) are no forms, and have no names that anybody asks for.
    return {name: values[0] for name, values in parse_qs(body.decode("latin-1")).items()}


def mail_resources(address, sent, prefix):
    """The identity of the sender, its address or its domain, and the configuration set, given or the identity's own."""
    identity = address if address in ses_v2._identities else address.rpartition("@")[2]
    found = [f"{prefix}identity/{identity}"]
    own = ses_v2._identities.get(identity, {}).get("ConfigurationSetName")
    chosen = sent.get("ConfigurationSetName") or own
    return [*found, f"{prefix}configuration-set/{chosen}"] if chosen else found
