use super::{Problem, quote, text_value};

/// Where on the map an AWS Region may be said to lie.
const DIRECTIONS: [&str; 9] = [
    "north",
    "south",
    "east",
    "west",
    "central",
    "northeast",
    "northwest",
    "southeast",
    "southwest",
];

/// An AWS Region such as `eu-west-1`. Only the form is checked: new Regions need no new release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(String);

impl Region {
    /// Checks the form.
    ///
    /// # Errors
    /// When it does not look like a Region.
    pub fn new(text: &str) -> Result<Self, Problem> {
        if is_region(text) {
            return Ok(Self(text.to_owned()));
        }
        let lower = text.trim().to_ascii_lowercase().replace('_', "-");
        let zone = lower.trim_end_matches(|last: char| last.is_ascii_lowercase());
        let digits = zone.len() - zone.trim_end_matches(|last: char| last.is_ascii_digit()).len();
        let (start, number) = zone.split_at(zone.len() - digits);
        let dashed = format!("{}-{number}", start.trim_end_matches('-'));
        let problem = Problem::new(format!("{} is not the name of a Region", quote(text)));
        let guess = [lower.as_str(), zone, &dashed].into_iter().find(|guess| is_region(guess));
        Err(match guess {
            Some(guess) => problem.instead(guess),
            None => problem,
        })
    }
}

fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [area, middle @ .., direction, number] = parts.as_slice() else {
        return false;
    };
    let lower = |part: &str, longest| {
        (2..=longest).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    lower(area, 4)
        && middle.len() <= 1
        && middle.iter().all(|part| lower(part, 4))
        && DIRECTIONS.contains(direction)
        && (1..=2).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

text_value!(Region);

#[cfg(test)]
mod tests {
    use super::Region;

    #[test]
    fn regions_and_what_people_write_instead() {
        for good in ["eu-west-1", "us-gov-east-1", "ap-southeast-2", "cn-north-1", "mx-central-1"] {
            assert!(Region::new(good).is_ok(), "{good}");
        }
        for (bad, instead) in [
            ("EU-WEST-1", Some("eu-west-1")),
            ("eu-west-1a", Some("eu-west-1")),
            ("eu-west1", Some("eu-west-1")),
            ("eu_west_1", Some("eu-west-1")),
            ("Ireland", None),
            ("", None),
        ] {
            assert_eq!(Region::new(bad).unwrap_err().instead.as_deref(), instead, "{bad}");
        }
    }
}
