#include <string>

#include "absl/strings/str_cat.h"
#include "server/storage/outcomes.h"
#include "server/storage/postgres/batch.h"

namespace nascent::storage::postgres {
namespace {

// Already stored: a report that was sent twice.
constexpr Statement kInsertMeasurements = {"insert_measurements", R"sql(
INSERT INTO nascent.measurements (task_id, attempt, step, metric, epoch, value, measured_at)
SELECT m.task_id, m.attempt, m.step, m.metric, m.epoch, m.value, c.now
FROM (SELECT nascent.now() AS now) AS c,
     unnest($1::bigint[], $2::integer[], $3::bigint[], $4::text[], $5::integer[],
            $6::double precision[]) AS m (task_id, attempt, step, metric, epoch, value)
ON CONFLICT DO NOTHING
)sql"};

constexpr Statement kInsertEvents = {"insert_events", R"sql(
INSERT INTO nascent.events
  (search_id, sequence, kind, trial_number, epoch, state, failure, metrics, seconds, created_at)
SELECT e.search_id, e.sequence, e.kind, e.trial_number, e.epoch, e.state, e.failure, e.metrics,
       e.seconds, c.now
FROM (SELECT nascent.now() AS now) AS c,
     unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::integer[], $6::text[],
            $7::text[], $8::jsonb[], $9::double precision[])
       AS e (search_id, sequence, kind, trial_number, epoch, state, failure, metrics, seconds)
)sql"};

constexpr Statement kMarkWorkersSeen = {"mark_workers_seen", R"sql(
UPDATE nascent.workers SET last_seen_at = nascent.now() WHERE id = ANY ($1::bigint[])
)sql"};

constexpr Statement kFindRequest = {"find_request", R"sql(
SELECT used_for, id FROM nascent.requests WHERE request_id = $1
)sql"};

constexpr Statement kInsertRequest = {"insert_request", R"sql(
INSERT INTO nascent.requests (request_id, used_for, id, created_at)
VALUES ($1, $2, $3, nascent.now())
)sql"};

constexpr Statement kFindAttempt = {"find_attempt", R"sql(
SELECT k.attempt, coalesce(a.state, ''), coalesce(a.end_request_id, '')
FROM nascent.tasks AS k
LEFT JOIN nascent.attempts AS a ON a.task_id = k.id AND a.attempt = $2
WHERE k.id = $1
)sql"};

constexpr Statement kInsertFencedReport = {"insert_fenced_report", R"sql(
INSERT INTO nascent.fenced_reports (task_id, attempt, kind, request_id, report, received_at)
VALUES ($1, $2, $3, $4, $5, nascent.now())
)sql"};

template <typename Enum, typename Parse>
Enum EnumOf(std::string_view prefix, std::string_view name, Parse parse) {
  Enum value = {};
  if (!name.empty()) parse(std::string(prefix) + std::string(name), &value);
  return value;
}

}  // namespace

void MeasurementRows::Add(const AttemptId& of, const std::vector<v1::Measurement>& measurements) {
  for (const v1::Measurement& each : measurements) {
    task_id.Add(of.task_id);
    attempt.Add(of.attempt);
    step.Add(each.step());
    metric.Add(each.metric());
    epoch.Add(each.epoch());
    value.Add(each.value());
  }
}

void EventRows::Add(int64_t of_search, const std::vector<EventRecord>& events) {
  for (const EventRecord& event : events) {
    search_id.Add(of_search);
    sequence.Add(event.sequence);
    kind.Add(event.kind == EventRecord::Kind::kMeasured ? "MEASURED" : "FINISHED");
    trial_number.Add(event.trial_number);
    epoch.Add(event.epoch);
    state.Add(event.state == v1::TRIAL_STATE_UNSPECIFIED ? "" : ShortName(event.state));
    failure.Add(event.failure == v1::FAILURE_KIND_UNSPECIFIED ? "" : ShortName(event.failure));
    metrics.Add(MetricsJson(event.metrics));
    seconds.Add(event.seconds);
  }
}

