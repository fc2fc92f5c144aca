"""How the overlay goes around ministack's resource handlers."""

from ministack.services.cloudformation import provisioners

from ..cloudformation.resources import HANDLERS
from ..hooks import replace_in


def after(kind, keep):
    """Calls `keep(physical id, properties, attributes)` after creating and after updating."""
    handlers = HANDLERS[kind]
    create = handlers["create"]

    def created(logical_id, properties, stack_name):
        physical_id, attributes = create(logical_id, properties, stack_name)
        attributes = dict(attributes or {})
        keep(physical_id, properties, attributes)
        return physical_id, attributes

    replace_in(handlers, "create", created)
    if "update" in handlers:
        update = handlers["update"]

        def updated(physical_id, before, after, stack_name, *logical_id):
            new_id, attributes = update(physical_id, before, after, stack_name, *logical_id)
            attributes = dict(attributes or {})
            keep(new_id, after, attributes)
            return new_id, attributes

        replace_in(handlers, "update", updated)


def before_delete(kind, check):
    """Calls `check(physical id, properties)` before deleting; what it raises keeps the resource."""
    delete = HANDLERS[kind]["delete"]

    def deleted(physical_id, properties, *logical_id):
        check(physical_id, properties)
        return delete(physical_id, properties, *logical_id)

    replace_in(HANDLERS[kind], "delete", deleted)


def with_tags(kind):
    """Stack tags reach this type too."""
    provisioners._STACK_TAG_PROPERTY[kind] = ("Tags", "list")


def is_true(value):
    return str(value).lower() == "true"
