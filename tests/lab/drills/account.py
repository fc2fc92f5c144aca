"""What an account holds, for comparing it before and after."""

# What `examples/production` keeps when it is taken down.
DATA = ("dynamodb", "s3", "kms", "sesv2")


def data_names(deployment):
    """Names of buckets and tables with people's data."""
    buckets = [it["Name"] for it in deployment.client("s3").list_buckets()["Buckets"]]
    return sorted([it for it in buckets if "content" in it] + deployment.client("dynamodb").list_tables()["TableNames"])


def left_behind(deployment):
    """Everything in the account that costs money or opens a door and belongs to no data: [kind name]."""
    ec2, balancing, scaling = (deployment.client(it) for it in ("ec2", "elbv2", "autoscaling"))
    running = [
        it["InstanceId"] for reservation in ec2.describe_instances()["Reservations"] for it in reservation["Instances"]
        if it["State"]["Name"] != "terminated"
    ]  # fmt: skip
    found = {
        "instance": running,
        "network": [it["VpcId"] for it in ec2.describe_vpcs()["Vpcs"] if not it.get("IsDefault")],
        "launch template": [it["LaunchTemplateId"] for it in ec2.describe_launch_templates()["LaunchTemplates"]],
        "load balancer": [it["LoadBalancerName"] for it in balancing.describe_load_balancers()["LoadBalancers"]],
        "target group": [it["TargetGroupName"] for it in balancing.describe_target_groups()["TargetGroups"]],
        "group": [it["AutoScalingGroupName"] for it in scaling.describe_auto_scaling_groups()["AutoScalingGroups"]],
        "role": [it["RoleName"] for it in deployment.client("iam").list_roles()["Roles"] if deployment.name in it["RoleName"]],
        "alarm": [it["AlarmName"] for it in deployment.client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "topic": [it["TopicArn"] for it in deployment.client("sns").list_topics()["Topics"]],
    }
    stacks = deployment.client("cloudformation").describe_stacks()["Stacks"]
    found["stack"] = [it["StackName"] for it in stacks]
    return sorted(f"{kind} {name}" for kind, names in found.items() for name in names)
