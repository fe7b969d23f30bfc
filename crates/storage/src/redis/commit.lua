-- One step: looks whether everything that was read is still so, then writes everything. What is written depends on
-- nothing that is read here, except where an event of a budget has its place. Nothing is written unless all checks
-- hold, and every list is looked at before the first write, so that no write fails after another one succeeded.
--
-- KEYS: all keys, in any order. ARGV: until when it may write, "r" (read) or "w" (write), the length of a version, the number of checks, the
-- checks, the writes. A check or a write is a letter, the number of its key, and what that letter needs.
--
-- Answers {1} if everything was written, and otherwise {0, what stands under the key of each check}.
local next_argument = 1
local function take()
  local value = ARGV[next_argument]
  next_argument = next_argument + 1
  return value
end
local function key()
  return KEYS[tonumber(take())]
end
local function whole(number)
  return string.format('%.0f', number)
end

-- Lets a key live for this long at least. Some more, so that it is not written for every step.
local lives = {}
local function outlive(name, ttl)
  ttl = tonumber(ttl)
  local life = lives[name] or redis.call('PTTL', name)
  if life < ttl then
    life = ttl + 600000
    redis.call('PEXPIRE', name, whole(life))
  end
  lives[name] = life
end

local limit = tonumber(take())
local writes = take() == 'w'
if writes then
  local time = redis.call('TIME')
  if time[1] * 1000000 + time[2] > limit then
    return { err = 'LATE the step came after its deadline' }
  end
end
local version_ends = tonumber(take()) - 1
local holds = true
local checks = {}
local latest_of = {}

for number = 1, tonumber(take()) do
  local letter, name = take(), key()
  if letter == 'v' then
    -- A document, by the version that it begins with; none is an empty one.
    checks[number] = { name }
    if redis.call('GETRANGE', name, 0, version_ends) ~= take() then
      holds = false
    end
  elseif letter == 'e' then
    -- A value, by all of it; none is an empty one.
    checks[number] = { name }
    if (redis.call('GET', name) or '') ~= take() then
      holds = false
    end
  elseif letter == 'z' then
    -- A list of ends that will be written: that it is one.
    checks[number] = { name, false }
    redis.call('ZCARD', name)
  else
    -- A budget: its max-th latest event is not after an instant, and its latest one is not after another.
    local max, free_until, latest_until = take(), tonumber(take()), tonumber(take())
    local first = redis.call('LINDEX', name, '-' .. max)
    local latest = redis.call('LINDEX', name, -1)
    checks[number] = { name, first, latest }
    latest_of[name] = latest
    if (first and tonumber(first) > free_until) or (latest and tonumber(latest) > latest_until) then
      holds = false
    end
  end
end

if not writes or not holds then
  local found = { 0 }
  for number, check in ipairs(checks) do
    if check[2] == nil then
      found[number + 1] = redis.call('GET', check[1])
    else
      found[number + 1] = { check[2], check[3] }
    end
  end
  return found
end

while next_argument <= #ARGV do
  local letter, name = take(), key()
  if letter == 's' then
    local ttl = take()
    redis.call('SET', name, take(), 'PX', ttl)
  elseif letter == 'd' then
    redis.call('DEL', name)
  elseif letter == 'z' then
    local score, member, ttl = take(), take(), take()
    redis.call('ZADD', name, score, member)
    outlive(name, ttl)
  elseif letter == 'x' then
    redis.call('ZREM', name, take())
  elseif letter == 'c' then
    -- An event of a budget. Whoever was faster may have counted later ones: they stay the later ones.
    local ends, member, instant, max, window, ttl = key(), take(), take(), take(), take(), take()
    local later = {}
    local latest = latest_of[name]
    while latest and tonumber(latest) > tonumber(instant) do
      later[#later + 1] = redis.call('RPOP', name)
      latest = redis.call('LINDEX', name, -1)
    end
    if latest == false then
      -- A list that was emptied is another one then, without an end.
      lives[name] = nil
    end
    local length = redis.call('RPUSH', name, instant)
    for number = #later, 1, -1 do
      length = redis.call('RPUSH', name, later[number])
    end
    if length > tonumber(max) then
      redis.call('LTRIM', name, '-' .. max, -1)
    end
    latest_of[name] = later[1] or instant
    outlive(name, ttl)
    redis.call('ZADD', ends, whole(tonumber(latest_of[name]) + tonumber(window)), member)
    outlive(ends, ttl)
  else
    -- Takes back one event of a budget that was counted at exactly this instant.
    local ends, member, instant = key(), take(), take()
    redis.call('LREM', name, -1, instant)
    latest_of[name] = redis.call('LINDEX', name, -1)
    if not latest_of[name] then
      redis.call('ZREM', ends, member)
    end
  end
end
return { 1 }
