//! Every environment variable `syncctl` reads, in one place.
//!
//! A flag wins over its variable, a variable over the blueprint, the blueprint over its preset.
//! `syncctl help environment` and the CLI reference print this table; a test compares it with the
//! flags, so that no flag is left without a variable.

/// Blueprint to read (`--file`).
pub(crate) const FILE: &str = "SYNCCTL_FILE";
/// Blueprint values to override, separated by semicolons (`--set`).
pub(crate) const SET: &str = "SYNCCTL_SET";
/// Name of the deployment (`--name`).
pub(crate) const NAME: &str = "SYNCCTL_NAME";
/// Data directory of the local target (`--data-dir`).
pub(crate) const DATA_DIR: &str = "SYNCCTL_DATA_DIR";
/// Profile of the AWS configuration (`--profile`).
pub(crate) const PROFILE: &str = "SYNCCTL_PROFILE";
/// AWS Region, instead of the blueprint's (`--region`).
pub(crate) const REGION: &str = "SYNCCTL_REGION";
/// File for a sealed plan (`plan --out`).
pub(crate) const PLAN_OUT: &str = "SYNCCTL_PLAN_OUT";
/// Exit code 2 where there are changes (`plan --detailed-exitcode`).
pub(crate) const PLAN_DETAILED_EXITCODE: &str = "SYNCCTL_PLAN_DETAILED_EXITCODE";
/// Compare templates only (`plan --quick`).
pub(crate) const PLAN_QUICK: &str = "SYNCCTL_PLAN_QUICK";
/// Losses of data agreed to (`apply --allow-data-loss`).
pub(crate) const APPLY_ALLOW_DATA_LOSS: &str = "SYNCCTL_APPLY_ALLOW_DATA_LOSS";
/// Undo drift as well (`apply --revert-drift`).
pub(crate) const APPLY_REVERT_DRIFT: &str = "SYNCCTL_APPLY_REVERT_DRIFT";
/// How long a preview may live (`up --ttl`).
pub(crate) const TTL: &str = "SYNCCTL_TTL";
/// How many previews to collect at most (`preview gc --max`).
pub(crate) const PREVIEW_GC_MAX: &str = "SYNCCTL_PREVIEW_GC_MAX";
/// Service role of CloudFormation (`--role-arn`).
pub(crate) const ROLE_ARN: &str = "SYNCCTL_ROLE_ARN";
/// How long to wait for somebody else (`--wait-for-other`).
pub(crate) const WAIT_FOR_OTHER: &str = "SYNCCTL_WAIT_FOR_OTHER";
/// How many events to show (`events --last`).
pub(crate) const EVENTS_LAST: &str = "SYNCCTL_EVENTS_LAST";
/// Failures only (`events --failures`).
pub(crate) const EVENTS_FAILURES: &str = "SYNCCTL_EVENTS_FAILURES";
/// Exit code 2 where there is drift (`drift --detailed-exitcode`).
pub(crate) const DRIFT_DETAILED_EXITCODE: &str = "SYNCCTL_DRIFT_DETAILED_EXITCODE";
/// Resources a rollback may leave (`recover --skip`).
pub(crate) const RECOVER_SKIP: &str = "SYNCCTL_RECOVER_SKIP";
/// Remove a stack that cannot be removed (`recover --force`).
pub(crate) const RECOVER_FORCE: &str = "SYNCCTL_RECOVER_FORCE";
/// Folder for rendered templates (`render --out`).
pub(crate) const RENDER_OUT: &str = "SYNCCTL_RENDER_OUT";
/// Whose permissions (`permissions --for`).
pub(crate) const PERMISSIONS_FOR: &str = "SYNCCTL_PERMISSIONS_FOR";
/// Output format (`--format`).
pub(crate) const FORMAT: &str = "SYNCCTL_FORMAT";
/// Answer every question with yes (`--yes`).
pub(crate) const YES: &str = "SYNCCTL_YES";
/// Leave out notes (`--quiet`).
pub(crate) const QUIET: &str = "SYNCCTL_QUIET";
/// How much to tell (`--verbose`).
pub(crate) const VERBOSE: &str = "SYNCCTL_VERBOSE";
/// When to colour (`--color`).
pub(crate) const COLOR: &str = "SYNCCTL_COLOR";
/// Preset for a new blueprint (`init --preset`).
pub(crate) const INIT_PRESET: &str = "SYNCCTL_INIT_PRESET";
/// Overwrite an existing blueprint (`init --force`).
pub(crate) const INIT_FORCE: &str = "SYNCCTL_INIT_FORCE";
/// Show every default (`blueprint show --resolved`).
pub(crate) const BLUEPRINT_SHOW_RESOLVED: &str = "SYNCCTL_BLUEPRINT_SHOW_RESOLVED";
/// Show where each value comes from (`blueprint show --origin`).
pub(crate) const BLUEPRINT_SHOW_ORIGIN: &str = "SYNCCTL_BLUEPRINT_SHOW_ORIGIN";
/// File for the first user's invitation (`up --invitation-file`).
pub(crate) const UP_INVITATION_FILE: &str = "SYNCCTL_UP_INVITATION_FILE";
/// Keep the status on screen (`status --watch`).
pub(crate) const STATUS_WATCH: &str = "SYNCCTL_STATUS_WATCH";
/// Show the history (`status --activities`).
pub(crate) const STATUS_ACTIVITIES: &str = "SYNCCTL_STATUS_ACTIVITIES";
/// Server program to roll out (`roll --release`).
pub(crate) const ROLL_RELEASE: &str = "SYNCCTL_ROLL_RELEASE";
/// How long a new release is watched (`roll --bake`).
pub(crate) const ROLL_BAKE: &str = "SYNCCTL_ROLL_BAKE";
/// How long the earlier release is watched (`rollback --bake`).
pub(crate) const ROLLBACK_BAKE: &str = "SYNCCTL_ROLLBACK_BAKE";
/// How long a drill takes something away (`drill --for`).
pub(crate) const DRILL_FOR: &str = "SYNCCTL_DRILL_FOR";
/// Load of a drill (`drill --rate`).
pub(crate) const DRILL_RATE: &str = "SYNCCTL_DRILL_RATE";
/// Follow the logs (`logs --follow`).
pub(crate) const LOGS_FOLLOW: &str = "SYNCCTL_LOGS_FOLLOW";
/// Lines to start with (`logs --lines`).
pub(crate) const LOGS_LINES: &str = "SYNCCTL_LOGS_LINES";
/// Delete the data as well (`down --purge-data`).
pub(crate) const DOWN_PURGE_DATA: &str = "SYNCCTL_DOWN_PURGE_DATA";
/// File for an invitation (`user add --invitation-file`).
pub(crate) const USER_INVITATION_FILE: &str = "SYNCCTL_USER_INVITATION_FILE";
/// Replace an invitation that waits (`user add --again`).
pub(crate) const USER_ADD_AGAIN: &str = "SYNCCTL_USER_ADD_AGAIN";
/// A message byte for byte (`mail show --raw`).
pub(crate) const MAIL_SHOW_RAW: &str = "SYNCCTL_MAIL_SHOW_RAW";
/// Path of the server program.
pub(crate) const SYNCD: &str = "SYNCCTL_SYNCD";

