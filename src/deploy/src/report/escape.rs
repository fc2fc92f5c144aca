//! Text of others, made harmless for where it is shown.

/// For a terminal: what would move the cursor, change colours, or turn the reading direction is spelled out.
pub(super) fn terminal(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            letter if is_invisible(letter) => shown.extend(letter.escape_unicode()),
            letter => shown.push(letter),
        }
    }
    shown
}

/// For Markdown: a code span, in which nothing has a meaning. Its fence is longer than any row of backticks inside.
pub(super) fn code(text: &str) -> String {
    let text = terminal(&clip(text));
    if text.trim().is_empty() {
        return "(empty)".to_owned();
    }
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let edge = |end: bool| {
        if end || text.starts_with(' ') && text.ends_with(' ') { " " } else { "" }
    };
    let (before, after) = (edge(text.starts_with('`')), edge(text.ends_with('`')));
    // A blank at one end only would stay; at both ends exactly one goes.
    let pad = if before.is_empty() && after.is_empty() { "" } else { " " };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// For Markdown: sentences. What stands in single backticks stays code; a word that Markdown, HTML or GitHub could
/// read as something else (a link, a mention, a tag) becomes code.
pub(super) fn prose(text: &str) -> String {
    let text = clip(text);
    let parts: Vec<&str> = text.split('`').collect();
    let is_paired =
        parts.len() % 2 == 1 && parts.iter().skip(1).step_by(2).all(|it| !it.is_empty());
    if !is_paired {
        return words(&text);
    }
    let parts = parts.iter().enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { code(part) } else { words(part) }).collect()
}

fn words(text: &str) -> String {
    // Each word alone, so that a line break cannot begin a block.
    let words = text.split(char::is_whitespace);
    let words: Vec<String> = words.map(word).collect();
    words.join(" ")
}

fn word(word: &str) -> String {
    let core = word.trim_matches([',', '.', ';', ':', '?', '(', ')', '\'', '"', '!']);
    let is_plain = |letter: char| {
        letter.is_alphanumeric()
            || matches!(
                letter,
                '×' | '→'
                    | ','
                    | '.'
                    | ';'
                    | ':'
                    | '?'
                    | '('
                    | ')'
                    | '\''
                    | '"'
                    | '%'
                    | '-'
                    | '/'
                    | '!'
            )
    };
    let is_link = word.contains("://") || word.to_ascii_lowercase().contains("www.");
    if word.chars().all(is_plain) && !is_link {
        return word.to_owned();
    }
    match (core.is_empty(), word.find(core)) {
        (false, Some(start)) => {
            let (head, tail) = (&word[..start], &word[start + core.len()..]);
            format!("{head}{}{tail}", code(core))
        }
        _ => code(word),
    }
}

/// Longest text of others that a comment takes, in characters. An ARN has at most 2,048; nobody reads that.
const LONGEST: usize = 400;

fn clip(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(letter, '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::{code, prose, terminal};

    #[test]
    fn a_terminal_gets_no_commands() {
        assert_eq!(terminal("a\x1b[2Jb\nc\u{202e}d\u{9b}"), "a\\u{1b}[2Jb\\nc\\u{202e}d\\u{9b}");
    }

    #[test]
    fn nothing_leaves_a_code_span() {
        let cases = [
            ("a", "`a`"),
            ("a`b", "``a`b``"),
            ("`", "`` ` ``"),
            ("``x", "``` ``x ```"),
            (" a ", "`  a  `"),
            ("a\n\n# b", "`a\\n\\n# b`"),
            ("</details>", "`</details>`"),
            ("", "(empty)"),
        ];
        for (text, expected) in cases {
            assert_eq!(code(text), expected, "{text:?}");
        }
    }

    #[test]
    fn sentences_keep_their_commands_and_lose_everything_else() {
        assert_eq!(prose("Run `syncctl recover` (soon)."), "Run `syncctl recover` (soon).");
        assert_eq!(prose("see https://x.example, or <b>"), "see `https://x.example`, or `<b>`");
        assert_eq!(prose("ask @team about #12 and *this*"), "ask `@team` about `#12` and `*this*`");
        assert_eq!(prose("one ` tick\n- list | `` "), "one `` ` `` tick - list `|` ``` `` ``` ");
    }
}
