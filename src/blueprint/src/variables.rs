//! `${env:NAME}`, `${env:NAME:-default}` and `${name}` inside values; `$${` stands for `${`.

use crate::values::quote;
use std::collections::BTreeMap;

/// Longest value after replacement, in bytes. A value that doubles itself cannot exist, so this is for odd environments.
const LONGEST: usize = 4_096;

/// What went wrong, and with which part of the text.
pub(crate) struct Problem {
    /// The part, as it stands in the text.
    pub(crate) part: String,
    pub(crate) message: String,
    pub(crate) hint: String,
}

/// What variables stand for.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) environment: &'a BTreeMap<String, String>,
    /// Name of the deployment; `None` where nobody has named it, and in the name itself.
    pub(crate) name: Option<&'a str>,
}

/// The text with its variables replaced and the names of those from the environment; `None` when it has neither variables nor escapes.
pub(crate) fn expand(
    text: &str,
    known: Known<'_>,
) -> Result<Option<(String, Vec<String>)>, Problem> {
    if !text.contains("${") {
        return Ok(None);
    }
    let mut expanded = String::new();
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(position) = rest.find("${") {
        let (before, variable) = rest.split_at(position);
        if let Some(before) = before.strip_suffix('$') {
            expanded.push_str(before);
            expanded.push_str("${");
            rest = variable.strip_prefix("${").unwrap_or("");
            continue;
        }
        expanded.push_str(before);
        let (part, tail) = match variable.find('}') {
            Some(end) => variable.split_at(end + 1),
            None => return Err(unclosed(variable)),
        };
        let (name, value) = replace(part, known)?;
        expanded.push_str(value);
        names.extend(name.map(str::to_owned));
        rest = tail;
    }
    expanded.push_str(rest);
    if expanded.len() > LONGEST {
        return Err(Problem {
            part: text.chars().take(60).collect(),
            message: format!("the value has more than {LONGEST} bytes after replacement"),
            hint: "put less into the variable".to_owned(),
        });
    }
    Ok(Some((expanded, names)))
}

fn replace<'a>(part: &'a str, known: Known<'a>) -> Result<(Option<&'a str>, &'a str), Problem> {
    let inner = part.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or("");
    let problem = |message: String, hint: String| Problem { part: part.to_owned(), message, hint };
    if inner == "name" {
        let hint = "write it out here".to_owned();
        let name = known.name.map(|name| (None, name));
        return name.ok_or_else(|| problem("the deployment has no name here".to_owned(), hint));
    }
    let Some(variable) = inner.strip_prefix("env:") else {
        let word = if is_name(inner) { inner } else { "NAME" };
        let hint = format!(
            "write ${{env:{word}}} for a variable of the environment, ${{name}} for the name of the deployment, or $${{ for the characters themselves"
        );
        return Err(problem(format!("{} is no variable", quote(part)), hint));
    };
    let (name, fallback) = match variable.split_once(":-") {
        Some((name, fallback)) => (name, Some(fallback)),
        None => (variable, None),
    };
    if !is_name(name) {
        let hint = "write ${env:NAME} or ${env:NAME:-default}".to_owned();
        return Err(problem(format!("{} is no name of a variable", quote(name)), hint));
    }
    // As in a shell, `:-` also steps in for a variable that is set to nothing.
    let value = known
        .environment
        .get(name)
        .map(String::as_str)
        .filter(|value| fallback.is_none() || !value.is_empty());
    let Some(value) = value.or(fallback) else {
        let hint = format!("set it, or write ${{env:{name}:-default}}");
        return Err(problem(format!("the environment variable {name} is not set"), hint));
    };
    if value.chars().any(char::is_control) {
        let hint = "a value is one line of text".to_owned();
        return Err(problem(
            format!("the environment variable {name} has control characters"),
            hint,
        ));
    }
    Ok((Some(name), value))
}

fn unclosed(variable: &str) -> Problem {
    Problem {
        part: variable.chars().take(60).collect(),
        message: format!("{} has no closing brace", quote(variable)),
        hint: "write ${env:NAME}, or $${ for the characters themselves".to_owned(),
    }
}

fn is_name(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty()
        && name.bytes().all(known)
        && !name.starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Known, expand};
    use std::collections::BTreeMap;

    fn environment() -> BTreeMap<String, String> {
        let pairs =
            [("HOME", "/home/ann"), ("EMPTY", ""), ("LINES", "a\nb"), ("NESTED", "${env:HOME}")];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn variables_are_replaced_once_and_escapes_kept() {
        for (text, expected) in [
            ("plain", None),
            ("$HOME", None),
            ("${env:HOME}/sync", Some("/home/ann/sync")),
            ("${env:HOME}${env:HOME}", Some("/home/ann/home/ann")),
            ("${env:NOPE:-x}", Some("x")),
            ("${env:NOPE:-}", Some("")),
            ("${env:EMPTY:-x}", Some("x")),
            ("${env:EMPTY}", Some("")),
            ("$${env:HOME}", Some("${env:HOME}")),
            ("${env:NESTED}", Some("${env:HOME}")),
            ("${name}.example.com", Some("pr-7.example.com")),
        ] {
            let environment = environment();
            let known = Known { environment: &environment, name: Some("pr-7") };
            let expanded = expand(text, known).ok().unwrap().map(|(text, _)| text);
            assert_eq!(expanded.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_replaced_is_named() {
        for (text, part) in [
            ("a${env:NOPE}b", "${env:NOPE}"),
            ("${HOME}", "${HOME}"),
            ("${name}.example.com", "${name}"),
            ("${env:}", "${env:}"),
            ("${env:1}", "${env:1}"),
            ("${env:HOME", "${env:HOME"),
            ("${env:LINES}", "${env:LINES}"),
        ] {
            let environment = environment();
            let known = Known { environment: &environment, name: None };
            let problem = expand(text, known).err().unwrap();
            assert_eq!(problem.part, part, "{}", problem.message);
        }
    }
}
