//! How many virtual processors run at once, in a sum that a reader can do again.

use crate::plan::Level;

/// What runs, and what may.
#[derive(Clone, Copy)]
pub(super) struct Need {
    /// Virtual processors of one server.
    pub(super) each: u32,
    /// Servers at the usual size.
    pub(super) servers: u32,
    /// Servers at most.
    pub(super) most: u32,
    /// Servers that run besides while they are replaced.
    pub(super) more: u32,
    /// Virtual processors of everything else in the account.
    pub(super) others: u32,
    pub(super) quota: f64,
}

/// What the plan does to servers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Now {
    Creates,
    Rolls,
    Neither,
}

impl Need {
    /// How bad it is, why, and the quota to ask for; `None` where everything fits.
    pub(super) fn told(self, now: Now) -> Option<(Level, String, u32)> {
        let Self { each, servers, most, more, others, quota } = self;
        let is_over = |count: u32| f64::from(count) > quota;
        let roll = (servers + more) * each + others;
        let full = most * each + others;
        let at_most = format!(
            "At servers.max, {most} servers of {each} need {full} with the others in the account"
        );
        if !is_over(roll) {
            let text = format!("{at_most}; the quota is {quota} vCPU.");
            return is_over(full).then_some((Level::Note, text, full));
        }
        let is_sure = match now {
            Now::Creates => is_over(servers * each + others),
            Now::Rolls => true,
            Now::Neither => false,
        };
        let level = if is_sure { Level::Blocker } else { Level::Warning };
        let text = format!(
            "A roll needs {roll} vCPU: {servers} servers of {each} now, {more} more while they are replaced, {others} of others in the account; the quota is {quota}."
        );
        let text = if is_over(full) { format!("{text} {at_most}.") } else { text };
        Some((level, text, roll.max(full)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Need, Now};
    use crate::plan::Level;

    const NEED: Need = Need { each: 2, servers: 3, most: 9, more: 1, others: 4, quota: 64.0 };

    #[test]
    fn the_sum_adds_up() {
        assert!(NEED.told(Now::Creates).is_none());
        let (level, text, wanted) = Need { quota: 11.0, ..NEED }.told(Now::Rolls).unwrap();
        assert_eq!((level, wanted), (Level::Blocker, 22));
        assert_eq!(
            text,
            "A roll needs 12 vCPU: 3 servers of 2 now, 1 more while they are replaced, 4 of others in the account; the quota is 11. At servers.max, 9 servers of 2 need 22 with the others in the account."
        );
    }

    #[test]
    fn only_what_happens_now_is_in_the_way() {
        let small = Need { quota: 11.0, ..NEED };
        let level = |now| small.told(now).unwrap().0;
        assert_eq!(level(Now::Creates), Level::Warning, "they start, and cannot be rolled");
        assert_eq!(level(Now::Neither), Level::Warning);
        assert_eq!(Need { quota: 9.0, ..NEED }.told(Now::Creates).unwrap().0, Level::Blocker);
        let (level, text, _) = Need { quota: 16.0, ..NEED }.told(Now::Neither).unwrap();
        assert_eq!(level, Level::Note);
        assert!(text.starts_with("At servers.max, 9 servers of 2 need 22"), "{text}");
    }
}
