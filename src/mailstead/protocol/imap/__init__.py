"""IMAP4rev2 and IMAP4rev1 as a sans-IO machine (RFC 9051, RFC 3501 and the extensions in ``capability``).

``tokens`` reads words, ``command`` has one file per command (octets to values), ``response`` one per reply (values to
octets), ``state`` says what is allowed when, ``server`` cuts the octets of a connection into commands.
"""
