"""The directory (``dir.db``): who is here and under which addresses. Keys (``keys.db``) are in a file of their own."""

from typing import Final

STEPS: Final = (
    """
CREATE TABLE site (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tenant (
  tenant_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, max_accounts INTEGER NOT NULL, max_octets INTEGER NOT NULL);
CREATE TABLE domain (
  domain_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, tenant_id INTEGER NOT NULL, catch_all TEXT NOT NULL);
CREATE TABLE account (
  account_id INTEGER PRIMARY KEY, tenant_id INTEGER NOT NULL, address TEXT NOT NULL, addr TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL, state TEXT NOT NULL, shard INTEGER NOT NULL, epoch INTEGER NOT NULL, is_admin INTEGER NOT NULL,
  created_ms INTEGER NOT NULL, max_octets INTEGER NOT NULL, max_messages INTEGER NOT NULL,
  delete_after_ms INTEGER NOT NULL);
CREATE TABLE address (
  addr TEXT PRIMARY KEY, domain TEXT NOT NULL, kind INTEGER NOT NULL, account_id INTEGER NOT NULL,
  targets BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX address_domain ON address (domain, addr);
CREATE INDEX address_account ON address (account_id);
CREATE TABLE target (
  target TEXT NOT NULL, addr TEXT NOT NULL, PRIMARY KEY (target, addr)) WITHOUT ROWID;
CREATE TABLE credential (
  account_id INTEGER NOT NULL, credential_id INTEGER NOT NULL, label TEXT NOT NULL, argon2 TEXT NOT NULL,
  scram BLOB, revision INTEGER NOT NULL, created_ms INTEGER NOT NULL,
  PRIMARY KEY (account_id, credential_id)) WITHOUT ROWID
""",
    """
CREATE TABLE dkim_key (
  domain TEXT NOT NULL, selector TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, changed_ms INTEGER NOT NULL,
  record TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (domain, selector)) WITHOUT ROWID
""",
    """
CREATE TABLE sts_policy (
  domain TEXT PRIMARY KEY, policy_id TEXT NOT NULL, policy TEXT NOT NULL, expires_ms INTEGER NOT NULL) WITHOUT ROWID
""",
    """
CREATE TABLE web_session (
  session_id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, token BLOB NOT NULL UNIQUE, created_ms INTEGER NOT NULL,
  seen_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, address TEXT NOT NULL, agent TEXT NOT NULL, device BLOB NOT NULL,
  share BLOB NOT NULL);
CREATE INDEX web_session_account ON web_session (account_id);
CREATE TABLE known_device (
  account_id INTEGER NOT NULL, device BLOB NOT NULL, seen_ms INTEGER NOT NULL, PRIMARY KEY (account_id, device)) WITHOUT ROWID;
CREATE TABLE totp (
  account_id INTEGER PRIMARY KEY, sealed BLOB NOT NULL, confirmed INTEGER NOT NULL, last_step INTEGER NOT NULL, recovery BLOB NOT NULL)
""",
    """
CREATE TABLE tls_report (
  day TEXT NOT NULL, domain TEXT NOT NULL, destination TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, at_ms INTEGER NOT NULL,
  PRIMARY KEY (day, domain, destination)) WITHOUT ROWID;
CREATE TABLE suppression (
  tenant_id INTEGER NOT NULL, addr TEXT NOT NULL, address TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
  created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, times INTEGER NOT NULL, PRIMARY KEY (tenant_id, addr)) WITHOUT ROWID
""",
    """
CREATE TABLE principal (
  account_id INTEGER PRIMARY KEY, tenant_id INTEGER NOT NULL, made INTEGER NOT NULL, modseq INTEGER NOT NULL, gone INTEGER NOT NULL);
CREATE UNIQUE INDEX principal_modseq ON principal (tenant_id, modseq);
INSERT INTO principal SELECT account_id, tenant_id, row_number() OVER (ORDER BY account_id), row_number() OVER (ORDER BY account_id), state<>'active'
  FROM account;
INSERT OR REPLACE INTO site VALUES ('principals', '1')
""",
    """
CREATE TABLE shared (
  grantee INTEGER NOT NULL, owner INTEGER NOT NULL, revision INTEGER NOT NULL, there INTEGER NOT NULL, PRIMARY KEY (grantee, owner)) WITHOUT ROWID;
CREATE INDEX shared_owner ON shared (owner)
""",
)

KEY_STEPS: Final = (
    """
CREATE TABLE account_key (
  account_id INTEGER NOT NULL, key_no INTEGER NOT NULL, wrapped BLOB, master_id TEXT NOT NULL,
  PRIMARY KEY (account_id, key_no)) WITHOUT ROWID
""",
    """
CREATE TABLE site_secret (purpose BLOB PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID
""",
)

