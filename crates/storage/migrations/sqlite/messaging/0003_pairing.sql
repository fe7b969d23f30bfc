-- Instants are microseconds since 1970-01-01T00:00:00Z.

-- How the device of an account stands: one document in JSON, read and written as a whole. While a code is shown it
-- stands in there, so that every instance shows the same one; it goes when it is used or has run out.
CREATE TABLE wartel_messaging_pairings (
    tenant     TEXT    NOT NULL,
    account    TEXT    NOT NULL,
    document   TEXT    NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, account)
) STRICT, WITHOUT ROWID;

-- How often a number was tried, over all accounts of its tenant. It outlives the accounts, so that nobody gets new
-- tries by making one anew.
CREATE TABLE wartel_messaging_pairing_tries (
    tenant     TEXT    NOT NULL,
    phone      TEXT    NOT NULL,
    document   TEXT    NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, phone)
) STRICT, WITHOUT ROWID;
