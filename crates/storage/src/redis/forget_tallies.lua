-- Deletes tallies. KEYS[1]: when which span began; then the hashes. ARGV: for each tally the number of its key, the
-- slot, and the member of KEYS[1]. Answers how many went; one that another instance deleted is not counted.
local gone = 0
for at = 1, #ARGV, 3 do
  if redis.call('ZREM', KEYS[1], ARGV[at + 2]) == 1 then
    local name, slot = KEYS[tonumber(ARGV[at])], ARGV[at + 1]
    redis.call('HDEL', name, slot .. 'b', slot .. 'd')
    gone = gone + 1
  end
end
return gone
