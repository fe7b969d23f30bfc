-- Deletes what a list of ends says is over. KEYS: the list, then the keys of its members. ARGV: the latest end that is
-- over, then the members. A member whose end has moved on meanwhile stays. Answers how many went.
local gone = 0
for number = 2, #KEYS do
  local ends_at = redis.call('ZSCORE', KEYS[1], ARGV[number])
  if ends_at and tonumber(ends_at) <= tonumber(ARGV[1]) then
    redis.call('DEL', KEYS[number])
    redis.call('ZREM', KEYS[1], ARGV[number])
    gone = gone + 1
  end
end
return gone
