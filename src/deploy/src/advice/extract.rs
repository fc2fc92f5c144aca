//! Names out of a message, into the advice.

/// Fills `{what|otherwise}` with what the message says, or with the words behind the bar where it says nothing.
pub(super) fn fill(advice: &str, message: &str) -> String {
    let mut text = String::new();
    let mut rest = advice;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((slot, end)) = after.split_once('}') else { break };
        let (what, otherwise) = slot.split_once('|').unwrap_or((slot, ""));
        match find(what, message) {
            Some(found) => text.push_str(&found),
            None => text.push_str(otherwise),
        }
        rest = end;
    }
    text.push_str(rest);
    text
}

fn find(what: &str, message: &str) -> Option<String> {
    match what {
        "action" => action(message).map(|action| format!("`{action}`")),
        "resource" => behind(message, &["on resource: "]).map(|name| format!("`{name}`")),
        "quoted" => quoted(message).map(|name| format!("`{name}`")),
        "first" => message.split_whitespace().next().map(|word| format!("`{}`", clean(word))),
        "limit" => behind(message, &["limit of ", "PerAccount: "]),
        "quota" => behind(message, &["Cannot exceed quota for "]).map(|name| format!("`{name}`")),
        "type" => instance_type(message).map(|name| format!("`{name}`")),
        "zone" => zone(message).map(|name| format!("`{name}`")),
        "elsewhere" => behind_to_end(message, "or choosing ").map(|zones| format!("`{zones}`")),
        "service" => service(message).map(|name| format!("`{name}`")),
        "hook" => bracketed(message).map(|name| format!("`{name}`")),
        _ => None,
    }
}

/// `iam:PassRole`.
fn action(message: &str) -> Option<String> {
    let action = behind(message, &["not authorized to perform: ", "API: "])?;
    action.contains(':').then_some(action)
}

fn behind(message: &str, starts: &[&str]) -> Option<String> {
    let rest = starts.iter().find_map(|start| Some(message.split_once(start)?.1))?;
    let word = clean(rest.split_whitespace().next()?);
    (!word.is_empty()).then(|| word.to_owned())
}

fn behind_to_end(message: &str, start: &str) -> Option<String> {
    let rest = message.split_once(start)?.1;
    let end = rest.find(". ").or_else(|| rest.find(" (")).unwrap_or(rest.len());
    Some(clean(&rest[..end]).to_owned())
}

fn quoted(message: &str) -> Option<String> {
    let (_, rest) = message.split_once('\'')?;
    let (name, _) = rest.split_once('\'')?;
    let name = clean(name);
    (!name.is_empty() && !name.contains(' ')).then(|| name.to_owned())
}

fn bracketed(message: &str) -> Option<String> {
    let (_, rest) = message.split_once('[')?;
    Some(rest.split_once(']')?.0.to_owned())
}

/// `t3.micro`: a family, a dot, a size.
fn instance_type(message: &str) -> Option<String> {
    let is_size = |size: &str| {
        ["nano", "micro", "small", "medium", "large", "metal"].iter().any(|end| size.ends_with(end))
    };
    let is_type = |word: &&str| {
        word.split_once('.').is_some_and(|(family, size)| {
            is_size(size) && family.len() < 12 && family.bytes().any(|byte| byte.is_ascii_digit())
        })
    };
    message.split_whitespace().map(clean).find(is_type).map(str::to_owned)
}

/// `eu-west-1c`.
fn zone(message: &str) -> Option<String> {
    let is_zone = |word: &&str| {
        let mut parts = word.split('-');
        let (first, last) =
            (parts.next().unwrap_or_default(), parts.next_back().unwrap_or_default());
        let last: Vec<char> = last.chars().collect();
        first.len() == 2
            && parts.next().is_some()
            && matches!(last.as_slice(), [number, letter]
                if number.is_ascii_digit() && letter.is_ascii_lowercase())
    };
    message.split_whitespace().map(clean).find(is_zone).map(str::to_owned)
}

/// Whose role it is that is missing: `elasticloadbalancing.amazonaws.com`.
fn service(message: &str) -> Option<String> {
    let rest = message.split_once("aws-service-role/")?.1;
    Some(clean(rest.split('/').next()?).to_owned())
}

fn clean(word: &str) -> &str {
    word.trim_matches(|letter: char| {
        matches!(letter, '(' | ')' | '[' | ']' | '"' | '\'' | ',' | '.' | ';' | ':')
    })
}
