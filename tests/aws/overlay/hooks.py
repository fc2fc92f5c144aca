"""How the overlay reaches into ministack. Its names are private, so whatever is gone must be noticed at once."""


def replace(module, name, value):
    """Puts `value` in the place of `module.name`, which must exist, and returns what was there."""
    if not hasattr(module, name):
        raise RuntimeError(f"ministack has no {module.__name__}.{name} any more")
    before = getattr(module, name)
    setattr(module, name, value)
    return before


def replace_in(table, key, value):
    """Puts `value` under a key of a table of ministack's, which must exist, and returns what was there."""
    if key not in table:
        raise RuntimeError(f"ministack has no entry {key!r} any more")
    before = table[key]
    table[key] = value
    return before


class Refused(Exception):
    """A call or a resource handler that failed, in AWS's words."""


def checked(response):
    """The body of a ministack answer; an error answer becomes a failure."""
    status, _, body = response
    if status >= 400:
        raise Refused(message_of(body))
    return body


def message_of(body):
    text = body.decode() if isinstance(body, bytes) else str(body)
    for start, end in (("<Message>", "</Message>"), ('"message":"', '"'), ('"message": "', '"'), ('"Message": "', '"')):
        if start in text:
            return text.split(start, 1)[1].split(end, 1)[0]
    return text[:300]
