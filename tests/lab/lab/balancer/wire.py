"""Messages between the emulator and the load balancer's process: one JSON object a line, over DIR/control.

To the process goes `{"number": 1, "configure": {…}}`, and `{"number": 1, "error": null}` comes back, or why it was
refused; then nothing has changed. Unasked comes `{"state": {…}}`, whenever that has changed.
"""

import json

# A whole configuration or state is one line.
LONGEST_LINE = 1 << 24
CONTROL = "control"


def send(writer, message):
    writer.write(json.dumps(message).encode() + b"\n")


async def messages(reader):
    """Until the other side ends."""
    while line := await reader.readline():
        if not line.endswith(b"\n"):
            return
        yield json.loads(line)
