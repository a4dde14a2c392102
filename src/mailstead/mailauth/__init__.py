"""What proves whose a message is and how it travelled: evaluate, sign, seal.

Pure: octets and records in, verdicts and header lines out. What must be asked of the DNS is yielded as a tuple of questions
(``model.question.LookUp``) and sent back as a tuple of answers, ``None`` for one that could not be had; so a test is a list of
both.

========  ==================================================================================
``dkim``  signatures of a domain over a message (RFC 6376, 8301, 8463)
``arc``   seals of those who pass a message on (RFC 8617)
``dane``  certificates that the DNS names for a mail exchanger (RFC 6698, 7671, 7672)
``mtasts``  a domain's policy for TLS to its mail exchangers (RFC 8461)
``results``  what was found out, and by whom (RFC 8601)
``tlsrpt``  reports of how TLS fared (RFC 8460)
``srs``   forwarding under a reverse-path of our own
========  ==================================================================================
"""
