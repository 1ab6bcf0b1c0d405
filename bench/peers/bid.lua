-- Decides one bid on one lot and stores it: what most would write first, and a good deal of what is needed.
--
-- KEYS     the lot as it stands (a hash), its events (a stream)
-- ARGV[1]  the amount, in minor units
-- ARGV[2]  the least raise
-- ARGV[3]  who bids
-- ARGV[4]  the event as it is kept, some 200 bytes
-- Reply    the event's number, 1, 2, 3 ...; or 0 when the bid is not above the price by the least raise
local standing = redis.call('HMGET', KEYS[1], 'price', 'seq')
if tonumber(ARGV[1]) < tonumber(standing[1] or 0) + tonumber(ARGV[2]) then return 0 end
local seq = tonumber(standing[2] or 0) + 1
redis.call('HSET', KEYS[1], 'price', ARGV[1], 'leader', ARGV[3], 'seq', seq)
redis.call('XADD', KEYS[2], seq, 'event', ARGV[4])
return seq
