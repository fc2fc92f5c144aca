//! The picture as Mermaid text, which code hosts draw inside Markdown.

use std::fmt::Write as _;

use super::model::{ACCESS_LOGS, Graph, KEY, Part};

impl Graph {
    /// Mermaid flowchart.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let mut text = String::from("flowchart TB\n");
        let mut line = |indent: usize, line: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{:indent$}{line}", "");
        };
        line(2, "clients([\"Agents and browsers\"])");
        if let Some(record) = &self.record {
            line(2, &node("record", record));
        }
        line(2, &format!("subgraph network[\"{} in {}, {}\"]", self.name, self.region, self.range));
        line(4, &node("gateway", &self.gateway));
        line(4, &node("balancer", &self.balancer));
        for (number, zone) in self.zones.iter().enumerate() {
            let servers = format!("servers{number}[\"{}\"]", label(&self.servers));
            line(4, &format!("subgraph zone{number}[\"{}\"]", zone.name));
            line(6, &format!("subgraph public{number}[\"public {}\"]", zone.public));
            line(8, &node(&format!("balancer{number}"), &self.balancer_node));
            if self.servers_are_public {
                line(8, &servers);
            }
            line(6, "end");
            if !self.servers_are_public {
                line(6, &format!("subgraph private{number}[\"private {}\"]", zone.private));
                line(8, &servers);
                line(6, "end");
            }
            line(4, "end");
        }
        line(4, &node("group", &self.group));
        line(4, &node("egress", &self.egress));
        line(4, "gateways[\"Gateway endpoints<br/>S3 and DynamoDB\"]");
        line(2, "end");
        line(2, &store("content", &self.content));
        for (number, service) in self.services.iter().enumerate() {
            line(2, &store(&format!("service{number}"), service));
        }
        match &self.record {
            Some(_) => {
                line(2, "clients --> record");
                line(2, "record --> gateway");
            }
            None => line(2, "clients --> gateway"),
        }
        line(2, &format!("clients -- \"{DIRECT}\" --> content"));
        for number in 0..self.zones.len() {
            line(2, &format!("gateway --> balancer{number}"));
            line(2, &format!("balancer -.- balancer{number}"));
            line(2, &format!("balancer{number} --> servers{number}"));
            line(2, &format!("group -.- servers{number}"));
            line(2, &format!("servers{number} --> egress"));
            line(2, &format!("servers{number} --> gateways"));
        }
        line(2, "gateways --> content");
        for (number, service) in self.services.iter().enumerate() {
            match service.way() {
                Way::Gateways => line(2, &format!("gateways --> service{number}")),
                Way::Egress => line(2, &format!("egress --> service{number}")),
                Way::Content => line(2, &format!("content -.-> service{number}")),
            }
        }
        text
    }
}

/// How content travels: past the servers, with a credential for one space.
pub(super) const DIRECT: &str = "file content, direct, ≤ 1 h credentials";

/// Who uses a store, and by which way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Servers, without leaving AWS.
    Gateways,
    /// Servers, by the way out.
    Egress,
    /// S3, for the content.
    Content,
}

impl Part {
    pub(super) fn way(&self) -> Way {
        match self.title.as_str() {
            KEY | ACCESS_LOGS => Way::Content,
            "DynamoDB" => Way::Gateways,
            title if title.starts_with("S3") => Way::Gateways,
            _ => Way::Egress,
        }
    }
}

fn node(id: &str, part: &Part) -> String {
    format!("{id}[\"{}\"]", label(part))
}

fn store(id: &str, part: &Part) -> String {
    format!("{id}[(\"{}\")]", label(part))
}

/// Quotes end a label, and Mermaid has no escape but the entity.
fn label(part: &Part) -> String {
    let lines: Vec<String> = std::iter::once(&part.title)
        .chain(&part.notes)
        .map(|line| line.replace('"', "#quot;"))
        .collect();
    lines.join("<br/>")
}
