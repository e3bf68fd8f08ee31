#include "server/storage/postgres/writer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/storage/outcomes.h"
#include "server/storage/postgres/batch_plan.h"
#include "server/storage/transition_check.h"

namespace nascent::storage::postgres {
namespace {

// The fence. Waits for a change of term that is under way, and keeps the next one waiting.
constexpr Statement kEnterTerm = {"enter_term", R"sql(
UPDATE nascent.terms SET batch = batch + 1 WHERE term = $1 AND ended_at IS NULL RETURNING batch
)sql"};

constexpr Statement kNewestTerm = {"newest_term", R"sql(
SELECT coalesce(max(term), 0) FROM nascent.terms
)sql"};

// Waits for the transaction in question, should the server still be at it.
constexpr Statement kBatchOfTerm = {"batch_of_term", R"sql(
SELECT batch FROM nascent.terms WHERE term = $1 FOR UPDATE
)sql"};

// The key is any number that nothing else in the database uses: "nascentT" in ASCII.
constexpr Statement kLockTerms = {"lock_terms",
                                  "SELECT pg_advisory_xact_lock(x'6e617363656e7454'::bigint)"};

constexpr Statement kExtendTerm = {"extend_term", R"sql(
UPDATE nascent.terms SET deadline = nascent.now() + $2::double precision * interval '1 second',
  session_process = s.pid, session_start = s.backend_start
FROM (SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()) AS s
WHERE ended_at IS NULL AND holder = $1
RETURNING term, nascent.microseconds(deadline)
)sql"};

// Expired, or its holder's session is gone: then the holder is, or has lost what it was doing. A
// start that may not be seen counts as the one that is looked for.
constexpr Statement kEndExpiredTerm = {"end_expired_term", R"sql(
UPDATE nascent.terms SET ended_at = nascent.now()
WHERE ended_at IS NULL
  AND (deadline <= nascent.now()
       OR session_process IS NOT NULL
          AND NOT EXISTS (SELECT FROM pg_stat_activity AS a
                          WHERE a.pid = session_process
                            AND coalesce(a.backend_start, session_start) = session_start))
)sql"};

constexpr Statement kStartTerm = {"start_term", R"sql(
INSERT INTO nascent.terms (holder, acquired_at, deadline, session_process, session_start)
SELECT $1, c.now, c.now + $2::double precision * interval '1 second', s.pid, s.backend_start
FROM (SELECT nascent.now() AS now) AS c,
     (SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()) AS s
WHERE NOT EXISTS (SELECT FROM nascent.terms WHERE ended_at IS NULL)
RETURNING term, nascent.microseconds(deadline)
)sql"};

constexpr Statement kFindHolder = {"find_holder", R"sql(
SELECT holder, nascent.microseconds(deadline) FROM nascent.terms WHERE ended_at IS NULL
)sql"};

constexpr Statement kEndTerm = {"end_term", R"sql(
UPDATE nascent.terms SET ended_at = nascent.now() WHERE term = $1 AND ended_at IS NULL RETURNING term
)sql"};

// What every session that writes needs.
constexpr char kWriterSetup[] =
    "SET timezone = 'UTC'; SET idle_in_transaction_session_timeout = '10s';"
    " SELECT set_config('synchronous_commit', 'on', false)"
    "  WHERE current_setting('synchronous_commit') = 'off'";

// Batches touch rows by their keys only. Plans are made once and must not depend on how small a
// table was then: nested loops over indices, whatever the statistics say.
std::string BatchSetup() {
  return absl::StrCat(kWriterSetup,
                      "; SET plan_cache_mode = force_generic_plan; SET jit = off;"
                      " SET enable_seqscan = off; SET enable_bitmapscan = off;"
                      " SET enable_hashjoin = off; SET enable_mergejoin = off");
}

ConnectionPool::Options OneSession(const std::string& url, absl::Duration patience,
                                   std::string setup) {
  return {.url = url,
          .size = 1,
          .patience = patience,
          .statement_timeout = patience,
          .lock_timeout = patience * 4 / 5,
          .setup = std::move(setup)};
}

absl::StatusOr<Term> TermIn(const pqxx::result& rows) {
  return Term{rows[0][0].as<int64_t>(), absl::FromUnixMicros(rows[0][1].as<int64_t>())};
}

// Carries out one item; of a kind whose items are carried out together, as a group of one.
template <typename T>
void ApplyItem(Batch& batch, size_t item) {
  if constexpr (std::is_same_v<T, AddTrial>) {
    ApplyTrials(batch, {item});
  } else if constexpr (std::is_same_v<T, GrantLease>) {
    ApplyGrants(batch, {item});
  } else if constexpr (std::is_same_v<T, RenewLease>) {
    ApplyRenewals(batch, {item});
  } else if constexpr (std::is_same_v<T, FinishAttempt>) {
    ApplyFinishes(batch, {item});
  } else {
    Apply(batch, batch.Get<T>(item), batch.outcomes[item]);
  }
}

void ApplyGroup(Batch& batch, const BatchGroup& group) {
  const Transition& first = batch.transitions[group.items.front()];
  if (std::holds_alternative<AddTrial>(first)) return ApplyTrials(batch, group.items);
  if (std::holds_alternative<GrantLease>(first)) return ApplyGrants(batch, group.items);
  if (std::holds_alternative<RenewLease>(first)) return ApplyRenewals(batch, group.items);
  if (std::holds_alternative<FinishAttempt>(first)) return ApplyFinishes(batch, group.items);
  std::visit(
      [&]<typename T>(const T&) {
        for (const size_t item : group.items) ApplyItem<T>(batch, item);
      },
      first);
}

}  // namespace

Writer::Writer(const std::string& url, absl::Duration patience)
    : batches_(OneSession(url, patience, BatchSetup())),
      terms_(OneSession(url, patience, kWriterSetup)) {}

absl::StatusOr<Term> Writer::AcquireTerm(const std::string& holder, absl::Duration duration) {
  absl::StatusOr<Term> term = absl::UnknownError("");
  const absl::Status status = RunTransaction(terms_, [&](Transaction& transaction) {
    const double seconds = absl::ToDoubleSeconds(duration);
    transaction.Execute(kLockTerms);
    pqxx::result rows = transaction.Execute(kExtendTerm, holder, seconds);
    if (rows.empty()) {
      transaction.Execute(kEndExpiredTerm);
      rows = transaction.Execute(kStartTerm, holder, seconds);
    }
    if (rows.empty()) {
      const pqxx::result other = transaction.Execute(kFindHolder);
      term = TermHeld(other[0][0].c_str(), absl::FromUnixMicros(other[0][1].as<int64_t>()));
    } else {
      term = TermIn(rows);
    }
    return term.status();
  });
  if (!status.ok()) return status;
  return term;
}

absl::Status Writer::ReleaseTerm(int64_t term) {
  return RunTransaction(terms_, [&](Transaction& transaction) {
    if (!transaction.Execute(kEndTerm, term).empty()) return absl::OkStatus();
    return TermLost(term, transaction.Execute(kNewestTerm)[0][0].as<int64_t>());
  });
}

absl::Status Writer::Run(int64_t term, const std::vector<Transition>& transitions,
                         const std::vector<size_t>& items, bool together,
                         std::vector<Outcome>& outcomes, int64_t& batch_number) {
  return RunTransaction(batches_, [&](Transaction& transaction) -> absl::Status {
    mutex_.AssertHeld();
    for (const size_t item : items) outcomes[item] = Outcome();
    const pqxx::result entered = transaction.Execute(kEnterTerm, term);
    if (entered.empty()) {
      return TermLost(term, transaction.Execute(kNewestTerm)[0][0].as<int64_t>());
    }
    batch_number = entered[0][0].as<int64_t>();
    const auto new_batch = [&] {
      mutex_.AssertHeld();
      return Batch{transaction, transitions, outcomes, json_, seen_, {}, {}, {}};
    };
    if (together) {
      Batch batch = new_batch();
      for (const BatchGroup& group : PlanBatch(transitions, items)) ApplyGroup(batch, group);
      StoreRows(batch);
      return absl::OkStatus();
    }
    for (const size_t item : items) {
      const absl::Status status = transaction.Attempt([&] {
        Batch batch = new_batch();
        std::visit([&]<typename T>(const T&) { ApplyItem<T>(batch, item); }, transitions[item]);
        StoreRows(batch);
        return absl::OkStatus();
      });
      if (!status.ok()) {
        outcomes[item] = Outcome();
        outcomes[item].status = status;
      }
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<bool> Writer::WasCommitted(int64_t term, int64_t batch_number) {
  bool committed = false;
  const absl::Status status = RunTransaction(terms_, [&](Transaction& transaction) {
    const pqxx::result rows = transaction.Execute(kBatchOfTerm, term);
    committed = !rows.empty() && rows[0][0].as<int64_t>() >= batch_number;
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return committed;
}

absl::StatusOr<std::vector<Outcome>> Writer::Apply(int64_t term,
                                                   const std::vector<Transition>& transitions) {
  std::vector<Outcome> outcomes(transitions.size());
  std::vector<size_t> items;
  items.reserve(transitions.size());
  for (size_t i = 0; i < transitions.size(); ++i) {
    outcomes[i].status = CheckTransition(transitions[i]);
    if (outcomes[i].status.ok()) items.push_back(i);
  }
  MutexLock lock(mutex_);
  bool together = true;
  bool asked_again = false;
  while (true) {
    int64_t batch_number = 0;
    const absl::Status status = Run(term, transitions, items, together, outcomes, batch_number);
    if (status.ok()) return outcomes;
    if (together && (absl::IsInvalidArgument(status) || absl::IsAlreadyExists(status))) {
      together = false;  // some item is bad: find out which
      continue;
    }
    if (!absl::IsUnknown(status)) return status;
    const auto committed = WasCommitted(term, batch_number);
    if (!committed.ok()) {
      return absl::UnknownError(absl::StrCat("the outcome of a commit is not known: ",
                                             status.message(), "; ", committed.status().message()));
    }
    if (*committed) return outcomes;
    if (std::exchange(asked_again, true)) {
      return absl::UnavailableError(absl::StrCat("not committed: ", status.message()));
    }
  }
}

}  // namespace nascent::storage::postgres
