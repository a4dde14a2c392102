"""Account data: one file a shard. ``account_id`` leads every key (STORAGE R1); no triggers, no foreign keys, no defaults
that make values (R5). Times are milliseconds since 1970, sizes octets, ``*_enc`` sealed with the account's key.

``email`` is immutable but for its place on disk; ``entry`` is a message in a mailbox and repeats what IMAP scans;
``change`` is the account's clock written out. ``entry_thread`` finds an email's entries too: its row knows the thread.
``segment.live`` counts the octets that rows refer to, for compaction. ``era`` says which modseq an account had reached on
a day, so that the change log can be cut at an age.

JMAP sees emails and threads where IMAP sees entries. ``mailbox`` counts both ways; the columns ``emails`` … ``unread_threads``
leave out entries flagged ``\\Deleted`` (``mail.tally``). A change of an entry says in ``email_op`` and ``thread_op`` what it
meant for the email and its thread, and ``account`` holds the last modseq of each JMAP type.

``due`` is what is to happen at a time (``mail.due``); ``object_piece`` what is too large for an object's document; ``answered`` to whom an automatic
reply went, and when. ``sent_ref`` finds a submission by a keyed hash of its Message-ID.

``share`` is what somebody else may do in a mailbox (``mail.shares``). Whoever sees some mailboxes only has states of their own: from ``mailbox.modseq``
(entries), ``formed`` (its name, place, role) and ``counted`` (counters), each the modseq of the last change; 0: before they were kept.
"""

from typing import Final

COUNTED: Final = """
WITH seen AS (
  SELECT account_id, email_id, min(flags&1)=0 AND max(flags&16)=0 AS unread FROM entry WHERE flags&8=0{of_account}
  GROUP BY account_id, email_id),
place AS (
  SELECT n.account_id, n.mailbox_id, n.email_id, n.thread_id, s.unread, m.role=6 AS is_trash
  FROM entry n JOIN seen s ON s.account_id=n.account_id AND s.email_id=n.email_id
  JOIN mailbox m ON m.account_id=n.account_id AND m.mailbox_id=n.mailbox_id WHERE n.flags&8=0),
conversation AS (
  SELECT account_id, thread_id, max(unread AND NOT is_trash) AS alive, max(unread AND is_trash) AS trashed FROM place
  GROUP BY account_id, thread_id)
SELECT p.account_id, p.mailbox_id, count(DISTINCT p.email_id) AS emails,
  count(DISTINCT CASE WHEN p.unread THEN p.email_id END) AS unread_emails, count(DISTINCT p.thread_id) AS threads,
  count(DISTINCT CASE WHEN CASE WHEN p.is_trash THEN c.trashed ELSE c.alive END THEN p.thread_id END) AS unread_threads
FROM place p JOIN conversation c ON c.account_id=p.account_id AND c.thread_id=p.thread_id GROUP BY p.account_id, p.mailbox_id
"""
"""JMAP's counters from the entries alone (RFC 8621 §2): what ``mail.tally`` keeps, ``verify`` compares and ``repair`` makes."""

RECOUNT: Final = (
    "UPDATE mailbox SET emails=c.emails, unread_emails=c.unread_emails, threads=c.threads, unread_threads=c.unread_threads FROM ("  # noqa: S608
    + COUNTED.format(of_account="") + ") AS c WHERE c.account_id=mailbox.account_id AND c.mailbox_id=mailbox.mailbox_id"
)

