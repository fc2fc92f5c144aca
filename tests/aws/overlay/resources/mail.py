"""SES identities with Easy DKIM, ACM certificates: both wait for records in a hosted zone.

https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-easy.html
https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
"""

import hashlib
import json

from ministack.core.responses import now_iso
from ministack.services import acm, route53, ses_v2

from .. import settings
from ..cloudformation.resources import SETTLE
from ..hooks import replace
from . import wrapping


def has_record(name, kind, value):
    wanted = name.rstrip(".").lower()
    for records in route53._records._data.values():
        for record in records:
            if record["Name"].rstrip(".").lower() == wanted and record["Type"] == kind:
                values = [it.get("Value", it) if isinstance(it, dict) else it for it in record.get("ResourceRecords", [])]
                if any(str(it).rstrip(".").lower() == value.rstrip(".").lower() for it in values):
                    return True
    return False


def tokens(identity):
    return [hashlib.sha256(f"{identity}{number}".encode()).hexdigest()[:32] for number in range(3)]


def identity_created(identity, properties, attributes):
    found = ses_v2._identities[identity]
    if "@" in identity:
        found["VerifiedForSendingStatus"] = settings.get("mail_identities") != "pending"
        return
    for number, token in enumerate(tokens(identity), 1):
        attributes[f"DkimDNSTokenName{number}"] = f"{token}._domainkey.{identity}"
        attributes[f"DkimDNSTokenValue{number}"] = f"{token}.dkim.amazonses.com"
    enabled = (properties.get("DkimAttributes") or {}).get("SigningEnabled", True)
    found["DkimAttributes"] = {
        **found["DkimAttributes"], "SigningEnabled": wrapping.is_true(enabled), "Tokens": tokens(identity),
        "SigningAttributesOrigin": "AWS_SES",
        "NextSigningKeyLength": (properties.get("DkimSigningAttributes") or {}).get("NextSigningKeyLength", "RSA_2048_BIT"),
    }  # fmt: skip
    judge_identity(identity)


def judge_identity(identity):
    found = ses_v2._identities.get(identity)
    if found is None or "@" in identity or not found["DkimAttributes"].get("Tokens"):
        return
    mode = settings.get("mail_identities")
    proved = mode == "verified" or (mode == "record" and all(
        has_record(f"{token}._domainkey.{identity}", "CNAME", f"{token}.dkim.amazonses.com")
        for token in found["DkimAttributes"]["Tokens"]
    ))  # fmt: skip
    found["VerifiedForSendingStatus"] = proved
    found["DkimAttributes"]["Status"] = "SUCCESS" if proved else "PENDING"


async def ses_request(method, path, headers, body, query_params):
    for identity in list(ses_v2._identities):
        judge_identity(identity)
    status, headers, answer = await plain_ses(method, path, headers, body, query_params)
    if method == "GET" and path.rstrip("/").endswith("/email/account") and status == 200:
        content = json.loads(answer)
        sandbox = settings.get("mail_sandbox")
        content["ProductionAccessEnabled"] = not sandbox
        if sandbox:
            content["SendQuota"].update(Max24HourSend=200.0, MaxSendRate=1.0)
        answer = json.dumps(content).encode()
    return status, headers, answer


def validation(domain):
    base = domain.removeprefix("*.")
    mark = hashlib.sha256(base.encode()).hexdigest()
    return {"Name": f"_{mark[:32]}.{base}.", "Type": "CNAME", "Value": f"_{mark[32:]}.acm-validations.aws."}


def validation_options(domain, method):
    return {"DomainName": domain, "ValidationMethod": method, "ValidationStatus": "PENDING_VALIDATION",
            "ValidationDomain": domain, "ResourceRecord": validation(domain)}  # fmt: skip


def judge_certificate(certificate):
    if certificate.get("Type") != "AMAZON_ISSUED" or certificate.get("_decided"):
        return
    mode = settings.get("certificates")
    for option in certificate["DomainValidationOptions"]:
        record = option.get("ResourceRecord") or validation(option["DomainName"])
        proved = mode == "issued" or (mode == "record" and has_record(record["Name"], record["Type"], record["Value"]))
        option["ValidationStatus"] = "SUCCESS" if proved else "PENDING_VALIDATION"
    done = all(it["ValidationStatus"] == "SUCCESS" for it in certificate["DomainValidationOptions"])
    certificate["Status"] = "ISSUED" if done else "PENDING_VALIDATION"


def certificate_shape(certificate):
    judge_certificate(certificate)
    shape = plain_shape(certificate)
    if certificate["Status"] != "ISSUED":
        for name in ("IssuedAt", "NotBefore", "NotAfter"):
            shape.pop(name, None)
    return shape


def certificate_created(arn, properties, attributes):
    """CloudFormation writes the validation record itself where it is told the hosted zone.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-certificatemanager-certificate.html
    """
    certificate = acm._certificates[arn]
    certificate["Status"] = "PENDING_VALIDATION"
    for option in properties.get("DomainValidationOptions") or []:
        zone = option.get("HostedZoneId")
        if zone in route53._records or zone in route53._zones:
            record = validation(option["DomainName"])
            entries = [it for it in route53._records.get(zone, []) if it["Name"] != record["Name"]]
            entries.append({"Name": record["Name"], "Type": "CNAME", "TTL": "300",
                            "ResourceRecords": [record["Value"]]})  # fmt: skip
            route53._records[zone] = entries
        elif zone:
            raise ValueError(f"No hosted zone found with ID: {zone} (Service: Route53, Status Code: 404)")
    judge_certificate(certificate)


async def certificate_settles(stop, arn, properties):
    """The resource stays in creation until the certificate is issued."""
    while arn in acm._certificates:
        judge_certificate(acm._certificates[arn])
        if acm._certificates[arn]["Status"] == "ISSUED":
            return
        await stop.pause(0.02)


def zone(zone_id, name):
    """A hosted zone with an id that a blueprint knows."""
    name = route53._normalise_name(name)
    route53._zones[zone_id] = {
        "id": zone_id, "name": name, "caller_reference": zone_id, "comment": "", "private": False, "vpcs": [],
    }  # fmt: skip
    route53._records[zone_id] = route53._default_records(name)
    return {"id": zone_id, "name": name}


def certificate(arn, name, status):
    """A certificate that was there before, with an ARN that a blueprint knows."""
    acm._certificates[arn] = {
        "CertificateArn": arn, "DomainName": name, "SubjectAlternativeNames": [name], "Status": status,
        "Type": "IMPORTED", "CreatedAt": now_iso(), "IssuedAt": now_iso(), "Options": {}, "Tags": [],
        "DomainValidationOptions": [validation_options(name, "DNS")],
    }  # fmt: skip
    return {"arn": arn, "status": status}


plain_ses = replace(ses_v2, "handle_request", ses_request)
plain_shape = replace(acm, "_cert_shape", certificate_shape)
replace(acm, "_validation_options", validation_options)
wrapping.with_tags("AWS::SES::EmailIdentity")
wrapping.after("AWS::SES::EmailIdentity", identity_created)
wrapping.after("AWS::CertificateManager::Certificate", certificate_created)
SETTLE["AWS::CertificateManager::Certificate"] = certificate_settles
