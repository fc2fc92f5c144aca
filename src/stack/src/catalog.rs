//! Every file of `templates/stack` and `templates/instance`, embedded. A test lists the folders.

use crate::render::StackKind;

macro_rules! files {
    ($($path:literal,)*) => {
        &[$(($path, include_str!(concat!("../../../templates/", $path, ".j2"))),)*]
    };
}

/// Files of CloudFormation, in the order in which a template is put together.
pub(crate) const DATA: &[(&str, &str)] = files![
    "stack/data/buckets.yaml",
    "stack/data/table.yaml",
    "stack/data/key.yaml",
    "stack/data/mail.yaml",
    "stack/data/preview.yaml",
];

pub(crate) const APP: &[(&str, &str)] = files![
    "stack/app/network.yaml",
    "stack/app/egress.yaml",
    "stack/app/balancer.yaml",
    "stack/app/roles.yaml",
    "stack/app/servers.yaml",
    "stack/app/alarms.yaml",
    "stack/app/preview.yaml",
];

/// What an instance runs.
pub(crate) const INSTANCE: &[(&str, &str)] = files!["instance/boot.sh", "instance/syncd.service",];

/// Sentence on top of a template.
pub(crate) const fn description(kind: StackKind) -> &'static str {
    match kind {
        StackKind::Data => {
            "What hurts to lose: content, releases, logs, metadata, key, mail identity. Made by syncctl."
        }
        StackKind::App => {
            "What can be made again: network, load balancer, roles, servers, alarms. Made by syncctl."
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test lists the folder")]
mod tests {
    use super::{APP, DATA, INSTANCE};

    #[test]
    fn every_file_of_the_folders_is_in_the_table() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates");
        for (folder, table) in [("stack/data", DATA), ("stack/app", APP), ("instance", INSTANCE)] {
            let mut files: Vec<String> = std::fs::read_dir(format!("{root}/{folder}"))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .map(|name| format!("{folder}/{}", name.trim_end_matches(".j2")))
                .collect();
            files.sort();
            let mut table: Vec<_> = table.iter().map(|(path, _)| (*path).to_owned()).collect();
            table.sort();
            assert_eq!(files, table);
        }
    }
}
