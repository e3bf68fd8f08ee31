#include "server/strategy/surrogate/encoding.h"

#include <variant>

namespace nascent::strategy {
namespace {

bool IsCategorical(const space::Decision& decision) {
  return decision.domain.kind == space::Domain::Kind::kCategorical;
}

}  // namespace

Encoding::Encoding(const space::DecisionSpace& decisions) : decisions_(decisions) {
  for (const space::Decision& decision : decisions.decisions()) {
    const bool categorical = IsCategorical(decision);
    Eigen::Index size = categorical ? decision.domain.Size() : 1;
    if (!decision.active_when.empty()) ++size;
    groups_.push_back({columns_, size, categorical ? 0.5 : 1});
    columns_ += size;
  }
}

Eigen::RowVectorXd Encoding::Encode(const space::Genotype& genotype) const {
  Eigen::RowVectorXd row = Eigen::RowVectorXd::Zero(columns_);
  for (int i = 0; i < decisions_.size(); ++i) {
    const space::Decision& decision = decisions_.decisions()[i];
    const space::Value& value = genotype.values[i];
    if (std::holds_alternative<std::monostate>(value)) continue;
    const Group& group = groups_[i];
    if (IsCategorical(decision)) {
      row[group.begin + std::get<int64_t>(value)] = 1;
    } else {
      row[group.begin] = decision.domain.Position(value);
    }
    if (!decision.active_when.empty()) row[group.begin + group.size - 1] = 1;
  }
  return row;
}

Eigen::MatrixXd Encoding::Encode(const std::vector<space::Genotype>& genotypes) const {
  Eigen::MatrixXd rows(static_cast<Eigen::Index>(genotypes.size()), columns_);
  for (size_t i = 0; i < genotypes.size(); ++i) {
    rows.row(static_cast<Eigen::Index>(i)) = Encode(genotypes[i]);
  }
  return rows;
}

}  // namespace nascent::strategy
