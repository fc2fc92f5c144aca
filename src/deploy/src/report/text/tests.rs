use super::text;
use crate::plan::{Change, Plan};
use crate::report::paint::{Paint, Plain, Tone};
use crate::report::sample;

fn shown(plan: &Plan) -> String {
    text(plan, &Plain, 100)
}

#[test]
fn a_first_deployment_is_told_by_concern() {
    insta::assert_snapshot!(shown(&sample::first()));
}

#[test]
fn harm_comes_first() {
    insta::assert_snapshot!(shown(&sample::harmful()));
}

#[test]
fn nothing_is_said_calmly() {
    insta::assert_snapshot!(shown(&sample::empty()));
}

struct Marked;

impl Paint for Marked {
    fn paint(&self, _: Tone, text: &str) -> String {
        format!("\x1b[1m{text}\x1b[0m")
    }
}

#[test]
fn colour_changes_nothing_but_colour() {
    for plan in [sample::first(), sample::harmful(), sample::empty()] {
        let coloured = text(&plan, &Marked, 100);
        assert_eq!(coloured.replace("\x1b[1m", "").replace("\x1b[0m", ""), shown(&plan));
    }
}

/// Every text of a plan in turn as somebody would who wants the terminal.
#[test]
fn no_text_of_others_reaches_the_terminal_as_it_is() {
    let evil = "\x1b]0;owned\x07\r\n\u{202e}";
    let json = serde_json::to_string(&sample::harmful()).unwrap();
    let mut value: serde_json::Value = serde_json::from_str(&json).unwrap();
    poison(&mut value, evil);
    let plan: Plan = serde_json::from_value(value).unwrap();
    let text = shown(&plan);
    let is_bad = |letter: char| letter != '\n' && (letter.is_control() || letter == '\u{202e}');
    assert!(!text.contains(is_bad), "{text:?}");
    assert!(text.contains("owned"));
}

fn poison(value: &mut serde_json::Value, evil: &str) {
    const WORDS: [&str; 9] = [
        "kind",
        "operation",
        "source",
        "action",
        "replacement",
        "policy",
        "harm",
        "recreation",
        "level",
    ];
    match value {
        serde_json::Value::String(text) => text.push_str(evil),
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| poison(item, evil)),
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                let is_word = WORDS.contains(&key.as_str()) || key == "stack";
                if !is_word {
                    poison(value, evil);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn the_head_fits_a_narrow_terminal() {
    let mut plan = sample::harmful();
    plan.caller = "arn:aws:iam::123456789012:root".to_owned();
    let text = text(&plan, &Plain, 80);
    let head = text.lines().take_while(|line| !line.is_empty());
    let wide: Vec<&str> = head.filter(|line| line.chars().count() > 80).collect();
    assert_eq!(wide, Vec::<&str>::new());
}

#[test]
fn narrow_terminals_keep_every_name() {
    let plan = sample::harmful();
    for width in [0, 60, 80, 200] {
        let text = text(&plan, &Plain, width);
        let changes = plan.stacks.iter().flat_map(|stack| &stack.changes);
        let missing = |change: &&Change| !change.is_echo() && !text.contains(&change.logical_id);
        assert_eq!(changes.filter(missing).count(), 0, "{text}");
    }
}
