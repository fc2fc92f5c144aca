//! How templates are filled in: `@{ value }`, `@% if … %@`, which neither CloudFormation nor a shell knows, and no
//! undefined value printed as nothing.

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value};

use crate::catalog;

static ENVIRONMENT: LazyLock<Result<Environment<'static>, Error>> = LazyLock::new(environment);

pub(crate) fn fill_in(file: &str, context: &Value) -> Result<String, Error> {
    let environment = ENVIRONMENT.as_ref().map_err(|error| {
        Error::new(error.kind(), "a template does not parse").with_source(error)
    })?;
    environment.get_template(file)?.render(context.clone())
}

fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder()
        .block_delimiters("@%", "%@")
        .variable_delimiters("@{", "}")
        .comment_delimiters("@#", "#@")
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()?;
    environment.set_syntax(syntax);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_formatter(write_value);
    environment.add_filter("bare", bare);
    for (path, text) in [catalog::DATA, catalog::APP, catalog::INSTANCE].into_iter().flatten() {
        environment.add_template(path, text)?;
    }
    Ok(environment)
}

/// A value as JSON, which is YAML as well: whatever a blueprint says, it stays one value.
fn write_value(output: &mut Output, _: &mut State, value: &Value) -> Result<(), Error> {
    let text = if value.is_undefined() {
        return Err(ErrorKind::UndefinedError.into());
    } else if value.is_safe() {
        value.to_string()
    } else {
        serde_json::to_string(value)
            .map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))?
    };
    output.write_str(&text).map_err(Error::from)
}

/// For a piece of a longer text. Refuses whatever could end a quoted text or begin a line.
fn bare(value: &Value) -> Result<Value, Error> {
    let text = match value.kind() {
        ValueKind::String | ValueKind::Number => value.to_string(),
        kind => {
            let message = format!("{kind} cannot stand within a text");
            return Err(Error::new(ErrorKind::InvalidOperation, message));
        }
    };
    if text.chars().any(|letter| matches!(letter, '"' | '\'' | '\\') || letter.is_control()) {
        let message = format!("{text:?} cannot stand within a text");
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    Ok(Value::from_safe_string(text))
}

#[cfg(test)]
mod tests {
    use super::{bare, environment};
    use minijinja::context;

    #[test]
    fn every_template_parses() {
        environment().unwrap();
    }

    #[test]
    fn a_value_stays_one_value() {
        let environment = environment().unwrap();
        let show = |source: &str, text: &str| {
            environment.render_str(source, context! { text }).map_err(|error| error.to_string())
        };
        assert_eq!(show("a: @{ text }", "x: [\"y\"]\n").unwrap(), r#"a: "x: [\"y\"]\n""#);
        assert_eq!(show("${text} $(x) {{ y }}", "").unwrap(), "${text} $(x) {{ y }}");
        assert!(show("@{ typo }", "").is_err());
        assert!(show("a-@{ text|bare }", "b").is_ok());
        assert!(bare(&"a\"b".into()).is_err());
    }
}
