"""Drift of our types. ministack reads nine; for the others of ours this says whether they are there, and for those
that people change by hand, what changed.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
"""

import re

from ministack.services import alb, autoscaling, cloudwatch, dynamodb, ec2, iam, kms, s3, ses_v2
from ministack.services.cloudformation import drift

READERS = drift._DRIFT_READERS


def exists(store):
    return (lambda name, properties: {} if name in store else None), frozenset()


def extended(kind, names, more):
    """ministack's reader with more properties."""
    reader, known = READERS[kind]

    def read(name, properties):
        found = reader(name, properties)
        return None if found is None else {**found, **more(name, properties)}

    READERS[kind] = read, known | frozenset(names)


def bucket(name, properties):
    status, _, body = s3._get_public_access_block(name)
    text = body if isinstance(body, str) else body.decode()
    flags = re.findall(r"<(Block\w+|Ignore\w+|Restrict\w+)>(\w+)</", text)
    found = {key: value == "true" for key, value in flags} if status == 200 else {}
    wanted = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    return {"PublicAccessBlockConfiguration": {key: found.get(key, False) for key in wanted}}


def table(name, properties):
    expiry = dynamodb._ttl_settings.get(name) or {}
    return {
        "PointInTimeRecoverySpecification": {
            **(properties.get("PointInTimeRecoverySpecification") or {}),
            "PointInTimeRecoveryEnabled": bool(dynamodb._pitr_settings.get(name)),
        },
        "TimeToLiveSpecification": {
            **(properties.get("TimeToLiveSpecification") or {}),
            "Enabled": expiry.get("TimeToLiveStatus") == "ENABLED",
        },
    }


def group(name, properties):
    found = autoscaling._asgs.get(name)
    if found is None:
        return None
    names = ("MinSize", "MaxSize", "DesiredCapacity", "HealthCheckType", "HealthCheckGracePeriod", "TargetGroupARNs")
    return {key: found[key] for key in names}


def target_group(arn, properties):
    found = alb._tgs.get(arn)
    if found is None:
        return None
    return {key: found[key] for key in properties if key.startswith(("HealthCheck", "Healthy", "Unhealthy")) and key in found}


def alarm(name, properties):
    found = cloudwatch._alarms.get(name)
    names = ("Threshold", "ComparisonOperator", "EvaluationPeriods", "TreatMissingData", "AlarmActions", "Period")
    return None if found is None else {key: plain(found[key]) for key in names if key in found}


def plain(value):
    """A whole number without a fraction, as templates write it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def security_group(group_id, properties):
    found = ec2._security_groups.get(group_id)
    if found is None:
        return None
    return {
        "SecurityGroupIngress": rules(found["IpPermissions"], properties.get("SecurityGroupIngress"), "Source"),
        "SecurityGroupEgress": rules(found["IpPermissionsEgress"], properties.get("SecurityGroupEgress"), "Destination"),
    }


def rules(permissions, expected, end):
    """Rules as the template writes them, its own first and in its order."""
    found = []
    for it in permissions:
        ports = {"IpProtocol": it.get("IpProtocol"), "FromPort": it.get("FromPort"), "ToPort": it.get("ToPort")}
        for place in it.get("IpRanges", []):
            text = {"Description": place["Description"]} if place.get("Description") else {}
            found.append({**ports, "CidrIp": place["CidrIp"], **text})
        for pair in it.get("UserIdGroupPairs", []):
            text = {"Description": pair["Description"]} if pair.get("Description") else {}
            found.append({**ports, f"{end}SecurityGroupId": pair["GroupId"], **text})
    ordered = [it for it in expected or [] if any(same(it, other) for other in found)]
    return ordered + [it for it in found if not any(same(it, other) for other in ordered)]


def same(one, other):
    return all(str(one.get(key)) == str(other.get(key)) for key in one.keys() | other.keys())


extended("AWS::S3::Bucket", {"PublicAccessBlockConfiguration"}, bucket)
extended("AWS::DynamoDB::Table", {"PointInTimeRecoverySpecification", "TimeToLiveSpecification"}, table)
READERS.update({
    "AWS::AutoScaling::AutoScalingGroup": (group, frozenset(
        {"MinSize", "MaxSize", "DesiredCapacity", "HealthCheckType", "HealthCheckGracePeriod", "TargetGroupARNs"})),
    "AWS::ElasticLoadBalancingV2::TargetGroup": (target_group, frozenset(
        {"HealthCheckPath", "HealthCheckIntervalSeconds", "HealthCheckTimeoutSeconds", "HealthyThresholdCount",
         "UnhealthyThresholdCount", "HealthCheckPort", "HealthCheckProtocol"})),
    "AWS::CloudWatch::Alarm": (alarm, frozenset(
        {"Threshold", "ComparisonOperator", "EvaluationPeriods", "TreatMissingData", "AlarmActions", "Period"})),
    "AWS::EC2::SecurityGroup": (security_group, frozenset({"SecurityGroupIngress", "SecurityGroupEgress"})),
    "AWS::EC2::VPC": exists(ec2._vpcs),
    "AWS::EC2::Subnet": exists(ec2._subnets),
    "AWS::EC2::RouteTable": exists(ec2._route_tables),
    "AWS::EC2::InternetGateway": exists(ec2._internet_gateways),
    "AWS::EC2::NatGateway": exists(ec2._nat_gateways),
    "AWS::EC2::VPCEndpoint": exists(ec2._vpc_endpoints),
    "AWS::EC2::LaunchTemplate": exists(ec2._launch_templates),
    "AWS::EC2::FlowLog": exists(ec2._flow_logs),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": exists(alb._lbs),
    "AWS::ElasticLoadBalancingV2::Listener": exists(alb._listeners),
    "AWS::IAM::InstanceProfile": exists(iam._instance_profiles),
    "AWS::KMS::Key": exists(kms._keys),
    "AWS::S3::BucketPolicy": (
        lambda _, properties: {} if properties["Bucket"] in s3._bucket_policies else None, frozenset()),
    "AWS::SES::EmailIdentity": exists(ses_v2._identities),
})  # fmt: skip
