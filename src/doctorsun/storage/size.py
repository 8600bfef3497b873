"""Numbers of bytes, put for people."""

UNITS = ("B", "kB", "MB", "GB", "TB")


def told_size(num_bytes: float) -> str:
    """Write a number of bytes with three digits and a decimal unit, as hubs and disks count."""
    for unit in UNITS:
        if num_bytes < 1000 or unit == UNITS[-1]:  # noqa: PLR2004 (the step of decimal units)
            return f"{num_bytes:.3g} {unit}"
        num_bytes /= 1000
    raise AssertionError
