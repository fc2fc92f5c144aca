//! What the process counts, in Prometheus' text format.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

mod process;

/// Seconds; a long-poll reaches the last ones.
const LATENCY_BUCKETS: [f64; 13] =
    [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

/// Labels are bounded: the route is a template and the method is one of nine.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct InstanceLabels {
    instance: String,
    version: &'static str,
}

/// A finished request, as far as it is counted.
pub struct Finished<'a> {
    pub method: &'static str,
    pub route: &'a str,
    /// `2xx` and so on; `aborted` where the client left before the answer.
    pub status: &'static str,
    pub latency: Duration,
}

#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    latency: Family<RouteLabels, Histogram>,
    pub in_flight: Gauge,
    pub connections: Gauge,
    pub long_polls: Gauge,
    pub request_body_bytes: Counter,
    pub response_body_bytes: Counter,
    pub login_failures: Counter,
    pub commits: Counter,
    pub mail_sent: Counter,
    pub mail_failed: Counter,
    pub panics: Counter,
    resident_memory: Gauge,
    open_files: Gauge,
}

impl Metrics {
    pub fn new(instance: &str) -> Self {
        let mut registry = Registry::default();
        let latency: Family<RouteLabels, Histogram> =
            Family::new_with_constructor(|| Histogram::new(LATENCY_BUCKETS));
        registry.register_with_unit(
            "syncd_request_duration",
            "From the first byte of the request's head to the last byte of the answer",
            Unit::Seconds,
            latency.clone(),
        );
        let info: Family<InstanceLabels, Gauge> = Family::default();
        info.get_or_create(&InstanceLabels {
            instance: instance.to_owned(),
            version: env!("CARGO_PKG_VERSION"),
        })
        .set(1);
        registry.register("syncd_instance", "Which process this is", info);

        let mut register = Register(&mut registry);
        let requests = Family::default();
        register.0.register(
            "syncd_requests",
            "Requests answered, by route template, method and status class",
            requests.clone(),
        );
        Self {
            requests,
            latency,
            in_flight: register.gauge("syncd_requests_in_flight", "Requests being answered"),
            connections: register.gauge("syncd_connections", "Open connections"),
            long_polls: register.gauge("syncd_long_polls", "Clients that wait for a change"),
            request_body_bytes: register
                .counter("syncd_request_body_bytes", "Bytes of request bodies read"),
            response_body_bytes: register
                .counter("syncd_response_body_bytes", "Bytes of answers' bodies written"),
            login_failures: register
                .counter("syncd_login_failures", "Logins and invitations refused"),
            commits: register.counter("syncd_commits", "Commits accepted"),
            mail_sent: register.counter("syncd_mail_sent", "Digests handed to the mail service"),
            mail_failed: register.counter("syncd_mail_failed", "Digests that could not be sent"),
            panics: register.counter("syncd_panics", "Requests that ended in a defect"),
            resident_memory: register
                .gauge("process_resident_memory_bytes", "Memory of this process"),
            open_files: register.gauge("process_open_fds", "Open file descriptors"),
            registry,
        }
    }

    pub fn record(&self, finished: &Finished<'_>) {
        let route = finished.route.to_owned();
        let labels = RequestLabels {
            method: finished.method,
            route: route.clone(),
            status: finished.status,
        };
        self.requests.get_or_create(&labels).inc();
        let labels = RouteLabels { method: finished.method, route };
        let seconds = finished.latency.as_secs_f64();
        self.latency.get_or_create(&labels).observe(seconds);
    }

    /// The text that Prometheus reads.
    pub fn encode(&self) -> String {
        if let Some(bytes) = process::resident_memory_bytes() {
            self.resident_memory.set(bytes);
        }
        if let Some(count) = process::open_files() {
            self.open_files.set(count);
        }
        let mut text = String::new();
        // Writing to a String can't fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}

struct Register<'a>(&'a mut Registry);

impl Register<'_> {
    fn counter(&mut self, name: &str, help: &str) -> Counter {
        let counter = Counter::default();
        self.0.register(name, help, counter.clone());
        counter
    }

    fn gauge(&mut self, name: &str, help: &str) -> Gauge {
        let gauge = Gauge::default();
        self.0.register(name, help, gauge.clone());
        gauge
    }
}
