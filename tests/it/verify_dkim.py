"""Verifies every DKIM signature of a message with dkimpy, against DNS records from a file instead of the network.

Usage: verify_dkim.py MESSAGE RECORDS; a line of RECORDS is a name, a tab and the TXT record's text.
Prints one line per signature: its selector, and `valid` or `invalid`.
"""

import pathlib
import sys

import dkim


def read_records(path):
    """Returns the TXT records by name, in the form that dkimpy looks up."""
    lines = pathlib.Path(path).read_text(encoding="ascii").splitlines()
    return {name.encode() + b".": text.encode() for name, text in (line.split("\t") for line in lines)}


def main():
    message = pathlib.Path(sys.argv[1]).read_bytes()
    records = read_records(sys.argv[2])
    verifier = dkim.DKIM(message, minkey=2048)
    signatures = [value for name, value in verifier.headers if name.lower() == b"dkim-signature"]
    for index, value in enumerate(signatures):
        selector = dkim.util.parse_tag_value(value)[b"s"].decode()
        try:
            valid = verifier.verify(index, dnsfunc=lambda name, timeout=5: records.get(name))
        except dkim.DKIMException as error:
            print(f"{selector}: {error}", file=sys.stderr)
            valid = False
        print(selector, "valid" if valid else "invalid")


main()
