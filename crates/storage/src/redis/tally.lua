-- Adds to tallies, to all or to none. KEYS[1]: when which span began; then a hash for each kind of tally. ARGV: how
-- long tallies live, then for each addition the number of its key, the slot, the member of KEYS[1], and the two numbers.
redis.call('ZCARD', KEYS[1])
for number = 2, #KEYS do
  redis.call('HLEN', KEYS[number])
end
local ttl = ARGV[1]
for at = 2, #ARGV, 5 do
  local name, slot = KEYS[tonumber(ARGV[at])], ARGV[at + 1]
  redis.call('HINCRBY', name, slot .. 'b', ARGV[at + 3])
  redis.call('HINCRBY', name, slot .. 'd', ARGV[at + 4])
  redis.call('PEXPIRE', name, ttl)
  redis.call('ZADD', KEYS[1], slot, ARGV[at + 2])
end
redis.call('PEXPIRE', KEYS[1], ttl)
return #KEYS
