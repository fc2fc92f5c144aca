use serde::Deserialize;

/// A property of a schema.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct PropertyPath(Vec<String>);

impl From<String> for PropertyPath {
    fn from(pointer: String) -> Self {
        let path = pointer.strip_prefix("/properties/").unwrap_or(&pointer);
        Self(path.split('/').map(str::to_owned).collect())
    }
}

impl PropertyPath {
    /// Names from the outside in; `*` is any item of a list.
    #[must_use]
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// Whether a change at `path` is one of this property, of something in it, or of something that holds it.
    #[must_use]
    pub fn touches(&self, path: &[&str]) -> bool {
        let same = |(mine, other): (&String, &&str)| mine == other || mine == "*" || *other == "*";
        self.0.iter().zip(path).all(same)
    }
}
