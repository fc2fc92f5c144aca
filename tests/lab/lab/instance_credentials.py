"""Credentials of instances: sessions of the role in the instance profile, registered with STS as AssumeRole does.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
"""

import json
import time
from dataclasses import dataclass

from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam, sts

# EC2's last about six hours; AWS documents no figure.
SECONDS = 6 * 3600
# A new one is handed out when less than this part of its life is left. AWS says: at least five minutes before.
LAST_PART = 1 / 3
EC2 = "ec2.amazonaws.com"


@dataclass
class Session:
    role: str
    key: str
    secret: str
    token: str
    made: float
    ends: float


class InstanceCredentials:
    """One session at a time for each instance; `seconds` is how long a new one lasts, and may be changed."""

    def __init__(self, seconds=SECONDS):
        self.seconds = seconds
        # By instance id, the newest last. Earlier ones stay good until they end.
        self.sessions = {}

    def text(self, instance, role):
        """What the metadata service answers, in JSON."""
        newest = (self.sessions.get(instance["InstanceId"]) or [None])[-1]
        if newest is None or self.is_spent(newest, role):
            if not trusts_ec2(role):
                return json.dumps(refusal(role), indent=2)
            newest = self.make(instance, role)
        return json.dumps({
            "Code": "Success", "LastUpdated": moment(newest.made), "Type": "AWS-HMAC", "AccessKeyId": newest.key,
            "SecretAccessKey": newest.secret, "Token": newest.token, "Expiration": moment(newest.ends),
        }, indent=2)  # fmt: skip

    def is_spent(self, session, role):
        # A reset of the emulator forgets sessions.
        return (session.role != role["Arn"] or session.key not in sts._sessions
                or session.ends - time.time() < LAST_PART * (session.ends - session.made))  # fmt: skip

    def make(self, instance, role):
        # Whole seconds, as they are told.
        now = int(time.time())
        session = Session(role["Arn"], iam._gen_session_access_key(), iam._gen_secret(), iam._gen_session_token(), now,
                          now + self.seconds)  # fmt: skip
        account, name = get_account_id(), instance["InstanceId"]
        sts.register_session(session.key, {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role['RoleName']}/{name}",
            "UserId": f"{role['RoleId']}:{name}", "SecretAccessKey": session.secret, "SessionToken": session.token,
            "Expiration": session.ends, "AccountId": account, "PrincipalType": "AssumedRole",
        })  # fmt: skip
        self.sessions.setdefault(name, []).append(session)
        return session

    def end(self, instance_id):
        """Nothing that was handed out to an instance is good any longer."""
        for session in self.sessions.pop(instance_id, []):
            sts._sessions.pop(session.key, None)


def moment(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def trusts_ec2(role):
    """Whether the role's trust policy lets EC2 hand it to instances.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2.html
    """
    document = role.get("AssumeRolePolicyDocument") or "{}"
    document = json.loads(document) if isinstance(document, str) else dict(document)
    statements = document.get("Statement", [])
    statements = [statements] if isinstance(statements, dict) else statements
    # Trust policies have no resource; the evaluator wants one.
    whole = {"Statement": [{"Resource": "*", **it} for it in statements]}
    context = EvalContext(
        principal_arn="", principal_type="Service", principal_account=get_account_id(), action="sts:AssumeRole",
        resource_arn=role["Arn"], region=get_region(),
    )  # fmt: skip
    return evaluate_resource_policy(whole, context, service=EC2).decision == "Allow"


def refusal(role):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html"""
    return {
        "Code": "AssumeRoleUnauthorizedAccess", "LastUpdated": moment(time.time()),
        "Message": f"EC2 cannot assume the role {role['RoleName']}. Please see documentation at "
                   "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html.",
    }  # fmt: skip
