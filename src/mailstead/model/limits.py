"""Every bound in one table (DECISIONS 35). A parser that reads strangers' octets takes its bounds from here.

Each bound has a test that hits it. Times are seconds, sizes octets.
"""

from typing import Final

# ---------------------------------------------------------------- MIME: beyond a bound the rest is one opaque part
MIME_DEPTH: Final = 50
MIME_PARTS: Final = 1_000
MIME_HEADER_BLOCK: Final = 1 << 20
"""One part's header block; what is past it is body."""
MIME_HEADER_FIELDS: Final = 5_000
MIME_HEADER_FIELD: Final = 256 << 10
"""One field, folded lines included: what is longer is kept but not interpreted."""
MIME_ADDRESSES: Final = 2_000
MIME_PARAMETERS: Final = 100
MIME_ENCODED_WORDS: Final = 1_000
MIME_REFERENCES: Final = 100
PREVIEW_SOURCE: Final = 16 << 10
PREVIEW_CHARACTERS: Final = 200

# ---------------------------------------------------------------- SMTP
SMTP_COMMAND_LINE: Final = 512
"""RFC 5321 §4.5.3.1.4; each extension adds its own (SIZE 26, 8BITMIME 17, AUTH 500, SMTPUTF8 10, DSN 500+128)."""
SMTP_MAIL_LINE: Final = 512 + 26 + 17 + 500 + 10 + 128 + 34 + 17 + 15 + 11
"""FUTURERELEASE 34, DELIVERBY 17, MT-PRIORITY 15, REQUIRETLS 11 on top."""
SMTP_RCPT_LINE: Final = 512 + 500
SMTP_AUTH_LINE: Final = 12_288
"""RFC 4954 §4.5."""
SMTP_TEXT_LINE: Final = 1 << 20
"""RFC 5321 §4.5.3.1.6 says at least 1,000; a longer line is taken and passed on as it is, up to here."""
SMTP_RECIPIENTS: Final = 100
"""In one transaction from strangers (RFC 5321 §4.5.3.1.8, RFC 9422)."""
SMTP_SUBMISSION_RECIPIENTS: Final = 1_000
SMTP_ERRORS: Final = 20
SMTP_TRANSACTIONS: Final = 1_000
SMTP_RECEIVED_HOPS: Final = 100
"""RFC 5321 §6.3: at least 100."""
SMTP_COMMAND_TIMEOUT_S: Final = 300.0
SMTP_DATA_TIMEOUT_S: Final = 180.0
SMTP_FINAL_TIMEOUT_S: Final = 600.0
PROXY_HEADER: Final = 536
"""Longest PROXY header taken: v1 is 107 octets, v2 16 + addresses + the few TLVs that we skip."""

# ---------------------------------------------------------------- SASL
SASL_RESPONSE: Final = 12_288
SCRAM_ITERATIONS: Final = 4_096
SCRAM_NONCE: Final = 128
PASSWORD: Final = 1_024
PASSWORD_LEAST: Final = 8
"""Characters of a new one (NIST SP 800-63B §5.1.1.1)."""
LOGIN: Final = 320
VISIT_S: Final = 3_600.0
"""A program that logs in with every request is written down once in so many seconds."""

# ---------------------------------------------------------------- IMAP
IMAP_LINE: Final = 64 << 10
IMAP_LITERAL_BEFORE_LOGIN: Final = 4_096
IMAP_LITERALS_TOTAL: Final = 64 << 10
"""All literals of one command other than APPEND together (CVE-2024-34055)."""
IMAP_LITERALS_COUNT: Final = 1_000
IMAP_DEPTH: Final = 50
IMAP_SET_RANGES: Final = 20_000
IMAP_SEARCH_KEYS: Final = 1_000
IMAP_ERRORS: Final = 20
IMAP_LOGIN_TIMEOUT_S: Final = 60.0
IMAP_IDLE_TIMEOUT_S: Final = 1_800.0
"""RFC 9051 §5.4: at least 30 minutes."""
IMAP_APPEND_MESSAGES: Final = 1_000

