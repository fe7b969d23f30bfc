-- How many challenges of one kind began in the span that began at `slot`, and how many of those were verified. `key`
-- names a kind; it is the program's own and holds no whole phone number. Both sums stop at 4294967295, the largest
-- that the program can read.
CREATE TABLE wartel_otp_tallies (
    key   TEXT    NOT NULL,
    slot  INTEGER NOT NULL,
    begun INTEGER NOT NULL,
    done  INTEGER NOT NULL,
    PRIMARY KEY (key, slot)
) STRICT, WITHOUT ROWID;
-- For the clean-up, which takes the oldest first.
CREATE INDEX wartel_otp_tallies_slot ON wartel_otp_tallies (slot, key);
