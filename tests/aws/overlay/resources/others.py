"""Small repairs of the remaining types, and the names that can be taken."""

from ministack.services import alb, autoscaling, cloudwatch_logs, iam, kms, ses, ses_v2
from ministack.services.cloudformation import provisioners

from ..cloudformation.resources import HANDLERS, NAMES, HandlerFailed
from ..hooks import replace
from . import wrapping

NAMES.update({
    "AWS::AutoScaling::AutoScalingGroup": (lambda it: it.get("AutoScalingGroupName"), lambda name: name in autoscaling._asgs),
    "AWS::Logs::LogGroup": (lambda it: it.get("LogGroupName"), lambda name: name in cloudwatch_logs._log_groups),
    "AWS::IAM::Role": (lambda it: it.get("RoleName"), lambda name: name in iam._roles),
    "AWS::IAM::InstanceProfile": (lambda it: it.get("InstanceProfileName"), lambda name: name in iam._instance_profiles),
    "AWS::KMS::Alias": (lambda it: it.get("AliasName"), lambda name: kms._alias_arn(name) in kms._aliases),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": (
        lambda it: it.get("Name"), lambda name: any(lb["LoadBalancerName"] == name for lb in alb._lbs.values())),
    "AWS::ElasticLoadBalancingV2::TargetGroup": (
        lambda it: it.get("Name"), lambda name: any(tg["TargetGroupName"] == name for tg in alb._tgs.values())),
    "AWS::SES::EmailIdentity": (lambda it: it.get("EmailIdentity"), lambda name: name in ses_v2._identities),
    "AWS::SES::ConfigurationSet": (lambda it: it.get("Name"), lambda name: name in ses._configuration_sets),
})  # fmt: skip


def balancer_can_go(arn, properties):
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html"""
    attributes = {it["Key"]: it["Value"] for it in alb._lb_attrs.get(arn, [])}
    if wrapping.is_true(attributes.get("deletion_protection.enabled")):
        raise HandlerFailed(f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled "
                            "(Service: ElasticLoadBalancingV2, Status Code: 400)", "GeneralServiceException")  # fmt: skip


wrapping.before_delete("AWS::ElasticLoadBalancingV2::LoadBalancer", balancer_can_go)


def target_group_details(arn, properties, attributes):
    alb._tgs[arn]["ProtocolVersion"] = properties.get("ProtocolVersion", "HTTP1")


def target_group_xml(group):
    mark = "<TargetType>"
    return plain_target_group_xml(group).replace(
        mark, f"<ProtocolVersion>{group.get('ProtocolVersion', 'HTTP1')}</ProtocolVersion>{mark}"
    )


plain_target_group_xml = replace(alb, "_tg_xml", target_group_xml)
wrapping.after("AWS::ElasticLoadBalancingV2::TargetGroup", target_group_details)


def listener_attributes(arn, properties, attributes):
    provisioners._elbv2_merge_attributes(alb._listener_attrs.setdefault(arn, []), properties.get("ListenerAttributes"))
    # A target group knows the load balancers that forward to it.
    for action in properties.get("DefaultActions", []):
        group = alb._tgs.get(action.get("TargetGroupArn"))
        if group is not None and properties["LoadBalancerArn"] not in group["LoadBalancerArns"]:
            group["LoadBalancerArns"].append(properties["LoadBalancerArn"])


wrapping.after("AWS::ElasticLoadBalancingV2::Listener", listener_attributes)


def target_group_unused(arn, properties):
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteTargetGroup.html"""
    for listener in alb._listeners.values():
        if any(it.get("TargetGroupArn") == arn for it in listener["DefaultActions"]):
            raise HandlerFailed(f"Target group '{arn}' is currently in use by a listener or a rule", "ResourceConflict")


wrapping.before_delete("AWS::ElasticLoadBalancingV2::TargetGroup", target_group_unused)


def log_group_name(logical_id, properties, stack_name):
    """A log group without a name gets one like every other resource."""
    if "LogGroupName" not in properties:
        properties = {**properties, "LogGroupName": provisioners._physical_name(stack_name, logical_id, max_len=512)}
    return plain_log_group(logical_id, properties, stack_name)


plain_log_group = HANDLERS["AWS::Logs::LogGroup"]["create"]
HANDLERS["AWS::Logs::LogGroup"]["create"] = log_group_name
plain_log_group_update = HANDLERS["AWS::Logs::LogGroup"]["update"]
HANDLERS["AWS::Logs::LogGroup"]["update"] = lambda name, before, after, *rest: plain_log_group_update(
    name, {"LogGroupName": name, **before}, {"LogGroupName": name, **after}, *rest
)