# ---------------------------------------------------------------- POP3
POP3_LINE: Final = 255
"""RFC 2449 §4."""
POP3_AUTH_LINE: Final = 12_288
POP3_TIMEOUT_S: Final = 600.0
"""RFC 1939 §3: at least ten minutes."""
POP3_ERRORS: Final = 20

# ---------------------------------------------------------------- HTTP and JMAP
HTTP_HEADER: Final = 32_768
"""Octets of a request's line and header."""
HTTP_HEADER_TIMEOUT_S: Final = 20.0
HTTP_BODY_TIMEOUT_S: Final = 60.0
"""For a small body; a large one gets a second more for each ``HTTP_BODY_RATE`` octets."""
HTTP_BODY_RATE: Final = 65_536
HTTP_KEEP_ALIVE_S: Final = 75.0
JMAP_REQUEST: Final = 10_000_000
"""Octets (maxSizeRequest, RFC 8620 §2)."""
JMAP_CALLS: Final = 32
JMAP_CONCURRENT_REQUESTS: Final = 8
"""Of one account in one process."""
JMAP_CONCURRENT_UPLOADS: Final = 4
JMAP_REFERENCED: Final = 10_000
"""Values that a result reference may lead to."""
JMAP_REFERENCED_IN_ALL: Final = JMAP_CALLS * JMAP_REFERENCED
"""Those of a request together; their texts are together no longer than a request may be."""
JMAP_RESPONSE_VALUES: Final = 256
"""Method responses of one request, implicit ones included."""
SHARES: Final = 10_000
"""Grants of an account's mailboxes, those taken back lately as well."""
SHARES_PER_MAILBOX: Final = 500
SHARE_NOTIFICATIONS: Final = 200
"""Kept for somebody; the oldest go."""
UPLOADS_PER_ACCOUNT: Final = 1_000
UPLOADS_OCTETS: Final = 1 << 30
UPLOAD_LASTS_S: Final = 86_400
"""RFC 8620 §6.1: at least an hour."""
IMAGE_OCTETS: Final = 10 << 20
IMAGE_URL: Final = 4_096
IMAGE_URLS: Final = 500
"""In one request for signed addresses."""
IMAGES_AT_ONCE: Final = 32
"""Fetched by one process."""
IMAGE_TIMEOUT_S: Final = 15.0
PUSH_SUBSCRIPTIONS: Final = 50
"""Of one account."""
PUSH_SUBSCRIPTIONS_PER_HOUR: Final = 100
"""Made in an account within an hour: each sends a first message to an address that nobody has proven to be theirs (RFC 8620 §8.6)."""
EVENT_SOURCES: Final = 50
"""Of one account in one process."""
EVENT_ID_ACCOUNTS: Final = 100
"""Accounts whose states an event id holds: some 3 KB, which come back in a header."""
EVENT_EMAILS: Final = 20
"""Changes of emails that an event tells whole; who missed more of them asks."""
EVENT_PROPERTIES: Final = 400
"""Octets in which a listener names the properties of emails that it wants with an event."""

