-- One step: looks whether everything that was read is still so, then writes everything. What is written depends on
-- nothing that is read here, except where an event of a budget has its place. Nothing is written unless all checks
-- hold. Every key whose kind matters is looked at before the first write, or is the first to be written, so that no
-- write fails after another one succeeded.
--
-- A script's time goes into its arguments and the commands that it calls, so there are few of both. Numbers that are
-- only added or subtracted are not converted first: Lua does that itself.
--
-- KEYS: the list of ends, the list of receipts that wait, the documents, the values, the budgets, the strings that are
-- written, and those that are deleted.
-- ARGV: until when this may write, in microseconds; the place where a version ends; how many documents, values,
-- budgets, written strings, changes of ends, changes of waiting receipts and changes of budgets there are; then these:
--   document: the version that it must have, how long it lives, its new text; without a life it is not written. None
--     is an empty one.
--   value: what it must be; none is an empty one.
--   budget: its max with a minus, what its max-th latest event must not be after, what its latest one must not.
--   written string: how long it lives, its text.
--   change of ends or receipts: the member, its end, how long the list lives then; without an end it is taken out.
--   change of a budget: its number, the instant, how long it lives then; without a life one event of exactly that
--     instant is taken back.
--
-- Answers 1 if everything was written, and otherwise what stands under each document, value and budget.
local call = redis.call
local time = call('TIME')
if time[1] * 1000000 + time[2] > ARGV[1] + 0 then
  return { err = 'LATE the step came after its deadline' }
end

local last_document = 2 + ARGV[3]
local last_value = last_document + ARGV[4]
local last_budget = last_value + ARGV[5]
local last_written = last_budget + ARGV[6]
-- The argument before the first one of each kind.
local values_at = 9 + 3 * ARGV[3]
local budgets_at = values_at + ARGV[4]
local written_at = budgets_at + 3 * ARGV[5]
local changes_at = written_at + 2 * ARGV[6]

local holds = true
local at = 10
for number = 3, last_document do
  if call('GETRANGE', KEYS[number], 0, ARGV[2]) ~= ARGV[at] then
    holds = false
  end
  at = at + 3
end
for number = last_document + 1, last_value do
  if (call('GET', KEYS[number]) or '') ~= ARGV[at] then
    holds = false
  end
  at = at + 1
end
local latest_of = {}
at = budgets_at
for number = last_value + 1, last_budget do
  local name = KEYS[number]
  local latest = call('LINDEX', name, -1)
  if latest then
    latest_of[name] = latest
    local free_until = ARGV[at + 2] + 0
    if latest + 0 > ARGV[at + 3] + 0 then
      holds = false
    elseif latest + 0 > free_until then
      local first = call('LINDEX', name, ARGV[at + 1])
      if first and first + 0 > free_until then
        holds = false
      end
    end
  end
  at = at + 3
end

if not holds then
  local found = {}
  for number = 3, last_value do
    found[number - 2] = call('GET', KEYS[number])
  end
  at = budgets_at
  for number = last_value + 1, last_budget do
    local name = KEYS[number]
    found[number - 2] = { call('LINDEX', name, ARGV[at + 1]), call('LINDEX', name, -1) }
    at = at + 3
  end
  return found
end

-- Lets a key live for this long at least. Some more, so that it is not written for every step.
local function outlive(name, ttl)
  if call('PTTL', name) < ttl + 0 then
    call('PEXPIRE', name, ttl + 600000)
  end
end

-- The lists come first: a server without memory refuses the first write of a script, if that one needs any.
at = changes_at
local function change(list, changes)
  for _ = 1, changes do
    local member, ends_at = ARGV[at + 1], ARGV[at + 2]
    if ends_at == '' then
      call('ZREM', list, member)
    else
      call('ZADD', list, ends_at, member)
      outlive(list, ARGV[at + 3])
    end
    at = at + 3
  end
end
if ARGV[8] ~= '0' then
  call('ZCARD', KEYS[2])
end
change(KEYS[1], ARGV[7])
change(KEYS[2], ARGV[8])

for _ = 1, ARGV[9] do
  local number, instant, ttl = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local name = KEYS[last_value + number]
  local latest = latest_of[name]
  if ttl == '' then
    call('LREM', name, -1, instant)
    latest_of[name] = call('LINDEX', name, -1) or nil
  elseif not latest then
    call('RPUSH', name, instant)
    call('PEXPIRE', name, ttl + 600000)
    latest_of[name] = instant
  else
    -- Whoever was faster may have counted later events: they stay the later ones.
    local later = {}
    while latest and latest + 0 > instant + 0 do
      later[#later + 1] = call('RPOP', name)
      latest = call('LINDEX', name, -1)
    end
    local length = call('RPUSH', name, instant)
    for event = #later, 1, -1 do
      length = call('RPUSH', name, later[event])
    end
    latest_of[name] = later[1] or instant
    local most = ARGV[budgets_at + 3 * number - 2]
    if length + most > 0 then
      call('LTRIM', name, most, -1)
    end
    outlive(name, ttl)
  end
  at = at + 3
end

at = 10
for number = 3, last_document do
  local ttl = ARGV[at + 1]
  if ttl ~= '' then
    call('SET', KEYS[number], ARGV[at + 2], 'PX', ttl)
  end
  at = at + 3
end
at = written_at
for number = last_budget + 1, last_written do
  call('SET', KEYS[number], ARGV[at + 2], 'PX', ARGV[at + 1])
  at = at + 2
end
if #KEYS > last_written then
  call('DEL', unpack(KEYS, last_written + 1))
end
return 1
