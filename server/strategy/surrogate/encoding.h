// Genotypes as rows of numbers for the regressors.

#ifndef NASCENT_SERVER_STRATEGY_SURROGATE_ENCODING_H_
#define NASCENT_SERVER_STRATEGY_SURROGATE_ENCODING_H_

#include <Eigen/Core>
#include <vector>

#include "common/space/decision_space.h"

namespace nascent::strategy {

// A list without order: one column per option, 1 for the chosen one. An ordered list or a range:
// its position in [0, 1]. A decision that can be inactive has a column more that tells whether it
// is active; its others are then 0.
class Encoding {
 public:
  explicit Encoding(const space::DecisionSpace& decisions);

  // Columns of one decision; `weight` makes the squared distance of two different options 1.
  struct Group {
    Eigen::Index begin;
    Eigen::Index size;
    double weight;
  };
  const std::vector<Group>& groups() const { return groups_; }
  Eigen::Index columns() const { return columns_; }

  Eigen::RowVectorXd Encode(const space::Genotype& genotype) const;
  Eigen::MatrixXd Encode(const std::vector<space::Genotype>& genotypes) const;

 private:
  const space::DecisionSpace& decisions_;
  std::vector<Group> groups_;
  Eigen::Index columns_ = 0;
};

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_SURROGATE_ENCODING_H_
