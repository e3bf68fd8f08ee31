// The metrics that a search may name, and which of them the cost model knows.

#ifndef NASCENT_SERVER_ENGINE_RESOLVE_METRICS_H_
#define NASCENT_SERVER_ENGINE_RESOLVE_METRICS_H_

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "common/network/costs.h"
#include "nascent/v1/network.pb.h"

namespace nascent::engine {

using Metrics = std::map<std::string, double>;

// Names of the costs, as in v1::Costs.
std::span<const std::string_view> CostMetrics();
// What a train task declares (proto/nascent/v1/task.proto).
std::span<const std::string_view> TrainMetrics();
// What a final test declares.
std::span<const std::string_view> TestMetrics();

bool IsCostMetric(std::string_view name);
// Whether a constraint on `metric` is one on costs: on one of them or on arithmetic over them.
bool IsOnCosts(const std::string& metric);
// Whether it is known without training: costs, arithmetic over them, scores.
bool IsKnownUntrained(const std::string& metric);
bool IsTestMetric(std::string_view name);
// Returns whether its values are fractions, [0, 1]: the accuracies that tasks declare, also those
// of a final test that trains again.
bool IsFraction(std::string_view name);
// Whether its value depends on the device that measured it.
bool DependsOnDevice(std::string_view name);

v1::Costs ToProto(const network::Costs& live, const network::Costs& published);
Metrics CostValues(const v1::Costs& costs);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_RESOLVE_METRICS_H_
