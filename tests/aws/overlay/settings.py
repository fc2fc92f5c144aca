"""What a test can set while the stage runs. `POST /_stage/settings` merges; a reset brings the defaults back."""

DEFAULTS = {
    # How long a resource takes to be made, changed or deleted, in milliseconds; and exceptions by type.
    "pace_ms": 20,
    "paces": {},
    # How long a change set is in the making.
    "change_set_ms": 20,
    # How many resources CloudFormation works on at a time.
    "parallel": 10,
    # Whether DescribeChangeSet knows IncludePropertyValues. Older Regions and emulators do not.
    "property_values": True,
    # Whether creating a change set looks for names that are taken and for properties that do not exist.
    "early_validation": True,
    # Whether ImportExistingResources finds names made with Ref or Fn::Sub too. AWS wants literal ones.
    "import_dynamic_names": False,
    # Milliseconds from the launch of an instance to InService, and from its registration to a healthy target.
    "instance_ms": 0,
    "target_ms": 0,
    # How long a group waits for an instance before it gives up, and how long an instance refresh bakes.
    "instance_timeout_ms": 1000,
    "bake_ms": 0,
    # Whether alarms also stop the refresh that sends a group back. AWS's pages say that CloudFormation does not watch
    # rollback triggers then, and nothing about the group.
    "alarms_stop_rollbacks": False,
    # Instances never become healthy whose launch template, its version (`lt-…:3`), image or user data contain one
    # of these texts; a release is known by its digest in the user data.
    "sick": [],
    # What target health answers instead of the truth: {instance id: {"state", "reason", "description"}}.
    "target_health": {},
    # Console output of an instance, by its id; "*" for all others.
    "console": {},
    # Zones without capacity for new instances.
    "empty_zones": [],
    # The newest images, by architecture, where they differ from the stage's own.
    "newest_images": {},
    # Service quotas that differ from the defaults, by code.
    "quotas": {},
    # Regions that the account has not switched on.
    "regions_off": [],
    # Certificates, mail identities: "issued"/"verified" at once, or "pending" until the record exists in a zone here.
    "certificates": "record",
    "mail_identities": "record",
    "mail_sandbox": False,
    # Zones that offer an instance type: {type: [zone letters]}; others are offered in a, b and c.
    "offerings": {},
    # Whether requests count as encrypted (`aws:SecureTransport`) although they came over plain HTTP.
    "pretend_tls": False,
    # Whether CloudFormation acts with the rights of its caller (or of the role), as in AWS; needs AUTH=true.
    "caller_rights": True,
}

_values = dict(DEFAULTS)


def get(name):
    return _values[name]


def pace(kind):
    """Seconds that one resource of a type takes."""
    return _values["paces"].get(kind, _values["pace_ms"]) / 1000


def merge(changes):
    unknown = changes.keys() - DEFAULTS.keys()
    if unknown:
        raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
    _values.update(changes)
    return dict(_values)


def reset():
    _values.clear()
    _values.update({name: type(value)(value) if isinstance(value, (dict, list)) else value
                    for name, value in DEFAULTS.items()})


reset()
