-- Instants are microseconds since 1970-01-01T00:00:00Z.

-- People who write to a tenant, known by number and LID. One that was merged into another one has neither any more; its
-- row stays, so that it is found by its id.
CREATE TABLE wartel_messaging_contacts (
    id          TEXT    NOT NULL PRIMARY KEY,
    tenant      TEXT    NOT NULL,
    phone       TEXT,
    lid         TEXT,
    name        TEXT,
    merged_into TEXT,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX wartel_messaging_contacts_phone ON wartel_messaging_contacts (tenant, phone) WHERE phone IS NOT NULL;
CREATE UNIQUE INDEX wartel_messaging_contacts_lid ON wartel_messaging_contacts (tenant, lid) WHERE lid IS NOT NULL;
CREATE INDEX wartel_messaging_contacts_merged ON wartel_messaging_contacts (merged_into) WHERE merged_into IS NOT NULL;

-- The log of webhooks: each request with its body, so that it can be decoded again. Ids sort by time.
CREATE TABLE wartel_messaging_webhooks (
    id          TEXT    NOT NULL PRIMARY KEY,
    tenant      TEXT    NOT NULL,
    account     TEXT    NOT NULL,
    signed      INTEGER NOT NULL,
    -- Those that decoding takes, as a JSON list of pairs.
    headers     TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    events      INTEGER NOT NULL,
    added       INTEGER NOT NULL,
    -- Why events were ignored, as a JSON list.
    ignored     TEXT    NOT NULL,
    replays     INTEGER NOT NULL DEFAULT 0,
    body        BLOB    NOT NULL
) STRICT;
CREATE INDEX wartel_messaging_webhooks_tenant ON wartel_messaging_webhooks (tenant, id);
CREATE INDEX wartel_messaging_webhooks_received ON wartel_messaging_webhooks (received_at);

-- What came in, for consumers. Entries of one lane (a contact, or the device) are handed out one after the other; those
-- of the empty lane have no order. `due_at` is when the entry is looked at next: its next try while it is queued, the
-- end of the lease while consumers have it, nothing once it is settled.
CREATE TABLE wartel_messaging_inbox (
    seq         INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL UNIQUE,
    tenant      TEXT    NOT NULL,
    account     TEXT    NOT NULL,
    lane        TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    event       TEXT    NOT NULL,
    signed      INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    state       TEXT    NOT NULL,
    fence       INTEGER NOT NULL DEFAULT 0,
    -- How often its lease lapsed without an outcome.
    lapses      INTEGER NOT NULL DEFAULT 0,
    refusals    INTEGER NOT NULL DEFAULT 0,
    -- The consumers that have taken it while others have not, separated by commas.
    taken       TEXT    NOT NULL DEFAULT '',
    due_at      INTEGER
) STRICT;
CREATE UNIQUE INDEX wartel_messaging_inbox_once ON wartel_messaging_inbox (tenant, lane, account, key);
CREATE INDEX wartel_messaging_inbox_due ON wartel_messaging_inbox (kind, due_at, seq) WHERE due_at IS NOT NULL;
CREATE INDEX wartel_messaging_inbox_order ON wartel_messaging_inbox (tenant, lane, account, seq)
    WHERE due_at IS NOT NULL AND lane <> '';
CREATE INDEX wartel_messaging_inbox_received ON wartel_messaging_inbox (received_at);
