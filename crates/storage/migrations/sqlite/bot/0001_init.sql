-- Instants are microseconds since 1970-01-01T00:00:00Z. A document is JSON, read and written as a whole; beside it stands
-- only what queries need.

-- Chats. `due_at` is when a worker has something to do there; nothing if it has not. A lease lasts until `leased_until`;
-- the fence names the newest one and only grows.
CREATE TABLE wartel_bot_chats (
    tenant          TEXT    NOT NULL,
    account         TEXT    NOT NULL,
    contact         TEXT    NOT NULL,
    revision        INTEGER NOT NULL,
    document        TEXT    NOT NULL,
    due_at          INTEGER,
    last_inbound_at INTEGER,
    paused          INTEGER NOT NULL,
    fence           INTEGER NOT NULL DEFAULT 0,
    leased_until    INTEGER,
    PRIMARY KEY (tenant, account, contact)
) STRICT;
CREATE INDEX wartel_bot_chats_due ON wartel_bot_chats (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX wartel_bot_chats_contact ON wartel_bot_chats (tenant, contact);
CREATE INDEX wartel_bot_chats_listed ON wartel_bot_chats (tenant, last_inbound_at);
CREATE INDEX wartel_bot_chats_paused ON wartel_bot_chats (tenant, last_inbound_at) WHERE paused = 1;

-- What was said, each line once.
CREATE TABLE wartel_bot_lines (
    tenant   TEXT    NOT NULL,
    account  TEXT    NOT NULL,
    contact  TEXT    NOT NULL,
    number   INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    document TEXT    NOT NULL,
    PRIMARY KEY (tenant, account, contact, number)
) STRICT;
CREATE INDEX wartel_bot_lines_contact ON wartel_bot_lines (tenant, contact);
CREATE INDEX wartel_bot_lines_at ON wartel_bot_lines (at);

-- Messages that were sent outside of chats, so that their echoes are known.
CREATE TABLE wartel_bot_sent (
    tenant  TEXT    NOT NULL,
    account TEXT    NOT NULL,
    message TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (tenant, account, message)
) STRICT, WITHOUT ROWID;
CREATE INDEX wartel_bot_sent_at ON wartel_bot_sent (at);

-- Leads. A customer has one that is open.
CREATE TABLE wartel_bot_leads (
    tenant          TEXT    NOT NULL,
    id              TEXT    NOT NULL,
    contact         TEXT    NOT NULL,
    revision        INTEGER NOT NULL,
    document        TEXT    NOT NULL,
    stage           TEXT    NOT NULL,
    closed          INTEGER NOT NULL,
    last_contact_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT;
CREATE UNIQUE INDEX wartel_bot_leads_open ON wartel_bot_leads (tenant, contact) WHERE closed = 0;
CREATE INDEX wartel_bot_leads_contact ON wartel_bot_leads (tenant, contact);
CREATE INDEX wartel_bot_leads_listed ON wartel_bot_leads (tenant, last_contact_at) WHERE closed = 0;
CREATE INDEX wartel_bot_leads_stage ON wartel_bot_leads (tenant, stage, last_contact_at);

-- Shops.
CREATE TABLE wartel_bot_tenants (
    tenant   TEXT    NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    document TEXT    NOT NULL
) STRICT;

-- What they sell, by stock code.
CREATE TABLE wartel_bot_items (
    tenant   TEXT    NOT NULL,
    code     TEXT    NOT NULL,
    revision INTEGER NOT NULL,
    document TEXT    NOT NULL,
    PRIMARY KEY (tenant, code)
) STRICT;

-- What models have cost and may cost, in millionths of a US dollar, in each window such as a day.
CREATE TABLE wartel_bot_spend (
    tenant   TEXT    NOT NULL,
    span     TEXT    NOT NULL,
    settled  INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    calls    INTEGER NOT NULL,
    tokens   INTEGER NOT NULL,
    PRIMARY KEY (tenant, span)
) STRICT, WITHOUT ROWID;

-- Calls that are being made; `spans` is a JSON list of the windows that they count in.
CREATE TABLE wartel_bot_reservations (
    tenant     TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    spans      TEXT    NOT NULL,
    amount     INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX wartel_bot_reservations_expiry ON wartel_bot_reservations (tenant, expires_at);

-- Commands that wait for their code. No code stands here, only a hash that it is checked with.
CREATE TABLE wartel_bot_confirmations (
    tenant     TEXT    NOT NULL,
    staff      TEXT    NOT NULL,
    code_hash  TEXT    NOT NULL,
    command    TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, staff)
) STRICT, WITHOUT ROWID;

-- How the last command of somebody is taken back.
CREATE TABLE wartel_bot_undos (
    tenant     TEXT    NOT NULL,
    staff      TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, staff)
) STRICT, WITHOUT ROWID;

-- Who did what by command, one row for each message.
CREATE TABLE wartel_bot_audit (
    tenant   TEXT    NOT NULL,
    entry    TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    document TEXT    NOT NULL,
    PRIMARY KEY (tenant, entry)
) STRICT;
CREATE INDEX wartel_bot_audit_at ON wartel_bot_audit (tenant, at, entry);
