-- Appends batches of entries to logs, each batch under its owner's epoch, and notes of refusals beside them.
--
-- KEYS     per batch: its epoch key, then a log per write; after the batches: a refusal stream per note
-- ARGV[1]  cmsgpack { { epoch, { { top epoch, top n, count of entries }, ... } }, ... }
-- ARGV[2]  how many refusals a stream keeps, about
-- ARGV[3+] per entry: public, private, head, chain; after the entries: one record per note
-- Reply    per batch: 1 when appended, else "fenced ...", "version ..." or "failed ..." with the reason
--
-- A batch is checked whole before anything of it is written, so it is written whole or not at all. Every command is
-- a pcall, so what is wrong with one batch leaves the others alone. A script runs alone: nobody writes in between.
local plan, cap = cmsgpack.unpack(ARGV[1]), ARGV[2]
local pcall = redis.pcall
local key, arg = 0, 3

local function top_of(log)
  local last = pcall('XREVRANGE', log, '+', '-', 'COUNT', 1)
  if last.err then return nil, last.err end
  return last[1] and last[1][1] or '0-0'
end

-- Why this batch may not be written now, or nil. `at` is the place of its epoch key in KEYS.
local function objection(epoch, writes, at)
  local owner = pcall('GET', KEYS[at])
  if type(owner) == 'table' then return 'failed ' .. KEYS[at] .. ': ' .. owner.err end
  if owner ~= string.format('%d', epoch) then
    return string.format('fenced %s is %s, not %d', KEYS[at], owner or 'missing', epoch)
  end
  for i, write in ipairs(writes) do
    local log, due = KEYS[at + i], string.format('%d-%d', write[1], write[2])
    local top, err = top_of(log)
    if err then return 'failed ' .. log .. ': ' .. err end
    if top ~= due then return string.format('version %s ends at %s, not at %s', log, top, due) end
  end
end

-- Writes the entries of one log; `from` is the place of its first part in ARGV. An error ends it and is returned.
local function write_log(log, epoch, n, count, from)
  local prefix = string.format('%d-', epoch)
  for i = 1, count do
    local id = prefix .. string.format('%d', n + i)
    local done = pcall('XADD', log, id, 'p', ARGV[from], 's', ARGV[from + 1], 'h', ARGV[from + 2], 'c', ARGV[from + 3])
    if type(done) == 'table' and done.err then return 'failed ' .. log .. ': ' .. done.err end
    from = from + 4
  end
end

local function write_batch(epoch, writes, at, from)
  for i, write in ipairs(writes) do
    local failure = write_log(KEYS[at + i], epoch, write[2], write[3], from)
    if failure then return failure end
    from = from + 4 * write[3]
  end
  return 1
end

local verdicts = {}
for b, batch in ipairs(plan) do
  local epoch, writes = batch[1], batch[2]
  verdicts[b] = objection(epoch, writes, key + 1) or write_batch(epoch, writes, key + 1, arg)
  key = key + 1 + #writes
  for _, write in ipairs(writes) do arg = arg + 4 * write[3] end
end

-- Refusals are for the operator's eyes: whatever happens to a note, the batches stand.
for i = key + 1, #KEYS do
  pcall('XADD', KEYS[i], 'MAXLEN', '~', cap, '*', 'r', ARGV[arg])
  arg = arg + 1
end
return verdicts
