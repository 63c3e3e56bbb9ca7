"""Business-hours SLA calculation: calendars, deadlines, breaches, compliance."""
from sla_engine.calendars import *  # noqa
from sla_engine.amounts import *  # noqa
