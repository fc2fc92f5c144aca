//! A deployment as it stands in the world once it is made.

use std::collections::BTreeMap;

use cloud::fake::{FakeStack, Servers, World};
use cloud::{Group, Member, StackResource, TableFacts, TargetHealth};
use serde_json::Value;
use stack::{Rendered, Stack};

/// Puts both stacks there, with buckets, table and servers.
pub(crate) fn put(world: &mut World, rendered: &Rendered, protect: bool) {
    world.stacks.clear();
    for stack in [&rendered.data, &rendered.app] {
        let mut made = made(world, stack);
        made.summary.protected = protect;
        world.stacks.push(made);
    }
    let zones: Vec<String> =
        rendered.app.parameters["Zones"].split(',').map(str::to_owned).collect();
    world.servers = [("id-of-Group".to_owned(), servers(&zones))].into();
    for resource in world.stacks.iter().flat_map(|stack| &stack.resources) {
        let id = resource.physical_id.clone().unwrap();
        match resource.resource_type.as_str() {
            "AWS::S3::Bucket" => {
                world.buckets.insert(id, BTreeMap::new());
            }
            "AWS::DynamoDB::Table" => {
                let arn = format!("arn:aws:dynamodb:eu-west-1:123456789012:table/{id}");
                let protected = rendered.data.parameters["TableProtection"] == "true";
                world.tables.insert(id, TableFacts { arn, items: 7, bytes: 700, protected });
            }
            _ => {}
        }
    }
}

fn made(world: &World, stack: &Stack) -> FakeStack {
    let mut made = FakeStack::new(&stack.name, "CREATE_COMPLETE", world.clock);
    made.template = stack.template.to_text();
    made.summary.parameters = stack.parameters.clone();
    made.summary.tags = stack.tags.clone();
    let resources = stack.template.resources();
    made.resources = resources.iter().map(|(id, it)| resource(id, it)).collect();
    for (name, output) in stack.template.outputs() {
        let of = |id: &str| made.resource_mut(id).and_then(|it| it.physical_id.clone());
        let value = &output["Value"];
        let value = value["Ref"].as_str().and_then(of).or(value.as_str().map(str::to_owned));
        made.summary.outputs.insert(name.clone(), value.unwrap_or_else(|| format!("the {name}")));
    }
    made
}

/// Literal names are the ids of what has them.
fn resource(logical_id: &str, resource: &Value) -> StackResource {
    let names = ["BucketName", "TableName"].map(|name| resource["Properties"][name].as_str());
    let name = names.into_iter().flatten().next().map(str::to_owned);
    // The launch template's own id changes with its content; the servers' is the one of the stack.
    let id = if logical_id.starts_with("LaunchTemplate") { "LaunchTemplate" } else { logical_id };
    StackResource {
        logical_id: logical_id.to_owned(),
        physical_id: Some(name.unwrap_or_else(|| format!("id-of-{id}"))),
        resource_type: resource["Type"].as_str().unwrap().to_owned(),
        status: "CREATE_COMPLETE".to_owned(),
        status_reason: None,
    }
}

/// One healthy server in each zone.
fn servers(zones: &[String]) -> Servers {
    let template = Some(("id-of-LaunchTemplate".to_owned(), "1".to_owned()));
    let member = |(number, zone): (usize, &String)| Member {
        instance: format!("i-{number:017}"),
        zone: zone.clone(),
        lifecycle: "InService".to_owned(),
        is_healthy: true,
        launch_template: template.clone(),
    };
    let members: Vec<Member> = zones.iter().enumerate().map(member).collect();
    let health = members.iter().map(|member| TargetHealth {
        instance: member.instance.clone(),
        state: "healthy".to_owned(),
        reason: None,
        description: None,
    });
    let count = u32::try_from(zones.len()).unwrap();
    Servers {
        activities: Vec::new(),
        refresh: None,
        target_group: "id-of-TargetGroup".to_owned(),
        health: health.collect(),
        consoles: BTreeMap::new(),
        group: Group {
            name: "id-of-Group".to_owned(),
            sizes: (count, count, 9),
            members,
            launch_template: template,
            zones: zones.to_vec(),
            suspended: Vec::new(),
        },
    }
}
