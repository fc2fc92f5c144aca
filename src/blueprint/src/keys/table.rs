//! The table itself. Order is the order of every listing.

use super::Default::{Absent, Follows, Is, Required};
use super::Scope::{Aws, Both, Local};
use super::{Default, Group, Key, Kind, Scope};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

const fn key(
    path: &'static str,
    kind: Kind,
    default: Default,
    scope: Scope,
    about: &'static str,
) -> Key {
    Key { path, kind, default, optional: matches!(default, Absent), scope, about }
}

const fn optional(
    path: &'static str,
    kind: Kind,
    default: Default,
    scope: Scope,
    about: &'static str,
) -> Key {
    Key { path, kind, default, optional: true, scope, about }
}

const fn group(path: &'static str, about: &'static str) -> Group {
    Group { path, about }
}

/// Any key below `tags`.
pub(crate) static TAG: Key = key(
    "tags",
    Kind::TagValue,
    Absent,
    Aws,
    "A tag on every resource. At most 40; names that start with `aws:` or `syncctl:` are taken.",
);

/// Levels that hold keys.
pub(crate) static GROUPS: [Group; 15] = [
    group("network", "The network of the servers."),
    group("entry", "Where clients come in: the load balancer."),
    group("entry.health", "How the load balancer finds out which servers may get requests."),
    group("servers", "The machines that run the service, and how many."),
    group("servers.scale", "What makes the group grow and shrink between `min` and `max`."),
    group("rollout", "How a new release replaces the old one."),
    group("storage", "Where content is kept."),
    group("storage.content", "The bucket with the content of files."),
    group("database", "The table with names, versions and accounts."),
    group("identity", "Who may log in."),
    group("identity.accounts", "Accounts from an OpenID Connect provider."),
    group("identity.accounts.oidc", "The OpenID Connect provider."),
    group("email", "Mail to people whose files changed."),
    group("tags", "Tags on every resource, for example `team: storage`."),
    group("local", "Settings of the service on this machine."),
];

