"""How an operation is to be carried out: the alarms that undo it, and express mode.

Rollback triggers: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-rollback-triggers.html
"If a specified trigger is missing, the entire stack operation fails and is rolled back":
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackTrigger.html
Express mode: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-express-mode.html
"""

from ministack.services import cloudwatch
from ministack.services.cloudformation.helpers import _p


def asked(params):
    """What a request says: alarms by ARN, None where it says nothing about them; and the mode."""
    prefix = "RollbackConfiguration."
    is_said = any(key.startswith(prefix) for key in params)
    triggers = []
    while arn := _p(params, f"{prefix}RollbackTriggers.member.{len(triggers) + 1}.Arn"):
        triggers.append(arn)
    return {"_triggers": triggers if is_said else None, "_mode": _p(params, "DeploymentConfig.Mode") or "STANDARD"}


def begin(stack, change_set):
    """Triggers stay with the stack until a request names others; the mode belongs to one operation."""
    if change_set["_triggers"] is not None:
        stack["_triggers"] = change_set["_triggers"]
    stack["_mode"] = change_set["_mode"]


def is_express(stack):
    return stack.get("_mode") == "EXPRESS"


def broken(stack):
    """Why the operation has to be undone, or None."""
    for arn in stack.get("_triggers") or []:
        alarm = cloudwatch._alarms.get(arn.rpartition(":")[2])
        if alarm is None:
            return f"Rollback trigger {arn} does not exist"
        if alarm.get("StateValue") == "ALARM":
            return f"Rollback trigger {arn} went into the ALARM state"
    return None


def xml(change_set):
    triggers = "".join(
        f"<member><Arn>{arn}</Arn><Type>AWS::CloudWatch::Alarm</Type></member>" for arn in change_set["_triggers"] or []
    )
    found = f"<DeploymentConfig><Mode>{change_set['_mode']}</Mode></DeploymentConfig>"
    if change_set["_triggers"] is not None:
        found += f"<RollbackConfiguration><RollbackTriggers>{triggers}</RollbackTriggers></RollbackConfiguration>"
    return found
