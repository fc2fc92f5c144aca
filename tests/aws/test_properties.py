"""What the template says is what the services answer: one test per service, on the deployed production.yaml."""

import json

import pytest
from stage import ACCOUNT, REGION


@pytest.fixture
def of(stage, production):
    return stage.client


def tags_of(pairs):
    return {it["Key"]: it["Value"] for it in pairs}


def bucket(what):
    return f"production-{what}-{ACCOUNT}-{REGION}"


def test_buckets(of):
    s3 = of("s3")
    assert {it["Name"] for it in s3.list_buckets()["Buckets"]} == {bucket(it) for it in ("content", "artifacts", "logs")}
    name = bucket("content")
    rules = {it["ID"]: it for it in s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]}
    assert rules["restorable"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90}
    assert rules["restorable"]["Expiration"] == {"ExpiredObjectDeleteMarker": True}
    assert rules["unfinished-uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    logging = s3.get_bucket_logging(Bucket=name)["LoggingEnabled"]
    assert (logging["TargetBucket"], logging["TargetPrefix"]) == (bucket("logs"), "content/")
    rule = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"].startswith(f"arn:aws:kms:{REGION}:{ACCOUNT}:key/")
    assert rule["BucketKeyEnabled"] is True
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"] == [
        {"ObjectOwnership": "BucketOwnerEnforced"}
    ]
    assert all(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values())
    assert s3.get_bucket_cors(Bucket=name)["CORSRules"][0]["MaxAgeSeconds"] == 3000
    found = tags_of(s3.get_bucket_tagging(Bucket=name)["TagSet"])
    assert found["syncctl:name"] == "production" and found["aws:cloudformation:logical-id"] == "Content"
    policy = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])
    assert [it["Sid"] for it in policy["Statement"]] == ["OnlyTls", "NobodyOverwrites"]


