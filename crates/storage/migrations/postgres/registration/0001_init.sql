-- Instants are microseconds since 1970-01-01T00:00:00Z.

-- Who signed up: one registration for each tenant and phone. `id` follows from the proof of the phone, so that a
-- retry after a crash writes the same row. `extra` is a JSON object with what else came with the form; it is TEXT,
-- because it is given back as it came.
CREATE TABLE wartel_registration_registrations (
    seq        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         UUID   NOT NULL UNIQUE,
    tenant     TEXT   COLLATE "C" NOT NULL,
    phone      TEXT   COLLATE "C" NOT NULL,
    full_name  TEXT   NOT NULL,
    email      TEXT,
    address    TEXT,
    extra      TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (tenant, phone)
);
