-- Instants are microseconds since 1970-01-01T00:00:00Z.

-- Who signed up: one registration for each tenant and phone. `id` follows from the proof of the phone, so that a
-- retry after a crash writes the same row. `extra` is a JSON object with what else came with the form.
CREATE TABLE wartel_registration_registrations (
    seq        INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE,
    tenant     TEXT    NOT NULL,
    phone      TEXT    NOT NULL,
    full_name  TEXT    NOT NULL,
    email      TEXT,
    address    TEXT,
    extra      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (tenant, phone)
) STRICT;
