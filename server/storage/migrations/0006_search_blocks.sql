-- What a search's tasks and attempts are, without looking at those of every other search. They are
-- written in the order of time, so that a few blocks tell; an ordinary index would cost each lease.
CREATE INDEX tasks_search ON nascent.tasks USING brin (search_id);
CREATE INDEX attempts_search ON nascent.attempts USING brin (search_id);
