//! Commands in hints repeat the flags that chose the deployment: a hint must work as it stands.

/// Commands about one deployment, as they appear in hints.
const COMMANDS: [&str; 33] = [
    "up",
    "plan",
    "apply",
    "outputs",
    "events",
    "drift",
    "recover",
    "preview extend",
    "attach",
    "cancel",
    "render",
    "graph",
    "permissions",
    "status",
    "logs",
    "down",
    "doctor",
    "validate",
    "user add",
    "user list",
    "user disable",
    "user enable",
    "user reset-password",
    "mail list",
    "mail show",
    "blueprint show",
    "releases",
    "roll",
    "rollback",
    "drill instance",
    "drill freeze",
    "drill zone",
    "drill disk",
];

/// The flag that may be typed more than once.
pub(crate) const SET: &str = "--set";

/// The flags that were typed, as `(flag, value)`.
pub(crate) type Typed = Vec<(&'static str, String)>;

/// Puts the flags behind each command of ours in `text`, unless it names them itself.
pub(crate) fn with_flags(text: &str, typed: &Typed) -> String {
    const PROGRAM: &str = "syncctl ";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(PROGRAM) {
        let (before, after) = rest.split_at(at + PROGRAM.len());
        out.push_str(before);
        rest = after;
        let named = COMMANDS.iter().filter(|command| begins_with(rest, command));
        let Some(command) = named.max_by_key(|command| command.len()) else { continue };
        out.push_str(command);
        rest = &rest[command.len()..];
        let own = &rest[..rest.find(['`', '\n']).unwrap_or(rest.len())];
        for (flag, value) in typed.iter().filter(|(flag, value)| !names(own, flag, value)) {
            out.push_str(&format!(" {flag} {}", quoted(value)));
        }
    }
    out.push_str(rest);
    out
}

/// Whether a hint's command has the flag already; `--set` may be there once for each key.
fn names(own: &str, flag: &str, value: &str) -> bool {
    match value.split_once('=') {
        Some((key, _)) if flag == SET => own.contains(&format!("{SET} {key}=")),
        _ => own.contains(flag),
    }
}

fn begins_with(text: &str, command: &str) -> bool {
    text.strip_prefix(command).is_some_and(|rest| {
        !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '-')
    })
}

/// As a shell takes it for one word.
pub(crate) fn quoted(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./-=:@+,%".contains(&byte);
    if !value.is_empty() && value.bytes().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_repeated_unless_the_hint_chooses_another_value() {
        let set = |value: &str| (SET, value.to_owned());
        let typed = vec![set("local.port=8555"), set("tags={a: \"it's\"}")];
        assert_eq!(
            with_flags("start it with `syncctl up`", &typed),
            r#"start it with `syncctl up --set local.port=8555 --set 'tags={a: "it'\''s"}'`"#
        );
        assert_eq!(
            with_flags("use another: syncctl up --set local.port=8600", &typed[..1].to_vec()),
            "use another: syncctl up --set local.port=8600"
        );
    }

    #[test]
    fn commands_in_hints_get_the_flags() {
        let typed = vec![("--file", "my shop.yaml".to_owned()), ("--name", "shop".to_owned())];
        for (hint, expected) in [
            (
                "start it with `syncctl up`",
                "start it with `syncctl up --file 'my shop.yaml' --name shop`",
            ),
            (
                "read more with: syncctl status, syncctl logs a-1",
                "read more with: syncctl status --file 'my shop.yaml' --name shop, syncctl logs --file 'my shop.yaml' --name shop a-1",
            ),
            (
                "`syncctl user add EMAIL`",
                "`syncctl user add --file 'my shop.yaml' --name shop EMAIL`",
            ),
            (
                "syncctl down --yes --name shop",
                "syncctl down --file 'my shop.yaml' --yes --name shop",
            ),
            (
                "use the newer release of syncctl, or another",
                "use the newer release of syncctl, or another",
            ),
            ("syncctl upgrade", "syncctl upgrade"),
        ] {
            assert_eq!(with_flags(hint, &typed), expected);
            assert_eq!(with_flags(hint, &Typed::new()), hint);
        }
    }
}
