#include "common/space/decisions/one_hot.h"

#include "absl/strings/str_cat.h"

namespace nascent::space {

std::vector<double> EncodeOneHot(const DecisionSpace& space, const Genotype& genotype) {
  std::vector<double> columns;
  for (int i = 0; i < space.size(); ++i) {
    const Domain& domain = space.decisions()[i].domain;
    const Value& value = genotype.values[i];
    if (!domain.IsList()) {
      columns.push_back(domain.Position(value));
      continue;
    }
    const size_t start = columns.size();
    columns.resize(start + domain.options.size(), 0.0);
    if (domain.Contains(value)) columns[start + std::get<int64_t>(value)] = 1;
  }
  return columns;
}

std::vector<std::string> OneHotNames(const DecisionSpace& space) {
  std::vector<std::string> names;
  for (const Decision& decision : space.decisions()) {
    if (!decision.domain.IsList()) {
      names.push_back(decision.label);
      continue;
    }
    for (const OptionValue& option : decision.domain.options) {
      names.push_back(absl::StrCat(decision.label, "=", OptionText(option)));
    }
  }
  return names;
}

}  // namespace nascent::space
