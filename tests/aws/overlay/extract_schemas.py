"""Writes `schemas.json` anew from the resource schemas that cfn-lint carries.

    python -m overlay.extract_schemas WHEEL_OR_SITE_PACKAGES

Only what the stage asks is kept, and only for the types our templates use: which properties there are, which are
required, which replace, what identifies a resource, and the permissions CloudFormation needs to handle it.
"""

import json
import sys
import zipfile
from pathlib import Path

REGION = "eu-west-1"
TYPES = """
AWS::AutoScaling::AutoScalingGroup AWS::AutoScaling::ScalingPolicy AWS::CertificateManager::Certificate
AWS::CloudWatch::Alarm AWS::DynamoDB::Table AWS::EC2::EIP AWS::EC2::FlowLog AWS::EC2::InternetGateway
AWS::EC2::LaunchTemplate AWS::EC2::NatGateway AWS::EC2::Route AWS::EC2::RouteTable AWS::EC2::SecurityGroup
AWS::EC2::SecurityGroupEgress AWS::EC2::SecurityGroupIngress AWS::EC2::Subnet AWS::EC2::SubnetRouteTableAssociation
AWS::EC2::VPC AWS::EC2::VPCEndpoint AWS::EC2::VPCGatewayAttachment AWS::ElasticLoadBalancingV2::Listener
AWS::ElasticLoadBalancingV2::LoadBalancer AWS::ElasticLoadBalancingV2::TargetGroup AWS::IAM::InstanceProfile
AWS::IAM::Policy AWS::IAM::Role AWS::KMS::Alias AWS::KMS::Key AWS::Logs::LogGroup AWS::Route53::RecordSet
AWS::S3::Bucket AWS::S3::BucketPolicy AWS::SES::ConfigurationSet AWS::SES::ConfigurationSetEventDestination
AWS::SES::EmailIdentity AWS::SNS::Subscription AWS::SNS::Topic AWS::SNS::TopicPolicy AWS::SQS::Queue
AWS::SSM::Parameter AWS::WAFv2::WebACLAssociation
""".split()
DEPTH = 6


def main(source):
    read = reader(Path(source))
    files = json.loads(read(f"providers/{REGION}.json"))
    schemas = {kind: digest(json.loads(read(f"resources/{files[kind]}.json"))) for kind in TYPES}
    out = Path(__file__).with_name("schemas.json")
    lines = [f"{json.dumps(kind)}: {json.dumps(schema, sort_keys=True)}" for kind, schema in sorted(schemas.items())]
    out.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{out}: {len(schemas)} types, {out.stat().st_size:,} bytes")


def reader(source):
    inside = "cfnlint/data/schemas/"
    if source.is_dir():
        return lambda name: (source / inside / name).read_text()
    archive = zipfile.ZipFile(source)
    return lambda name: archive.read(inside + name)


def digest(schema):
    names = lambda key: sorted({path.split("/")[2] for path in schema.get(key, []) if path.count("/") == 2})  # noqa: E731
    tagging = schema.get("tagging") or {}
    return {
        "properties": shape(schema, schema, DEPTH),
        "required": schema.get("required", []),
        "create_only": names("createOnlyProperties"),
        "conditional_create_only": names("conditionalCreateOnlyProperties"),
        "read_only": names("readOnlyProperties"),
        "identifier": names("primaryIdentifier"),
        "tags": tagging.get("taggable", "Tags" in schema.get("properties", {})),
        "permissions": {
            action: handler.get("permissions", [])
            for action, handler in schema.get("handlers", {}).items()
            if action in ("create", "update", "delete")
        },
    }


def shape(node, schema, depth):
    """The names below a node, or true where anything goes."""
    node = follow(node, schema)
    if not depth or not isinstance(node, dict):
        return True
    if "items" in node:
        return [shape(node["items"], schema, depth - 1)]
    if node.get("properties") and node.get("additionalProperties") is False:
        return {name: shape(inner, schema, depth - 1) for name, inner in sorted(node["properties"].items())}
    return True


def follow(node, schema):
    while isinstance(node, dict) and "$ref" in node:
        target = schema
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


if __name__ == "__main__":
    main(sys.argv[1])
