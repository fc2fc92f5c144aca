"""What a request asks for: service, operation, caller; and how an error looks in its protocol."""

import json
import re
from urllib.parse import parse_qs

from ministack.core.responses import new_uuid

CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/")
QUERY = {"cloudformation", "autoscaling", "elasticloadbalancing", "sts", "iam", "sns", "ec2", "monitoring", "sqs"}
# Codes of the AWS protocols for the same thing: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html
CODES = {
    "throttle": {"s3": ("SlowDown", 503), "ec2": ("RequestLimitExceeded", 503), "query": ("Throttling", 400),
                 "ses": ("TooManyRequestsException", 429), "json": ("ThrottlingException", 400)},
    "500": {"ec2": ("InternalError", 500), "s3": ("InternalError", 500), "query": ("InternalFailure", 500),
            "ses": ("InternalFailure", 500), "json": ("InternalServerError", 500)},
    "503": {"ec2": ("Unavailable", 503), "s3": ("ServiceUnavailable", 503), "query": ("ServiceUnavailable", 503),
            "ses": ("ServiceUnavailable", 503), "json": ("ServiceUnavailable", 503)},
    "expired": {"ec2": ("RequestExpired", 400), "s3": ("ExpiredToken", 400), "query": ("ExpiredToken", 403),
                "ses": ("ExpiredTokenException", 403), "json": ("ExpiredTokenException", 400)},
    "denied": {"ec2": ("UnauthorizedOperation", 403), "s3": ("AccessDenied", 403), "query": ("AccessDenied", 403),
               "ses": ("AccessDeniedException", 403), "json": ("AccessDeniedException", 400)},
}  # fmt: skip
MESSAGES = {
    "throttle": "Rate exceeded", "500": "We encountered an internal error. Please try again.",
    "503": "Service is unable to handle request.", "expired": "The security token included in the request is expired",
    "denied": "You are not authorized to perform this operation.",
}  # fmt: skip
S3_PARTS = ("acl", "cors", "encryption", "lifecycle", "location", "logging", "ownershipControls", "policy",
            "publicAccessBlock", "replication", "tagging", "uploads", "versioning", "versions", "delete", "attributes")  # fmt: skip
S3_WORDS = {"uploads": "MultipartUploads", "versions": "ObjectVersions", "delete": "Objects", "acl": "Acl",
            "lifecycle": "BucketLifecycleConfiguration", "publicAccessBlock": "PublicAccessBlock",
            "attributes": "ObjectAttributes"}  # fmt: skip


class Call:
    """A request to AWS."""

    def __init__(self, method, path, query, headers, body):
        self.method, self.path = method, path
        found = CREDENTIAL.search(headers.get("authorization", "")) or CREDENTIAL.search(
            "Credential=" + (query.get("X-Amz-Credential") or [""])[0] + "/"
        )
        self.key, self.region, self.service = found.groups() if found else ("", "", "")
        self.target = headers.get("x-amz-target", "")
        self.operation = self.named(query, headers, body)

    def named(self, query, headers, body):
        if self.target:
            return self.target.rsplit(".", 1)[-1]
        if self.service in QUERY or "Action" in query:
            form = parse_qs(body.decode(errors="replace")) if "urlencoded" in headers.get("content-type", "") else {}
            return (form.get("Action") or query.get("Action") or [""])[0]
        if self.service == "s3":
            return self.s3(query)
        if self.service == "ses":
            return f"{self.method} {self.path.removeprefix('/v2/email')}"
        found = re.search(r"/operation/(\w+)", self.path)
        return found.group(1) if found else f"{self.method} {self.path}"

    def s3(self, query):
        """Name of an S3 operation; by its path style."""
        parts = [it for it in self.path.split("/") if it]
        verb = {"GET": "Get", "PUT": "Put", "POST": "Post", "DELETE": "Delete", "HEAD": "Head"}.get(self.method, self.method)
        if not parts:
            return "ListBuckets"
        for part in S3_PARTS:
            if part not in query:
                continue
            if part in ("versions", "uploads") and self.method == "GET":
                return f"List{S3_WORDS[part]}"
            if part == "uploads":
                return "CreateMultipartUpload"
            if part == "delete":
                return "DeleteObjects"
            word = S3_WORDS.get(part, f"Bucket{part[0].upper()}{part[1:]}")
            return f"{verb}{word if word.startswith(('Bucket', 'Public', 'Object')) else 'Bucket' + word}"
        if "uploadId" in query:
            return {"PUT": "UploadPart", "POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload"}.get(
                self.method, "ListParts")  # fmt: skip
        if len(parts) == 1:
            return {"GET": "ListObjectsV2", "PUT": "CreateBucket"}.get(self.method, f"{verb}Bucket")
        return f"{verb}Object"

    @property
    def protocol(self):
        if self.service in ("ec2", "s3", "ses"):
            return self.service
        return "json" if self.target or self.service not in QUERY else "query"

    def error(self, switch):
        """The answer of a switch: (status, headers, body)."""
        how = str(switch["how"])
        code, status = CODES.get(how, {}).get(self.protocol, ("InternalFailure", 500))
        code, status = switch.get("code", code), int(switch.get("status", status if how != "error" else 400))
        message = switch.get("message") or MESSAGES.get(how, "The stage was told to answer so.")
        request_id = new_uuid()
        xml = f"<Code>{code}</Code><Message>{message}</Message>"
        if self.protocol == "ec2":
            body = f"<Response><Errors><Error>{xml}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
        elif self.protocol == "s3":
            body = f"<Error>{xml}<RequestId>{request_id}</RequestId></Error>"
        elif self.protocol == "query":
            kind = "Receiver" if status >= 500 else "Sender"
            body = (f"<ErrorResponse><Error><Type>{kind}</Type>{xml}</Error><RequestId>{request_id}</RequestId>"
                    "</ErrorResponse>")  # fmt: skip
        else:
            headers = {"content-type": "application/x-amz-json-1.1", "x-amzn-errortype": code}
            return status, {**headers, "x-amzn-requestid": request_id}, json.dumps({"__type": code, "message": message})
        return status, {"content-type": "text/xml", "x-amzn-requestid": request_id}, body
