use std::collections::BTreeSet;

use deploy::schemas::{schema, schemas};

use crate::blueprints::{deployments, rendered_with};

/// A template may use no type that the data does not have; `data/extract.py` adds it.
#[test]
fn every_type_in_use_is_known_and_no_other_is_kept() {
    let mut used = BTreeSet::new();
    for deployment in deployments() {
        let rendered = rendered_with(&deployment, |_| {});
        for stack in [rendered.data, rendered.app] {
            let types = stack.template.resources().values().map(|it| it["Type"].as_str().unwrap());
            used.extend(types.map(str::to_owned));
        }
    }
    let unknown: Vec<&String> = used.iter().filter(|name| schema(name).is_none()).collect();
    assert!(unknown.is_empty(), "run src/deploy/data/extract.py for {unknown:?}");
    let unused: Vec<&str> = schemas().map(|it| it.0).filter(|name| !used.contains(*name)).collect();
    assert!(unused.is_empty(), "no blueprint makes {unused:?}");
}
