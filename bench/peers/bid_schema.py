"""What PostgreSQL is told before it takes bids: the tables, and the function that decides one bid.

Refuses to know who calls it. A bid below the price is kept as one that does not lead; `bid_rows` says why.
"""

SCHEMA = """
CREATE TABLE lots (lot text PRIMARY KEY, price bigint NOT NULL, leader text, seq bigint NOT NULL)
  WITH (fillfactor = 50);
CREATE TABLE events (lot text, seq bigint, leads boolean NOT NULL, event text NOT NULL, PRIMARY KEY (lot, seq));
CREATE FUNCTION bid(_lot text, _amount bigint, _raise bigint, _bidder text, _event text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  _price bigint;
  _seq bigint;
  _leads boolean;
BEGIN
  SELECT price, seq + 1 INTO _price, _seq FROM lots WHERE lot = _lot FOR UPDATE;
  _leads := _amount >= _price + _raise;
  INSERT INTO events VALUES (_lot, _seq, _leads, _event);
  IF _leads THEN
    UPDATE lots SET price = _amount, leader = _bidder, seq = _seq WHERE lot = _lot;
  ELSE
    UPDATE lots SET seq = _seq WHERE lot = _lot;
  END IF;
  RETURN _seq;
END $$;
"""