# ---------------------------------------------------------------- JMAP for mail
JMAP_FILTER_DEPTH: Final = 20
JMAP_FILTER_CONDITIONS: Final = 500
JMAP_FILTER_TEXT: Final = 1_000
"""Characters of one text that is looked for."""
JMAP_SORT_COMPARATORS: Final = 10
JMAP_QUERY_LIMIT: Final = 5_000
"""Ids in one answer; more has to be asked for in pages."""
JMAP_COMPOSE_PARTS: Final = 500
JMAP_COMPOSE_DEPTH: Final = 20
JMAP_GET_OCTETS: Final = 64 << 20
"""Octets of messages that one Email/get opens: more has to be asked for in several."""
JMAP_BLOB_SET: Final = 5 << 20
"""Octets of a blob made within a request; larger ones are uploaded (RFC 9404 §3.1)."""
JMAP_BLOB_SOURCES: Final = 64
KEPT_OBJECTS: Final = 2_000
"""Of one kind in one account."""
CONTACTS: Final = 5_000
PEOPLE: Final = 5_000
"""Accounts of a tenant that are shown to one another; of a larger one each sees oneself."""
VCARD_OCTETS: Final = 5 << 20
"""Of a file of vCards, in and out."""
VCARD_CARDS: Final = CONTACTS
VCARD_LINES: Final = 5_000
"""Properties of one vCard."""
VCARD_LINE: Final = 135_000
"""Characters of a property, unfolded: a document of ``KEPT_OBJECT`` octets with escapes. Longer ones are left out."""
VCARD_VALUE: Final = 57_344
"""Characters of a value that has a place in a card; longer ones (a picture) are left out, so that the rest can be kept."""
VCARD_MANY: Final = 500
"""Of one kind in a card; further ones are left out."""
VCARD_PARAMETERS: Final = 50
"""Of one property, by name."""
KEPT_OBJECTS_EVER: Final = 10 * KEPT_OBJECTS
"""With those that are gone and not forgotten yet."""
SIEVE_SCRIPT: Final = 65_536
"""Octets of a Sieve script."""
SIEVE_SCRIPTS: Final = 100
SIEVE_JUDGED: Final = 1 << 20
"""Octets of scripts that one call may bring."""
SIEVE_NAME: Final = 512
"""Octets of a script's name: the least that RFC 9661 §1.2.1 allows."""
SIEVE_TOKENS: Final = 20_000
SIEVE_NESTING: Final = 32
"""How deep blocks, and tests, may stand in one another (RFC 5228 §2.10.4 asks for 15)."""
SAVED_SEARCH_DEPTH: Final = 10
"""How many saved searches may stand in one another."""
PUSH_TIMEOUT_S: Final = 30.0
JOB_EMAILS: Final = 1_000_000
JOB_STEP: Final = 500
"""Emails that a job changes in one transaction."""
KEPT_OBJECT: Final = 65_536
"""Octets of one object's document."""
JMAP_SNIPPET: Final = 255
"""Octets of a preview in a snippet (RFC 8621 §5)."""

# ---------------------------------------------------------------- names and accounts
MAILBOX_NAME: Final = 255
"""Characters of one level."""
MAILBOX_DEPTH: Final = 20
MAILBOXES: Final = 10_000
KEYWORDS: Final = 500
KEYWORD_NAME: Final = 255
GROUP_DEPTH: Final = 8
GROUP_MEMBERS: Final = 10_000

# ---------------------------------------------------------------- guessing
AUTH_FAILURES_PER_ADDRESS: Final = 10
"""Within ``AUTH_WINDOW_S``, per IPv4 address or IPv6 /64: then a ban of ``AUTH_BAN_S``."""
AUTH_WINDOW_S: Final = 900.0
AUTH_BAN_S: Final = 900.0
AUTH_TARPIT_S: Final = 2.0

# ---------------------------------------------------------------- authentication of mail
MAILAUTH_TAGS: Final = 50
DKIM_SIGNATURES: Final = 10
"""Looked at, of one message."""
DKIM_SIGNATURE_FIELD: Final = 16_384
SPF_LOOKUPS: Final = 10
SPF_VOIDS: Final = 2
SPF_NAMES: Final = 10
"""RFC 7208 §4.6.4."""
ARC_SETS: Final = 50
"""RFC 8617 §4.2.1."""
DKIM_SIGNED_FIELDS: Final = 200
DKIM_KEY_RECORD: Final = 4_096
DKIM_RSA_BITS: Final = 8_192
"""A larger key costs too much to verify with (RFC 8301 §3.2 wants up to 4,096)."""
DANE_RECORDS: Final = 20
DANE_CHAIN: Final = 10
"""Certificates looked at, of one server."""
MTASTS_POLICY: Final = 65_536
"""RFC 8461 §3.3 suggests 64 KiB."""
MTASTS_PATTERNS: Final = 200
TLSRPT_DESTINATIONS: Final = 10
TLSRPT_REPORT: Final = 25 << 20
"""Octets of a report, unpacked."""
TLSRPT_POLICIES: Final = 10_000
REPORT: Final = 30 << 20
"""Octets of a message that is read as a report of another mail system (RFC 6522)."""
REPORT_STATUS: Final = 256 << 10
"""Of its part for machines."""
REPORT_RETURNED: Final = 64 << 10
"""Of the header that comes back with it."""
