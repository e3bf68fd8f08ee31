#include "server/engine/resolve/metrics.h"

#include <algorithm>
#include <array>

#include "common/space/cost_bound.h"
#include "server/strategy/goals/outcome.h"

namespace nascent::engine {
namespace {

constexpr std::array<std::string_view, 6> kTrain = {"training_loss",    "training_accuracy",
                                                    "validation_loss",  "validation_accuracy",
                                                    "training_seconds", "peak_memory_bytes"};
constexpr std::array<std::string_view, 2> kTest = {"test_loss", "test_accuracy"};
constexpr std::array<std::string_view, 2> kOfDevice = {"training_seconds", "peak_memory_bytes"};

bool Has(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::span<const std::string_view> CostMetrics() { return space::CostNames(); }
std::span<const std::string_view> TrainMetrics() { return kTrain; }
std::span<const std::string_view> TestMetrics() { return kTest; }

bool IsCostMetric(std::string_view name) { return space::IsCostName(name); }
bool IsOnCosts(const std::string& metric) {
  return IsCostMetric(metric) || space::CostFormula::IsArithmetic(metric);
}
bool IsKnownUntrained(const std::string& metric) {
  return strategy::IsKnownUntrained(metric) || space::CostFormula::IsArithmetic(metric);
}
bool IsTestMetric(std::string_view name) { return Has(kTest, name); }
bool IsFraction(std::string_view name) {
  constexpr std::string_view kFinal = "final_";
  if (name.starts_with(kFinal)) name.remove_prefix(kFinal.size());
  return name.ends_with("_accuracy") && (Has(kTrain, name) || Has(kTest, name));
}
bool DependsOnDevice(std::string_view name) {
  return Has(kOfDevice, name) || name.starts_with("latency");
}

v1::Costs ToProto(const network::Costs& live, const network::Costs& published) {
  v1::Costs costs;
  costs.set_parameters(live.parameters);
  costs.set_multiply_accumulates(live.multiply_accumulates);
  costs.set_published_parameters(published.parameters);
  costs.set_published_multiply_accumulates(published.multiply_accumulates);
  costs.set_activation_bytes(live.activation_bytes);
  costs.set_depth(live.depth);
  return costs;
}

Metrics CostValues(const v1::Costs& costs) {
  return {{"parameters", static_cast<double>(costs.parameters())},
          {"multiply_accumulates", static_cast<double>(costs.multiply_accumulates())},
          {"published_parameters", static_cast<double>(costs.published_parameters())},
          {"published_multiply_accumulates",
           static_cast<double>(costs.published_multiply_accumulates())},
          {"activation_bytes", static_cast<double>(costs.activation_bytes())},
          {"depth", static_cast<double>(costs.depth())}};
}

}  // namespace nascent::engine