/// One variable as it is documented.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    /// The flag it stands for; `None` when there is only the variable.
    pub(crate) flag: Option<&'static str>,
    pub(crate) effect: &'static str,
}

const fn flag(name: &'static str, flag: &'static str, effect: &'static str) -> Variable {
    Variable { name, flag: Some(flag), effect }
}

const fn alone(name: &'static str, effect: &'static str) -> Variable {
    Variable { name, flag: None, effect }
}

/// What `syncctl` reads, in the order of the reference.
pub(crate) const VARIABLES: &[Variable] = &[
    flag(FILE, "--file", "Blueprint to read"),
    flag(SET, "--set", "Blueprint values to override, `key=value` separated by `;`"),
    flag(NAME, "--name", "Name of the deployment, instead of the blueprint's"),
    flag(DATA_DIR, "--data-dir", "Where the local target keeps everything"),
    flag(PROFILE, "--profile", "Profile of the AWS configuration, instead of `AWS_PROFILE`"),
    flag(
        REGION,
        "--region",
        "Region, instead of the blueprint's; `AWS_REGION` counts where nothing else names one",
    ),
    flag(
        FORMAT,
        "--format",
        "`text` or `json`; `markdown` for `plan`, `svg` or `mermaid` for `graph`",
    ),
    flag(YES, "--yes", "`true` answers every question with yes"),
    flag(QUIET, "--quiet", "`true` leaves out notes and progress"),
    flag(VERBOSE, "--verbose", "`1` or `2`: how much to tell"),
    flag(COLOR, "--color", "`auto`, `always` or `never`"),
    flag(INIT_PRESET, "init --preset", "Preset a new blueprint starts from"),
    flag(INIT_FORCE, "init --force", "`true` overwrites an existing file"),
    flag(BLUEPRINT_SHOW_RESOLVED, "blueprint show --resolved", "`true` shows every default"),
    flag(BLUEPRINT_SHOW_ORIGIN, "blueprint show --origin", "`true` shows where values come from"),
    flag(UP_INVITATION_FILE, "up --invitation-file", "File for the first user's invitation"),
    flag(PLAN_OUT, "plan --out", "File for a sealed plan"),
    flag(
        PLAN_DETAILED_EXITCODE,
        "plan --detailed-exitcode",
        "`true`: exit code 2 where there are changes",
    ),
    flag(PLAN_QUICK, "plan --quick", "`true` compares templates only"),
    flag(
        APPLY_ALLOW_DATA_LOSS,
        "apply --allow-data-loss",
        "Ids of what may be lost, separated by commas",
    ),
    flag(APPLY_REVERT_DRIFT, "apply --revert-drift", "`true` undoes what was changed by hand"),
    flag(TTL, "up|plan|apply|preview extend --ttl", "How long a preview may live, e.g. `48h`"),
    flag(PREVIEW_GC_MAX, "preview gc --max", "How many previews to collect at most"),
    flag(
        ROLE_ARN,
        "up|plan|apply|roll|rollback|image bump --role-arn",
        "Service role that CloudFormation acts with",
    ),
    flag(
        WAIT_FOR_OTHER,
        "up|plan|apply|roll|rollback|down|image bump --wait-for-other",
        "How long to wait for somebody else's operation, e.g. `15m`",
    ),
    flag(EVENTS_LAST, "events --last", "How many events to show"),
    flag(EVENTS_FAILURES, "events --failures", "`true` shows failures only"),
    flag(
        DRIFT_DETAILED_EXITCODE,
        "drift --detailed-exitcode",
        "`true`: exit code 2 where there is drift",
    ),
    flag(
        RECOVER_SKIP,
        "recover --skip",
        "Resources a rollback may leave as they are, separated by commas",
    ),
    flag(RECOVER_FORCE, "recover --force", "`true` removes a stack even where resources cannot be"),
    flag(RENDER_OUT, "render --out", "Folder for the templates"),
    flag(PERMISSIONS_FOR, "permissions --for", "`deployer`, `ci` or `gc`"),
    flag(STATUS_WATCH, "status --watch", "`true` keeps the status on screen"),
    flag(STATUS_ACTIVITIES, "status --activities", "How many lines of the history to show"),
    flag(ROLL_RELEASE, "roll --release", "Path of the server program to roll out"),
    flag(ROLL_BAKE, "roll --bake", "How long a new release is watched, e.g. `30s`"),
    flag(ROLLBACK_BAKE, "rollback --bake", "How long the earlier release is watched"),
    flag(DRILL_FOR, "drill --for", "How long a zone or the disk's room stays away"),
    flag(DRILL_RATE, "drill --rate", "Requests per second meanwhile"),
    flag(LOGS_FOLLOW, "logs --follow", "`true` prints new lines as they appear"),
    flag(LOGS_LINES, "logs --lines", "How many lines to start with"),
    flag(DOWN_PURGE_DATA, "down --purge-data", "`true` deletes the data as well"),
    flag(
        USER_INVITATION_FILE,
        "user add|reset-password --invitation-file",
        "File for the invitation",
    ),
    flag(USER_ADD_AGAIN, "user add --again", "`true` replaces an invitation that waits"),
    flag(MAIL_SHOW_RAW, "mail show --raw", "`true` prints the message as it was sent"),
    alone(
        "SYNCCTL_SET_…",
        "One blueprint value each, in capitals, two underscores per dot: `SYNCCTL_SET_SERVERS__MIN=2`",
    ),
    alone(SYNCD, "Path of the server program, instead of `syncd` beside `syncctl`"),
    alone(
        "GITHUB_HEAD_REF …",
        "The branch for `--name auto` where none is checked out, as CI systems tell it: of GitHub, GitLab, Jenkins, Bitbucket, Buildkite, CircleCI and Azure",
    ),
    alone("XDG_DATA_HOME", "Where data directories live; default `~/.local/share`"),
    alone("NO_COLOR", "Any value: no colour"),
    alone("FORCE_COLOR", "Any value but `0`: colour without a terminal as well"),
    alone("CLICOLOR_FORCE", "The same as `FORCE_COLOR`"),
    alone("TERM", "`dumb`: no colour, no redrawing"),
    alone("LC_ALL", "Then `LC_CTYPE`, then `LANG`: with UTF-8, `status --watch` draws lines"),
    alone("COLUMNS", "Width of the output where the terminal does not tell"),
    alone("CI", "Any value but `false`: never ask, calm lines instead of progress bars"),
];
