"""One broken template per rule: the rule, the stack, a resource that has to be there, and the damage."""


def put(*path_and_value):
    """Sets a value; the path ends before it. Missing dictionaries are made."""
    *path, last, value = path_and_value

    def change(resources):
        place = resources
        for key in path:
            place = place.setdefault(key, {}) if isinstance(place, dict) else place[key]
        place[last] = value

    return change


def drop(*path):
    *path, last = path

    def change(resources):
        place = resources
        for key in path:
            place = place[key]
        del place[last]

    return change


def attribute(resource, key, value, attributes):
    """Sets one of a list of Key and Value."""

    def change(resources):
        entries = resources[resource]["Properties"][attributes]
        next(entry for entry in entries if entry["Key"] == key)["Value"] = value

    return change


def of(resource, *rest):
    return put(resource, "Properties", *rest)


def balancer(key, value):
    return attribute("LoadBalancer", key, value, "LoadBalancerAttributes")


def target(key, value):
    return attribute("TargetGroup", key, value, "TargetGroupAttributes")


def launch(*rest):
    return of("LaunchTemplate", "LaunchTemplateData", *rest)


def statement(resource, number, *rest):
    return of(resource, "PolicyDocument", "Statement", number, *rest)


ANYWHERE = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}
REFRESH = ("Group", "UpdatePolicy", "AutoScalingInstanceRefresh")

