"""What a service of object storage refuses, and what to do; its own words are not repeated, for they may name keys."""

import re

from doctorsun.errors import DataError

KEYS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
KEYS_ADVICE = f"set {KEYS} of an account that may read here, and to push, write"
REGION_ADVICE = "set AWS_REGION to the region of the bucket"
ADVICE = {
    "NO_SUCH_BUCKET": "check its name; buckets are made with the tools of the service",
    "NETWORK_CONNECTION": "check the network; AWS_ENDPOINT_URL names another service",
    "HTTP 301": REGION_ADVICE,
    "HTTP 307": REGION_ADVICE,
    "HTTP 400": f"{REGION_ADVICE}, and check {KEYS}",
}
"""By what the client calls the fault."""
BUSY = "the service is out of order or asked too often: run again later; finished files stay"

_CODE = re.compile(r"AWS Error ([A-Z][A-Z_]*)")
_STATUS = re.compile(r"HTTP status (\d{3})")
_CURL = re.compile(r"curlCode: \d+, ([^;]+)")
_DENIED = re.compile(r"ACCESS_DENIED|ACCESS_KEY|SIGNATURE|TOKEN|CREDENTIALS|HTTP 40[13]")


def fault_of(what: str, told: str) -> DataError:
    """Return the error for what the client tells of a request.

    Args:
        what: the object that was asked for.
        told: the text of the client's error.
    """
    code, status, curl = (found[1] if (found := each.search(told)) else "" for each in (_CODE, _STATUS, _CURL))
    name = f"HTTP {status}" if status and code in {"", "UNKNOWN"} else code or "no answer"
    advice = KEYS_ADVICE if _DENIED.search(name) else ADVICE.get(name, BUSY)
    return DataError(what, got=f"{name} ({curl})" if curl else name, do=advice)
