//! Drift: what was changed past CloudFormation.

/// How far a detection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DriftDetection {
    /// Looking.
    Pending,
    /// Done; the number of drifted resources.
    Done(u32),
    /// It could not look at everything, with AWS's reason.
    Failed(String),
}

/// A resource that is not as the template says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftedResource {
    /// Id in the template.
    pub logical_id: String,
    /// Id in the world.
    pub physical_id: Option<String>,
    /// For example `AWS::S3::Bucket`.
    pub resource_type: String,
    /// Whether it is gone altogether.
    pub is_deleted: bool,
    /// What differs; empty where it is gone.
    pub properties: Vec<DriftedProperty>,
}

/// A property that is not as the template says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftedProperty {
    /// Path, for example `/VersioningConfiguration/Status`.
    pub path: String,
    /// What the template says.
    pub expected: String,
    /// What is.
    pub actual: String,
}
