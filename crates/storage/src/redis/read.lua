-- Reads at one moment. KEYS: strings, then budgets. ARGV: how many strings, then the max of each budget with a minus.
-- Answers each string, and of each budget its max-th latest event and its latest one.
local found = {}
local strings = ARGV[1] + 0
for number, name in ipairs(KEYS) do
  if number <= strings then
    found[number] = redis.call('GET', name)
  else
    found[number] = { redis.call('LINDEX', name, ARGV[number - strings + 1]), redis.call('LINDEX', name, -1) }
  end
end
return found
