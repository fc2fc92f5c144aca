//! Valid blueprints by seed: every switch of the format in turn, in mixed combinations.

/// A small generator of its own (SplitMix64), so that a seed means the same on every machine and for ever.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit
    }

    fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 0
    }

    fn one<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// The blueprint of a seed. The switches that decide which resources there are count through all their combinations
/// (3 ways out, 3 entries with and without zone, 3 keys, 5 kinds of mail); the rest is drawn.
pub(crate) fn blueprint(seed: u64) -> String {
    let mut dice = Dice(seed);
    let mut left = seed;
    let mut digit = |base: u64| {
        let digit = left % base;
        left /= base;
        digit
    };
    let egress = ["public-ip", "nat", "endpoints"][digit(3) as usize];
    let entry = entry(digit(4), &mut dice);
    let key = key(digit(3));
    let (mail, created) = mail(digit(5));
    let short_lived = !created && dice.below(4) == 0;
    let protect = !short_lived && dice.yes();
    let head = format!(
        "version: 1\nname: {}\ntarget: aws\nregion: eu-west-1\nprotect: {protect}\n{}",
        dice.one(&["acme-sync", "a", "abcdefghijklmnopqrstuvwx", "x-1-y"]),
        if short_lived { "ttl: 72h\n" } else { "" },
    );
    let retain = !short_lived && dice.yes();
    let table = !short_lived && dice.yes();
    let data = format!(
        "storage: {{ content: {{ retain: {retain}, versions: {}h }}, key: {key} }}\n\
         database: {{ point_in_time_recovery: {}, protect: {table} }}\n",
        dice.between(24, 3_000),
        dice.yes(),
    );
    [
        head,
        network(egress, &mut dice),
        entry,
        servers(&mut dice),
        rollout(&mut dice),
        data,
        mail,
        tags(&mut dice),
    ]
    .concat()
}

fn network(egress: &str, dice: &mut Dice) -> String {
    let cidr = dice.one(&["10.20.0.0/16", "172.16.0.0/20", "192.168.0.0/22", "100.64.0.0/18"]);
    format!("network: {{ cidr: {cidr}, zones: {}, egress: {egress} }}\n", dice.between(2, 4))
}

fn entry(kind: u64, dice: &mut Dice) -> String {
    let arn = "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000000";
    let tls = match kind {
        0 => String::new(),
        1 => format!("  domain: sync.example.com\n  certificate: {arn}\n"),
        2 => format!(
            "  domain: sync.example.com\n  certificate: {arn}\n  zone: Z0123456789ABCDEFGHIJ\n"
        ),
        _ => "  domain: sync.example.com\n  certificate: request\n  zone: Z0123456789ABCDEFGHIJ\n"
            .to_owned(),
    };
    let interval = dice.between(5, 60);
    format!(
        "entry:\n{tls}  allow: {}\n  health: {{ path: {}, interval: {interval}s, timeout: {}s, unhealthy: {}, healthy: {} }}\n",
        dice.one(&["[0.0.0.0/0]", "[10.0.0.0/8, 203.0.113.0/24]"]),
        dice.one(&["/health", "/health/deep"]),
        dice.between(2, interval - 1),
        dice.between(2, 10),
        dice.between(2, 10),
    )
}

fn key(kind: u64) -> &'static str {
    match kind {
        0 => "none",
        1 => "create",
        _ => "\"arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000\"",
    }
}

/// The block, and whether the deployment owns the identity.
fn mail(kind: u64) -> (String, bool) {
    let text = match kind {
        0 => "",
        1 => "email: { identity: example.com, digest: 5m }\n",
        2 => {
            "email: { identity: example.com, manage: create, from: \"o'brien+$sync@mail.example.com\" }\n"
        }
        3 => "email: { identity: example.com, manage: create, zone: Z0123456789ABCDEFGHIJ }\n",
        _ => "email: { identity: sync@example.com, manage: create }\n",
    };
    (text.to_owned(), kind >= 2)
}

fn servers(dice: &mut Dice) -> String {
    let instance = dice.one(&["t3.small", "t4g.small", "c7g.large", "m7i-flex.large", "t2.micro"]);
    let image = dice.one(&["al2023", "ami-0123456789abcdef0"]);
    let min = dice.between(1, 20);
    let max = min + dice.below(20);
    let desired = dice.between(min, max);
    let cpu = if dice.yes() { dice.between(10, 90).to_string() } else { "none".to_owned() };
    let requests = if dice.yes() { dice.between(1, 90_000).to_string() } else { "none".to_owned() };
    format!(
        "servers:\n  instance: {instance}\n  image: {image}\n  min: {min}\n  max: {max}\n  desired: {desired}\n\
         \x20 scale: {{ cpu: {cpu}, requests: {requests} }}\n"
    )
}

fn rollout(dice: &mut Dice) -> String {
    let low = dice.between(50, 100);
    let high = dice.between(101, (low + 100).min(200));
    let alarms = dice.one(&["[boot, 5xx, unhealthy]", "[boot]", "[5xx]", "[]"]);
    format!(
        "rollout: {{ min_healthy: {low}, max_healthy: {high}, bake: {}s, alarms: {alarms} }}\n",
        dice.below(172_801)
    )
}

fn tags(dice: &mut Dice) -> String {
    match dice.below(3) {
        0 => String::new(),
        1 => "tags: { team: storage, cost-center: \"4711\" }\n".to_owned(),
        _ => "tags: { \"Owner Team\": \"R+D / Zürich\", Name: mine }\n".to_owned(),
    }
}
