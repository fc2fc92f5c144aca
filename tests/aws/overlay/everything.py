"""Puts every part of the overlay in its place. The order matters where one wraps the other."""

from .cloudformation import events, operations, resources  # noqa: F401, I001
from .resources import network, buckets, tables, alarms, others, mail  # noqa: F401
from .fleet import pretence, groups, refresh, calls as fleet_calls  # noqa: F401
from .cloudformation import change_sets, calls, drift  # noqa: F401
from . import conditions, region  # noqa: F401
