use super::{Problem, quote, text_value};
use serde::Serialize;

/// Processor family that a program is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Architecture {
    /// Intel and AMD, 64 bits.
    #[serde(rename = "x86_64")]
    X86,
    /// ARM, 64 bits (Graviton).
    #[serde(rename = "arm64")]
    Arm,
}

/// An EC2 instance type such as `t3.small`. Only the form is checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceType(String);

impl InstanceType {
    /// Checks the form FAMILY.SIZE.
    ///
    /// # Errors
    /// When it is not a family and a size.
    pub fn new(text: &str) -> Result<Self, Problem> {
        let part = |part: &str| {
            let known = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
            !part.is_empty() && part.len() <= 24 && part.bytes().all(known)
        };
        let valid = |text: &str| {
            let (family, size) = text.split_once('.')?;
            let numbered = family.bytes().any(|byte| byte.is_ascii_digit());
            let letter = family.starts_with(|first: char| first.is_ascii_lowercase());
            (part(family) && part(size) && numbered && letter).then_some(())
        };
        if valid(text).is_some() {
            return Ok(Self(text.to_owned()));
        }
        let problem = Problem::new(format!("{} is not an instance type", quote(text)));
        let lower = text.trim().to_ascii_lowercase();
        Err(if lower != text && valid(&lower).is_some() { problem.instead(lower) } else { problem })
    }

    /// Family, for example `t3`.
    #[must_use]
    pub fn family(&self) -> &str {
        self.0.split_once('.').map_or("", |(family, _)| family)
    }

    /// Processor family: Graviton families have a `g` right behind their number (`t4g`, `c7gn`), or are `a1`.
    #[must_use]
    pub fn architecture(&self) -> Architecture {
        let family = self.family();
        let letters = family.trim_start_matches(|first: char| first.is_ascii_lowercase());
        let generation = letters.trim_start_matches(|first: char| first.is_ascii_digit());
        if family == "a1" || generation.starts_with('g') {
            Architecture::Arm
        } else {
            Architecture::X86
        }
    }
}

text_value!(InstanceType);

#[cfg(test)]
mod tests {
    use super::{Architecture, InstanceType};

    #[test]
    fn the_family_tells_the_architecture() {
        for (text, architecture) in [
            ("t3.small", Architecture::X86),
            ("t4g.small", Architecture::Arm),
            ("c7gn.16xlarge", Architecture::Arm),
            ("im4gn.large", Architecture::Arm),
            ("a1.medium", Architecture::Arm),
            ("g5.xlarge", Architecture::X86),
            ("g5g.xlarge", Architecture::Arm),
            ("m7i-flex.large", Architecture::X86),
            ("u-6tb1.metal", Architecture::X86),
        ] {
            assert_eq!(InstanceType::new(text).unwrap().architecture(), architecture, "{text}");
        }
        assert_eq!(InstanceType::new("T3.Small").unwrap_err().instead.as_deref(), Some("t3.small"));
        assert!(InstanceType::new("small").is_err());
    }
}
