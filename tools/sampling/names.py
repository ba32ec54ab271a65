"""Names that fit a declared width."""
import hashlib


def short(name, width):
    """`name` when its UTF-8 form fits in `width` bytes; else its first width - 9 bytes, '~' and 8 hex digits of its
    SHA-256, so that different long names stay different and the beginning stays readable."""
    raw = name.encode("utf-8")
    if len(raw) <= width:
        return name
    head = raw[:width - 9].decode("utf-8", errors="ignore")
    return head + "~" + hashlib.sha256(raw).hexdigest()[:8]
