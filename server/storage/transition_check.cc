#include "server/storage/transition_check.h"

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/text/utf8.h"
#include "server/storage/trial_life.h"

namespace nascent::storage {
namespace {

// Collects the first thing that is wrong.
class Checker {
 public:
  void Text(const char* field, std::string_view value) {
    if (!IsStorableText(value)) Fail(field, "is not UTF-8 without NUL");
  }
  void Id(const char* field, int64_t value) {
    if (value < 1) Fail(field, absl::StrCat("is ", value, ", an id is at least 1"));
  }
  void Finite(const char* field, double value) {
    if (!std::isfinite(value)) Fail(field, absl::StrCat("is ", value, ", not a finite number"));
  }
  void That(bool condition, const char* field, const char* what) {
    if (!condition) Fail(field, what);
  }
  void Metrics(const char* field, const std::map<std::string, double>& metrics) {
    for (const auto& [name, value] : metrics) {
      Text(field, name);
      Finite(field, value);
    }
  }
  void Measurements(const std::vector<v1::Measurement>& measurements) {
    for (const v1::Measurement& each : measurements) {
      Text("measurements.metric", each.metric());
      That(!each.metric().empty(), "measurements.metric", "is empty");
      Finite("measurements.value", each.value());
    }
  }
  void Events(const std::vector<EventRecord>& events) {
    for (const EventRecord& each : events) {
      Id("events.sequence", each.sequence);
      Id("events.trial_number", each.trial_number);
      Metrics("events.metrics", each.metrics);
      Finite("events.seconds", each.seconds);
    }
  }
  void Attempt(const AttemptId& attempt) {
    Id("attempt.task_id", attempt.task_id);
    Id("attempt.attempt", attempt.attempt);
  }

  absl::Status Result() { return std::move(status_); }

 private:
  void Fail(const char* field, std::string_view what) {
    if (status_.ok()) {
      status_ = absl::InvalidArgumentError(
          absl::StrCat(field, ": ", absl::string_view(what.data(), what.size())));
    }
  }

