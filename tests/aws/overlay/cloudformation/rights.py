"""CloudFormation acts with the rights of whoever called it, or with those of the stack's service role.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html

Asked for are the calls without which a resource handler cannot do its work, `NEEDED` below, by type and property; they
are picked from the handlers' permissions in the resource schemas. Where the resource has a name already, the policy
must allow the call on that resource, conditions and all; where AWS gives the name later, it is enough that some
statement allows the action on anything. Read calls of the handlers are not asked for.
"""

import contextvars

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region

from .. import settings

# Access key of the call that began the operation.
CALLER = contextvars.ContextVar("stage_caller", default="")

# {type: (to create, to update, to delete)}
NEEDED = {
    "AWS::AutoScaling::AutoScalingGroup": (
        "autoscaling:CreateAutoScalingGroup autoscaling:CreateOrUpdateTags", "autoscaling:UpdateAutoScalingGroup",
        "autoscaling:DeleteAutoScalingGroup autoscaling:UpdateAutoScalingGroup"),
    "AWS::AutoScaling::ScalingPolicy": ("autoscaling:PutScalingPolicy", "autoscaling:PutScalingPolicy", "autoscaling:DeletePolicy"),
    "AWS::CertificateManager::Certificate": ("acm:RequestCertificate", "acm:AddTagsToCertificate", "acm:DeleteCertificate"),
    "AWS::CloudWatch::Alarm": ("cloudwatch:PutMetricAlarm", "cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"),
    "AWS::DynamoDB::Table": ("dynamodb:CreateTable", "dynamodb:UpdateTable", "dynamodb:DeleteTable"),
    "AWS::EC2::FlowLog": ("ec2:CreateFlowLogs iam:PassRole", "ec2:CreateTags", "ec2:DeleteFlowLogs"),
    "AWS::EC2::InternetGateway": ("ec2:CreateInternetGateway ec2:CreateTags", "ec2:CreateTags", "ec2:DeleteInternetGateway"),
    "AWS::EC2::LaunchTemplate": ("ec2:CreateLaunchTemplate", "ec2:CreateLaunchTemplateVersion", "ec2:DeleteLaunchTemplate"),
    "AWS::EC2::NatGateway": ("ec2:CreateNatGateway ec2:CreateTags", "ec2:CreateTags", "ec2:DeleteNatGateway"),
    "AWS::EC2::Route": ("ec2:CreateRoute", "ec2:ReplaceRoute", "ec2:DeleteRoute"),
    "AWS::EC2::RouteTable": ("ec2:CreateRouteTable ec2:CreateTags", "ec2:CreateTags", "ec2:DeleteRouteTable"),
    "AWS::EC2::SecurityGroup": (
        "ec2:CreateSecurityGroup ec2:AuthorizeSecurityGroupEgress ec2:RevokeSecurityGroupEgress ec2:CreateTags",
        "ec2:CreateTags", "ec2:DeleteSecurityGroup"),
    "AWS::EC2::SecurityGroupIngress": ("ec2:AuthorizeSecurityGroupIngress", "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
                                       "ec2:RevokeSecurityGroupIngress"),
    "AWS::EC2::Subnet": ("ec2:CreateSubnet ec2:CreateTags", "ec2:ModifySubnetAttribute", "ec2:DeleteSubnet"),
    "AWS::EC2::SubnetRouteTableAssociation": ("ec2:AssociateRouteTable", "", "ec2:DisassociateRouteTable"),
    "AWS::EC2::VPC": ("ec2:CreateVpc ec2:ModifyVpcAttribute ec2:CreateTags", "ec2:ModifyVpcAttribute", "ec2:DeleteVpc"),
    "AWS::EC2::VPCEndpoint": ("ec2:CreateVpcEndpoint", "ec2:ModifyVpcEndpoint", "ec2:DeleteVpcEndpoints"),
    "AWS::EC2::VPCGatewayAttachment": ("ec2:AttachInternetGateway", "", "ec2:DetachInternetGateway"),
    "AWS::ElasticLoadBalancingV2::Listener": (
        "elasticloadbalancing:CreateListener", "elasticloadbalancing:ModifyListener", "elasticloadbalancing:DeleteListener"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": (
        "elasticloadbalancing:CreateLoadBalancer elasticloadbalancing:ModifyLoadBalancerAttributes",
        "elasticloadbalancing:ModifyLoadBalancerAttributes", "elasticloadbalancing:DeleteLoadBalancer"),
    "AWS::ElasticLoadBalancingV2::TargetGroup": (
        "elasticloadbalancing:CreateTargetGroup elasticloadbalancing:ModifyTargetGroupAttributes",
        "elasticloadbalancing:ModifyTargetGroup", "elasticloadbalancing:DeleteTargetGroup"),
    "AWS::IAM::InstanceProfile": (
        "iam:CreateInstanceProfile iam:AddRoleToInstanceProfile iam:PassRole", "iam:AddRoleToInstanceProfile",
        "iam:RemoveRoleFromInstanceProfile iam:DeleteInstanceProfile"),
    "AWS::IAM::Policy": ("iam:PutRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy"),
    "AWS::IAM::Role": ("iam:CreateRole", "iam:UpdateAssumeRolePolicy", "iam:DeleteRole"),
    "AWS::KMS::Alias": ("kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"),
    "AWS::KMS::Key": ("kms:CreateKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"),
    "AWS::Logs::LogGroup": ("logs:CreateLogGroup logs:PutRetentionPolicy", "logs:PutRetentionPolicy", "logs:DeleteLogGroup"),
    "AWS::Route53::RecordSet": (("route53:ChangeResourceRecordSets",) * 3),
    "AWS::S3::Bucket": ("s3:CreateBucket", "", "s3:DeleteBucket"),
    "AWS::S3::BucketPolicy": ("s3:PutBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"),
    "AWS::SES::ConfigurationSet": ("ses:CreateConfigurationSet", "ses:PutConfigurationSetSendingOptions", "ses:DeleteConfigurationSet"),
    "AWS::SES::ConfigurationSetEventDestination": (
        "ses:CreateConfigurationSetEventDestination", "ses:UpdateConfigurationSetEventDestination",
        "ses:DeleteConfigurationSetEventDestination"),
    "AWS::SES::EmailIdentity": ("ses:CreateEmailIdentity", "ses:PutEmailIdentityMailFromAttributes", "ses:DeleteEmailIdentity"),
    "AWS::SNS::Topic": ("sns:CreateTopic", "sns:SetTopicAttributes", "sns:DeleteTopic"),
    "AWS::SNS::TopicPolicy": ("sns:SetTopicAttributes", "sns:SetTopicAttributes", "sns:SetTopicAttributes"),
}  # fmt: skip
# What a property asks for beside that, to create and to update.
BY_PROPERTY = {
    ("AWS::S3::Bucket", "BucketEncryption"): "s3:PutEncryptionConfiguration",
    ("AWS::S3::Bucket", "LifecycleConfiguration"): "s3:PutLifecycleConfiguration",
    ("AWS::S3::Bucket", "LoggingConfiguration"): "s3:PutBucketLogging",
    ("AWS::S3::Bucket", "OwnershipControls"): "s3:PutBucketOwnershipControls",
    ("AWS::S3::Bucket", "PublicAccessBlockConfiguration"): "s3:PutBucketPublicAccessBlock",
    ("AWS::S3::Bucket", "VersioningConfiguration"): "s3:PutBucketVersioning",
    ("AWS::S3::Bucket", "CorsConfiguration"): "s3:PutBucketCORS",
    ("AWS::S3::Bucket", "Tags"): "s3:PutBucketTagging",
    ("AWS::DynamoDB::Table", "PointInTimeRecoverySpecification"): "dynamodb:UpdateContinuousBackups",
    ("AWS::DynamoDB::Table", "TimeToLiveSpecification"): "dynamodb:UpdateTimeToLive",
    ("AWS::DynamoDB::Table", "Tags"): "dynamodb:TagResource",
    ("AWS::KMS::Key", "EnableKeyRotation"): "kms:EnableKeyRotation",
    ("AWS::AutoScaling::AutoScalingGroup", "LifecycleHookSpecificationList"): "autoscaling:PutLifecycleHook",
    ("AWS::AutoScaling::AutoScalingGroup", "MetricsCollection"): "autoscaling:EnableMetricsCollection",
    ("AWS::AutoScaling::AutoScalingGroup", "LaunchTemplate"): "ec2:RunInstances",
}  # fmt: skip
ARNS = {
    "AWS::S3::Bucket": lambda it: f"arn:aws:s3:::{it['BucketName']}" if "BucketName" in it else None,
    "AWS::S3::BucketPolicy": lambda it: f"arn:aws:s3:::{it['Bucket']}",
    "AWS::DynamoDB::Table": lambda it: regional("dynamodb", f"table/{it['TableName']}") if "TableName" in it else None,
}


