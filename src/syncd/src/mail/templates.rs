//! The mails' templates: delimiters that no other text uses, and no undefined value printed as nothing.

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, Value};

/// One line a file of `templates/mail/`; the suffix decides what is escaped.
const TEMPLATES: [(&str, &str); 2] = [
    ("digest.html", include_str!("../../../../templates/mail/digest.html.j2")),
    ("digest.txt", include_str!("../../../../templates/mail/digest.txt.j2")),
];

static ENVIRONMENT: LazyLock<Result<Environment<'static>, Error>> = LazyLock::new(environment);

pub(super) fn render(name: &str, values: &Value) -> Result<String, Error> {
    let environment = ENVIRONMENT.as_ref().map_err(|error| {
        Error::new(error.kind(), "a template of this program is broken").with_source(error)
    })?;
    environment.get_template(name)?.render(values)
}

fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder()
        .block_delimiters("@%", "%@")
        .variable_delimiters("@{", "}")
        .comment_delimiters("@#", "#@")
        .build()?;
    environment.set_syntax(syntax);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|name| {
        if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
    });
    for (name, text) in TEMPLATES {
        environment.add_template(name, text)?;
    }
    Ok(environment)
}

#[cfg(test)]
mod tests {
    use super::{TEMPLATES, environment};

    #[test]
    fn every_file_of_the_folder_is_in_the_table_and_parses() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/mail");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let table: Vec<String> = TEMPLATES.iter().map(|(name, _)| format!("{name}.j2")).collect();
        assert_eq!(files, table);
        environment().unwrap();
    }
}
