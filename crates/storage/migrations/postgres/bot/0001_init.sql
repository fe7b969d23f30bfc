-- Instants are microseconds since 1970-01-01T00:00:00Z. A document is JSON, read and written as a whole; beside it stands
-- only what queries need. It is text and not `jsonb`, which cannot hold every character that customers write.

-- Chats. `due_at` is when a worker has something to do there; nothing if it has not. A lease lasts until `leased_until`;
-- the fence names the newest one and only grows.
CREATE TABLE wartel_bot_chats (
    tenant          TEXT    NOT NULL,
    account         TEXT    NOT NULL,
    contact         TEXT    COLLATE "C" NOT NULL,
    revision        BIGINT  NOT NULL,
    document        TEXT    NOT NULL,
    due_at          BIGINT,
    last_inbound_at BIGINT,
    paused          BOOLEAN NOT NULL,
    fence           BIGINT  NOT NULL DEFAULT 0,
    leased_until    BIGINT,
    PRIMARY KEY (tenant, account, contact)
);
CREATE INDEX wartel_bot_chats_due ON wartel_bot_chats (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX wartel_bot_chats_contact ON wartel_bot_chats (tenant, contact);
CREATE INDEX wartel_bot_chats_listed ON wartel_bot_chats (tenant, last_inbound_at DESC NULLS LAST);
CREATE INDEX wartel_bot_chats_paused ON wartel_bot_chats (tenant, last_inbound_at DESC NULLS LAST) WHERE paused;

-- What was said, each line once.
CREATE TABLE wartel_bot_lines (
    tenant   TEXT    NOT NULL,
    account  TEXT    NOT NULL,
    contact  TEXT    COLLATE "C" NOT NULL,
    number   BIGINT  NOT NULL,
    at       BIGINT  NOT NULL,
    document TEXT    NOT NULL,
    PRIMARY KEY (tenant, account, contact, number)
);
CREATE INDEX wartel_bot_lines_contact ON wartel_bot_lines (tenant, contact);
CREATE INDEX wartel_bot_lines_at ON wartel_bot_lines (at);

-- Messages that were sent outside of chats, so that their echoes are known.
CREATE TABLE wartel_bot_sent (
    tenant  TEXT    NOT NULL,
    account TEXT    NOT NULL,
    message TEXT    COLLATE "C" NOT NULL,
    at      BIGINT  NOT NULL,
    PRIMARY KEY (tenant, account, message)
);
CREATE INDEX wartel_bot_sent_at ON wartel_bot_sent (at);

-- Leads. A customer has one that is open.
CREATE TABLE wartel_bot_leads (
    tenant          TEXT    NOT NULL,
    id              TEXT    COLLATE "C" NOT NULL,
    contact         TEXT    COLLATE "C" NOT NULL,
    revision        BIGINT  NOT NULL,
    document        TEXT    NOT NULL,
    stage           TEXT    NOT NULL,
    closed          BOOLEAN NOT NULL,
    last_contact_at BIGINT  NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX wartel_bot_leads_open ON wartel_bot_leads (tenant, contact) WHERE NOT closed;
CREATE INDEX wartel_bot_leads_contact ON wartel_bot_leads (tenant, contact);
CREATE INDEX wartel_bot_leads_listed ON wartel_bot_leads (tenant, last_contact_at) WHERE NOT closed;
CREATE INDEX wartel_bot_leads_stage ON wartel_bot_leads (tenant, stage, last_contact_at);

-- Shops.
CREATE TABLE wartel_bot_tenants (
    tenant   TEXT    NOT NULL PRIMARY KEY,
    revision BIGINT  NOT NULL,
    document TEXT    NOT NULL
);

-- What they sell, by stock code.
CREATE TABLE wartel_bot_items (
    tenant   TEXT    NOT NULL,
    code     TEXT    COLLATE "C" NOT NULL,
    revision BIGINT  NOT NULL,
    document TEXT    NOT NULL,
    PRIMARY KEY (tenant, code)
);

-- What models have cost and may cost, in millionths of a US dollar, in each window such as a day.
CREATE TABLE wartel_bot_spend (
    tenant   TEXT    NOT NULL,
    span     TEXT    COLLATE "C" NOT NULL,
    settled  BIGINT  NOT NULL,
    reserved BIGINT  NOT NULL,
    calls    BIGINT  NOT NULL,
    tokens   BIGINT  NOT NULL,
    PRIMARY KEY (tenant, span)
);

-- Calls that are being made; `spans` is the windows that they count in.
CREATE TABLE wartel_bot_reservations (
    tenant     TEXT    NOT NULL,
    id         TEXT    COLLATE "C" NOT NULL,
    spans      TEXT[]  NOT NULL,
    amount     BIGINT  NOT NULL,
    expires_at BIGINT  NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX wartel_bot_reservations_expiry ON wartel_bot_reservations (tenant, expires_at);

-- Commands that wait for their code. No code stands here, only a hash that it is checked with.
CREATE TABLE wartel_bot_confirmations (
    tenant     TEXT    NOT NULL,
    staff      TEXT    COLLATE "C" NOT NULL,
    code_hash  TEXT    NOT NULL,
    command    TEXT    NOT NULL,
    expires_at BIGINT  NOT NULL,
    PRIMARY KEY (tenant, staff)
);

-- How the last command of somebody is taken back.
CREATE TABLE wartel_bot_undos (
    tenant     TEXT    NOT NULL,
    staff      TEXT    COLLATE "C" NOT NULL,
    action     TEXT    NOT NULL,
    expires_at BIGINT  NOT NULL,
    PRIMARY KEY (tenant, staff)
);

-- Who did what by command, one row for each message.
CREATE TABLE wartel_bot_audit (
    tenant   TEXT    NOT NULL,
    entry    TEXT    COLLATE "C" NOT NULL,
    at       BIGINT  NOT NULL,
    document TEXT    NOT NULL,
    PRIMARY KEY (tenant, entry)
);
CREATE INDEX wartel_bot_audit_at ON wartel_bot_audit (tenant, at, entry);
