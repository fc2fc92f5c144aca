"""The body of an Application Load Balancer: HAProxy carries the requests, our own prober decides about health.

    python -m lab.balancer --folder DIR     the process, told what to be over DIR/control by `client.Balancer`

Each node of the load balancer is a HAProxy of its own (`node`), as each of AWS's nodes is a machine in its zone: one
goes at once and with all its connections, and the others notice nothing. What a configuration means is decided without
I/O: `declared` (what was asked for), `health` (one target), `registry` (all of them, and who gets requests), `render`
(HAProxy's file), `seats` (changes while it runs), `tally` (what was counted). `service` puts that to work.

What is modelled, after which page; below https://docs.aws.amazon.com/elasticloadbalancing/latest/application/

- target-group-health-checks.html: one check a interval, on a connection of its own; one success makes a new target
  healthy, afterwards it takes the thresholds; no answer in time and no connection are failures; requests go to healthy
  targets only, and to all unhealthy ones if there are no others. AWS probes from every node; here one does, the one in
  the target's zone if there is any.
- edit-target-group-attributes.html: deregistration delay, slow start, algorithm.
- load-balancer-troubleshooting.html: 502, 503, 504 and 460, connect timeout of 10 seconds.
- edit-load-balancer-attributes.html: idle timeout, lifetime of clients' connections, X-Forwarded-For.

Left out: listener rules and actions other than forward and redirect, stickiness, cross-zone load balancing switched
off, target group health thresholds other than the defaults, several certificates for a listener, gRPC,
X-Amzn-Trace-Id. HAProxy 2.6 cannot tell HTTP/2 clients to begin a new connection, so `client_keep_alive.seconds` holds
for HTTP/1.1 only.
"""
