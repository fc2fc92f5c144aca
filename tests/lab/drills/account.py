"""What an account holds, for comparing it before and after: what costs money, opens a door or has a name."""


def inventory(deployment):
    """{kind: how many}"""
    return {kind: len(names) for kind, names in named(deployment).items() if names}


def data_names(deployment):
    """Buckets and tables: what is kept when a protected deployment goes."""
    buckets = [it["Name"] for it in deployment.client("s3").list_buckets()["Buckets"]]
    return sorted(buckets + deployment.client("dynamodb").list_tables()["TableNames"])


def left_behind(deployment):
    """What is there beside what was there before the first `up` and the data: {kind: names}."""
    return {kind: more for kind, names in named(deployment).items() if (more := sorted(names - deployment.before.get(kind, set())))}


def named(deployment):
    """{kind: names} of everything but data."""
    ec2, balancing, scaling, iam, logs = (deployment.client(it) for it in ("ec2", "elbv2", "autoscaling", "iam", "logs"))
    instances = [it for found in ec2.describe_instances()["Reservations"] for it in found["Instances"]]
    living = {it["InstanceId"] for it in instances if it["State"]["Name"] != "terminated"}
    groups = ec2.describe_security_groups()["SecurityGroups"]
    return {
        "instance": living,
        "network": {it["VpcId"] for it in ec2.describe_vpcs()["Vpcs"]},
        "subnet": {it["SubnetId"] for it in ec2.describe_subnets()["Subnets"]},
        "route table": {it["RouteTableId"] for it in ec2.describe_route_tables()["RouteTables"]},
        "gateway": {it["InternetGatewayId"] for it in ec2.describe_internet_gateways()["InternetGateways"]},
        "endpoint": {it["VpcEndpointId"] for it in ec2.describe_vpc_endpoints()["VpcEndpoints"]},
        "address": {it["AllocationId"] for it in ec2.describe_addresses()["Addresses"]},
        "security group": {it["GroupId"] for it in groups},
        "launch template": {it["LaunchTemplateId"] for it in ec2.describe_launch_templates()["LaunchTemplates"]},
        "load balancer": {it["LoadBalancerName"] for it in balancing.describe_load_balancers()["LoadBalancers"]},
        "target group": {it["TargetGroupName"] for it in balancing.describe_target_groups()["TargetGroups"]},
        "group": {it["AutoScalingGroupName"] for it in scaling.describe_auto_scaling_groups()["AutoScalingGroups"]},
        "role": {it["RoleName"] for it in iam.list_roles()["Roles"]},
        "instance profile": {it["InstanceProfileName"] for it in iam.list_instance_profiles()["InstanceProfiles"]},
        "policy": {it["PolicyName"] for it in iam.list_policies(Scope="Local")["Policies"]},
        "alarm": {it["AlarmName"] for it in deployment.client("cloudwatch").describe_alarms()["MetricAlarms"]},
        "topic": {it["TopicArn"] for it in deployment.client("sns").list_topics()["Topics"]},
        "log group": {it["logGroupName"] for it in logs.describe_log_groups()["logGroups"]},
        "key": {it["KeyId"] for it in deployment.client("kms").list_keys()["Keys"]},
        "stack": {it["StackName"] for it in deployment.client("cloudformation").describe_stacks()["Stacks"]},
    }  # fmt: skip
