"""The parts of a network that ministack's CloudFormation does not know or forgets.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-natgateway.html and its
neighbours.
"""

import json
import re
from xml.sax.saxutils import escape

from ministack.core.responses import get_account_id, new_uuid
from ministack.services import ec2, iam
from ministack.services.cloudformation import provisioners

from ..cloudformation.resources import HANDLERS, HandlerFailed
from ..hooks import checked, replace_in
from . import wrapping


def some_id(prefix):
    return f"{prefix}-0{new_uuid().replace('-', '')[:16]}"


def must_exist(store, what, name):
    if name and name not in store:
        raise HandlerFailed(f"The {what} ID '{name}' does not exist", "NotFound")


# Flow logs.


def flow_log_create(logical_id, properties, stack_name):
    must_exist(ec2._vpcs, "vpc", properties["ResourceId"])
    body = checked(ec2._create_flow_logs({
        "ResourceId.1": properties["ResourceId"], "ResourceType": properties["ResourceType"],
        "TrafficType": properties.get("TrafficType", "ALL"),
        "LogDestinationType": properties.get("LogDestinationType", "cloud-watch-logs"),
        "LogDestination": properties.get("LogDestination", ""), "LogGroupName": properties.get("LogGroupName", ""),
    }))  # fmt: skip
    flow_log = re.search(r"fl-[0-9a-fA-F]+", body.decode()).group()
    ec2._flow_logs[flow_log].update(
        LogGroupName=properties.get("LogGroupName", ""),
        DeliverLogsPermissionArn=properties.get("DeliverLogsPermissionArn", ""),
    )
    provisioners._ec2_apply_tags(flow_log, properties)
    return flow_log, {"Id": flow_log}


def describe_flow_logs(params):
    """ministack's answer with the log group and the role put in."""
    status, headers, body = plain_describe_flow_logs(params)
    text = body.decode()
    for flow_log in ec2._flow_logs.values():
        mark = f"<flowLogId>{flow_log['FlowLogId']}</flowLogId>"
        extra = "".join(
            f"<{tag}>{flow_log[key]}</{tag}>"
            for tag, key in (("logGroupName", "LogGroupName"), ("deliverLogsPermissionArn", "DeliverLogsPermissionArn"))
            if flow_log.get(key)
        )
        text = text.replace(mark, mark + extra)
    return status, headers, text.encode()


HANDLERS["AWS::EC2::FlowLog"] = {
    "create": flow_log_create,
    "update": lambda flow_log, before, after, _: (
        provisioners._ec2_apply_tags(flow_log, after, before), (flow_log, {"Id": flow_log}))[1],
    "delete": lambda flow_log, _: ec2._flow_logs.pop(flow_log, None),
}  # fmt: skip
plain_describe_flow_logs = replace_in(ec2._ACTION_MAP, "DescribeFlowLogs", describe_flow_logs)


# Rules of security groups as resources of their own.


def rule(properties, other_key, change):
    must_exist(ec2._security_groups, "security group", properties["GroupId"])
    query = {"GroupId": properties["GroupId"], "IpPermissions.1.IpProtocol": str(properties.get("IpProtocol", "-1"))}
    for port in ("FromPort", "ToPort"):
        query[f"IpPermissions.1.{port}"] = str(properties.get(port, -1))
    place = None
    if properties.get("CidrIp"):
        place = "IpPermissions.1.IpRanges.1"
        query[f"{place}.CidrIp"] = properties["CidrIp"]
    elif properties.get(other_key):
        place = "IpPermissions.1.Groups.1"
        query[f"{place}.GroupId"] = properties[other_key]
        query["IpPermissions.1.UserIdGroupPairs.1.GroupId"] = properties[other_key]
    if place and properties.get("Description"):
        query[f"{place}.Description"] = properties["Description"]
    return checked(change(query)).decode()


