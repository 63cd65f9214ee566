-- Schema 4: what of a message may leave the device. A local-only message makes its session so, for
-- good; a fork without such messages is free again. What is there has its session's class.

ALTER TABLE message ADD COLUMN privacy TEXT NOT NULL DEFAULT 'local-only';

UPDATE message SET privacy = 'open'
WHERE session IN (SELECT n FROM session WHERE privacy = 'open');
