"""How long AWS's waits take here.

Warm-up, bake, deregistration delay, grace period and the minutes of metrics are AWS's business and can be shortened,
all by the same factor. What the product itself does (boot, drain, its deadlines) and what decides over a user's failed
request (health checks) always takes as long as it takes.
"""


class Clock:
    """`minute` is the length of one of AWS's minutes in seconds."""

    def __init__(self, minute=60.0):
        self.minute = minute

    def seconds(self, of_aws):
        return float(of_aws or 0) * self.minute / 60
