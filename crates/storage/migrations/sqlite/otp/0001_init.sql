-- Instants are microseconds since 1970-01-01T00:00:00Z.

-- Everything that is kept of one (tenant, phone), as one JSON document: challenges, verifications, proofs and
-- counters. It holds neither a code nor, without the key, anything that a code can be found from.
-- A rowid table, because a document is larger than what fits well into the inner nodes of an index.
CREATE TABLE wartel_otp_phones (
    id       INTEGER PRIMARY KEY,
    tenant   TEXT    NOT NULL,
    phone    TEXT    NOT NULL,
    ledger   TEXT    NOT NULL,
    due_at   INTEGER,
    purge_at INTEGER NOT NULL,
    UNIQUE (tenant, phone)
) STRICT;
CREATE INDEX wartel_otp_phones_due ON wartel_otp_phones (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX wartel_otp_phones_purge ON wartel_otp_phones (purge_at);

-- By what else than its phone a document is found: a verification, a proof's hash, a provider's message id.
CREATE TABLE wartel_otp_locators (
    locator TEXT NOT NULL PRIMARY KEY,
    tenant  TEXT NOT NULL,
    phone   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Budgets that many phones share. `last_seq` and `latest_at` are those of the latest event, `window` that of
-- the latest charge. `recent` holds the instants of the latest events, oldest first, eight bytes each (little
-- endian), if the budget allows few; NULL if they are rows of the next table. The window may end later than
-- `purge_at` says: raising that with each charge would move an index entry each time, so the clean-up raises it
-- when it comes by.
CREATE TABLE wartel_otp_budgets (
    budget    TEXT    NOT NULL PRIMARY KEY,
    last_seq  INTEGER NOT NULL,
    latest_at INTEGER NOT NULL,
    recent    BLOB,
    "window"  INTEGER NOT NULL,
    purge_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX wartel_otp_budgets_purge ON wartel_otp_budgets (purge_at);

-- The latest events of the budgets that allow many, at most as many as each allows.
CREATE TABLE wartel_otp_budget_events (
    budget TEXT    NOT NULL,
    seq    INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (budget, seq)
) STRICT, WITHOUT ROWID;

-- Receipts whose message is not known yet.
CREATE TABLE wartel_otp_receipts (
    id         INTEGER PRIMARY KEY,
    locator    TEXT    NOT NULL,
    message_id TEXT,
    state_id   TEXT,
    provider   TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    at         INTEGER,
    kept_at    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX wartel_otp_receipts_once
    ON wartel_otp_receipts (locator, state, ifnull(message_id, ''), ifnull(state_id, ''));
CREATE INDEX wartel_otp_receipts_kept ON wartel_otp_receipts (kept_at);
