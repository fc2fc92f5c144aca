use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args};
use jiff::Timestamp;
use local::{LogLine, LogQuery};
use serde::Serialize;
use serde_json::Value;

use crate::aws::{self, Session};
use crate::deployment;
use crate::env_vars;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;
use crate::ui::log_line;

/// Print what the parts of the service have logged, merged by time
///
/// Names are those of `syncctl status`: supervisor, balancer, engines, a-1, b-1, … JSON output is
/// one document per line.
#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// Only these parts, e.g. balancer a-1
    #[arg(value_name = "PART")]
    parts: Vec<String>,
    /// Blueprint, `-` for standard input [default: ./syncctl.yaml, else the built-in one]
    // The same flag as everywhere, without its short form: `logs -f` means follow.
    #[arg(long, value_name = "BLUEPRINT", env = env_vars::FILE, hide_env = true, help_heading = "Blueprint")]
    file: Option<PathBuf>,
    /// Go on with new lines until Ctrl-C
    #[arg(short, long, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue, env = env_vars::LOGS_FOLLOW, hide_env = true)]
    follow: bool,
    /// How many of the newest lines to start with
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 100, env = env_vars::LOGS_LINES, hide_env = true)]
    lines: usize,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    component: &'a str,
    at: Option<Timestamp>,
    /// The line as it was written, when it was JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<Value>,
    /// The line as it was written, when it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

pub(crate) fn run(args: LogsArgs, ui: &mut Ui) -> Result<ExitCode> {
    let deployment = deployment::load(ui)?;
    if deployment.is_aws() {
        return aws::logs::run(&Session::look(deployment, ui)?, args.follow, args.lines, ui);
    }
    let data_dir = deployment.data_dir()?;
    let query = LogQuery { components: args.parts, tail: Some(args.lines), follow: args.follow };
    for line in local::logs(&data_dir, &query)? {
        show(&line, ui)?;
        if args.follow {
            ui.flush()?;
        }
    }
    Ok(ExitCode::Done)
}

fn show(line: &LogLine, ui: &mut Ui) -> Result<()> {
    if !ui.is_json() {
        let text = log_line::readable(&line.component, &line.text, ui.style());
        return ui.line(&text);
    }
    let entry = serde_json::from_str::<Value>(&line.text).ok().filter(Value::is_object);
    let text = entry.is_none().then_some(line.text.as_str());
    let document = Document { component: &line.component, at: line.at, entry, text };
    let text = ui.json_line("syncctl/log-line/1", &document)?;
    ui.result(&text)
}
