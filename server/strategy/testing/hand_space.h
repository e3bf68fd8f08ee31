// Spaces without a template, made of decisions only.

#ifndef NASCENT_SERVER_STRATEGY_TESTING_HAND_SPACE_H_
#define NASCENT_SERVER_STRATEGY_TESTING_HAND_SPACE_H_

#include <memory>
#include <string>
#include <vector>

#include "common/space/space.h"

namespace nascent::strategy::testing {

// A space that builds no network; it prints genotypes as option indices and numbers.
class HandSpace : public space::Space {
 public:
  HandSpace(std::string name, std::vector<space::Decision> decisions);

  const space::DecisionSpace& decisions() const override { return decisions_; }
  const std::string& name() const override { return name_; }
  const std::string& description() const override { return name_; }
  const std::vector<space::KnownArchitecture>& known() const override { return known_; }
  absl::Status Check(const space::Genotype& genotype) const override;
  absl::StatusOr<network::Network> Build(const space::Genotype& genotype) const override;
  std::string Print(const space::Genotype& genotype) const override;
  std::string PrintJson(const space::Genotype& genotype) const override;
  absl::StatusOr<space::Genotype> Read(std::string_view text) const override;

 private:
  const std::string name_;
  const space::DecisionSpace decisions_;
  const std::vector<space::KnownArchitecture> known_;
};

space::Decision Choice(std::string label, int options, std::vector<space::Condition> when = {});
space::Decision Ordered(std::string label, std::vector<double> options);
space::Decision Integer(std::string label, int64_t minimum, int64_t maximum);
space::Decision Real(std::string label, double minimum, double maximum, bool log = false);
// Active when `decision` has one of `values`.
space::Condition When(int decision, std::vector<int64_t> values);

// Six edges with five operations each, as NAS-Bench-201 has: 15,625 genotypes.
std::shared_ptr<const HandSpace> CellSpace();
// Categorical, ordered, integer and real decisions.
std::shared_ptr<const HandSpace> MixedSpace();
// Decisions that are active only under others, two deep.
std::shared_ptr<const HandSpace> ConditionalSpace();
// Six genotypes.
std::shared_ptr<const HandSpace> SmallSpace();
// One genotype, though it has decisions.
std::shared_ptr<const HandSpace> OneNetworkSpace();

}  // namespace nascent::strategy::testing

#endif  // NASCENT_SERVER_STRATEGY_TESTING_HAND_SPACE_H_