def rules_handler(other_key, authorize, revoke):
    def create(logical_id, properties, stack_name):
        found = re.search(r"sgr-[0-9a-f]+", rule(properties, other_key, authorize))
        rule_id = found.group() if found else some_id("sgr")
        return rule_id, {"Id": rule_id}

    def delete(rule_id, properties):
        if properties["GroupId"] in ec2._security_groups:
            rule(properties, other_key, revoke)

    return {"create": create, "update": lambda rule_id, *_: (rule_id, {"Id": rule_id}), "delete": delete}


HANDLERS["AWS::EC2::SecurityGroupIngress"] = rules_handler(
    "SourceSecurityGroupId", ec2._authorize_sg_ingress, ec2._revoke_sg_ingress
)
HANDLERS["AWS::EC2::SecurityGroupEgress"] = rules_handler(
    "DestinationSecurityGroupId", ec2._authorize_sg_egress, ec2._revoke_sg_egress
)


# NAT gateways, zonal and regional, and addresses.


def nat_create(logical_id, properties, stack_name):
    # A regional gateway names its VPC, no subnet.
    # https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateways-regional.html
    subnet = properties.get("SubnetId", "")
    must_exist(ec2._subnets, "subnet", subnet)
    vpc = ec2._subnets[subnet]["VpcId"] if subnet else properties.get("VpcId", "")
    must_exist(ec2._vpcs, "vpc", vpc)
    body = checked(ec2._create_nat_gateway({
        "SubnetId": subnet or "regional", "AllocationId": properties.get("AllocationId", ""),
        "ConnectivityType": properties.get("ConnectivityType", "public"),
    }))  # fmt: skip
    gateway = re.search(r"nat-[0-9a-fA-F]+", body.decode()).group()
    ec2._nat_gateways[gateway].update(
        SubnetId=subnet, VpcId=vpc, AvailabilityMode=properties.get("AvailabilityMode", "zonal")
    )
    provisioners._ec2_apply_tags(gateway, properties)
    return gateway, {"NatGatewayId": gateway}


def nat_delete(gateway, properties):
    ec2._nat_gateways.pop(gateway, None)
    ec2._tags.pop(gateway, None)


def describe_nat_gateways(params):
    status, headers, body = plain_describe_nat_gateways(params)
    text = body.decode()
    for gateway in ec2._nat_gateways.values():
        mark = f"<natGatewayId>{gateway['NatGatewayId']}</natGatewayId>"
        text = text.replace(mark, f"{mark}<availabilityMode>{gateway.get('AvailabilityMode', 'zonal')}</availabilityMode>")
    return status, headers, text.replace("<subnetId></subnetId>", "").encode()


HANDLERS["AWS::EC2::NatGateway"] = {
    "create": nat_create,
    "update": lambda gateway, before, after, _: (
        provisioners._ec2_apply_tags(gateway, after, before), (gateway, {"NatGatewayId": gateway}))[1],
    "delete": nat_delete,
}  # fmt: skip
plain_describe_nat_gateways = replace_in(ec2._ACTION_MAP, "DescribeNatGateways", describe_nat_gateways)


def address_create(logical_id, properties, stack_name):
    body = checked(ec2._allocate_address({"Domain": properties.get("Domain", "vpc")})).decode()
    allocation = re.search(r"<allocationId>([^<]+)", body).group(1)
    address = re.search(r"<publicIp>([^<]+)", body).group(1)
    provisioners._ec2_apply_tags(allocation, properties)
    return address, {"AllocationId": allocation, "PublicIp": address}


def address_delete(address, properties):
    for allocation, entry in list(ec2._addresses.items()):
        if entry.get("PublicIp") == address:
            del ec2._addresses[allocation]


HANDLERS["AWS::EC2::EIP"] = {
    "create": address_create,
    "update": lambda address, before, after, _: (address, {"PublicIp": address}),
    "delete": address_delete,
}  # fmt: skip


# What must exist for the others.