STEPS: Final = (
    """
CREATE TABLE account (
  account_id INTEGER PRIMARY KEY, tenant_id INTEGER NOT NULL, epoch INTEGER NOT NULL, state INTEGER NOT NULL,
  modseq INTEGER NOT NULL, log_floor INTEGER NOT NULL, used_octets INTEGER NOT NULL, used_messages INTEGER NOT NULL,
  max_octets INTEGER NOT NULL, max_messages INTEGER NOT NULL, uid_validity_last INTEGER NOT NULL,
  index_modseq INTEGER NOT NULL, mailbox_modseq INTEGER NOT NULL);
CREATE TABLE mailbox (
  account_id INTEGER NOT NULL, mailbox_id INTEGER NOT NULL, parent_id INTEGER NOT NULL, name_enc BLOB NOT NULL,
  name_key BLOB NOT NULL, role INTEGER NOT NULL, uid_validity INTEGER NOT NULL, uid_next INTEGER NOT NULL,
  modseq INTEGER NOT NULL, total INTEGER NOT NULL, unseen INTEGER NOT NULL, deleted INTEGER NOT NULL,
  octets INTEGER NOT NULL, recent_uid INTEGER NOT NULL, noselect INTEGER NOT NULL,
  PRIMARY KEY (account_id, mailbox_id)) WITHOUT ROWID;
CREATE UNIQUE INDEX mailbox_name ON mailbox (account_id, name_key);
CREATE TABLE subscription (
  account_id INTEGER NOT NULL, name_key BLOB NOT NULL, path_enc BLOB NOT NULL,
  PRIMARY KEY (account_id, name_key)) WITHOUT ROWID;
CREATE TABLE email (
  account_id INTEGER NOT NULL, email_id INTEGER NOT NULL, thread_id INTEGER NOT NULL, received_ms INTEGER NOT NULL,
  sent_ms INTEGER NOT NULL, size INTEGER NOT NULL, header INTEGER NOT NULL, attachment INTEGER NOT NULL,
  key_no INTEGER NOT NULL, segment INTEGER NOT NULL, offset INTEGER NOT NULL, lead INTEGER NOT NULL,
  stored INTEGER NOT NULL, frames BLOB, entries INTEGER NOT NULL, meta_enc BLOB NOT NULL,
  PRIMARY KEY (account_id, email_id)) WITHOUT ROWID;
CREATE TABLE entry (
  account_id INTEGER NOT NULL, mailbox_id INTEGER NOT NULL, uid INTEGER NOT NULL, email_id INTEGER NOT NULL,
  thread_id INTEGER NOT NULL, modseq INTEGER NOT NULL, flags INTEGER NOT NULL, received_ms INTEGER NOT NULL,
  saved_ms INTEGER NOT NULL, size INTEGER NOT NULL, more BLOB,
  PRIMARY KEY (account_id, mailbox_id, uid)) WITHOUT ROWID;
CREATE INDEX entry_thread ON entry (account_id, thread_id, email_id);
CREATE TABLE keyword (
  account_id INTEGER NOT NULL, bit INTEGER NOT NULL, name_enc BLOB NOT NULL,
  PRIMARY KEY (account_id, bit)) WITHOUT ROWID;
CREATE TABLE change (
  account_id INTEGER NOT NULL, modseq INTEGER NOT NULL, kind INTEGER NOT NULL, object_id INTEGER NOT NULL,
  uid INTEGER NOT NULL, op INTEGER NOT NULL, email_id INTEGER NOT NULL,
  PRIMARY KEY (account_id, modseq, kind, object_id, uid)) WITHOUT ROWID;
CREATE TABLE thread_ref (
  account_id INTEGER NOT NULL, ref BLOB NOT NULL, thread_id INTEGER NOT NULL,
  PRIMARY KEY (account_id, ref)) WITHOUT ROWID;
CREATE TABLE delivery (
  account_id INTEGER NOT NULL, delivery_id BLOB NOT NULL, email_id INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (account_id, delivery_id)) WITHOUT ROWID;
CREATE TABLE op (
  account_id INTEGER NOT NULL, op_id BLOB NOT NULL, at INTEGER NOT NULL, result BLOB NOT NULL,
  PRIMARY KEY (account_id, op_id)) WITHOUT ROWID;
CREATE TABLE dropped (
  account_id INTEGER NOT NULL, email_id INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (account_id, email_id)) WITHOUT ROWID;
CREATE TABLE era (
  account_id INTEGER NOT NULL, day INTEGER NOT NULL, modseq INTEGER NOT NULL,
  PRIMARY KEY (account_id, day)) WITHOUT ROWID;
CREATE TABLE segment (
  number INTEGER PRIMARY KEY, live INTEGER NOT NULL, written INTEGER NOT NULL)
""",
    """
CREATE TABLE submission (
  account_id INTEGER NOT NULL, submission_id INTEGER NOT NULL, email_id INTEGER NOT NULL, thread_id INTEGER NOT NULL,
  created_ms INTEGER NOT NULL, release_ms INTEGER NOT NULL, hold INTEGER NOT NULL, modseq INTEGER NOT NULL,
  key_no INTEGER NOT NULL, size INTEGER NOT NULL, doc_enc BLOB NOT NULL,
  PRIMARY KEY (account_id, submission_id)) WITHOUT ROWID;
CREATE INDEX submission_due ON submission (release_ms) WHERE hold<3;
CREATE TABLE submission_piece (
  account_id INTEGER NOT NULL, submission_id INTEGER NOT NULL, number INTEGER NOT NULL, octets BLOB NOT NULL,
  PRIMARY KEY (account_id, submission_id, number))
""",
    """
ALTER TABLE account ADD COLUMN email_modseq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN thread_modseq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN delivery_modseq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN emails INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN unread_emails INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN threads INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN unread_threads INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN sort_order INTEGER NOT NULL DEFAULT 0;
ALTER TABLE change ADD COLUMN thread_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE change ADD COLUMN email_op INTEGER NOT NULL DEFAULT 0;
ALTER TABLE change ADD COLUMN thread_op INTEGER NOT NULL DEFAULT 0;
CREATE INDEX entry_received ON entry (account_id, mailbox_id, received_ms, email_id);
UPDATE account SET email_modseq=modseq, thread_modseq=modseq, delivery_modseq=modseq, mailbox_modseq=modseq;
""" + RECOUNT,
    """
CREATE TABLE object (
  account_id INTEGER NOT NULL, kind INTEGER NOT NULL, object_id INTEGER NOT NULL, made INTEGER NOT NULL, modseq INTEGER NOT NULL,
  gone INTEGER NOT NULL, key_no INTEGER NOT NULL, doc_enc BLOB NOT NULL,
  PRIMARY KEY (account_id, kind, object_id)) WITHOUT ROWID;
CREATE INDEX object_modseq ON object (account_id, kind, modseq)
""",
    """
ALTER TABLE account ADD COLUMN submission_modseq INTEGER NOT NULL DEFAULT 0;
UPDATE account SET submission_modseq=modseq;
CREATE TABLE due (
  account_id INTEGER NOT NULL, kind INTEGER NOT NULL, object_id INTEGER NOT NULL, at_ms INTEGER NOT NULL, thread_id INTEGER NOT NULL,
  key_no INTEGER NOT NULL, doc_enc BLOB NOT NULL, PRIMARY KEY (account_id, kind, object_id)) WITHOUT ROWID;
CREATE INDEX due_at ON due (at_ms);
CREATE INDEX due_thread ON due (account_id, thread_id);
CREATE TABLE object_piece (
  account_id INTEGER NOT NULL, kind INTEGER NOT NULL, object_id INTEGER NOT NULL, number INTEGER NOT NULL, key_no INTEGER NOT NULL,
  doc_enc BLOB NOT NULL, PRIMARY KEY (account_id, kind, object_id, number)) WITHOUT ROWID;
CREATE TABLE answered (
  account_id INTEGER NOT NULL, peer BLOB NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (account_id, peer)) WITHOUT ROWID
""",
    """
CREATE TABLE sent_ref (
  account_id INTEGER NOT NULL, ref BLOB NOT NULL, submission_id INTEGER NOT NULL, PRIMARY KEY (account_id, ref)) WITHOUT ROWID;
CREATE INDEX sent_ref_of ON sent_ref (account_id, submission_id)
""",
    """
CREATE TABLE share (
  account_id INTEGER NOT NULL, mailbox_id INTEGER NOT NULL, grantee INTEGER NOT NULL, rights INTEGER NOT NULL, subscribed INTEGER NOT NULL,
  seen_at INTEGER NOT NULL, read_at INTEGER NOT NULL, modseq INTEGER NOT NULL, PRIMARY KEY (account_id, mailbox_id, grantee)) WITHOUT ROWID;
CREATE INDEX share_grantee ON share (account_id, grantee);
ALTER TABLE account ADD COLUMN share_modseq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN formed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN counted INTEGER NOT NULL DEFAULT 0
""",
)

ACTIVE: Final = 1
MOVING: Final = 2
SUSPENDED: Final = 3
WIPING: Final = 4
GONE: Final = 5
STATES: Final = {"active": ACTIVE, "moving": MOVING, "suspended": SUSPENDED, "wiping": WIPING, "gone": GONE}
