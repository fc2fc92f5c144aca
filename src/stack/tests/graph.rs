//! The picture names what a reader looks for first: who may come in, what encrypts, who hears alarms.

#![expect(clippy::unwrap_used, reason = "helpers of tests: what fails here is the test")]

use blueprint::{Sources, parse, resolve};
use stack::graph::Graph;
use stack::{Resolved, Sha256Digest};

fn graph(rest: &str) -> Graph {
    let text = format!("version: 1\nname: acme\ntarget: aws\nregion: eu-west-1\n{rest}");
    let file = Some(parse(&text, "acme.yaml").unwrap());
    let deployment = resolve(&Sources { file, ..Sources::default() }).unwrap();
    let zones = ["a", "b", "c"].map(|zone| format!("eu-west-1{zone}"));
    let resolved = Resolved {
        zones: zones.into(),
        image: "ami-0123456789abcdef0".to_owned(),
        release: Sha256Digest::new(&"5e".repeat(32)).unwrap(),
        first_servers: 3,
        table_protection: false,
        kept_key: None,
        mail_endpoint: false,
        owner: "alice".to_owned(),
        expires: None,
    };
    Graph::new(deployment.deployment(), &resolved)
}

#[test]
fn both_pictures_say_the_same() {
    let graph = graph(
        "storage: { key: create }\nnetwork: { egress: nat }\nentry: { allow: [10.0.0.0/8] }\n",
    );
    for picture in [graph.to_svg(), graph.to_mermaid()] {
        for text in [
            "Internet gateway",
            "in: 10.0.0.0/8 on port 80",
            "KMS key",
            "S3 access logs",
            "nobody subscribed",
            "file content, direct, ≤ 1 h credentials",
        ] {
            assert!(picture.contains(text), "no {text} in {picture}");
        }
        assert!(!picture.contains("chunks"));
    }
}

#[test]
fn the_load_balancer_stands_in_the_public_networks() {
    for egress in ["nat", "public-ip"] {
        let text = graph(&format!("network: {{ egress: {egress} }}\n")).to_mermaid();
        let public = text.split("subgraph public0").nth(1).unwrap();
        let public = public.split("end\n").next().unwrap();
        assert!(public.contains("balancer0[\"Load balancer"), "{public}");
        assert_eq!(public.contains("servers0["), egress == "public-ip", "{public}");
    }
}