REFERENCES = {
    "AWS::EC2::Subnet": [("VpcId", ec2._vpcs, "vpc")],
    "AWS::EC2::RouteTable": [("VpcId", ec2._vpcs, "vpc")],
    "AWS::EC2::SecurityGroup": [("VpcId", ec2._vpcs, "vpc")],
    "AWS::EC2::VPCGatewayAttachment": [("VpcId", ec2._vpcs, "vpc")],
    "AWS::EC2::VPCEndpoint": [("VpcId", ec2._vpcs, "vpc")],
    "AWS::EC2::Route": [("RouteTableId", ec2._route_tables, "routeTable"), ("NatGatewayId", ec2._nat_gateways, "nat-gateway")],
    "AWS::ElasticLoadBalancingV2::TargetGroup": [("VpcId", ec2._vpcs, "vpc")],
}  # fmt: skip


def check_references(kind, create):
    def created(logical_id, properties, stack_name):
        for key, store, what in REFERENCES[kind]:
            must_exist(store, what, properties.get(key))
        return create(logical_id, properties, stack_name)

    return created


for kind in REFERENCES:
    replace_in(HANDLERS[kind], "create", check_references(kind, HANDLERS[kind]["create"]))


def endpoint_routes(endpoint, properties, attributes):
    """A gateway endpoint shows as a route to its prefix list in every route table it is in.

    https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
    """
    forget_endpoint_routes(endpoint, properties)
    if properties.get("VpcEndpointType", "Gateway") != "Gateway":
        return
    service = properties["ServiceName"].rsplit(".", 1)[-1]
    for table in properties.get("RouteTableIds", []):
        must_exist(ec2._route_tables, "routeTable", table)
        ec2._route_tables[table].setdefault("Routes", []).append({
            "DestinationPrefixListId": "pl-6da54004" if service == "s3" else "pl-6fa54006",
            "GatewayId": endpoint, "State": "active", "Origin": "CreateRoute",
        })  # fmt: skip


def forget_endpoint_routes(endpoint, properties):
    for table in ec2._route_tables.values():
        table["Routes"] = [it for it in table.get("Routes", []) if it.get("GatewayId") != endpoint]


def describe_endpoints(params):
    """ministack's answer with the policies put in."""
    status, headers, body = plain_describe_endpoints(params)
    text = body.decode()
    for endpoint in ec2._vpc_endpoints.values():
        policy = endpoint.get("PolicyDocument")
        if policy:
            policy = escape(policy if isinstance(policy, str) else json.dumps(policy))
            mark = f"<vpcEndpointId>{endpoint['VpcEndpointId']}</vpcEndpointId>"
            text = text.replace(mark, f"{mark}<policyDocument>{policy}</policyDocument>")
    return status, headers, text.encode()


plain_describe_endpoints = replace_in(ec2._ACTION_MAP, "DescribeVpcEndpoints", describe_endpoints)
wrapping.after("AWS::EC2::VPCEndpoint", endpoint_routes)
wrapping.before_delete("AWS::EC2::VPCEndpoint", forget_endpoint_routes)
for kind in ("AWS::EC2::FlowLog", "AWS::EC2::NatGateway", "AWS::EC2::EIP"):
    wrapping.with_tags(kind)


# `Ref` of an instance profile is its name.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-instanceprofile.html


def profile_arn(name, path="/"):
    return f"arn:aws:iam::{get_account_id()}:instance-profile{path}{name}"


def profile_create(logical_id, properties, stack_name):
    arn, attributes = plain_profile["create"](logical_id, properties, stack_name)
    return arn.rsplit("/", 1)[-1], attributes


def profile_update(name, before, after, stack_name, logical_id=None):
    iam._instance_profiles[name]["Roles"] = provisioners._iam_ip_roles(after)
    return name, {"Arn": iam._instance_profiles[name]["Arn"]}


plain_profile = dict(HANDLERS["AWS::IAM::InstanceProfile"])
HANDLERS["AWS::IAM::InstanceProfile"].update(
    create=profile_create, update=profile_update, delete=lambda name, _: iam._instance_profiles.pop(name, None)
)
