// Genotypes as rows of numbers for the regressors.

#ifndef NASCENT_SERVER_STRATEGY_SURROGATE_ENCODING_H_
#define NASCENT_SERVER_STRATEGY_SURROGATE_ENCODING_H_

#include <Eigen/Core>
#include <memory>
#include <vector>

#include "common/space/space.h"

namespace nascent::strategy {

// Immutable. What it was made of outlives it.
class Encoding {
 public:
  virtual ~Encoding() = default;
  virtual Eigen::Index columns() const = 0;
  // [columns()]
  virtual Eigen::RowVectorXd Encode(const space::Genotype& genotype) const = 0;
  // [genotypes.size(), columns()]
  Eigen::MatrixXd EncodeAll(const std::vector<space::Genotype>& genotypes) const;
};

// A list without order: one column per option, 1 for the chosen one. An ordered list or a range:
// its position in [0, 1]. A decision that can be inactive has a column more that tells whether it
// is active; its others are then 0.
class DecisionEncoding : public Encoding {
 public:
  explicit DecisionEncoding(const space::DecisionSpace& decisions);

  // Columns of one decision; `weight` makes the squared distance of two different options 1.
  struct Group {
    Eigen::Index begin;
    Eigen::Index size;
    double weight;
  };
  const std::vector<Group>& groups() const { return groups_; }
  Eigen::Index columns() const override { return columns_; }
  Eigen::RowVectorXd Encode(const space::Genotype& genotype) const override;

 private:
  const space::DecisionSpace& decisions_;
  std::vector<Group> groups_;
  Eigen::Index columns_ = 0;
};

// DecisionEncoding with each position in [0, 1] spread over columns: the linear B-splines over
// evenly spaced knots (Eilers & Marx 1996, section 2), one knot per value where there are few. A
// linear model then follows any shape that is straight between the knots, and not only slopes.
class SplineEncoding : public Encoding {
 public:
  explicit SplineEncoding(const space::DecisionSpace& decisions);

  // The first column of each decision, and the number of columns after the last.
  const std::vector<Eigen::Index>& begins() const { return begins_; }
  Eigen::Index columns() const override { return begins_.back(); }
  Eigen::RowVectorXd Encode(const space::Genotype& genotype) const override;

 private:
  // How one column of DecisionEncoding is spread; copied where `knots` is below 2.
  struct Source {
    int knots;
    int active_column;  // of DecisionEncoding, tells whether there is a position; -1: always
  };

  const DecisionEncoding positions_;
  std::vector<Source> sources_;
  std::vector<Eigen::Index> begins_;
};

// The columns of DecisionEncoding that belong to the recipe, which no cell shows.
class RecipeEncoding : public Encoding {
 public:
  explicit RecipeEncoding(const space::DecisionSpace& decisions);
  Eigen::Index columns() const override { return static_cast<Eigen::Index>(columns_.size()); }
  Eigen::RowVectorXd Encode(const space::Genotype& genotype) const override {
    return decisions_.Encode(genotype)(columns_);
  }

 private:
  const DecisionEncoding decisions_;
  std::vector<Eigen::Index> columns_;  // of decisions_
};

// The paths through the cells, those of at most `most_columns` per cell (White et al. 2021, section
// 4, truncated to the shortest paths as in appendix B), and the recipe's decisions. Where the
// notation describes no cells: DecisionEncoding.
std::unique_ptr<const Encoding> MakePathEncoding(const space::Space& space, int64_t most_columns);

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_SURROGATE_ENCODING_H_
