#include <gtest/gtest.h>

#include <cmath>

#include "server/strategy/surrogate/encoding.h"
#include "server/strategy/surrogate/network_ensemble.h"
#include "server/strategy/surrogate/ridge.h"
#include "server/strategy/surrogate/trees.h"
#include "server/strategy/testing/hand_space.h"

namespace nascent::strategy {
namespace {

// Cells whose value is a sum over edges plus one product of two edges.
struct Cells {
  explicit Cells(int n) {
    const auto space = testing::CellSpace();
    const DecisionEncoding encoding(space->decisions());
    RandomStream random(4, 1);
    std::vector<space::Genotype> genotypes;
    for (int i = 0; i < n; ++i) genotypes.push_back(space->decisions().Sample(random));
    x = encoding.EncodeAll(genotypes);
    y = x.col(3) + x.col(8) - x.col(10) + 2 * x.col(3).cwiseProduct(x.col(14));
    y.array() -= y.mean();
    y /= std::sqrt(y.array().square().mean());
  }
  Eigen::MatrixXd x;
  Eigen::VectorXd y;
};

double Correlation(const Eigen::VectorXd& a, const Eigen::VectorXd& b) {
  const Eigen::ArrayXd ca = a.array() - a.mean(), cb = b.array() - b.mean();
  return (ca * cb).sum() / std::sqrt(ca.square().sum() * cb.square().sum());
}

// Learned from the first `seen` cells, the correlation of prediction and truth on the others.
double Learned(Regressor& model, const Cells& cells, Eigen::Index seen) {
  model.Fit(cells.x.topRows(seen), cells.y.head(seen), 5);
  const Prediction prediction = model.Predict(cells.x.bottomRows(cells.x.rows() - seen));
  EXPECT_GE(prediction.deviation.minCoeff(), 0);
  EXPECT_GT(prediction.deviation.maxCoeff(), 0);
  return Correlation(prediction.mean, cells.y.tail(cells.y.size() - seen));
}

TEST(Regressors, LearnWhichCellsAreGood) {
  const Cells cells(400);
  Ridge ridge;
  EXPECT_GT(Learned(ridge, cells, 150), 0.95);  // has the true form
  Forest forest;
  EXPECT_GT(Learned(forest, cells, 150), 0.7);
  BoostedTrees boosted;
  EXPECT_GT(Learned(boosted, cells, 150), 0.8);
  NetworkEnsemble ensemble;
  EXPECT_GT(Learned(ensemble, cells, 150), 0.8);
}

TEST(SplineEncoding, SpreadsAPositionOverItsTwoKnots) {
  const auto mixed = testing::MixedSpace();
  const SplineEncoding encoding(mixed->decisions());
  // operation: 4 options, width: 4 values, depth: 8 values over 5 knots, rate and momentum: 5
  // knots.
  ASSERT_EQ(encoding.columns(), 4 + 4 + 5 + 5 + 5);
  const space::Genotype genotype{{int64_t{2}, int64_t{3}, int64_t{2}, 1.0, 0.99 * 0.375}};
  Eigen::RowVectorXd row(23);
  row << 0, 0, 1, 0, /**/ 0, 0, 0, 1, /**/ 3.0 / 7, 4.0 / 7, 0, 0, 0, /**/ 0, 0, 0, 0, 1, /**/ 0,
      0.5, 0.5, 0, 0;
  EXPECT_LT((encoding.Encode(genotype) - row).cwiseAbs().maxCoeff(), 1e-12)
      << encoding.Encode(genotype);

  const auto conditional = testing::ConditionalSpace();
  const SplineEncoding with_conditions(conditional->decisions());
  space::Genotype without_heads = conditional->decisions().First();
  without_heads.values = {int64_t{1}, int64_t{0}, {}, int64_t{0}, {}};
  EXPECT_EQ(with_conditions.Encode(without_heads).tail(5).sum(), 0);
}

// Positions are spread over knots: a peak that no slope shows is learned all the same.
TEST(Regressors, RidgeOnSplinesFindsThePeakOfARange) {
  const auto space = testing::MixedSpace();
  const SplineEncoding encoding(space->decisions());
  const DecisionEncoding positions(space->decisions());
  RandomStream random(4, 2);
  Eigen::VectorXd at(120);
  std::vector<space::Genotype> genotypes;
  for (Eigen::Index i = 0; i < at.size(); ++i) {
    genotypes.push_back(space->decisions().Sample(random));
    at[i] = positions.Encode(genotypes.back())[positions.groups()[3].begin];
  }
  const Eigen::VectorXd y = -(at.array() - 0.4).square() / 0.1;
  const auto learned = [&](const Encoding& encoded) {
    Ridge ridge;
    const Eigen::MatrixXd x = encoded.EncodeAll(genotypes);
    ridge.Fit(x.topRows(80), y.head(80), 5);
    return Correlation(ridge.Predict(x.bottomRows(40)).mean, y.tail(40));
  };
  EXPECT_GT(learned(encoding), 0.95);
  EXPECT_LT(learned(positions), 0.8);
}

TEST(Regressors, EqualFitsGiveEqualPredictions) {
  const Cells cells(60);
  const auto same = [&](auto a, auto b) {
    a.Fit(cells.x, cells.y, 5);
    b.Fit(cells.x, cells.y, 5);
    return a.Predict(cells.x).mean == b.Predict(cells.x).mean;
  };
  EXPECT_TRUE(same(Forest(), Forest()));
  EXPECT_TRUE(same(BoostedTrees(), BoostedTrees()));
  EXPECT_TRUE(same(NetworkEnsemble(), NetworkEnsemble()));
}

TEST(Regressors, EqualValuesGiveThatValueEverywhere) {
  const Cells cells(30);
  const Eigen::VectorXd zeros = Eigen::VectorXd::Zero(30);
  Ridge ridge;
  ridge.Fit(cells.x, zeros, 1);
  EXPECT_NEAR(ridge.Predict(cells.x).mean.cwiseAbs().maxCoeff(), 0, 1e-9);
  EXPECT_TRUE(ridge.Predict(cells.x).deviation.allFinite());
  Forest forest;
  forest.Fit(cells.x, zeros, 1);
  EXPECT_EQ(forest.Predict(cells.x).mean.cwiseAbs().maxCoeff(), 0);
}

TEST(Tree, SplitsWhereTheErrorFallsMost) {
  Eigen::MatrixXd x(6, 2);
  x << 0, 5, 1, 1, 2, 4, 3, 2, 4, 6, 5, 3;
  Eigen::VectorXd y(6);
  y << 1, 1, 1, 9, 9, 9;
  Tree tree;
  RandomStream random(1, 1);
  tree.Fit(x, y, {0, 1, 2, 3, 4, 5}, {.max_depth = 1}, random);
  Eigen::MatrixXd asked(2, 2);
  asked << 2.4, 0, 2.6, 0;  // the cut is in the middle, at 2.5
  EXPECT_EQ(tree.Predict(asked, 0), 1);
  EXPECT_EQ(tree.Predict(asked, 1), 9);
}

}  // namespace
}  // namespace nascent::strategy
