"""The control door: the emulator's own, and what drills do to bodies.

    POST /_lab/instance  {"id": "i-…", "do": "freeze"}  also: thaw, cut, mend, fill_disk, clear_disk, kill
    POST /_lab/run       {"id": "i-…", "command": ["ss", "-ltn"]}  as root on the instance: {"code", "output"}
    POST /_lab/zone      {"zone": "eu-west-1a", "lost": true}
    POST /_lab/name      {"name": "sync.example.com", "to": "…elb.amazonaws.com"}: a record at somebody else's DNS
    GET  /_lab/credentials  the access keys that instances have
    GET  /_lab/state     load balancer, firewall and machines
    anything else        the emulator's
"""

import json

from overlay.control import answer, whole_body

JSON = {"content-type": "application/json"}


class Doors:
    def __init__(self, emulator, parts):
        self.emulator, self.parts = emulator, parts

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or not scope["path"].startswith("/_lab/"):
            await self.emulator(scope, receive, send)
            return
        name, body = scope["path"].removeprefix("/_lab/"), await whole_body(receive)
        try:
            found = await self.obey(name, json.loads(body or b"{}"))
        except (KeyError, ValueError, AttributeError) as problem:
            await answer(send, 400, {"content-type": "text/plain"}, f"{type(problem).__name__}: {problem}\n")
            return
        await answer(send, 200, JSON, json.dumps(found, default=str))

    async def obey(self, name, data):
        parts = self.parts
        match name:
            case "instance" if data["do"] in ("freeze", "thaw", "cut", "mend", "fill_disk", "clear_disk", "kill"):
                done = getattr(parts.machines.bodies[data["id"]], data["do"])()
                if hasattr(done, "__await__"):
                    await done
            case "run":
                code, output = await parts.machines.bodies[data["id"]].run(*data["command"])
                return {"code": code, "output": output}
            case "zone":
                await (parts.lose_zone if data["lost"] else parts.return_zone)(data["zone"])
            case "name":
                parts.by_hand[data["name"]] = data["to"]
            case "credentials":
                sessions = parts.metadata.credentials.sessions.values()
                return {"keys": [it.key for of_one in sessions for it in of_one]}
            case "state":
                body = parts.balancing.body
                return {"balancer": body.state() if body else None, "machines": sorted(parts.machines.bodies),
                        "rules": parts.rules}  # fmt: skip
            case _:
                raise ValueError(f"no {name}")
        return {"done": True}
