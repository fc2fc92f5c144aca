"""The name server of the lab, in the place of AmazonProvidedDNS and of the internet's.

https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
"""

import logging
import threading

from dnslib import QTYPE, RCODE, RR
from dnslib.server import DNSLogger, DNSServer
from ministack.core.responses import request_scope
from ministack.services import alb, ec2, route53

from . import addresses
from .instance_data import is_alive, private_name
from .resolving import SERVFAIL, Facts, plain, resolve

log = logging.getLogger("lab.names")


class Names:
    """Answers from what the emulator knows at the moment of the question.

    `nodes` says which nodes of the load balancer clients are to use; `by_hand` is what an operator put into a DNS of
    their own, as a name and the name of a load balancer, or another host name; it may change while this runs.
    """

    def __init__(self, address, nodes, by_hand, port=53, api=addresses.AWS):
        self.nodes, self.by_hand, self.api = nodes, by_hand, api
        logger = DNSLogger("error", prefix=False, logf=log.warning)
        # The kernel serves both at the same number.
        self.servers = [DNSServer(self, address, port, tcp=tcp, logger=logger) for tcp in (False, True)]

    def start(self):
        for it in self.servers:
            # How often a server looks whether it is to stop, in seconds.
            threading.Thread(target=it.server.serve_forever, args=(0.1,), daemon=True).start()

    def stop(self):
        for it in self.servers:
            it.stop()
            it.server.server_close()

    def facts(self):
        """A copy of what ministack knows, which other threads change meanwhile."""
        with request_scope(addresses.ACCOUNT, addresses.REGION):
            balancers = {it["LoadBalancerName"]: plain(it["DNSName"]) for it in alb._lbs.values()}
            with route53._lock:
                zones = {plain(it["name"]): list(route53._records.get(it["id"], [])) for it in route53._zones.values()}
            living = [it for it in ec2._instances.values() if is_alive(it)]
        return Facts(
            self.api, set(balancers.values()), list(self.nodes()), zones,
            {plain(name): balancers.get(target, target) for name, target in list(self.by_hand.items())},
            {private_name(it, addresses.REGION): it["PrivateIpAddress"] for it in living},
        )  # fmt: skip

    def resolve(self, request, handler):
        """What dnslib calls, in a thread for each question."""
        reply = request.reply(ra=1, aa=0)
        try:
            code, records = resolve(str(request.q.qname), QTYPE.get(request.q.qtype, ""), self.facts())
            for it in records:
                reply.add_answer(*RR.fromZone(f"{it.name}. {it.ttl} {it.kind} {it.value}", origin="."))
        except Exception:
            log.exception("no answer for %s", request.q.qname)
            code = SERVFAIL
            reply.rr.clear()
        reply.header.rcode = getattr(RCODE, code)
        return reply
