//! The picture as SVG: zones side by side, traffic from top to bottom.

use super::mermaid::{DIRECT, Way};
use super::model::{Graph, Part};
use super::shapes::{Area, Canvas};

const STYLE: &str = r##"<style>
  text { font-family: "Segoe UI", "DejaVu Sans", Helvetica, Arial, sans-serif; fill: #1b2733; }
  .name { font-size: 20px; font-weight: 600; }
  .about { font-size: 13px; fill: #5a6b7b; }
  .title { font-size: 14px; font-weight: 600; }
  .note { font-size: 12px; fill: #44525f; }
  .frame-name { font-size: 12px; fill: #5a6b7b; }
  .label { font-size: 12px; fill: #0b6e4f; }
  .network { fill: #f6f9fc; stroke: #8aa4bd; }
  .zone { fill: #ffffff; stroke: #8aa4bd; stroke-dasharray: 5 4; }
  .subnet { fill: #f1f5f9; stroke: none; }
  .group { fill: none; stroke: #d9701f; stroke-dasharray: 7 4; }
  .balancers { fill: none; stroke: #7a4fd0; stroke-dasharray: 7 4; }
  .plain { fill: none; stroke: none; }
  .client { fill: #fff8e6; stroke: #d9a400; }
  .entry { fill: #efe9fb; stroke: #7a4fd0; }
  .servers { fill: #fdeee3; stroke: #d9701f; }
  .way { fill: #eef2f6; stroke: #64788c; }
  .store { fill: #e6f4ec; stroke: #2d8a5b; }
  .flow { fill: none; stroke: #46586a; stroke-width: 1.4; }
  .direct { fill: none; stroke: #0b6e4f; stroke-width: 2; }
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">
  <path d="M0 0 L8 4 L0 8 z" fill="#46586a"/></marker></defs>"##;

/// Pixels between things.
const GAP: f64 = 24.0;

/// Around everything.
const MARGIN: f64 = 32.0;

/// Of a zone; less makes ranges and notes collide.
const ZONE_WIDTH: f64 = 232.0;

/// Left of the zones, where the group says what it is.
const LABEL_WIDTH: f64 = 176.0;

/// Of a subnet without anything in it.
const EMPTY: f64 = 34.0;

/// Of a subnet with one box.
const FILLED: f64 = 104.0;

/// Of a subnet with two, one below the other.
const FULL: f64 = 194.0;

/// Of the boxes below the network.
const STORE_WIDTH: f64 = 168.0;

/// Of a box with two notes.
const BOX_HEIGHT: f64 = 78.0;

/// Of a box with three.
const HIGH: f64 = 92.0;

/// Of a box with one.
const LOW: f64 = 58.0;

/// Where things are, from top to bottom.
struct Layout {
    width: f64,
    height: f64,
    clients: Area,
    record: Area,
    network: Area,
    gateway: Area,
    zones: Vec<Area>,
    gateways: Area,
    egress: Area,
    stores: Vec<Area>,
}

impl Graph {
    /// SVG text, complete with its style.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let layout = Layout::new(self);
        let mut canvas = Canvas::default();
        canvas.raw(&format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img">"##,
            layout.width, layout.height
        ));
        canvas.raw(STYLE);
        canvas.raw(r##"<rect width="100%" height="100%" fill="#ffffff"/>"##);
        canvas.text(MARGIN, 44.0, "name", "start", &self.name);
        let about = format!("{}, {} zones", self.region, self.zones.len());
        canvas.text(MARGIN, 64.0, "about", "start", &about);
        self.draw_frames(&layout, &mut canvas);
        self.draw_arrows(&layout, &mut canvas);
        self.draw_boxes(&layout, &mut canvas);
        canvas.raw("</svg>");
        canvas.into_text()
    }

    fn draw_frames(&self, layout: &Layout, canvas: &mut Canvas) {
        canvas.frame(layout.network, "network", &format!("Network {}", self.range));
        for (zone, area) in self.zones.iter().zip(&layout.zones) {
            canvas.frame(*area, "zone", &zone.name);
            for (row, (kind, range)) in
                [("public", &zone.public), ("private", &zone.private)].into_iter().enumerate()
            {
                let area = self.subnet(*area, row);
                canvas.frame(area, "subnet", &format!("{kind} {range}"));
            }
        }
    }

    fn draw_boxes(&self, layout: &Layout, canvas: &mut Canvas) {
        let clients = Part {
            title: "Agents and browsers".to_owned(),
            notes: vec!["sync-agent, web page".to_owned()],
        };
        canvas.part(layout.clients, "client", &clients);
        if let Some(record) = &self.record {
            canvas.part(layout.record, "entry", record);
        }
        canvas.part(layout.gateway, "way", &self.gateway);
        for area in &layout.zones {
            canvas.part(self.balancer_area(*area), "entry", &self.balancer_node);
            canvas.part(self.servers_area(*area), "servers", &self.servers);
        }
        if let Some((group, label)) = Self::span(layout, |zone| self.balancer_area(zone)) {
            canvas.rectangle(group, "balancers");
            canvas.part(label, "plain", &self.balancer);
        }
        if let Some((group, label)) = Self::span(layout, |zone| self.servers_area(zone)) {
            canvas.rectangle(group, "group");
            canvas.part(label, "plain", &self.group);
        }
        let gateways = Part {
            title: "Gateway endpoints".to_owned(),
            notes: vec!["S3 and DynamoDB, inside AWS".to_owned()],
        };
        canvas.part(layout.gateways, "way", &gateways);
        canvas.part(layout.egress, "way", &self.egress);
        for (store, area) in self.stores().into_iter().zip(&layout.stores) {
            canvas.part(*area, "store", store);
        }
    }

    fn draw_arrows(&self, layout: &Layout, canvas: &mut Canvas) {
        let Layout { clients, record, gateway, gateways, egress, .. } = layout;
        let middle = |area: &Area| area.y + area.height / 2.0;
        if self.record.is_some() {
            canvas.arrow("flow", &[(clients.right(), middle(clients)), (record.x, middle(record))]);
            canvas
                .arrow("flow", &[(record.center(), record.bottom()), (record.center(), gateway.y)]);
        } else {
            let x = clients.right() - 16.0;
            canvas.arrow("flow", &[(x, clients.bottom()), (x, gateway.y)]);
        }
        for zone in &layout.zones {
            let servers = self.servers_area(*zone);
            // Beside the names of the subnets, then on to a common line and into both ways out.
            let x = beside_names(*zone);
            let balancer = self.balancer_area(*zone);
            canvas.arrow("flow", &[(x, gateway.bottom()), (x, balancer.y)]);
            canvas.arrow("flow", &[(x, balancer.bottom()), (x, servers.y)]);
            canvas.line_to("flow", (x, servers.bottom()), (x, layout.bus()));
        }
        let (first, last) = (layout.zones.first(), layout.zones.last());
        let from =
            first.map_or(gateways.center(), |zone| beside_names(*zone)).min(gateways.center());
        let to = last.map_or(egress.center(), |zone| beside_names(*zone)).max(egress.center());
        canvas.line_to("flow", (from, layout.bus()), (to, layout.bus()));
        for way in [gateways, egress] {
            canvas.arrow("flow", &[(way.center(), layout.bus()), (way.center(), way.y)]);
        }
        self.draw_store_arrows(layout, canvas);
        self.draw_direct(layout, canvas);
    }

    fn draw_store_arrows(&self, layout: &Layout, canvas: &mut Canvas) {
        let under = layout.network.bottom();
        for (store, area) in self.stores().into_iter().zip(&layout.stores) {
            let (way, level) = match store.way() {
                Way::Gateways => (layout.gateways, under + 14.0),
                Way::Egress => (layout.egress, under + 30.0),
                // Its note says who uses it: one more bundle of lines would say less.
                Way::Content => continue,
            };
            canvas.arrow(
                "flow",
                &[
                    (way.center(), way.bottom()),
                    (way.center(), level),
                    (area.center(), level),
                    (area.center(), area.y),
                ],
            );
        }
    }

    /// Around the network, because no byte of content goes through it on its way up (FS-4).
    fn draw_direct(&self, layout: &Layout, canvas: &mut Canvas) {
        let Some(content) = layout.stores.first() else { return };
        let x = layout.network.x - 18.0;
        let start = layout.clients.y + layout.clients.height / 2.0;
        let end = content.y + content.height / 2.0;
        canvas
            .arrow("direct", &[(layout.clients.x, start), (x, start), (x, end), (content.x, end)]);
        canvas.text(x + 8.0, layout.network.y - 10.0, "label", "start", DIRECT);
    }

    /// Gateway-served stores first, so that the two bundles of arrows hardly cross.
    fn stores(&self) -> Vec<&Part> {
        let of = |way| self.services.iter().filter(move |service| service.way() == way);
        let near = of(Way::Content).chain(of(Way::Gateways));
        std::iter::once(&self.content).chain(near).chain(of(Way::Egress)).collect()
    }

    fn servers_area(&self, zone: Area) -> Area {
        match self.servers_are_public {
            true => Self::box_in(self.subnet(zone, 0), 1.0),
            false => Self::box_in(self.subnet(zone, 1), 0.0),
        }
    }

    fn balancer_area(&self, zone: Area) -> Area {
        Self::box_in(self.subnet(zone, 0), 0.0)
    }

    /// The first box of a subnet, or one below it.
    fn box_in(subnet: Area, row: f64) -> Area {
        let y = subnet.y + 32.0 + row * (FULL - FILLED);
        Area { x: subnet.x + 14.0, y, width: subnet.width - 28.0, height: LOW }
    }

    fn heights(&self) -> [f64; 2] {
        if self.servers_are_public { [FULL, EMPTY] } else { [FILLED, FILLED] }
    }

    /// The public network of a zone, or below it the private one.
    fn subnet(&self, zone: Area, row: usize) -> Area {
        let heights = self.heights();
        let y = zone.y + 28.0 + heights[..row].iter().map(|height| height + 10.0).sum::<f64>();
        Area { x: zone.x + 10.0, y, width: zone.width - 20.0, height: heights[row] }
    }

    /// What is one over all zones, and where it says so.
    fn span(layout: &Layout, area: impl Fn(Area) -> Area) -> Option<(Area, Area)> {
        let first = area(*layout.zones.first()?);
        let last = area(*layout.zones.last()?);
        let x = layout.gateway.x;
        let (y, height) = (first.y - 8.0, first.height + 16.0);
        let group = Area { x, y, width: last.right() + 8.0 - x, height };
        let label = Area { x, y, width: first.x - x - 12.0, height };
        Some((group, label))
    }
}

/// Where arrows pass a zone without crossing what is written in it.
fn beside_names(zone: Area) -> f64 {
    zone.x + zone.width * 0.84
}

impl Layout {
    fn new(graph: &Graph) -> Self {
        let zones = graph.zones.len() as f64;
        let stores = graph.stores().len() as f64;
        let across = LABEL_WIDTH + zones * (ZONE_WIDTH + GAP) - GAP;
        let inner = across.max(stores * (STORE_WIDTH + GAP) - 3.0 * GAP);
        let network_width = inner + 2.0 * GAP;
        let left = MARGIN + GAP;
        let box_at = |x, y, width| Area { x, y, width, height: BOX_HEIGHT };
        let clients = Area { height: 60.0, ..box_at(left + GAP, 88.0, 220.0) };
        let record =
            Area { height: 60.0, ..box_at(left + network_width - 300.0 - GAP, 88.0, 300.0) };
        let top = clients.bottom() + 40.0;
        let gateway = Area { height: LOW, ..box_at(left + GAP, top + 34.0, inner) };
        let zone_top = gateway.bottom() + GAP;
        let first = left + GAP + LABEL_WIDTH + (inner - across) / 2.0;
        let zone_height = 28.0 + graph.heights().iter().sum::<f64>() + 20.0;
        let zone = |index: usize| Area {
            x: first + index as f64 * (ZONE_WIDTH + GAP),
            y: zone_top,
            width: ZONE_WIDTH,
            height: zone_height,
        };
        let ways_top = zone_top + zone_height + 36.0;
        let half = (inner - GAP) / 2.0;
        let gateways = Area { height: LOW, ..box_at(left + GAP, ways_top, half) };
        let egress = Area { x: left + 2.0 * GAP + half, ..gateways };
        let network =
            Area { x: left, y: top, width: network_width, height: gateways.bottom() + 16.0 - top };
        let stores_top = network.bottom() + 48.0;
        let step = (network_width - STORE_WIDTH) / (stores - 1.0).max(1.0);
        let store = |index: usize| {
            let store = box_at(left + index as f64 * step, stores_top, STORE_WIDTH);
            Area { height: HIGH, ..store }
        };
        Self {
            width: left + network_width + MARGIN,
            height: stores_top + HIGH + MARGIN,
            clients,
            record,
            network,
            gateway,
            zones: (0..graph.zones.len()).map(zone).collect(),
            gateways,
            egress,
            stores: (0..graph.stores().len()).map(store).collect(),
        }
    }

    /// Height of the line that collects what leaves the servers.
    fn bus(&self) -> f64 {
        self.gateways.y - 18.0
    }
}
