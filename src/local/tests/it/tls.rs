//! HTTPS at the entry: a certificate of our own, or one from files (HA-5).

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::bench::{Bench, config, server, write_config};
use crate::support::{eventually, free_address, stand_in};

fn secured(tls: &Value) -> Bench {
    let address = free_address();
    let bench =
        Bench::before(vec![address], vec![server(address)], |config| config["tls"] = tls.clone());
    eventually("the server is in", || bench.reports("\"healthy\""));
    bench
}

fn files(bench: &Bench) -> Value {
    let path = bench.data.join("secrets/tls.pem");
    json!({ "files": { "certificate": path, "key": path } })
}

/// Status and body; an error when the certificate is not to be trusted.
fn ask(address: SocketAddr, authority: &Path, path: &str) -> Result<(u16, String), String> {
    let authority = reqwest::Certificate::from_pem(&std::fs::read(authority).unwrap()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([authority]).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime
        .block_on(async {
            let answer = client.get(format!("https://{address}{path}")).send().await?;
            Ok((answer.status().as_u16(), answer.text().await?))
        })
        .map_err(|error: reqwest::Error| format!("{error:?}"))
}

fn authority(bench: &Bench) -> std::path::PathBuf {
    bench.data.join("secrets/tls-authority.pem")
}

fn plain(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_self_made_certificate_is_trusted_through_its_authority_and_by_nobody_else() {
    let bench = secured(&json!("self_made"));
    let (status, seen) = ask(bench.listen, &authority(&bench), "/headers").unwrap();
    assert_eq!(status, 200);
    assert!(seen.to_ascii_lowercase().contains("x-forwarded-proto: https\r"), "{seen}");
    let stranger = secured(&json!("self_made"));
    let refused = ask(bench.listen, &authority(&stranger), "/headers").unwrap_err();
    assert!(refused.contains("InvalidCertificate"), "{refused}");
}

#[test]
fn plain_http_is_told_to_use_https_and_the_supervisor_may_still_ask() {
    let bench = secured(&json!("self_made"));
    for path in ["/instance", "/health", "/"] {
        let answer = plain(bench.listen, path);
        assert!(answer.starts_with("HTTP/1.1 400"), "{path}: {answer}");
        assert!(answer.contains("use https:// in the address"), "{path}: {answer}");
    }
    for path in ["/-/balancer/health", "/ready"] {
        assert!(plain(bench.listen, path).starts_with("HTTP/1.1 200"), "{path}");
    }
}

#[test]
fn a_replaced_certificate_is_shown_without_a_restart() {
    let (first, second) = (secured(&json!("self_made")), secured(&json!("self_made")));
    let bench = secured(&files(&first));
    assert_eq!(ask(bench.listen, &authority(&first), "/instance").unwrap().0, 200);
    let next = first.data.join("secrets/next");
    std::fs::copy(second.data.join("secrets/tls.pem"), &next).unwrap();
    std::fs::rename(next, first.data.join("secrets/tls.pem")).unwrap();
    eventually("the new one is shown", || {
        ask(bench.listen, &authority(&second), "/instance").is_ok_and(|answer| answer.0 == 200)
    });
}

#[test]
fn a_certificate_that_cannot_be_used_ends_the_balancer_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (data, text) = (folder.path().join("data"), folder.path().join("text"));
    local::DataDir::open_or_create(&data).unwrap();
    std::fs::write(&text, "not a certificate").unwrap();
    let mut wish = config(free_address(), &[]);
    for (path, reason) in
        [(&text, "is missing from it"), (&folder.path().join("none"), "No such file")]
    {
        wish["tls"] = json!({ "files": { "certificate": path, "key": path } });
        write_config(&data, &wish);
        let output =
            Command::new(stand_in()).args(["__balancer", "--data"]).arg(&data).output().unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(reason) && said.contains(path.to_str().unwrap()), "{said}");
    }
}
