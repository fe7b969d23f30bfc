-- Instants are microseconds since 1970-01-01T00:00:00Z.

-- The accounts of tenants. `settings` is encrypted, and bound to tenant, name and provider; `key_id` names the key, not
-- the key itself. Of the token in the URL of the webhooks only its SHA-256 stands here.
CREATE TABLE wartel_messaging_accounts (
    tenant       TEXT    NOT NULL,
    id           TEXT    NOT NULL,
    provider     TEXT    NOT NULL,
    key_id       TEXT    NOT NULL,
    settings     TEXT    NOT NULL,
    token_hash   TEXT    NOT NULL UNIQUE,
    created_at   INTEGER NOT NULL,
    -- How the device last stood, and since when.
    device_state TEXT,
    device_since INTEGER,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
