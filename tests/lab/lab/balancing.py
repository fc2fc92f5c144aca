"""What the emulator's records say about the load balancer, told to its body, and what the body found told back."""

import asyncio
import ipaddress
import time

from ministack.services import acm, alb, ec2

from . import addresses
from .balancer.client import Balancer

LISTENER_ATTRIBUTES = {"idle_timeout.timeout_seconds": 60, "client_keep_alive.seconds": 3600}


class Balancing:
    """One load balancer at a time, with a node in each of its zones."""

    def __init__(self, folder, authority, clock):
        self.folder, self.authority, self.clock = folder, authority, clock
        self.lost_zones = set()
        self.body = None
        self.arn = None
        self.told = None
        self.number = 0

    async def follow(self):
        """Brings the body to what the records say; called again and again."""
        arn = next(iter(alb._lbs), None)
        if arn != self.arn:
            await self.stop()
            if arn is not None:
                self.number += 1
                folder = self.folder / f"balancer-{self.number}"
                folder.mkdir(parents=True)
                self.body = Balancer(folder)
                await self.body.start()
            self.arn = arn
        if arn is None:
            return
        wanted = self.wanted()
        if wanted != self.told:
            await self.body.configure(wanted)
            self.told = wanted

    async def stop(self):
        if self.body is not None:
            await self.body.stop()
        self.body = self.arn = self.told = None

    # What the body has to be.

    def wanted(self):
        listeners = [it for it in alb._listeners.values() if it["LoadBalancerArn"] == self.arn]
        attributes = {**LISTENER_ATTRIBUTES, **values(alb._lb_attrs.get(self.arn))}
        groups = {action["TargetGroupArn"] for it in listeners for action in it["DefaultActions"] if action.get("TargetGroupArn")}
        return {
            "nodes": self.nodes(),
            "listeners": [self.listener(it) for it in sorted(listeners, key=lambda it: it["Port"])],
            "attributes": attributes,
            "target_groups": {arn: self.target_group(arn) for arn in sorted(groups) if arn in alb._tgs},
        }

    def nodes(self):
        """The nodes of the zones that are there."""
        found = []
        # The one that is followed may be gone already.
        for subnet_id in alb._lbs.get(self.arn, {}).get("Subnets", []):
            subnet = ec2._subnets.get(subnet_id)
            if subnet is None or subnet["AvailabilityZone"] in self.lost_zones:
                continue
            zone = subnet["AvailabilityZone"]
            found.append({
                "zone": zone, "address": addresses.public_address("abc".index(zone[-1])),
                "source": str(ipaddress.ip_network(subnet["CidrBlock"])[10]),
            })  # fmt: skip
        return found

    def listener(self, listener):
        action = listener["DefaultActions"][0]
        if action["Type"] == "redirect":
            config = action["RedirectConfig"]
            default = {"type": "redirect", "protocol": config.get("Protocol", "#{protocol}").lower(),
                       "port": config.get("Port", "#{port}"), "status": int(config["StatusCode"].removeprefix("HTTP_"))}  # fmt: skip
        else:
            default = {"type": "forward", "target_group": action["TargetGroupArn"]}
        found = {"port": int(listener["Port"]), "protocol": listener["Protocol"], "default": default,
                 "attributes": values(alb._listener_attrs.get(listener["ListenerArn"]))}  # fmt: skip
        if listener["Protocol"] == "HTTPS":
            first = listener["Certificates"][0]
            certificate = acm._certificates[first["CertificateArn"] if isinstance(first, dict) else first]
            found["certificate"] = str(self.authority.certificate([certificate["DomainName"]]))
        return found

    def target_group(self, arn):
        group, attributes = alb._tgs[arn], values(alb._tg_attrs.get(arn))
        return {
            "port": group["Port"], "protocol": group["Protocol"],
            "health": {
                "path": group["HealthCheckPath"], "interval": group["HealthCheckIntervalSeconds"],
                "timeout": group["HealthCheckTimeoutSeconds"], "healthy": group["HealthyThresholdCount"],
                "unhealthy": group["UnhealthyThresholdCount"], "matcher": group["Matcher"]["HttpCode"],
                "protocol": group["HealthCheckProtocol"], "port": group["HealthCheckPort"],
            },
            "deregistration_delay": self.clock.seconds(attributes.get("deregistration_delay.timeout_seconds", 300)),
            "slow_start": self.clock.seconds(attributes.get("slow_start.duration_seconds", 0)),
            "algorithm": attributes.get("load_balancing.algorithm.type", "round_robin"),
            "targets": [self.target(it, group) for it in alb._targets.get(arn, []) if it["Id"] in ec2._instances],
        }  # fmt: skip

    def target(self, target, group):
        instance = ec2._instances[target["Id"]]
        return {"id": target["Id"], "address": instance["PrivateIpAddress"], "port": int(target.get("Port") or group["Port"]),
                "zone": instance["Placement"]["AvailabilityZone"]}  # fmt: skip

    # What the body found.

    def found(self, target_group):
        state = self.body.state() if self.body else {}
        return (state.get("target_groups") or {}).get(target_group) or {}

    def health(self, target_group, instance):
        """(state, reason, description)"""
        seen = self.found(target_group).get(instance)
        if seen is None:
            registered = {it["Id"] for it in alb._targets.get(target_group, [])}
            if instance in registered:
                return "initial", "Elb.RegistrationInProgress", "Target registration is in progress"
            return "unused", "Target.NotRegistered", "Target is not registered to the target group"
        return seen["state"], seen.get("reason", ""), seen.get("description", "")

    def targets(self, target_group):
        registered = list(alb._targets.get(target_group, []))
        known = {it["Id"] for it in registered}
        leaving = [name for name, it in self.found(target_group).items() if name not in known and it["state"] == "draining"]
        return registered + [{"Id": name} for name in leaving]

    async def drained(self, instance):
        """Until nothing is in flight to an instance that was deregistered, or its delay is over."""
        if self.body is None:
            return
        longest = max((it["deregistration_delay"] for it in self.told["target_groups"].values()), default=0)
        deadline = time.monotonic() + longest + 5
        # The deregistration itself goes out with the next round.
        await asyncio.sleep(0.5)
        while time.monotonic() < deadline and self.arn in alb._lbs:
            seen = [self.found(arn).get(instance) for arn in list(alb._tgs)]
            if all(it is None or it["deregistered"] for it in seen):
                return
            await asyncio.sleep(0.1)


def values(attributes):
    return {it["Key"]: it["Value"] for it in attributes or []}