QUEUE_STEPS: Final = (
    """
CREATE TABLE message (
  submission_id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, reverse_path TEXT NOT NULL, created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL, size INTEGER NOT NULL, key_no INTEGER NOT NULL, pieces INTEGER NOT NULL,
  entries INTEGER NOT NULL);
CREATE TABLE piece (
  submission_id INTEGER NOT NULL, number INTEGER NOT NULL, octets BLOB NOT NULL,
  PRIMARY KEY (submission_id, number));
CREATE TABLE entry (
  entry_id INTEGER PRIMARY KEY, submission_id INTEGER NOT NULL, forward_path TEXT NOT NULL, options BLOB NOT NULL,
  due_ms INTEGER NOT NULL, attempts INTEGER NOT NULL, last_error TEXT NOT NULL, held INTEGER NOT NULL);
CREATE INDEX entry_due ON entry (held, due_ms);
CREATE INDEX entry_submission ON entry (submission_id)
""",
    """
CREATE TABLE q_shard (
  shard INTEGER PRIMARY KEY, owner TEXT NOT NULL, epoch INTEGER NOT NULL, lease_until_ms INTEGER NOT NULL);
CREATE TABLE q_message (
  submission_id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, tenant_id INTEGER NOT NULL, reverse_path TEXT NOT NULL,
  options BLOB, created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, size INTEGER NOT NULL, key_no INTEGER NOT NULL,
  is_reported INTEGER NOT NULL, jobs INTEGER NOT NULL, pieces INTEGER NOT NULL, body BLOB);
CREATE TABLE q_piece (
  submission_id INTEGER NOT NULL, number INTEGER NOT NULL, octets BLOB NOT NULL, PRIMARY KEY (submission_id, number));
CREATE TABLE q_job (
  job_id INTEGER PRIMARY KEY AUTOINCREMENT, shard INTEGER NOT NULL, submission_id INTEGER NOT NULL, account_id INTEGER NOT NULL,
  tenant_id INTEGER NOT NULL, route TEXT NOT NULL, domain TEXT NOT NULL, prio INTEGER NOT NULL, due_ms INTEGER NOT NULL,
  check_ms INTEGER NOT NULL, attempts INTEGER NOT NULL, held INTEGER NOT NULL, rcpts BLOB NOT NULL);
CREATE INDEX q_job_lane ON q_job (shard, route, prio, tenant_id, account_id, due_ms) WHERE held=0;
CREATE INDEX q_job_check ON q_job (check_ms) WHERE held=0;
CREATE INDEX q_job_submission ON q_job (submission_id);
CREATE TABLE q_route (
  site TEXT PRIMARY KEY, hold_until_ms INTEGER NOT NULL, failures INTEGER NOT NULL, reason TEXT NOT NULL, shaping BLOB NOT NULL,
  at_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE q_accept (accept_id BLOB PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID
""",
    # Everything but q_known grows at its end, so that a long queue takes as little to lengthen as a short one (decision 60).
    """
CREATE TABLE q_mail (
  number INTEGER PRIMARY KEY AUTOINCREMENT, submission_id INTEGER NOT NULL, account_id INTEGER NOT NULL, tenant_id INTEGER NOT NULL,
  reverse_path TEXT NOT NULL, options BLOB, created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, size INTEGER NOT NULL,
  key_no INTEGER NOT NULL, is_reported INTEGER NOT NULL, jobs INTEGER NOT NULL, pieces INTEGER NOT NULL, body BLOB);
CREATE TABLE q_known (submission_id INTEGER PRIMARY KEY, mail INTEGER NOT NULL, accept BLOB NOT NULL, at INTEGER NOT NULL);
INSERT INTO q_mail SELECT NULL, submission_id, account_id, tenant_id, reverse_path, options, created_ms, expires_ms, size, key_no,
  is_reported, jobs, pieces, body FROM q_message ORDER BY created_ms;
INSERT INTO q_known SELECT submission_id, number, X'', created_ms FROM q_mail;
DROP TABLE q_message;
DROP TABLE q_accept;
CREATE TABLE q_job_new (
  job_id INTEGER PRIMARY KEY AUTOINCREMENT, shard INTEGER NOT NULL, mail INTEGER NOT NULL, account_id INTEGER NOT NULL,
  tenant_id INTEGER NOT NULL, route TEXT NOT NULL, domain TEXT NOT NULL, prio INTEGER NOT NULL, due_ms INTEGER NOT NULL,
  check_ms INTEGER NOT NULL, attempts INTEGER NOT NULL, held INTEGER NOT NULL, rcpts BLOB NOT NULL);
INSERT INTO q_job_new SELECT j.job_id, j.shard, k.mail, j.account_id, j.tenant_id, j.route, j.domain, j.prio, j.due_ms, j.check_ms,
  j.attempts, j.held, j.rcpts FROM q_job j JOIN q_known k ON k.submission_id=j.submission_id ORDER BY j.job_id;
DROP TABLE q_job;
ALTER TABLE q_job_new RENAME TO q_job;
CREATE INDEX q_job_check ON q_job (check_ms) WHERE held=0;
CREATE INDEX q_job_mail ON q_job (mail)
""",
)