def test_table(of):
    dynamodb, name = of("dynamodb"), bucket("metadata")
    table = dynamodb.describe_table(TableName=name)["Table"]
    assert table["DeletionProtectionEnabled"] is True
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"] == {
        "TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}  # fmt: skip
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]
    assert (recovery["PointInTimeRecoveryStatus"], recovery["RecoveryPeriodInDays"]) == ("ENABLED", 35)
    assert tags_of(dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"])["syncctl:name"] == "production"


def test_key(of):
    kms = of("kms")
    alias = f"alias/production-key-{ACCOUNT}-{REGION}"
    key = kms.describe_key(KeyId=alias)["KeyMetadata"]
    assert (key["KeyState"], key["Description"]) == ("Enabled", "Content of production")
    rotation = kms.get_key_rotation_status(KeyId=key["KeyId"])
    assert rotation["KeyRotationEnabled"] is True and rotation["RotationPeriodInDays"] == 365
    assert len(json.loads(kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"])["Statement"]) == 2


def test_network(of, stacks, production):
    ec2, outputs = of("ec2"), stacks.outputs(production)
    of_vpc = [{"Name": "vpc-id", "Values": [outputs["NetworkId"]]}]
    subnets = ec2.describe_subnets(Filters=of_vpc)["Subnets"]
    assert sorted(it["AvailabilityZone"] for it in subnets) == sorted([f"{REGION}{it}" for it in "abc"] * 2)
    endpoints = {it["ServiceName"].rsplit(".")[-1]: it for it in ec2.describe_vpc_endpoints(Filters=of_vpc)["VpcEndpoints"]}
    assert set(endpoints) == {"s3", "dynamodb"} and len(endpoints["s3"]["RouteTableIds"]) == 2
    assert json.loads(endpoints["dynamodb"]["PolicyDocument"])["Statement"][0]["Sid"] == "OwnTable"
    gateways = ec2.describe_nat_gateways()["NatGateways"]
    assert [(it["VpcId"], it["AvailabilityMode"], it["State"]) for it in gateways] == [
        (outputs["NetworkId"], "regional", "available")
    ]
    tables = {tags_of(it["Tags"]).get("Name"): it for it in ec2.describe_route_tables(Filters=of_vpc)["RouteTables"]}
    routes = tables["production-private"]["Routes"]
    assert gateways[0]["NatGatewayId"] in {it.get("NatGatewayId") for it in routes}
    assert {it["VpcEndpointId"] for it in endpoints.values()} <= {it.get("GatewayId") for it in routes}
    (flow_log,) = ec2.describe_flow_logs()["FlowLogs"]
    assert (flow_log["TrafficType"], flow_log["ResourceId"]) == ("REJECT", outputs["NetworkId"])
    assert flow_log["LogGroupName"].startswith("production-FlowLogs") and "role/" in flow_log["DeliverLogsPermissionArn"]


def test_security_groups(of, stacks, production):
    ec2 = of("ec2")
    filters = [{"Name": "vpc-id", "Values": [stacks.outputs(production)["NetworkId"]]}]
    groups = {tags_of(it.get("Tags", [])).get("Name"): it for it in ec2.describe_security_groups(Filters=filters)["SecurityGroups"]}
    balancer, servers = groups["production-balancer"], groups["production-servers"]
    assert [it["FromPort"] for it in balancer["IpPermissions"]] == [80]
    assert balancer["IpPermissionsEgress"][0]["UserIdGroupPairs"][0]["GroupId"] == servers["GroupId"]
    (rule,) = servers["IpPermissions"]
    assert (rule["FromPort"], rule["UserIdGroupPairs"][0]["GroupId"]) == (8420, balancer["GroupId"])
    assert rule["UserIdGroupPairs"][0]["Description"] == "Load balancer"


def test_group(of, stacks, production):
    autoscaling, outputs = of("autoscaling"), stacks.outputs(production)
    (group,) = autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    assert group["AutoScalingGroupName"] == outputs["GroupName"]
    assert (group["MinSize"], group["DesiredCapacity"], group["MaxSize"]) == (3, 3, 9)
    assert group["TargetGroupARNs"] == [outputs["TargetGroupArn"]]
    assert group["AvailabilityZones"] == [f"{REGION}{it}" for it in "abc"]
    assert group["DefaultInstanceWarmup"] == 60 and group["MaxInstanceLifetime"] == 1209600
    assert group["InstanceMaintenancePolicy"] == {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 134}
    assert group["HealthCheckType"] == "ELB,EBS" and group["DeletionProtection"] == "prevent-force-deletion"
    assert {it["Metric"] for it in group["EnabledMetrics"]} >= {"GroupInServiceInstances"}
    assert group["LaunchTemplate"]["LaunchTemplateId"] == outputs["LaunchTemplateId"]
    tags = {it["Key"]: it for it in group["Tags"]}
    assert tags["Name"]["PropagateAtLaunch"] is True and tags["syncctl:name"]["Value"] == "production"
    (hook,) = autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=outputs["GroupName"])["LifecycleHooks"]
    assert (hook["LifecycleHookName"], hook["DefaultResult"], hook["HeartbeatTimeout"]) == ("boot", "ABANDON", 300)
    policies = autoscaling.describe_policies(AutoScalingGroupName=outputs["GroupName"])["ScalingPolicies"]
    assert sorted(it["TargetTrackingConfiguration"]["TargetValue"] for it in policies) == [50, 1000]


def test_balancer(of, stacks, production):
    elb, outputs = of("elbv2"), stacks.outputs(production)
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    assert (balancer["LoadBalancerArn"], len(balancer["AvailabilityZones"])) == (outputs["LoadBalancerArn"], 3)
    (group,) = elb.describe_target_groups()["TargetGroups"]
    assert (group["HealthCheckPath"], group["HealthCheckIntervalSeconds"], group["Port"]) == ("/health", 5, 8420)
    assert group["LoadBalancerArns"] == [balancer["LoadBalancerArn"]] and group["ProtocolVersion"] == "HTTP1"
    attributes = tags_of(elb.describe_target_group_attributes(TargetGroupArn=group["TargetGroupArn"])["Attributes"])
    assert attributes["deregistration_delay.timeout_seconds"] == "70"
    (listener,) = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    found = tags_of(elb.describe_listener_attributes(ListenerArn=listener["ListenerArn"])["Attributes"])
    assert found["routing.http.response.server.enabled"] == "false"


def test_roles_and_profile(of, stacks, production):
    iam, resources = of("iam"), stacks.resources(production)
    profile = iam.get_instance_profile(InstanceProfileName=resources["ServerProfile"]["PhysicalResourceId"])
    assert [it["RoleName"] for it in profile["InstanceProfile"]["Roles"]] == [resources["ServerRole"]["PhysicalResourceId"]]
    role = iam.get_role(RoleName=resources["WriterRole"]["PhysicalResourceId"])["Role"]
    assert role["MaxSessionDuration"] == 3600
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    names = iam.list_role_policies(RoleName=resources["ServerRole"]["PhysicalResourceId"])["PolicyNames"]
    assert sorted(names) == ["instance", "service"]


def test_logs_and_alarms(of, stacks, production):
    groups = of("logs").describe_log_groups()["logGroups"]
    assert {it["retentionInDays"] for it in groups} == {30}
    assert stacks.outputs(production)["ServerLogGroup"] in {it["logGroupName"] for it in groups}
    alarms = {it["AlarmName"].split("-")[1]: it for it in of("cloudwatch").describe_alarms()["MetricAlarms"]
              if it["AlarmName"].startswith("production-")}  # fmt: skip
    assert alarms["TooFewServers"]["Threshold"] == 3 and alarms["SlowAnswers"]["ExtendedStatistic"] == "p99"
    assert [it["Id"] for it in alarms["ServerErrors"]["Metrics"]] == ["share", "errors", "requests"]
    assert all(it["AlarmActions"] == [stacks.outputs(production)["AlarmTopic"]] for it in alarms.values())
    topic = of("sns").get_topic_attributes(TopicArn=stacks.outputs(production)["AlarmTopic"])["Attributes"]
    assert topic["DisplayName"] == "production alarms" and "AlarmsOfThisAccount" in topic["Policy"]


def test_instances(of, stacks, production):
    ec2, outputs = of("ec2"), stacks.outputs(production)
    found = [it for part in ec2.describe_instances()["Reservations"] for it in part["Instances"]]
    assert len(found) == 3
    assert sorted(it["Placement"]["AvailabilityZone"] for it in found) == [f"{REGION}{it}" for it in "abc"]
    subnets = {it["SubnetId"]: it for it in ec2.describe_subnets()["Subnets"]}
    for it in found:
        assert subnets[it["SubnetId"]]["AvailabilityZone"] == it["Placement"]["AvailabilityZone"]
        assert it["PrivateIpAddress"].startswith("10.20.") and it["InstanceType"] == "t3.small"
        assert tags_of(it["Tags"])["Name"] == "production" and it["State"]["Name"] == "running"
    health = of("elbv2").describe_target_health(TargetGroupArn=outputs["TargetGroupArn"])["TargetHealthDescriptions"]
    assert {it["Target"]["Id"]: it["TargetHealth"]["State"] for it in health} == {
        it["InstanceId"]: "healthy" for it in found
    }
    members = of("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"]
    assert {it["LifecycleState"] for it in members} == {"InService"}
    assert {it["LaunchTemplate"]["LaunchTemplateId"] for it in members} == {outputs["LaunchTemplateId"]}
    assert "boot.sh: ready" in ec2.get_console_output(InstanceId=found[0]["InstanceId"])["Output"]