void StoreRows(Batch& batch) {
  if (MeasurementRows& m = batch.measurements; !m.task_id.empty()) {
    batch.transaction.Execute(kInsertMeasurements, m.task_id.Take(), m.attempt.Take(),
                              m.step.Take(), m.metric.Take(), m.epoch.Take(), m.value.Take());
  }
  if (EventRows& e = batch.events; !e.search_id.empty()) {
    batch.transaction.Execute(kInsertEvents, e.search_id.Take(), e.sequence.Take(), e.kind.Take(),
                              e.trial_number.Take(), e.epoch.Take(), e.state.Take(),
                              e.failure.Take(), e.metrics.Take(), e.seconds.Take());
  }
  if (!batch.active_workers.empty()) {
    batch.transaction.Execute(kMarkWorkersSeen, ArrayOf(batch.active_workers));
    batch.active_workers.clear();
  }
}

bool Replayed(Batch& batch, const std::string& request_id, const std::string& used_for,
              Outcome& outcome) {
  if (request_id.empty()) return false;
  const pqxx::result found = batch.transaction.Execute(kFindRequest, request_id);
  if (found.empty()) return false;
  if (found[0][0].c_str() != used_for) {
    outcome.status = RequestReused(request_id, found[0][0].c_str());
  } else {
    outcome.id = found[0][1].as<int64_t>();
    outcome.replayed = true;
  }
  return true;
}

void Remember(Batch& batch, const std::string& request_id, const std::string& used_for,
              const Outcome& outcome) {
  if (request_id.empty()) return;
  batch.transaction.Execute(kInsertRequest, request_id, used_for, outcome.id);
}

void ExplainRefusal(Batch& batch, const RefusedReport& report, Outcome& outcome) {
  const AttemptId& attempt = report.attempt;
  const pqxx::result found =
      batch.transaction.Execute(kFindAttempt, attempt.task_id, attempt.attempt);
  if (found.empty()) {
    outcome.status = FencedByDeletion(attempt);
    return;
  }
  const std::string_view state = found[0][1].c_str();
  const bool ends = report.kind != "RENEW";
  if (ends && !report.request_id.empty() && report.request_id == found[0][2].c_str()) {
    outcome.replayed = true;
    return;
  }
  if (ends && (state == "SUCCEEDED" || state == "FAILED" || state == "STOPPED")) {
    outcome.status = EndedBefore(attempt, state);
    return;
  }
  outcome.status = Fenced(attempt, found[0][0].as<int>());
  KeepAsEvidence(batch, report);
}

void KeepAsEvidence(Batch& batch, const RefusedReport& report) {
  batch.transaction.Execute(kInsertFencedReport, report.attempt.task_id, report.attempt.attempt,
                            std::string(report.kind), report.request_id, report.report);
}

const char* OrNull(std::string_view text) { return text.empty() ? nullptr : text.data(); }

std::string_view FailureName(v1::FailureKind kind) {
  return kind == v1::FAILURE_KIND_UNSPECIFIED ? std::string_view() : ShortName(kind);
}

v1::SearchState SearchStateOf(std::string_view name) {
  return EnumOf<v1::SearchState>("SEARCH_STATE_", name, v1::SearchState_Parse);
}
v1::TrialState TrialStateOf(std::string_view name) {
  return EnumOf<v1::TrialState>("TRIAL_STATE_", name, v1::TrialState_Parse);
}
v1::FailureKind FailureOf(std::string_view name) {
  return EnumOf<v1::FailureKind>("FAILURE_KIND_", name, v1::FailureKind_Parse);
}
v1::TaskKind TaskKindOf(std::string_view name) {
  return EnumOf<v1::TaskKind>("TASK_KIND_", name, v1::TaskKind_Parse);
}

}  // namespace nascent::storage::postgres
