//! `tests/aws/README.md` names the stories that stand in for the emulator: they must be here.

const README: &str = include_str!("../../../../tests/aws/README.md");

const FILES: [(&str, &str); 11] = [
    ("deletions", include_str!("deletions.rs")),
    ("drift", include_str!("drift.rs")),
    ("endpoints", include_str!("endpoints.rs")),
    ("harm", include_str!("harm.rs")),
    ("interruptions", include_str!("interruptions.rs")),
    ("others", include_str!("others.rs")),
    ("preflight", include_str!("preflight.rs")),
    ("protection", include_str!("protection.rs")),
    ("rollbacks", include_str!("rollbacks.rs")),
    ("rolls", include_str!("rolls.rs")),
    ("validations", include_str!("validations.rs")),
];

#[test]
fn every_story_that_is_listed_exists() {
    let (_, section) = README.split_once("## Where that is covered instead").unwrap();
    let named = section.split('`').filter_map(|text| text.split_once("::"));
    let named: Vec<(&str, &str)> = named.filter(|(_, story)| !story.contains(' ')).collect();
    assert!(named.len() > 30, "{}", named.len());
    for (module, story) in named {
        let file = FILES.iter().find(|(name, _)| *name == module);
        let (_, text) = file.unwrap_or_else(|| panic!("there is no file {module}"));
        assert!(text.contains(&format!("fn {story}()")), "{module}::{story}");
    }
}
