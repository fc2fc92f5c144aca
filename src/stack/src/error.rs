use crate::render::StackKind;

/// Why a deployment has no templates. The first three are about what went in; the others are defects of this
/// program that a test should have found.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// Only `target: aws` has templates.
    #[error("a deployment on this machine has no CloudFormation templates")]
    NotAws,
    /// The zones looked up do not fit `network.zones`.
    #[error("{wanted} different zones are needed, and {found} were found: {zones}")]
    Zones {
        /// `network.zones`.
        wanted: usize,
        /// Different ones among those given.
        found: usize,
        /// Those given, separated by commas.
        zones: String,
    },
    /// `network.cidr` has no room for two networks in every zone.
    #[error("the range {cidr} has no room for {zones} zones")]
    Range {
        /// `network.cidr`.
        cidr: String,
        /// `network.zones`.
        zones: u32,
    },
    /// A template does not render.
    #[error("a template of this program is broken")]
    Render(#[from] minijinja::Error),
    /// A rendered file is no YAML.
    #[error("the rendered template {file} is no YAML: {message}")]
    Yaml {
        /// Its path below `templates/`.
        file: &'static str,
        /// What the parser says.
        message: String,
    },
    /// Two files define the same thing, or one has a part that no file may have.
    #[error("the rendered template {file} has a wrong {section}: {key}")]
    Merge {
        /// Its path below `templates/`.
        file: &'static str,
        /// Section of the template, for example `Resources`.
        section: String,
        /// The key in question.
        key: String,
    },
    /// Something refers to nothing.
    #[error("the template of the {stack} refers to {name}, which it does not define")]
    Reference {
        /// Which template.
        stack: StackKind,
        /// The name referred to.
        name: String,
    },
    /// A limit of CloudFormation or EC2 is passed.
    #[error("{what} of the {stack} is {found}, and the limit is {most}")]
    Limit {
        /// Which template.
        stack: StackKind,
        /// What is counted, with its unit.
        what: &'static str,
        /// How much there is.
        found: usize,
        /// How much there may be.
        most: usize,
    },
}
