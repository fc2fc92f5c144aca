//! The little XML that STS answers are made of.

use std::fmt::{self, Display, Formatter};

pub(super) struct Element {
    name: String,
    attributes: Vec<(&'static str, &'static str)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            attributes: Vec::new(),
            text: String::new(),
            children: Vec::new(),
        }
    }

    pub(super) fn attribute(mut self, name: &'static str, value: &'static str) -> Self {
        self.attributes.push((name, value));
        self
    }

    pub(super) fn child(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    /// Adds a child that holds only text.
    pub(super) fn text(self, name: &str, text: &str) -> Self {
        let mut child = Self::new(name);
        text.clone_into(&mut child.text);
        self.child(child)
    }
}

impl Display for Element {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "<{}", self.name)?;
        for (name, value) in &self.attributes {
            write!(f, " {name}=\"{value}\"")?;
        }
        f.write_str(">")?;
        for letter in self.text.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                // XML 1.0 has no way to write other control characters.
                letter if letter.is_control() && !letter.is_whitespace() => f.write_str("?")?,
                letter => write!(f, "{letter}")?,
            }
        }
        for child in &self.children {
            child.fmt(f)?;
        }
        write!(f, "</{}>", self.name)
    }
}
