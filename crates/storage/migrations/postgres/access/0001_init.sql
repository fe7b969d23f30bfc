-- Instants are microseconds since 1970-01-01T00:00:00Z.

-- API keys. `id` is the public part of a key, `hash` the SHA-256 of the whole key in hex; the key itself is nowhere.
-- `scopes` are words with a space between them.
CREATE TABLE wartel_access_api_keys (
    id           TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    tenant       TEXT   COLLATE "C" NOT NULL,
    name         TEXT   NOT NULL,
    hash         TEXT   COLLATE "C" NOT NULL,
    scopes       TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    last_used_at BIGINT,
    revoked_at   BIGINT
);

CREATE INDEX wartel_access_api_keys_by_tenant ON wartel_access_api_keys (tenant, created_at);

-- Who did what, and when. Rows are written once, never changed and never deleted. `seq` keeps the order of those of
-- one instant.
CREATE TABLE wartel_access_audit (
    seq     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id      UUID   NOT NULL UNIQUE,
    at      BIGINT NOT NULL,
    tenant  TEXT   COLLATE "C" NOT NULL,
    actor   TEXT   NOT NULL,
    action  TEXT   NOT NULL,
    subject TEXT   NOT NULL
);

CREATE INDEX wartel_access_audit_by_time ON wartel_access_audit (at, seq);
CREATE INDEX wartel_access_audit_by_tenant ON wartel_access_audit (tenant, at, seq);