/// Every key with a fixed name.
pub(crate) static KEYS: [Key; 48] = [
    key("version", Kind::Version, Required, Both, "Version of this format."),
    key(
        "name",
        Kind::Name,
        Required,
        Both,
        "Name of the deployment, and prefix of everything it creates: at most 24 characters of a-z, 0-9 and -, not ending in -data.",
    ),
    key(
        "target",
        Kind::Choice(&["aws", "local"]),
        Is("local"),
        Both,
        "Where the service runs: in an AWS account, or on this machine.",
    ),
    key(
        "region",
        Kind::Region,
        Follows("eu-west-1 on target local, where it is only a label; required on target aws"),
        Both,
        "AWS Region of everything in the deployment.",
    ),
    key(
        "protect",
        Kind::Boolean,
        Is("false"),
        Both,
        "Guards against destruction: the stacks cannot be deleted, and `down` wants the name typed.",
    ),
    key(
        "ttl",
        Kind::Duration { least: HOUR, most: 90 * DAY },
        Absent,
        Aws,
        "Makes a preview of the deployment: how long it may live, counted from its last `up`. `syncctl preview gc` takes down what has expired.",
    ),
    key(
        "network.cidr",
        Kind::Network,
        Is("10.20.0.0/16"),
        Aws,
        "Private address range of the network, /16 to /28. It cannot be changed later without replacing the network.",
    ),
    key(
        "network.zones",
        Kind::Integer { least: 1, most: 6 },
        Is("3"),
        Both,
        "Number of Availability Zones that servers are spread over: 2 to 6 on target aws, 1 to 3 on target local.",
    ),
    key(
        "network.egress",
        Kind::Choice(&["public-ip", "nat", "endpoints"]),
        Is("public-ip"),
        Aws,
        "How servers reach AWS: by addresses of their own (cheapest), through one NAT gateway for all zones, or only through private endpoints.",
    ),
    key(
        "entry.domain",
        Kind::Domain,
        Absent,
        Aws,
        "Host name of the service. Without one, the load balancer's own name is used, over plain HTTP.",
    ),
    key(
        "entry.certificate",
        Kind::Certificate,
        Absent,
        Both,
        "Certificate of the entry; with it the service speaks HTTPS. Target aws: its ARN, for the domain and in the same Region, or request, for one that ACM issues once `entry.zone` proves the domain; HTTP is redirected. Target local: the path of a PEM file with the certificate and its chain, or self-made, which clients trust through `secrets/tls-authority.pem` in the data directory.",
    ),
    key(
        "entry.zone",
        Kind::HostedZone,
        Absent,
        Aws,
        "Route 53 hosted zone that gets the record of `entry.domain`, and the proof for a requested certificate. Without it the record is yours to make.",
    ),
    key("entry.allow", Kind::Networks, Is("[0.0.0.0/0]"), Aws, "Address ranges that may connect."),
    key("entry.health.path", Kind::HttpPath, Is("/health"), Both, "Path of the health check."),
    key(
        "entry.health.interval",
        Kind::Duration { least: 5, most: 300 },
        Is("5s"),
        Both,
        "Time between two checks of a server.",
    ),
    key(
        "entry.health.timeout",
        Kind::Duration { least: 2, most: 120 },
        Is("2s"),
        Both,
        "How long a check waits for its answer; shorter than the interval.",
    ),
    key(
        "entry.health.unhealthy",
        Kind::Integer { least: 2, most: 10 },
        Is("2"),
        Both,
        "Failed checks in a row that take a server out.",
    ),
    key(
        "entry.health.healthy",
        Kind::Integer { least: 2, most: 10 },
        Is("2"),
        Both,
        "Passed checks in a row that bring a server in.",
    ),
    key(
        "servers.instance",
        Kind::InstanceType,
        Is("t3.small"),
        Aws,
        "EC2 instance type. Its family also decides the architecture of the release: x86_64, or arm64 for families such as t4g.",
    ),
    key(
        "servers.image",
        Kind::Image,
        Is("al2023"),
        Aws,
        "Image that servers boot from: the newest Amazon Linux 2023 at the first deployment, or an image id.",
    ),
    key("servers.min", Kind::Integer { least: 1, most: 100 }, Is("3"), Both, "Fewest servers."),
    key(
        "servers.max",
        Kind::Integer { least: 1, most: 100 },
        Follows(
            "9 on target aws; on target local servers.desired, so that one machine starts no more by itself",
        ),
        Both,
        "Most servers. Target local runs at most 9.",
    ),
    key(
        "servers.desired",
        Kind::Integer { least: 1, most: 100 },
        Follows("servers.min"),
        Both,
        "Servers at the first start. Later the group decides by itself, and updates leave its size alone.",
    ),
    optional(
        "servers.scale.cpu",
        Kind::Percent { least: 10, most: 90 },
        Is("50"),
        Both,
        "Average processor load, in percent (on target local of one core per server), that the group keeps to by adding and removing servers; none to ignore it.",
    ),
    optional(
        "servers.scale.requests",
        Kind::Integer { least: 1, most: 1_000_000 },
        Is("1000"),
        Both,
        "Requests per server and minute that the group keeps to by adding and removing servers; none to ignore them.",
    ),
    key(
        "servers.release",
        Kind::Release,
        Is("bundled"),
        Both,
        "The server program: the one that came with syncctl, or the path of another build.",
    ),
    key(
        "rollout.min_healthy",
        Kind::Percent { least: 0, most: 100 },
        Is("100"),
        Both,
        "Share of the servers, in percent, that stays in service while a release is rolled out. No effect on target local, where all of them stay.",
    ),
    key(
        "rollout.max_healthy",
        Kind::Percent { least: 100, most: 200 },
        Is("134"),
        Both,
        "Share of the servers, in percent, that may exist while a release is rolled out; above min_healthy by at most 100. No effect on target local, where it is one more server at a time.",
    ),
    key(
        "rollout.bake",
        Kind::Duration { least: 0, most: 48 * HOUR },
        Follows("2m on target aws; 10s on target local"),
        Both,
        "How long the new release is watched, once every server runs it, before the rollout counts as done. On target aws an alarm needs two to four minutes: what turns bad later than that before the end is not undone.",
    ),
    key(
        "rollout.alarms",
        Kind::Choices(&["boot", "5xx", "unhealthy"]),
        Is("[boot, 5xx, unhealthy]"),
        Both,
        "What stops a rollout and brings the old release back: servers that fail to boot, answers with status 5xx, servers that fail their health checks for two minutes. No effect on target local, where all of them always do.",
    ),
    key(
        "storage.content.retain",
        Kind::Boolean,
        Is("true"),
        Aws,
        "Keeps the bucket and what is in it when the deployment is destroyed.",
    ),
    key(
        "storage.content.versions",
        Kind::Duration { least: DAY, most: 3_650 * DAY },
        Is("30d"),
        Both,
        "How long earlier versions of files can be restored.",
    ),
    key(
        "storage.key",
        Kind::StorageKey,
        Is("none"),
        Aws,
        "Key that encrypts the content: S3's own (none), a KMS key made with the deployment (create), or the ARN of a KMS key in the same Region.",
    ),
    key(
        "database.point_in_time_recovery",
        Kind::Boolean,
        Is("true"),
        Aws,
        "Keeps a log with which the table can be restored to any second of the last 35 days.",
    ),
    key(
        "database.protect",
        Kind::Boolean,
        Is("true"),
        Aws,
        "Refuses to delete the table, from anywhere, until this is false.",
    ),
    key(
        "identity.accounts",
        Kind::Choice(&["builtin"]),
        Is("builtin"),
        Both,
        "Accounts kept by the service itself, or `oidc:` with an OpenID Connect provider.",
    ),
    key(
        "identity.accounts.oidc.issuer",
        Kind::Url,
        Absent,
        Both,
        "Address of the provider, exactly as in its tokens.",
    ),
    key(
        "identity.accounts.oidc.audience",
        Kind::Text,
        Follows("name"),
        Both,
        "Audience that the provider's tokens must name.",
    ),
    key(
        "email.identity",
        Kind::MailIdentity,
        Absent,
        Aws,
        "Domain or address that SES sends from. Without one the service sends no mail.",
    ),
    key(
        "email.manage",
        Kind::Choice(&["existing", "create"]),
        Is("existing"),
        Aws,
        "Whether the identity exists in this account and Region, or is created with the deployment. There can be only one of each.",
    ),
    key(
        "email.zone",
        Kind::HostedZone,
        Absent,
        Aws,
        "Route 53 hosted zone that gets the DNS records of a created identity: DKIM, MAIL FROM and DMARC. Without it they are yours to make.",
    ),
    key(
        "email.from",
        Kind::EmailAddress,
        Follows(
            "sync@ the domain of email.identity, or that address; sync@localhost.localdomain on target local",
        ),
        Both,
        "Sender of all mail; has to belong to email.identity.",
    ),
    key(
        "email.digest",
        Kind::Duration { least: 1, most: DAY },
        Is("15m"),
        Both,
        "How long changes are collected before one mail tells about all of them.",
    ),
    key(
        "local.port",
        Kind::Integer { least: 1, most: 65_535 },
        Is("8420"),
        Local,
        "TCP port of the service.",
    ),
    key(
        "local.listen",
        Kind::Address,
        Is("127.0.0.1"),
        Local,
        "Address to listen on, and to send clients to for content. Anything but a loopback address opens the service to other machines: the entry speaks HTTPS with entry.certificate, content always travels as plain HTTP.",
    ),
    key(
        "local.data",
        Kind::FilePath,
        Absent,
        Local,
        "Directory for all data. Without it: syncctl/NAME below $XDG_DATA_HOME, or below ~/.local/share.",
    ),
    key(
        "local.certificate_key",
        Kind::FilePath,
        Absent,
        Local,
        "Path of the PEM file with the private key of `entry.certificate`. Without it, the key stands in the certificate's own file.",
    ),
    key(
        "local.connections",
        Kind::Integer { least: 64, most: 100_000 },
        Is("4096"),
        Local,
        "Client connections at once. Past it, those make room that let the balancer wait longest; without such the answer is 503.",
    ),
];
