-- Instants are microseconds since 1970-01-01T00:00:00Z, spans are microseconds.
-- Keys are compared byte by byte (COLLATE "C"): that is faster, and the same order as that of the program, which
-- locks them in order.

-- Everything that is kept of one (tenant, phone), as one JSON document: challenges, verifications, proofs and
-- counters. It holds neither a code nor, without the key, anything that a code can be found from.
-- TEXT and not JSONB, because only the program looks into it, and always at all of it.
CREATE TABLE wartel_otp_phones (
    tenant   TEXT   COLLATE "C" NOT NULL,
    phone    TEXT   COLLATE "C" NOT NULL,
    ledger   TEXT   NOT NULL,
    due_at   BIGINT,
    purge_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, phone)
) WITH (fillfactor = 80);
CREATE INDEX wartel_otp_phones_due ON wartel_otp_phones (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX wartel_otp_phones_purge ON wartel_otp_phones (purge_at);

-- By what else than its phone a document is found: a verification, a proof's hash, a provider's message id.
CREATE TABLE wartel_otp_locators (
    locator TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant  TEXT COLLATE "C" NOT NULL,
    phone   TEXT COLLATE "C" NOT NULL
);

-- Budgets that many phones share. `last_seq` and `latest_at` are those of the latest event, `window` that of the
-- latest charge. `recent` holds the distances between the latest events, the latest first, seven bits in a byte,
-- if the budget allows few; NULL if they are rows of the next table. The window may end later than `purge_at`
-- says: raising that with each charge would move an index entry each time, so the clean-up raises it when it comes
-- by. Pages are half empty, so that a new version of a row stays in its page.
CREATE TABLE wartel_otp_budgets (
    budget    TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    last_seq  BIGINT NOT NULL,
    latest_at BIGINT NOT NULL,
    recent    BYTEA,
    "window"  BIGINT NOT NULL,
    purge_at  BIGINT NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX wartel_otp_budgets_purge ON wartel_otp_budgets (purge_at);

-- The latest events of the budgets that allow many, at most as many as each allows.
CREATE TABLE wartel_otp_budget_events (
    budget TEXT   COLLATE "C" NOT NULL,
    seq    BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (budget, seq)
);

-- Receipts whose message is not known yet.
CREATE TABLE wartel_otp_receipts (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    locator    TEXT   COLLATE "C" NOT NULL,
    message_id TEXT   COLLATE "C",
    state_id   TEXT   COLLATE "C",
    provider   TEXT   NOT NULL,
    state      TEXT   NOT NULL,
    at         BIGINT,
    kept_at    BIGINT NOT NULL
);
-- The ids as a hash, because they come from outside and an index entry has a longest length.
CREATE UNIQUE INDEX wartel_otp_receipts_once ON wartel_otp_receipts
    (locator, state, hashtextextended(coalesce(message_id, '') || chr(10) || coalesce(state_id, ''), 0));
CREATE INDEX wartel_otp_receipts_kept ON wartel_otp_receipts (kept_at);