class NotAuthorized(Exception):
    """The caller, or the role, may not do what a resource needs."""


def regional(service, rest):
    return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{rest}"


def check(kind, action, stack, properties):
    from ministack import app

    if not app.AUTH or not settings.get("caller_rights"):
        return
    who, policies, limits = principal(stack.get("RoleARN"))
    if policies is None:
        return
    for needed in actions(kind, action, properties):
        arn = ARNS[kind](properties) if kind in ARNS else None
        if not allows(who, policies, limits, needed, arn, properties):
            raise NotAuthorized(
                f"User: {who} is not authorized to perform: {needed}"
                + (f" on resource: \"{arn}\"" if arn else "")
                + " because no identity-based policy allows the action"
            )


def actions(kind, action, properties):
    found = NEEDED.get(kind, ("", "", ""))[("create", "update", "delete").index(action)].split()
    if action != "delete":
        found += [it for (of, name), it in BY_PROPERTY.items() if of == kind and name in properties]
    return found


def principal(role):
    """(ARN, policies, limits) of who acts; policies are `None` for the root user."""
    if role:
        name = role.rsplit("/", 1)[-1]
        return role, iam_evaluator._gather_role_policies(name, get_account_id()), []
    found = iam_evaluator.resolve_principal(CALLER.get(), get_account_id())
    if isinstance(found, iam_evaluator.AuthError):
        raise NotAuthorized(found.message)
    return found.arn, found.policies, found.limits


def allows(who, policies, limits, action, arn, properties):
    tags = {str(it["Key"]): str(it["Value"]) for it in properties.get("Tags") or [] if isinstance(it, dict)}
    context = iam_evaluator.EvalContext(
        principal_arn=who, principal_type="User", principal_account=get_account_id(), action=action,
        resource_arn=arn or "*", region=get_region(), request_tags=tags, tag_keys=list(tags),
        service_context={
            "aws:calledvia": ["cloudformation.amazonaws.com"], "aws:calledviafirst": "cloudformation.amazonaws.com",
            "aws:calledvialast": "cloudformation.amazonaws.com", "aws:viaawsservice": "true", "aws:tagkeys": list(tags) or None,
            **{f"aws:requesttag/{name}".lower(): it for name, it in tags.items()},
        },
    )  # fmt: skip
    if arn is not None:
        return iam_evaluator.evaluate(context, policies, *limits).decision == "Allow"
    layers = [[it for document in layer for it in document] for layer in (policies, *limits)]
    return all(any(may(it, action) for it in statements) for statements in layers)


def may(statement, action):
    """Whether a statement allows an action on anything at all."""
    if statement.effect != "Allow":
        return False
    return iam_evaluator._action_matches(action, statement.actions, statement.not_actions)
