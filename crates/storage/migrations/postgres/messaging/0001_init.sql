-- Instants are microseconds since 1970-01-01T00:00:00Z.

-- Messages that must be sent, also after a crash: so the recipient and the text stand here until the message
-- is settled, and the text is emptied then. `due_at` is when the entry is looked at next: its next try while it
-- is queued, the end of the lease while it is sent, nothing once it is settled.
CREATE TABLE wartel_messaging_outbox (
    seq        BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         UUID    NOT NULL UNIQUE,
    tenant     TEXT    NOT NULL,
    recipient  TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    fence      BIGINT  NOT NULL DEFAULT 0,
    -- How often it was handed over without a certain refusal afterwards.
    uncertain  INTEGER NOT NULL DEFAULT 0,
    refusals   INTEGER NOT NULL DEFAULT 0,
    message_id TEXT,
    due_at     BIGINT,
    expires_at BIGINT  NOT NULL,
    settled_at BIGINT
);
CREATE INDEX wartel_messaging_outbox_due ON wartel_messaging_outbox (due_at, seq) WHERE due_at IS NOT NULL;
CREATE INDEX wartel_messaging_outbox_settled ON wartel_messaging_outbox (settled_at) WHERE settled_at IS NOT NULL;
