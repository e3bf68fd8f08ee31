-- Which evaluator (name and version) makes a result is known when its attempt is leased: that is
-- when the identity of its evaluation is known, too.
ALTER TABLE nascent.attempts
  ADD COLUMN evaluator text NOT NULL DEFAULT '',
  ADD COLUMN evaluation_identity text NOT NULL DEFAULT '';  -- empty: the trial's
-- Of the trial's result; empty: there is none, or it was made before this was kept.
ALTER TABLE nascent.trials ADD COLUMN evaluator text NOT NULL DEFAULT '';
ALTER TABLE nascent.evaluations ADD COLUMN evaluator text NOT NULL DEFAULT '';
-- No other evaluator continues from the checkpoint.
ALTER TABLE nascent.tasks ADD COLUMN checkpoint_evaluator text NOT NULL DEFAULT '';
