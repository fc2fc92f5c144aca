"""What a Region offers: images, instance types, endpoint services, quotas, and whether the account has it at all."""

import json

from ministack.core.responses import get_region
from ministack.services import ec2, ssm

from . import settings
from .hooks import replace, replace_in

# https://docs.aws.amazon.com/linux/al2023/ug/ec2.html#launch-via-aws-cli
IMAGES = {"x86_64": "ami-0c2023a1b2c3d4e5f", "arm64": "ami-0a2023a1b2c3d4e5f"}


class PublicImages(dict):
    """Amazon publishes a new image now and then: `newest_images`."""

    def __getitem__(self, name):
        newest = settings.get("newest_images")
        return next((image for architecture, image in newest.items() if name.endswith(architecture)), super().__getitem__(name))

    def get(self, name, default=None):
        return self[name] if name in self else default


public = PublicImages(ssm._PUBLIC_AMI_PARAMETERS)
replace(ssm, "_PUBLIC_AMI_PARAMETERS", public)
for architecture, image in IMAGES.items():
    for flavour in ("kernel-default", "kernel-6.1", "kernel-6.12"):
        public[f"/aws/service/ami-amazon-linux-latest/al2023-ami-{flavour}-{architecture}"] = image

# https://docs.aws.amazon.com/general/latest/gr/ec2-service.html and its neighbours: the defaults.
QUOTAS = {
    ("ec2", "L-1216C47A"): ("Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 5.0),
    ("ec2", "L-0263D0A3"): ("EC2-VPC Elastic IPs", 5.0),
    ("vpc", "L-F678F1CE"): ("VPCs per Region", 5.0),
    ("vpc", "L-A4707A72"): ("Internet gateways per Region", 5.0),
    ("vpc", "L-FE5A380F"): ("NAT gateways per Availability Zone", 5.0),
    ("vpc", "L-1B52E74A"): ("Gateway VPC endpoints per Region", 20.0),
    ("vpc", "L-29B6F2EB"): ("Interface VPC endpoints per VPC", 50.0),
    ("elasticloadbalancing", "L-53DA6B97"): ("Application Load Balancers per Region", 50.0),
    ("autoscaling", "L-CDE20ADC"): ("Auto Scaling groups per Region", 500.0),
    ("s3", "L-DC2B2D3D"): ("General purpose buckets", 10000.0),
    ("dynamodb", "L-F98FE922"): ("Maximum number of tables", 2500.0),
    ("cloudformation", "L-0485CB21"): ("Stack count", 2000.0),
}


def quota(service, code):
    if (service, code) not in QUOTAS:
        return None
    name, value = QUOTAS[service, code]
    value = float(settings.get("quotas").get(code, value))
    return {
        "ServiceCode": service, "ServiceName": service, "QuotaCode": code, "QuotaName": name, "Value": value,
        "QuotaArn": f"arn:aws:servicequotas:{get_region()}::{service}/{code}", "Unit": "None", "Adjustable": True,
        "GlobalQuota": False,
    }  # fmt: skip


def service_quotas(operation, data):
    """Service Quotas, which ministack does not have: (status, answer)."""
    if operation in ("GetServiceQuota", "GetAWSDefaultServiceQuota"):
        found = quota(data.get("ServiceCode"), data.get("QuotaCode"))
        if found is None:
            return 400, {"__type": "NoSuchResourceException",
                         "Message": "The request failed because the specified service quota does not exist."}  # fmt: skip
        return 200, {"Quota": found}
    if operation in ("ListServiceQuotas", "ListAWSDefaultServiceQuotas"):
        return 200, {"Quotas": [quota(*key) for key in QUOTAS if key[0] == data.get("ServiceCode")]}
    return 400, {"__type": "UnknownOperationException", "Message": operation}


def service_quotas_body(operation, body):
    status, answer = service_quotas(operation, json.loads(body or b"{}"))
    return status, json.dumps(answer).encode()


def describe_regions(params):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html"""
    status, headers, body = plain_regions(params)
    text = body.decode()
    for name in settings.get("regions_off"):
        head, found, tail = text.partition(f"<item><regionName>{name}</regionName>")
        if not found:
            continue
        item, _, rest = tail.partition("</item>")
        item = item.replace("opt-in-not-required", "not-opted-in").replace("opted-in</", "not-opted-in</")
        item = item.replace("not-not-", "not-")
        everything = ec2._p(params, "AllRegions").lower() == "true"
        text = head + (found + item + "</item>" if everything else "") + rest
    return status, headers, text.encode()


def describe_instance_type_offerings(params):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypeOfferings.html"""
    filters = ec2._parse_filters(params)
    types = filters.get("instance-type") or list(TYPES)
    by_zone = ec2._p(params, "LocationType") == "availability-zone"
    items = ""
    for kind in types:
        if kind not in TYPES and kind not in settings.get("offerings"):
            continue
        zones = [f"{get_region()}{letter}" for letter in settings.get("offerings").get(kind, ["a", "b", "c"])]
        for place in zones if by_zone else [get_region()] if zones else []:
            if filters.get("location") and place not in filters["location"]:
                continue
            items += (f"<item><instanceType>{kind}</instanceType><locationType>"
                      f"{'availability-zone' if by_zone else 'region'}</locationType><location>{place}</location></item>")  # fmt: skip
    return ec2._xml(200, "DescribeInstanceTypeOfferingsResponse",
                    f"<instanceTypeOfferingSet>{items}</instanceTypeOfferingSet>")  # fmt: skip


SIZES = {"nano": (2, 0.5), "micro": (2, 1), "small": (2, 2), "medium": (2, 4), "large": (2, 8), "xlarge": (4, 16),
         "2xlarge": (8, 32)}  # fmt: skip
FAMILIES = {"t3": "x86_64", "t3a": "x86_64", "t4g": "arm64", "m7g": "arm64", "m7i": "x86_64", "m6i": "x86_64",
            "m8g": "arm64", "c7g": "arm64", "c7i": "x86_64", "c8g": "arm64", "r7g": "arm64"}  # fmt: skip
TYPES = {
    f"{family}.{size}": (cores if size != "medium" or family[0] == "t" else 1, memory, architecture)
    for family, architecture in FAMILIES.items() for size, (cores, memory) in SIZES.items()
    if family[0] == "t" or size not in ("nano", "micro", "small")
}  # fmt: skip


def stub_image(image, *rest):
    view = plain_stub(image, *rest)
    return {**view, "Architecture": "arm64"} if image == IMAGES["arm64"] else view


def describe_images(params):
    """An id that is none is refused.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    """
    answer = plain_images(params)
    for image in ec2._parse_member_list(params, "ImageId"):
        if f"<imageId>{image}</imageId>" not in answer[2].decode():
            return ec2._error("InvalidAMIID.NotFound", f"The image id '[{image}]' does not exist", 400)
    return answer


def describe_endpoint_services(params):
    """ministack's list lacks some of our services, and a name that is none is refused."""
    answer = plain_endpoint_services(params)
    for name in ec2._parse_member_list(params, "ServiceName"):
        if f"<item>{name}</item>" not in answer[2].decode():
            return ec2._error("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist", 400)
    return answer


def describe_instances(params):
    """ministack's answer with the number of virtual processors put in."""
    status, headers, body = plain_instances(params)
    text = body.decode()
    for instance in ec2._instances.values():
        cores = TYPES.get(instance["InstanceType"], (2,))[0]
        mark = f"<instanceId>{instance['InstanceId']}</instanceId>"
        text = text.replace(mark, f"{mark}<cpuOptions><coreCount>{max(cores // 2, 1)}</coreCount><threadsPerCore>"
                            f"{2 if cores > 1 else 1}</threadsPerCore></cpuOptions>")  # fmt: skip
    return status, headers, text.encode()


TABLE = ec2._ACTION_MAP
plain_regions = replace_in(TABLE, "DescribeRegions", describe_regions)
plain_images = replace_in(TABLE, "DescribeImages", describe_images)
plain_endpoint_services = replace_in(TABLE, "DescribeVpcEndpointServices", describe_endpoint_services)
plain_instances = replace_in(TABLE, "DescribeInstances", describe_instances)
plain_stub = replace(ec2, "_stub_image_view", stub_image)
TABLE["DescribeInstanceTypeOfferings"] = describe_instance_type_offerings
MORE_SERVICES = ("autoscaling", "elasticloadbalancing", "cloudformation", "email", "email-smtp", "servicequotas",
                 "dynamodb", "s3")  # fmt: skip
replace(ec2, "_VPCE_INTERFACE_SERVICES", tuple(dict.fromkeys((*ec2._VPCE_INTERFACE_SERVICES, *MORE_SERVICES))))
ec2._STUB_AMIS.append((
    IMAGES["arm64"], "al2023-ami-2023.6.20241010.0-kernel-6.1-arm64", "Amazon Linux 2023 AMI", "", "/dev/xvda",
    "137112412989", "amazon",
))  # fmt: skip
