#include "server/strategy/testing/hand_space.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace nascent::strategy::testing {

using space::Condition;
using space::Decision;
using space::Domain;

HandSpace::HandSpace(std::string name, std::vector<Decision> decisions)
    : name_(std::move(name)), decisions_(std::move(decisions)) {}

absl::Status HandSpace::Check(const space::Genotype& genotype) const {
  return decisions_.Validate(genotype);
}

absl::StatusOr<network::Network> HandSpace::Build(const space::Genotype& /*genotype*/) const {
  return absl::UnimplementedError("a space of decisions only builds no network");
}

std::string HandSpace::Print(const space::Genotype& genotype) const {
  std::string text;
  for (const space::Value& value : genotype.values) {
    if (const auto* integer = std::get_if<int64_t>(&value)) {
      absl::StrAppend(&text, *integer, ";");
    } else if (const auto* real = std::get_if<double>(&value)) {
      absl::StrAppend(&text, *real, ";");
    } else {
      absl::StrAppend(&text, "-;");
    }
  }
  return text;
}

std::string HandSpace::PrintJson(const space::Genotype& genotype) const { return Print(genotype); }

absl::StatusOr<space::Genotype> HandSpace::Read(std::string_view /*text*/) const {
  return absl::UnimplementedError("a space of decisions only reads nothing");
}

Decision Choice(std::string label, int options, std::vector<Condition> when) {
  Decision decision;
  decision.label = std::move(label);
  for (int i = 0; i < options; ++i) decision.domain.options.emplace_back(absl::StrCat("option", i));
  decision.active_when = std::move(when);
  return decision;
}

Decision Ordered(std::string label, std::vector<double> options) {
  Decision decision;
  decision.label = std::move(label);
  decision.domain.kind = Domain::Kind::kOrdered;
  decision.domain.options.assign(options.begin(), options.end());
  return decision;
}

Decision Integer(std::string label, int64_t minimum, int64_t maximum) {
  Decision decision;
  decision.label = std::move(label);
  decision.domain.kind = Domain::Kind::kInteger;
  decision.domain.minimum = static_cast<double>(minimum);
  decision.domain.maximum = static_cast<double>(maximum);
  return decision;
}

Decision Real(std::string label, double minimum, double maximum, bool log) {
  Decision decision;
  decision.label = std::move(label);
  decision.domain.kind = Domain::Kind::kReal;
  decision.domain.minimum = minimum;
  decision.domain.maximum = maximum;
  decision.domain.log = log;
  return decision;
}

Condition When(int decision, std::vector<int64_t> values) {
  Condition condition;
  condition.terms.push_back({decision, std::move(values)});
  return condition;
}

std::shared_ptr<const HandSpace> CellSpace() {
  std::vector<Decision> decisions;
  for (int i = 0; i < 6; ++i) decisions.push_back(Choice(absl::StrCat("edge", i), 5));
  return std::make_shared<HandSpace>("cell", std::move(decisions));
}

std::shared_ptr<const HandSpace> MixedSpace() {
  std::vector<Decision> decisions = {Choice("operation", 4), Ordered("width", {16, 32, 64, 128}),
                                     Integer("depth", 1, 8), Real("rate", 1e-4, 1, true),
                                     Real("momentum", 0, 0.99)};
  return std::make_shared<HandSpace>("mixed", std::move(decisions));
}

std::shared_ptr<const HandSpace> ConditionalSpace() {
  std::vector<Decision> decisions = {Choice("kind", 3), Choice("kernel", 3, {When(0, {1, 2})}),
                                     Choice("dilation", 2, {When(1, {2})}), Choice("skip", 2),
                                     Integer("heads", 1, 4)};
  decisions[4].active_when = {When(0, {0}), When(3, {1})};
  return std::make_shared<HandSpace>("conditional", std::move(decisions));
}

std::shared_ptr<const HandSpace> SmallSpace() {
  return std::make_shared<HandSpace>("small",
                                     std::vector<Decision>{Choice("a", 2), Choice("b", 3)});
}

std::shared_ptr<const HandSpace> OneNetworkSpace() {
  return std::make_shared<HandSpace>("one", std::vector<Decision>{Choice("a", 1), Choice("b", 1)});
}

}  // namespace nascent::strategy::testing