  absl::Status status_;
};

void Check(const CreateSearch& t, Checker& c) {
  c.Text("request_id", t.request_id);
  c.That(!t.search.spec.name().empty(), "spec.name", "is empty");
  c.Text("spec.name", t.search.spec.name());
  c.Text("spec.project", t.search.spec.project());
  c.Text("spec.owner", t.search.spec.owner());
  c.Text("space_size", t.search.space_size);
  for (const std::string& warning : t.search.warnings) c.Text("warnings", warning);
}

void Check(const ChangeSearchState& t, Checker& c) {
  c.Text("request_id", t.request_id);
  c.Id("search_id", t.search_id);
  c.Text("reason", t.reason);
  c.That(t.to != v1::SEARCH_STATE_UNSPECIFIED, "to", "is unset");
}

void Check(const DeleteSearch& t, Checker& c) {
  c.Text("request_id", t.request_id);
  c.Id("search_id", t.search_id);
}

void Check(const AddTrial& t, Checker& c) {
  c.Text("request_id", t.request_id);
  c.Id("trial.search_id", t.trial.search_id);
  c.Id("trial.number", t.trial.number);
  c.Text("trial.key", t.trial.key);
  c.Text("trial.notation", t.trial.notation);
  c.Text("trial.reason", t.trial.reason);
  c.Text("trial.evaluation_identity", t.trial.evaluation_identity);
  c.Text("trial.evaluator", t.trial.evaluator);
  c.That(!t.joined || t.trial.shared_from == 0, "joined", "is set for a trial that is SHARED");
  for (const v1::DecisionValue& value : t.trial.genotype.values()) {
    c.Text("trial.genotype.label", value.label());
    c.Finite("trial.genotype.real", value.has_real() ? value.real() : 0);
  }
  c.Events(t.events);
}

void Check(const ResolveJoined& t, Checker& c) {
  c.Id("trial_id", t.trial_id);
  c.Events(t.events);
  if (t.evaluation.has_value()) {
    c.Text("evaluation.identity", t.evaluation->identity);
    c.Metrics("evaluation.metrics", t.evaluation->metrics);
  }
}

void Check(const AddFinalTask& t, Checker& c) {
  c.Id("trial_id", t.trial_id);
  c.That(t.seed_offset >= 0, "seed_offset", "is negative");
}

void Check(const PutSnapshot& t, Checker& c) { c.Id("search_id", t.search_id); }

void Check(const RegisterWorker& t, Checker& c) {
  c.That(!t.registration.name().empty(), "registration.name", "is empty");
  c.Text("registration.name", t.registration.name());
  c.Text("registration.evaluator_version", t.registration.evaluator_version());
}

void Check(const GrantLease& t, Checker& c) {
  c.Text("request_id", t.request_id);
  c.Id("task_id", t.task_id);
  c.Id("attempt", t.attempt);
  c.Id("worker_id", t.worker_id);
  c.That(t.slot >= 0, "slot", "is negative");
  c.Text("evaluator", t.evaluator);
  c.Text("evaluation_identity", t.evaluation_identity);
  c.That(t.duration > absl::ZeroDuration(), "duration", "is not above 0");
}

void Check(const RenewLease& t, Checker& c) {
  c.Text("request_id", t.request_id);
  c.Attempt(t.attempt);
  c.That(t.duration > absl::ZeroDuration(), "duration", "is not above 0");
  c.Measurements(t.measurements);
  c.Finite("progress", t.progress);
  c.Events(t.events);
}

void Check(const FinishAttempt& t, Checker& c) {
  c.Text("request_id", t.request_id);
  c.Attempt(t.attempt);
  c.That(HasEnded(t.state) && t.state != v1::TRIAL_STATE_SHARED, "state",
         "is not SUCCEEDED, STOPPED, FAILED or CANCELLED");
  c.That((t.state == v1::TRIAL_STATE_FAILED) == (t.failure != v1::FAILURE_KIND_UNSPECIFIED),
         "failure", "is set if and only if the state is FAILED");
  c.Text("error", t.error);
  c.Measurements(t.measurements);
  c.Text("checkpoint", t.checkpoint);
  c.Events(t.events);
}

void Check(const ReturnAttempt& t, Checker& c) {
  c.Text("request_id", t.request_id);
  c.Attempt(t.attempt);
  c.Text("error", t.error);
  c.Text("checkpoint", t.checkpoint);
  c.Measurements(t.measurements);
}

void Check(const EndTrial& t, Checker& c) {
  c.Id("trial_id", t.trial_id);
  c.That(t.state == v1::TRIAL_STATE_CANCELLED || t.state == v1::TRIAL_STATE_FAILED, "state",
         "is not FAILED or CANCELLED");
  c.That((t.state == v1::TRIAL_STATE_FAILED) == (t.failure != v1::FAILURE_KIND_UNSPECIFIED),
         "failure", "is set if and only if the state is FAILED");
  c.Text("error", t.error);
  c.Events(t.events);
}

void Check(const SetWeights& t, Checker& c) {
  c.Text("request_id", t.request_id);
  c.Id("trial_id", t.trial_id);
  c.Text("sha256", t.sha256);
}

void Check(const PutArtifact& t, Checker& c) {
  c.That(t.sha256.size() == 64, "sha256", "has not 64 digits");
  c.Text("sha256", t.sha256);
  c.That(t.size >= 0, "size", "is negative");
}

void Check(const RemoveArtifact& t, Checker& c) { c.Text("sha256", t.sha256); }

void Check(const PutDataset& t, Checker& c) {
  c.Text("request_id", t.request_id);
  c.That(!t.dataset.name().empty(), "dataset.name", "is empty");
  c.Text("dataset.name", t.dataset.name());
  c.Text("dataset.fingerprint", t.dataset.fingerprint());
}

void Check(const RemoveDataset& t, Checker& c) {
  c.Text("request_id", t.request_id);
  c.Text("name", t.name);
}

}  // namespace

bool IsStorableText(std::string_view text) {
  return text.find('\0') == std::string_view::npos && text::IsUtf8(text);
}

absl::Status CheckTransition(const Transition& transition) {
  Checker checker;
  std::visit([&](const auto& t) { Check(t, checker); }, transition);
  return checker.Result();
}

bool HasEnded(v1::SearchState state) {
  return state == v1::SEARCH_STATE_COMPLETED || state == v1::SEARCH_STATE_CANCELLED ||
         state == v1::SEARCH_STATE_FAILED;
}

bool MayBecome(v1::SearchState from, v1::SearchState to) {
  switch (from) {
    case v1::SEARCH_STATE_RUNNING:
      return to == v1::SEARCH_STATE_PAUSED || to == v1::SEARCH_STATE_FINISHING || HasEnded(to);
    case v1::SEARCH_STATE_PAUSED:
      return to == v1::SEARCH_STATE_RUNNING || to == v1::SEARCH_STATE_CANCELLED ||
             to == v1::SEARCH_STATE_FAILED;
    case v1::SEARCH_STATE_FINISHING:
      return HasEnded(to);
    default:
      return false;
  }
}

}  // namespace nascent::storage
