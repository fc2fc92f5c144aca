"""What the Region offers, as the preflight asks it."""

import pytest
from stage import ACCOUNT, REGION
from test_change_sets import refused


def test_caller(stage):
    assert stage.client("sts").get_caller_identity()["Account"] == ACCOUNT


def test_opt_in(stage):
    ec2 = stage.client("ec2")

    def status(name):
        return [it["OptInStatus"] for it in ec2.describe_regions(RegionNames=[name], AllRegions=True)["Regions"]]

    assert status(REGION) == ["opt-in-not-required"]
    stage.set(regions_off=[REGION])
    assert status(REGION) == ["not-opted-in"]


@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
def test_images(stage, architecture):
    name = f"/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{architecture}"
    image = stage.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    (found,) = stage.client("ec2").describe_images(ImageIds=[image])["Images"]
    assert (found["Architecture"], found["State"]) == (architecture, "available")
    assert found["Name"].startswith("al2023-ami-")


def test_an_image_that_is_none(stage):
    error = refused(stage.client("ec2").describe_images, ImageIds=["ami-00000000000000000"])
    assert error["Code"] == "InvalidAMIID.NotFound"
    assert refused(stage.client("ssm").get_parameter, Name="/aws/service/none")["Code"] == "ParameterNotFound"


def test_offerings(stage):
    ec2 = stage.client("ec2")

    def zones(kind):
        found = ec2.describe_instance_type_offerings(
            LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": [kind]}])  # fmt: skip
        return sorted(it["Location"] for it in found["InstanceTypeOfferings"])

    assert zones("t3.small") == zones("t4g.small") == [f"{REGION}{it}" for it in "abc"]
    assert zones("x9.huge") == []
    stage.set(offerings={"t3.small": ["b"]})
    assert zones("t3.small") == [f"{REGION}b"]


def test_endpoint_services(stage):
    ec2 = stage.client("ec2")
    for name in ("logs", "sts", "autoscaling", "ssmmessages", "monitoring", "kms", "email"):
        service = f"com.amazonaws.{REGION}.{name}"
        assert ec2.describe_vpc_endpoint_services(ServiceNames=[service])["ServiceNames"] == [service]
    error = refused(ec2.describe_vpc_endpoint_services, ServiceNames=[f"com.amazonaws.{REGION}.none"])
    assert error["Code"] == "InvalidServiceName"


def test_quotas(stage):
    quotas = stage.client("service-quotas")
    found = quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-1216C47A")["Quota"]
    assert found["Value"] == 5.0
    stage.set(quotas={"L-1216C47A": 64})
    assert quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-1216C47A")["Quota"]["Value"] == 64.0
    error = refused(quotas.get_service_quota, ServiceCode="ec2", QuotaCode="L-NONE")
    assert error["Code"] == "NoSuchResourceException"


def test_certificates_wait_for_their_record(stage):
    acm = stage.client("acm")
    arn = acm.request_certificate(DomainName="sync.example.com", ValidationMethod="DNS")["CertificateArn"]
    found = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert found["Status"] == "PENDING_VALIDATION" and "IssuedAt" not in found
    record = found["DomainValidationOptions"][0]["ResourceRecord"]
    zone(stage, "Z0123456789ABCDEFGHIJ")
    put(stage, "Z0123456789ABCDEFGHIJ", record["Name"], record["Value"])
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED"
    stage.ask("POST", "certificate", {"arn": arn + "x", "name": "a.example.com", "status": "EXPIRED"})
    assert acm.describe_certificate(CertificateArn=arn + "x")["Certificate"]["Status"] == "EXPIRED"
    assert refused(acm.describe_certificate, CertificateArn=arn + "y")["Code"] == "ResourceNotFoundException"


def test_mail(stage, stacks):
    ses = stage.client("sesv2")
    assert ses.get_account()["ProductionAccessEnabled"] is True
    stage.set(mail_sandbox=True)
    account = ses.get_account()
    assert account["ProductionAccessEnabled"] is False and account["SendQuota"]["Max24HourSend"] == 200
    zone(stage, "ZMAIL")
    identity = {"Type": "AWS::SES::EmailIdentity", "Properties": {"EmailIdentity": "example.com"}}
    assert stacks.deploy("mail", {"Resources": {"Mail": identity}}, "CREATE")["StackStatus"] == "CREATE_COMPLETE"
    found = ses.get_email_identity(EmailIdentity="example.com")
    assert (found["VerifiedForSendingStatus"], found["DkimAttributes"]["Status"]) == (False, "PENDING")
    for token in found["DkimAttributes"]["Tokens"]:
        put(stage, "ZMAIL", f"{token}._domainkey.example.com", f"{token}.dkim.amazonses.com")
    found = ses.get_email_identity(EmailIdentity="example.com")
    assert (found["VerifiedForSendingStatus"], found["DkimAttributes"]["Status"]) == (True, "SUCCESS")
    assert refused(ses.get_email_identity, EmailIdentity="other.com")["Code"] == "NotFoundException"


def test_counts_of_what_runs(stage, stacks, production):
    ec2 = stage.client("ec2")
    running = ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["running"]}])["Reservations"]
    options = [it["CpuOptions"] for part in running for it in part["Instances"]]
    assert sum(it["CoreCount"] * it["ThreadsPerCore"] for it in options) == 6
    assert len(stage.client("elbv2").describe_load_balancers()["LoadBalancers"]) == 1
    vpcs = ec2.describe_vpcs()["Vpcs"]
    assert [it["VpcId"] for it in vpcs if not it["IsDefault"]] == [stacks.outputs(production)["NetworkId"]]


def zone(stage, zone_id):
    stage.ask("POST", "zone", {"id": zone_id, "name": "example.com"})


def put(stage, zone_id, name, value):
    record = {"Name": name, "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": value}]}
    stage.client("route53").change_resource_record_sets(
        HostedZoneId=zone_id, ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]})  # fmt: skip
