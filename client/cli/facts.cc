#include "client/cli/facts.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "client/cli/genotype.h"
#include "client/cli/numbers.h"
#include "common/spec/document.h"
#include "common/spec/message_json.h"
#include "common/spec/message_reader.h"

namespace nascent::cli {
namespace {

using spec::Json;

template <typename Enum>
std::string Word(const google::protobuf::EnumDescriptor* type, Enum value) {
  const auto* found = type->FindValueByNumber(value);
  return found == nullptr ? absl::StrCat(static_cast<int>(value)) : spec::EnumWord(*found);
}

std::string FailureWord(v1::FailureKind kind) { return Word(v1::FailureKind_descriptor(), kind); }

template <typename Enum>
std::string Capitals(const google::protobuf::EnumDescriptor* type, Enum value) {
  std::string word = Word(type, value);
  for (char& letter : word) letter = absl::ascii_toupper(static_cast<unsigned char>(letter));
  return word;
}

Json TextOrNull(const std::string& text) { return text.empty() ? Json() : Json(text); }

template <typename Map>
Json MapJson(const Map& map) {
  Json object = Json::Object();
  const std::map<std::string, typename Map::mapped_type> sorted(map.begin(), map.end());
  for (const auto& [name, value] : sorted) object.Set(name, value);
  return object;
}

Json ProgressJson(const v1::SearchProgress& progress) {
  Json json = Json::Object();
  json.Set("finished", progress.finished())
      .Set("scored", progress.scored())
      .Set("running", progress.running())
      .Set("ready", progress.ready())
      .Set("succeeded", progress.succeeded())
      .Set("failed", progress.failed())
      .Set("stopped", progress.stopped())
      .Set("shared", progress.shared())
      .Set("cancelled", progress.cancelled())
      .Set("wall_seconds", progress.wall_seconds())
      .Set("device_seconds", progress.device_seconds());
  json.Set("remaining_seconds",
           progress.has_remaining_seconds() ? Json(progress.remaining_seconds()) : Json());
  json.Set("hypervolume", progress.has_hypervolume() ? Json(progress.hypervolume()) : Json());
  return json;
}

Json TrustJson(const v1::RungTrust& trust) {
  const auto number = [](bool known, double value) { return known ? Json(value) : Json(); };
  Json json = Json::Object();
  json.Set("rung", trust.rung())
      .Set("known", trust.known())
      .Set("promoted", trust.promoted())
      .Set("calibrating", trust.calibrating())
      .Set("tau_top", number(trust.has_tau_top(), trust.tau_top()))
      .Set("tau_top_error", number(trust.has_tau_top_error(), trust.tau_top_error()))
      .Set("tau", number(trust.has_tau(), trust.tau()))
      .Set("tau_error", number(trust.has_tau_error(), trust.tau_error()));
  return json;
}

}  // namespace

Json TrialJson(const v1::Search& search, const v1::Trial& trial) {
  Json parents = Json::List();
  for (const int64_t parent : trial.parents()) parents.Append(parent);
  Json json = Json::Object();
  json.Set("id", trial.id())
      .Set("number", trial.number())
      .Set("state", Capitals(v1::TrialState_descriptor(), trial.state()))
      .Set("failure", trial.failure() == v1::FAILURE_KIND_UNSPECIFIED
                          ? Json()
                          : Json(FailureWord(trial.failure())))
      .Set("attempt", trial.attempt())
      .Set("worker", TextOrNull(trial.worker()))
      .Set("key", TextOrNull(trial.key()))
      .Set("genotype", trial.notation())
      .Set("decisions", DecisionsJson(search, trial))
      .Set("metrics", MapJson(trial.metrics()))
      .Set("created_at", trial.has_created_at() ? spec::ToJson(trial.created_at()) : Json())
      .Set("finished_at", trial.has_finished_at() ? spec::ToJson(trial.finished_at()) : Json())
      .Set("error", TextOrNull(trial.error()))
      .Set("reason", TextOrNull(trial.reason()))
      .Set("parents", std::move(parents))
      .Set("continues", trial.continues() == 0 ? Json() : Json(trial.continues()))
      .Set("shared_from", trial.shared_from() == 0 ? Json() : Json(trial.shared_from()))
      .Set("rung", trial.fidelity().rung())
      .Set("weights", TextOrNull(trial.weights()));
  return json;
}

Json SearchJson(const v1::Search& search) {
  Json leaders = Json::List();
  for (const v1::Trial& trial : search.leaders()) leaders.Append(TrialJson(search, trial));
  Json warnings = Json::List();
  for (const std::string& warning : search.warnings()) warnings.Append(warning);
  Json trust = Json::List();
  for (const v1::RungTrust& rung : search.rung_trust()) trust.Append(TrustJson(rung));
  Json json = Json::Object();
  json.Set("id", search.id())
      .Set("name", search.spec().name())
      .Set("state", Capitals(v1::SearchState_descriptor(), search.state()))
      .Set("state_reason", TextOrNull(search.state_reason()))
      .Set("created_at", search.has_created_at() ? spec::ToJson(search.created_at()) : Json())
      .Set("finished_at", search.has_finished_at() ? spec::ToJson(search.finished_at()) : Json())
      .Set("space_size", TextOrNull(search.space_size()))
      .Set("warnings", std::move(warnings))
      .Set("progress", ProgressJson(search.progress()))
      .Set("rung_trust", std::move(trust))
      .Set("leaders", std::move(leaders))
      .Set("spec", spec::ToJson(search.spec()));
  return json;
}

Json WorkerJson(const v1::Worker& worker) {
  Json slots = Json::List();
  for (const v1::Device& device : worker.slots()) {
    slots.Append(Json::Object()
                     .Set("kind", device.kind())
                     .Set("model", device.model())
                     .Set("memory_bytes", device.memory_bytes()));
  }
  Json json = Json::Object();
  json.Set("id", worker.id())
      .Set("name", worker.name())
      .Set("evaluator_version", worker.evaluator_version())
      .Set("slots", std::move(slots))
      .Set("busy_slots", worker.busy_slots())
      .Set("gone", worker.gone())
      .Set("labels", MapJson(worker.labels()))
      .Set("registered_at",
           worker.has_registered_at() ? spec::ToJson(worker.registered_at()) : Json())
      .Set("last_seen_at",
           worker.has_last_seen_at() ? spec::ToJson(worker.last_seen_at()) : Json());
  return json;
}

std::string StateWord(const v1::Trial& trial) {
  const std::string state = Capitals(v1::TrialState_descriptor(), trial.state());
  if (trial.failure() == v1::FAILURE_KIND_UNSPECIFIED) return state;
  return absl::StrCat(state, "(", FailureWord(trial.failure()), ")");
}

std::string StateWord(const v1::Search& search) {
  return Capitals(v1::SearchState_descriptor(), search.state());
}

static_assert(v1::TrialState_MAX == v1::TRIAL_STATE_SHARED,
              "What does the new state look like, and is it an end?");

Ink StateInk(const v1::Trial& trial) {
  switch (trial.state()) {
    case v1::TRIAL_STATE_SUCCEEDED:
    case v1::TRIAL_STATE_SHARED:
      return Ink::kGood;
    case v1::TRIAL_STATE_FAILED:
      return Ink::kBad;
    case v1::TRIAL_STATE_LEASED:
      return Ink::kBusy;
    case v1::TRIAL_STATE_STOPPED:
    case v1::TRIAL_STATE_CANCELLED:
      return Ink::kDim;
    default:
      return Ink::kPlain;
  }
}

Ink StateInk(const v1::Search& search) {
  switch (search.state()) {
    case v1::SEARCH_STATE_RUNNING:
    case v1::SEARCH_STATE_FINISHING:
      return Ink::kBusy;
    case v1::SEARCH_STATE_COMPLETED:
      return Ink::kGood;
    case v1::SEARCH_STATE_FAILED:
      return Ink::kBad;
    default:
      return Ink::kDim;
  }
}

bool HasResult(const v1::Trial& trial) {
  return trial.state() == v1::TRIAL_STATE_SUCCEEDED || trial.state() == v1::TRIAL_STATE_SHARED;
}

bool HasEnded(const v1::Trial& trial) {
  return HasResult(trial) || trial.state() == v1::TRIAL_STATE_FAILED ||
         trial.state() == v1::TRIAL_STATE_STOPPED || trial.state() == v1::TRIAL_STATE_CANCELLED;
}

std::optional<double> Metric(const v1::Trial& trial, const std::string& metric) {
  if (metric == "number") return static_cast<double>(trial.number());
  const auto found = trial.metrics().find(metric);
  if (found == trial.metrics().end()) return std::nullopt;
  return found->second;
}

std::string MetricText(const v1::Trial& trial, const std::string& metric) {
  const std::optional<double> value = Metric(trial, metric);
  return value ? FormatMetric(metric, *value) : "–";
}

absl::Status CheckMetric(const std::string& metric, const std::vector<v1::Trial>& trials) {
  std::set<std::string> known = {"number"};
  for (const v1::Trial& trial : trials) {
    for (const auto& [name, value] : trial.metrics()) known.insert(name);
  }
  if (known.contains(metric)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("no trial has the metric \"", metric,
                                                 "\"; there are ", absl::StrJoin(known, ", ")));
}

std::vector<std::string> ShownMetrics(const v1::Search& search) {
  std::vector<std::string> metrics;
  for (const v1::Objective& objective : search.spec().objectives()) {
    metrics.push_back(objective.metric());
  }
  if (std::find(metrics.begin(), metrics.end(), "parameters") == metrics.end()) {
    metrics.emplace_back("parameters");
  }
  return metrics;
}

std::string StrategyName(const v1::SearchSpec& spec) {
  if (spec.strategy().has_string_value()) return spec.strategy().string_value();
  const auto& fields = spec.strategy().struct_value().fields();
  return fields.empty() ? "auto" : fields.begin()->first;
}

std::string SpaceName(const v1::SearchSpec& spec) {
  if (!spec.space().preset().empty()) return spec.space().preset();
  const auto document = spec::ParseDocument(spec.space().template_(), "template");
  const spec::DocumentNode* name = document.ok() ? (*document)->Find("space") : nullptr;
  return name == nullptr || name->text.empty() ? "own template" : name->text;
}

std::string Ago(const google::protobuf::Timestamp& time, absl::Time now) {
  const double seconds = absl::ToDoubleSeconds(now - absl::FromUnixSeconds(time.seconds()) -
                                               absl::Nanoseconds(time.nanos()));
  return absl::StrCat(FormatSeconds(std::max(0.0, seconds)), " ago");
}

}  // namespace nascent::cli
