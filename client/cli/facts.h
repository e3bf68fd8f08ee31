// Searches, trials and workers as JSON and as words. The names in the JSON are a promise to
// programs.

#ifndef NASCENT_CLIENT_CLI_FACTS_H_
#define NASCENT_CLIENT_CLI_FACTS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/cli/style.h"
#include "common/spec/json.h"
#include "nascent/v1/search.pb.h"
#include "nascent/v1/search_service.pb.h"
#include "nascent/v1/trial.pb.h"

namespace nascent::cli {

// `search`: the trial's own, which names what was decided.
spec::Json TrialJson(const v1::Search& search, const v1::Trial& trial);
spec::Json SearchJson(const v1::Search& search);
spec::Json WorkerJson(const v1::Worker& worker);

// SUCCEEDED, or FAILED(poison).
std::string StateWord(const v1::Trial& trial);
std::string StateWord(const v1::Search& search);
Ink StateInk(const v1::Trial& trial);
Ink StateInk(const v1::Search& search);

// It ended, and what it measured counts.
bool HasResult(const v1::Trial& trial);
// It will not change any more.
bool HasEnded(const v1::Trial& trial);

// "number" is the trial's number.
std::optional<double> Metric(const v1::Trial& trial, const std::string& metric);
// "87.12 %", or "–" where there is none.
std::string MetricText(const v1::Trial& trial, const std::string& metric);

// INVALID_ARGUMENT, with the metrics that there are: no trial has one of this name.
absl::Status CheckMetric(const std::string& metric, const std::vector<v1::Trial>& trials);

// The metrics that say how good a trial is: the objectives', then parameters where it is none of
// them.
std::vector<std::string> ShownMetrics(const v1::Search& search);

// The strategy's name: "random", "regularized_evolution".
std::string StrategyName(const v1::SearchSpec& spec);
// "nas-bench-201", or the name that a template of one's own gives itself.
std::string SpaceName(const v1::SearchSpec& spec);

// "3m 05s ago" of a time stamp.
std::string Ago(const google::protobuf::Timestamp& time, absl::Time now);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_FACTS_H_
