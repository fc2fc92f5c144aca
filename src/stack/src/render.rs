//! A deployment to its two stacks.

use std::collections::BTreeMap;
use std::fmt;

use blueprint::{Deployment, Target};
use minijinja::value::Serde;

use crate::context::{AppContext, DataContext};
use crate::error::RenderError;
use crate::names::stack_name;
use crate::resolved::Resolved;
use crate::tags::tags;
use crate::template::Template;
use crate::{catalog, check, fragments, launch_template};

/// Parameter of both stacks of a preview: until when it may live, as RFC 3339 in UTC.
pub const EXPIRES: &str = "Expires";

/// Which of a deployment's stacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StackKind {
    /// `NAME-data`: what hurts to lose.
    Data,
    /// `NAME`: what can be made again.
    App,
}

impl fmt::Display for StackKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Data => "data stack",
            Self::App => "app stack",
        })
    }
}

/// One stack, ready for a change set.
#[derive(Clone, Debug, PartialEq)]
pub struct Stack {
    /// Its name in CloudFormation.
    pub name: String,
    /// Its template.
    pub template: Template,
    /// Values of all the template's parameters.
    pub parameters: BTreeMap<String, String>,
    /// Tags of the stack and of everything in it.
    pub tags: BTreeMap<String, String>,
}

/// Both stacks. The data stack is executed first, and removed last.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// `NAME-data`.
    pub data: Stack,
    /// `NAME`.
    pub app: Stack,
}

/// Renders both stacks. Roles and policies have no fixed names, so `CAPABILITY_IAM` suffices for them.
///
/// # Errors
/// For a deployment on this machine, and for [`Resolved`] values that do not fit the deployment.
pub fn render(deployment: &Deployment, resolved: &Resolved) -> Result<Rendered, RenderError> {
    if deployment.target != Target::Aws {
        return Err(RenderError::NotAws);
    }
    check::zones(deployment, resolved)?;
    Ok(Rendered { data: data(deployment, resolved)?, app: app(deployment, resolved)? })
}

fn data(deployment: &Deployment, resolved: &Resolved) -> Result<Stack, RenderError> {
    let context = DataContext::new(deployment, resolved);
    let files = catalog::DATA.iter().map(|(path, _)| *path).filter(|path| match *path {
        "stack/data/key.yaml" => context.creates_key,
        "stack/data/mail.yaml" => context.mail.is_some(),
        "stack/data/preview.yaml" => context.preview,
        _ => true,
    });
    let context = minijinja::Value::from(Serde(&context));
    let template = fragments::assemble(StackKind::Data, files, &context)?;
    let protection = resolved.table_protection.to_string();
    let parameters = BTreeMap::from([("TableProtection".to_owned(), protection)]);
    finish(StackKind::Data, deployment, resolved, Template::new(template), parameters)
}

fn app(deployment: &Deployment, resolved: &Resolved) -> Result<Stack, RenderError> {
    let context = AppContext::new(deployment, resolved)?;
    let files = catalog::APP.iter().map(|(path, _)| *path);
    let files = files.filter(|path| *path != "stack/app/preview.yaml" || context.preview);
    let context = minijinja::Value::from(Serde(&context));
    let mut template = fragments::assemble(StackKind::App, files, &context)?;
    let servers = &deployment.servers;
    let parameters = [
        ("Zones", resolved.zones.join(",")),
        ("Image", resolved.image.clone()),
        ("InstanceType", servers.instance.to_string()),
        ("Release", resolved.release.as_str().to_owned()),
        ("MinServers", servers.min.to_string()),
        ("MaxServers", servers.max.to_string()),
        ("FirstServers", resolved.first_servers.to_string()),
    ];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value)).into();
    launch_template::rename_by_content(&mut template, &parameters);
    finish(StackKind::App, deployment, resolved, Template::new(template), parameters)
}

fn finish(
    kind: StackKind,
    deployment: &Deployment,
    resolved: &Resolved,
    template: Template,
    mut parameters: BTreeMap<String, String>,
) -> Result<Stack, RenderError> {
    // After the launch template got its name: servers have nothing to do with it.
    if let Some(expires) = &resolved.expires {
        parameters.insert(EXPIRES.to_owned(), expires.clone());
    }
    check::check(kind, &template, &parameters)?;
    let name = stack_name(&deployment.name, kind);
    Ok(Stack { name, template, parameters, tags: tags(deployment, resolved) })
}
