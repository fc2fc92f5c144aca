//! A letter in words: plain text first, and the same as simple HTML, from `templates/mail/`.

use minijinja::{Error, context};

use super::clean::one_line;
use super::letter::{Letter, Person, word};
use super::message::Message;
use super::templates;

const LONGEST_NAME: usize = 300;
const LONGEST_SUBJECT_NAME: usize = 64;

/// # Errors
/// When a template is broken, which the tests of this crate exclude.
pub fn render(letter: &Letter) -> Result<Message, Error> {
    let count = letter.count();
    let changes = if count == 1 { "change" } else { "changes" };
    let short = one_line(&letter.space_name, LONGEST_SUBJECT_NAME);
    let headline = format!("{count} {changes} in {short}");
    let link = one_line(&letter.unsubscribe_url, 2_000);
    let people: Vec<_> = letter.people.iter().map(described).collect();
    let values = context! { headline => &headline, link => &link, people };
    Ok(Message {
        to: letter.to.clone(),
        text: templates::render("digest.txt", &values)?,
        html: templates::render("digest.html", &values)?,
        subject: headline,
        headers: vec![
            ("List-Unsubscribe", format!("<{link}>")),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
        ],
    })
}

fn described(person: &Person) -> minijinja::Value {
    let name = match &person.who {
        Some(login) => one_line(login, LONGEST_NAME),
        None => "somebody who left the space".to_owned(),
    };
    let lines: Vec<_> = person
        .lines
        .iter()
        .map(|line| context! { word => word(line.action), path => one_line(&line.path, LONGEST_NAME) })
        .collect();
    context! { name, lines, more => person.more }
}

#[cfg(test)]
mod tests {
    use protocol::changes::Action;

    use super::super::letter::{Letter, Line, Person};
    use super::render;

    fn line(action: Action, path: &str) -> Line {
        let path = path.to_owned();
        Line { action, path }
    }

    fn letter() -> Letter {
        Letter {
            to: "bo@example.com".to_owned(),
            space_name: "Family photos\r\nBcc: x@example.com".to_owned(),
            people: vec![
                Person {
                    who: Some("ana@example.com".to_owned()),
                    lines: vec![
                        line(Action::Create, "/2026/<script>.html"),
                        line(Action::Edit, "/a\nStop it: http://evil.example"),
                    ],
                    more: 7,
                },
                Person { who: None, lines: vec![line(Action::Delete, "/old.txt")], more: 0 },
            ],
            unsubscribe_url: "https://sync.example.com/v1/unsubscribe/s/u/x".to_owned(),
        }
    }

    #[test]
    fn the_digest_in_plain_words() {
        insta::assert_snapshot!(render(&letter()).unwrap().text, @r#"
        10 changes in Family photos Bcc: x@example.com

        ana@example.com
          added    /2026/<script>.html
          changed  /a Stop it: http://evil.example
          and 7 more

        somebody who left the space
          removed  /old.txt

        --
        You get this because you asked for mail about this space.
        Stop it: https://sync.example.com/v1/unsubscribe/s/u/x
        "#);
    }

    #[test]
    fn the_digest_as_html() {
        insta::assert_snapshot!(render(&letter()).unwrap().html, @r#"
        <!doctype html><html lang="en"><meta charset="utf-8"><h2>10 changes in Family photos Bcc: x@example.com</h2>
        <h3>ana@example.com</h3><ul>
        <li>added <b>&#x2f;2026&#x2f;&lt;script&gt;.html</b></li>
        <li>changed <b>&#x2f;a Stop it: http:&#x2f;&#x2f;evil.example</b></li>
        <li>and 7 more</li>
        </ul>
        <h3>somebody who left the space</h3><ul>
        <li>removed <b>&#x2f;old.txt</b></li>
        </ul>
        <hr><p><small>You get this because you asked for mail about this space. <a href="https:&#x2f;&#x2f;sync.example.com&#x2f;v1&#x2f;unsubscribe&#x2f;s&#x2f;u&#x2f;x">Stop it</a></small></p></html>
        "#);
    }

    #[test]
    fn nothing_in_a_name_becomes_a_header() {
        let message = render(&letter()).unwrap();
        assert_eq!(message.subject, "10 changes in Family photos Bcc: x@example.com");
        for (_, value) in message.headers {
            assert!(!value.contains(['\r', '\n']));
        }
    }
}
