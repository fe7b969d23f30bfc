-- How many challenges of one kind began in the span that began at `slot`, and how many of those were verified. `key`
-- names a kind; it is the program's own and holds no whole phone number. Both sums stop at 4294967295, the largest
-- that the program can read.
-- Pages are half empty, so that a new version of a row, of which there are many, stays in its page.
CREATE TABLE wartel_otp_tallies (
    key   TEXT   COLLATE "C" NOT NULL,
    slot  BIGINT NOT NULL,
    begun BIGINT NOT NULL,
    done  BIGINT NOT NULL,
    PRIMARY KEY (key, slot)
) WITH (fillfactor = 50);
-- For the clean-up, which takes the oldest first.
CREATE INDEX wartel_otp_tallies_slot ON wartel_otp_tallies (slot, key);
