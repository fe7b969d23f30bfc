-- Adds to tallies, to all or to none. KEYS[1]: when which span began; then a hash for each kind of tally. ARGV: until
-- when it may write, how long tallies live, then for each addition the number of its key, the slot, the member of
-- KEYS[1], and the two numbers.
local time = redis.call('TIME')
if time[1] * 1000000 + time[2] > tonumber(ARGV[1]) then
  return { err = 'LATE the step came after its deadline' }
end
redis.call('ZCARD', KEYS[1])
for number = 2, #KEYS do
  redis.call('HLEN', KEYS[number])
end
local ttl = ARGV[2]
for at = 3, #ARGV, 5 do
  local name, slot = KEYS[tonumber(ARGV[at])], ARGV[at + 1]
  redis.call('HINCRBY', name, slot .. 'b', ARGV[at + 3])
  redis.call('HINCRBY', name, slot .. 'd', ARGV[at + 4])
  redis.call('PEXPIRE', name, ttl)
  redis.call('ZADD', KEYS[1], slot, ARGV[at + 2])
end
redis.call('PEXPIRE', KEYS[1], ttl)
return #KEYS
