//! The embedded S3 alone, for a foreign test suite: `embedded_s3 FOLDER`.
//!
//! Prints the port, the access key id and the secret of a random root
//! credential, one per line, and serves until its standard input ends.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use engines::{EngineError, EnginesConfig, RootCredential};
use rand::RngCore as _;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

#[derive(Debug, thiserror::Error)]
enum ExampleError {
    #[error("usage: embedded_s3 FOLDER")]
    Usage,
    #[error("no port, or nobody reads the output: {0}")]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

#[tokio::main]
async fn main() -> Result<(), ExampleError> {
    let data_dir = std::env::args_os().nth(1).map(PathBuf::from).ok_or(ExampleError::Usage)?;
    let s3 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let api = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let root = RootCredential::new(format!("AKIA{}", random::<8>().to_uppercase()), random::<20>());
    let config = EnginesConfig {
        data_dir,
        s3_listen: s3.local_addr()?,
        api_listen: api.local_addr()?,
        root,
        table: "syncd-metadata".to_owned(),
        bucket: "syncd-content".to_owned(),
        writer_role_arn: "arn:aws:iam::000000000000:role/syncd-writer".to_owned(),
        reader_role_arn: "arn:aws:iam::000000000000:role/syncd-reader".to_owned(),
        mail_from: None,
        region: "us-east-1".to_owned(),
    };
    // The connection waits in the listener until the data is open.
    let mut output = std::io::stdout();
    writeln!(output, "{}", config.s3_listen.port())?;
    writeln!(output, "{}", config.root.access_key_id)?;
    writeln!(output, "{}", config.root.secret_access_key)?;
    output.flush()?;
    engines::serve(config, s3, api, end_of_input()).await?;
    Ok(())
}

/// The end of whoever started this, however it ended.
async fn end_of_input() {
    let (ended, end) = oneshot::channel();
    std::thread::spawn(move || {
        // An error is an end, too.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = ended.send(());
    });
    let _ = end.await;
}

fn random<const LENGTH: usize>() -> String {
    let mut bytes = [0_u8; LENGTH];
    rand::rng().fill_bytes(&mut bytes);
    hex::encode(bytes)
}