MUTATIONS = [
    # network
    ("subnets_give_no_address_by_themselves", "app", None, of("PublicSubnet1", "MapPublicIpOnLaunch", True)),
    ("names_resolve_inside_the_network", "app", None, of("Network", "EnableDnsHostnames", False)),
    ("content_and_metadata_stay_inside_aws", "app", None, drop("S3Endpoint")),
    ("gateway_endpoints_have_a_policy", "app", None, drop("S3Endpoint", "Properties", "PolicyDocument")),
    ("interface_endpoints_answer_to_the_usual_names", "app", "StsEndpoint", of("StsEndpoint", "PrivateDnsEnabled", False)),
    ("nat_spans_all_zones", "app", "Nat", of("Nat", "AvailabilityMode", "zonal")),
    ("rejected_traffic_is_logged", "app", None, of("RejectedTraffic", "TrafficType", "ACCEPT")),
    ("firewalls_say_where_traffic_may_go", "app", None, of("ServersFirewall", "SecurityGroupEgress", [ANYWHERE])),
    ("servers_hear_the_load_balancer_only", "app", None, of("ServersFromBalancer", "CidrIp", "0.0.0.0/0")),
    ("load_balancer_talks_to_servers_only", "app", None, of("BalancerFirewall", "SecurityGroupEgress", [ANYWHERE])),
    # balancer
    ("load_balancer_faces_the_internet", "app", None, of("LoadBalancer", "Scheme", "internal")),
    ("load_balancer_attributes", "app", None, balancer("routing.http.drop_invalid_header_fields.enabled", "false")),
    ("waits_of_a_minute_fit_the_idle_timeout", "app", None, balancer("idle_timeout.timeout_seconds", "60")),
    ("forwarded_addresses_are_appended", "app", None, balancer("routing.http.xff_header_processing.mode", "preserve")),
    ("secure_listeners_speak_today_s_tls", "app", "HttpsListener", of("HttpsListener", "SslPolicy", "ELBSecurityPolicy-2016-08")),
    ("plain_http_redirects_where_there_is_a_certificate", "app", "HttpsListener", of("HttpListener", "DefaultActions", [{"Type": "forward"}])),
    ("listeners_do_not_say_what_they_are", "app", None, of("HttpListener", "ListenerAttributes", [])),
    ("health_checks_are_quick", "app", None, of("TargetGroup", "HealthCheckIntervalSeconds", 301)),
    ("leaving_servers_finish_the_longest_request", "app", None, target("deregistration_delay.timeout_seconds", "30")),
    ("new_servers_start_slowly", "app", None, target("slow_start.duration_seconds", "0")),
    ("targets_are_instances", "app", None, of("TargetGroup", "TargetType", "ip")),
    ("certificates_renew_by_themselves", "app", "Certificate", of("Certificate", "ValidationMethod", "EMAIL")),
    # servers
    ("instances_ask_for_metadata_with_a_token", "app", None, launch("MetadataOptions", "HttpTokens", "optional")),
    ("instance_metadata_has_no_tags", "app", None, launch("MetadataOptions", "InstanceMetadataTags", "enabled")),
    ("volumes_are_encrypted", "app", None, launch("BlockDeviceMappings", 0, "Ebs", "Encrypted", False)),
    ("nobody_logs_in_with_a_key_pair", "app", None, launch("KeyName", "ops")),
    ("images_are_pinned", "app", None, launch("ImageId", "{{resolve:ssm:/aws/service/ami}}")),
    ("launch_template_versions_are_numbers", "app", None, of("Group", "LaunchTemplate", "Version", "$Latest")),
    ("releases_roll_by_instance_refresh", "app", None, put(*REFRESH, "Preferences", "SkipMatching", False)),
    ("updates_leave_the_size_alone", "app", None, drop("Group", "UpdatePolicy", "AutoScalingScheduledAction")),
    ("health_is_what_the_load_balancer_sees", "app", None, of("Group", "HealthCheckType", "EC2")),
    ("boots_are_completed_by_the_instance", "app", None, of("Group", "LifecycleHookSpecificationList", 0, "DefaultResult", "CONTINUE")),
    ("zones_fail_alone", "app", None, of("Group", "AvailabilityZoneImpairmentPolicy", "ZonalShiftEnabled", False)),
    ("servers_live_two_weeks_at_most", "app", None, drop("Group", "Properties", "MaxInstanceLifetime")),
    ("scaling_tracks_a_target", "app", "ScaleByProcessor", of("ScaleByProcessor", "PolicyType", "SimpleScaling")),
    ("logs_are_kept_thirty_days", "app", None, drop("ServerLogs", "Properties", "RetentionInDays")),
    # data
    ("buckets_are_private", "data", None, of("Content", "PublicAccessBlockConfiguration", "BlockPublicPolicy", False)),
    ("buckets_take_no_keys_of_strangers", "data", None, of("Logs", "BucketEncryption", "ServerSideEncryptionConfiguration", 0, "BlockedEncryptionTypes", "EncryptionType", ["NONE"])),
    ("buckets_keep_versions", "data", None, of("Artifacts", "VersioningConfiguration", "Status", "Suspended")),
    ("unfinished_uploads_go_after_a_week", "data", None, lambda resources: [drop(name, "Properties", "LifecycleConfiguration")(resources) for name in ("Content", "Artifacts", "Logs")]),
    ("deleted_content_goes_in_the_end", "data", None, of("Content", "LifecycleConfiguration", "Rules", 0, "NoncurrentVersionExpiration", "NewerNoncurrentVersions", 3)),
    ("page_origins_are_named", "data", None, of("Content", "CorsConfiguration", "CorsRules", 0, "AllowedOrigins", ["*"])),
    ("data_goes_as_the_blueprint_says_and_never_by_replacement", "data", None, drop("Metadata", "UpdateReplacePolicy")),
    ("fixed_names_carry_account_and_region", "data", None, of("Content", "BucketName", "Fn::Sub", "content")),
    ("tables_are_paid_by_request", "data", None, of("Metadata", "BillingMode", "PROVISIONED")),
    ("table_keys_are_what_the_server_uses", "data", None, of("Metadata", "TimeToLiveSpecification", "AttributeName", "ttl")),
    ("recovery_reaches_back_35_days", "data", None, of("Metadata", "PointInTimeRecoverySpecification", {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7})),
    ("keys_rotate", "data", "Key", of("Key", "EnableKeyRotation", False)),
    ("mail_travels_encrypted_and_spares_the_unwilling", "data", "MailConfiguration", of("MailConfiguration", "DeliveryOptions", "TlsPolicy", "OPTIONAL")),
    ("mail_is_signed", "data", "Dkim1", of("MailIdentity", "DkimAttributes", "SigningEnabled", False)),
    # access
    ("no_wildcard_action", "app", None, statement("ServiceAccess", 0, "Action", ["dynamodb:*"])),
    ("any_resource_only_where_iam_knows_no_narrower", "app", None, statement("ServiceAccess", 0, "Resource", "*")),
    ("names_of_roles_are_cloudformation_s", "app", None, of("ServerRole", "RoleName", "admin")),
    ("clients_get_roles_from_servers_only", "app", None, of("WriterRole", "MaxSessionDuration", 43200)),
    ("clients_reach_one_space_only", "app", None, statement("WriterAccess", 0, "Resource", {"Fn::Sub": "arn:${AWS::Partition}:s3:::x/s/*"})),
    ("readers_do_not_write", "app", None, statement("ReaderAccess", 0, "Action", ["s3:GetObject", "s3:PutObject"])),
    ("clients_neither_list_nor_delete", "app", None, statement("WriterAccess", 0, "Action", ["s3:PutObject", "s3:DeleteObject"])),
    ("mail_goes_out_under_one_name", "app", "MailBounces", lambda resources: [it.pop("Condition") for it in resources["ServiceAccess"]["Properties"]["PolicyDocument"]["Statement"] if it["Sid"] == "SendMail"]),
    ("buckets_refuse_plain_http", "data", None, statement("LogsPolicy", 0, "Effect", "Allow")),
    ("nobody_overwrites_a_chunk_or_a_release", "data", None, statement("ContentPolicy", 1, "Condition", {"Null": {"s3:if-none-match": "false"}})),
    # alarms
    ("alarms_reach_the_topic", "app", None, of("SlowAnswers", "AlarmActions", [])),
    ("boots_that_fail_are_noticed", "app", None, of("BootFailed", "Threshold", 1)),
    ("failing_health_checks_are_noticed_within_a_roll", "app", None, of("HealthChecksFail", "EvaluationPeriods", 5)),
    ("five_percent_of_errors_are_too_many", "app", None, of("ServerErrors", "Threshold", 50)),
    ("silence_of_the_group_is_an_alarm", "app", None, of("TooFewServers", "TreatMissingData", "missing")),
    ("slow_means_slower_than_the_longest_wait", "app", None, of("SlowAnswers", "Threshold", 1)),
    ("certificates_are_renewed_a_month_ahead", "app", "CertificateExpires", of("CertificateExpires", "Threshold", 1)),
    ("mail_stays_in_good_repute", "app", "MailBounces", of("MailBounces", "Threshold", 0.5)),
    # defaults
    ("health_check_defaults", "app", None, of("TargetGroup", "HealthCheckTimeoutSeconds", 3)),
]
