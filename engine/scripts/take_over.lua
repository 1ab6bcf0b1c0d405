-- Takes groups over: raises the epoch of each above all it has ever had, and marks the take-over in each of its logs.
--
-- KEYS     per group: its epoch key, then its logs
-- ARGV     per group: how many logs it has
-- Reply    per group: { epoch, n of the 1st log, n of the 2nd, ... }, or a sentence why it was left as it was
--
-- The marker's id is "<epoch>-<n of the last entry>": from then on the store itself refuses every id of an older epoch,
-- so a former owner whose calls are still under way cannot write. An epoch key that was lost is made good by the logs.
local pcall = redis.pcall

local function field(info, name)
  for i = 1, #info, 2 do
    if info[i] == name then return info[i + 1] end
  end
end

-- The epoch and n of a log's last record (0, 0 for none yet), or nil and what is wrong with it.
local function top_of(log)
  local ttl = pcall('PTTL', log)
  if type(ttl) == 'table' then return nil, nil, ttl.err end
  if ttl == -2 then return 0, 0 end
  if ttl ~= -1 then return nil, nil, 'it has a time to live and would be lost; PERSIST it' end
  local info = pcall('XINFO', 'STREAM', log)
  if info.err then return nil, nil, info.err end
  local id, last = field(info, 'last-generated-id'), field(info, 'last-entry')
  if not last or last[1] ~= id then return nil, nil, 'records after the last one it holds were deleted, up to ' .. id end
  local epoch, n = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(epoch), tonumber(n)
end

local function take(at, logs)
  local was = pcall('GET', KEYS[at])
  if type(was) == 'table' then return KEYS[at] .. ': ' .. was.err end
  local epoch, numbers = tonumber(was or 0), {}
  if not epoch then return KEYS[at] .. ' holds no epoch' end
  for i = 1, logs do
    local term, n, err = top_of(KEYS[at + i])
    if err then return KEYS[at + i] .. ': ' .. err end
    epoch, numbers[i] = math.max(epoch, term), n
  end
  epoch = epoch + 1
  local set = pcall('SET', KEYS[at], string.format('%d', epoch))
  if set.err then return KEYS[at] .. ': ' .. set.err end
  for i = 1, logs do
    local done = pcall('XADD', KEYS[at + i], string.format('%d-%d', epoch, numbers[i]), 'm', '')
    if type(done) == 'table' and done.err then return KEYS[at + i] .. ': ' .. done.err end
  end
  table.insert(numbers, 1, epoch)
  return numbers
end

local taken, key = {}, 1
for g, logs in ipairs(ARGV) do
  taken[g] = take(key, tonumber(logs))
  key = key + 1 + tonumber(logs)
end
return taken
