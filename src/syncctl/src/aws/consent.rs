//! Yes, no, and the names that no flag stands for.

use std::collections::BTreeSet;

use deploy::plan::Plan;

use crate::error::{CliError, Kind, Result};
use crate::settings::Consent;
use crate::ui::Ui;

/// Asks before a plan is carried out. Losses of data need each name typed, or `--allow-data-loss`.
pub(crate) fn to_apply(plan: &Plan, allowed: &[String], ui: &mut Ui) -> Result<BTreeSet<String>> {
    let mut approved: BTreeSet<String> = allowed.iter().cloned().collect();
    let losses: Vec<(String, String, String)> = plan
        .losses()
        .map(|(_, change)| {
            let id = change.logical_id.clone();
            let name = change.physical_id.clone().unwrap_or_else(|| id.clone());
            let loss = match change.effects.first() {
                Some(effect) => format!("loses data of {name}: {effect}"),
                None => format!("destroys the data in {name}"),
            };
            (id, name, loss)
        })
        .collect();
    let mut typed = false;
    for (id, name, loss) in &losses {
        if approved.contains(id) {
            continue;
        }
        if !ui.settings().can_ask {
            return Err(CliError::new(Kind::Failed, format!("this plan {loss}"))
                .hint(format!("if that is meant: add --allow-data-loss {id}"))
                .hint(
                    "otherwise change the blueprint back; the plan above says which line does it",
                ));
        }
        ui.confirm_by_typing(&format!("This {loss}. There is no way back."), name)?;
        approved.insert(id.clone());
        typed = true;
    }
    match ui.settings().consent {
        Consent::Given => {}
        // Typing a name is a decision; a flag that was exported once is none.
        Consent::Ask if typed => {}
        Consent::Ask => ui.confirm("Carry this plan out?")?,
        Consent::CannotAsk => {
            return Err(CliError::new(
                Kind::Failed,
                "carrying out a plan needs a yes, and there is no terminal to ask on",
            )
            .hint("add --yes, or seal the plan with `syncctl plan --out FILE` and run `syncctl apply FILE`"));
        }
    }
    Ok(approved)
}
