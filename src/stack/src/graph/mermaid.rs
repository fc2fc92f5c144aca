//! The picture as Mermaid text, which code hosts draw inside Markdown.

use std::fmt::Write as _;

use super::model::{Graph, Part};

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
        line(4, &node("balancer", &self.balancer));
        for (number, zone) in self.zones.iter().enumerate() {
            let range = if self.servers_are_public { &zone.public } else { &zone.private };
            line(4, &format!("subgraph zone{number}[\"{}\"]", zone.name));
            line(6, &format!("servers{number}[\"{}<br/>{range}\"]", label(&self.servers)));
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
                line(2, "record --> balancer");
            }
            None => line(2, "clients --> balancer"),
        }
        line(2, "clients -- \"chunks, direct\" --> content");
        for number in 0..self.zones.len() {
            line(2, &format!("balancer --> servers{number}"));
            line(2, &format!("group -.- servers{number}"));
            line(2, &format!("servers{number} --> egress"));
            line(2, &format!("servers{number} --> gateways"));
        }
        line(2, "gateways --> content");
        for (number, service) in self.services.iter().enumerate() {
            let from = if service.is_behind_gateways() { "gateways" } else { "egress" };
            line(2, &format!("{from} --> service{number}"));
        }
        text
    }
}

impl Part {
    /// Whether servers reach it without leaving by the way out.
    pub(super) fn is_behind_gateways(&self) -> bool {
        self.title == "DynamoDB" || self.title.starts_with("S3")
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
