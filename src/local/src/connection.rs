//! How a program on this machine reaches the deployment's services.

use std::path::{Path, PathBuf};

use crate::component::{BUCKET, READER_ROLE, REGION, TABLE, WRITER_ROLE};
use crate::data::DataDir;
use crate::desired::Desired;
use crate::error::{LocalError, Result};
use crate::layout::{ENGINES_API, ENGINES_S3, Layout};
use crate::spec::TlsSpec;

/// Addresses and names; the secret stays in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    pub data_dir: PathBuf,
    /// The entry, for clients.
    pub endpoint: String,
    /// What clients have to trust, where the entry's certificate is self-made; PEM.
    pub authority: Option<PathBuf>,
    /// DynamoDB, STS and SES.
    pub api_endpoint: String,
    pub s3_endpoint: String,
    pub region: String,
    /// An AWS shared credentials file with a `default` profile.
    pub credentials_file: PathBuf,
    pub table: String,
    pub bucket: String,
    pub writer_role_arn: String,
    pub reader_role_arn: String,
    pub mail_dir: PathBuf,
}

/// # Errors
/// No data directory, or a deployment that has never been up.
pub fn connection(data_dir: &Path) -> Result<Connection> {
    let data = DataDir::open(data_dir)?;
    let never = || LocalError::NoDataDirectory { path: data.root().to_owned() };
    let desired = Desired::read(&data)?.ok_or_else(never)?;
    let layout = Layout::read(&data);
    let url = |name: &str| Some(format!("http://{}", layout.get(name)?));
    Ok(Connection {
        data_dir: data.root().to_owned(),
        endpoint: desired.spec.endpoint(),
        authority: (desired.spec.tls == Some(TlsSpec::SelfMade)).then(|| data.authority_file()),
        api_endpoint: url(ENGINES_API).ok_or_else(never)?,
        s3_endpoint: url(ENGINES_S3).ok_or_else(never)?,
        region: REGION.to_owned(),
        credentials_file: data.credentials_file(),
        table: TABLE.to_owned(),
        bucket: BUCKET.to_owned(),
        writer_role_arn: WRITER_ROLE.to_owned(),
        reader_role_arn: READER_ROLE.to_owned(),
        mail_dir: data.mail_dir(),
    })
}
