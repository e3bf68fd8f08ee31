#include "server/strategy/surrogate/gaussian_process.h"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <cmath>

#include "server/strategy/testing/hand_space.h"

namespace nascent::strategy {
namespace {

// Random genotypes of a mixed and of a conditional space.
struct Data {
  explicit Data(const space::DecisionSpace& decisions, int n) : encoding(decisions) {
    RandomStream random(3, 1);
    std::vector<space::Genotype> genotypes;
    for (int i = 0; i < n; ++i) genotypes.push_back(decisions.Sample(random));
    x = encoding.EncodeAll(genotypes);
    y.resize(n);
    for (double& value : y) value = random.Normal();
  }
  DecisionEncoding encoding;
  Eigen::MatrixXd x;
  Eigen::VectorXd y;
};

KernelParameters SomeParameters(Eigen::Index decisions) {
  KernelParameters p;
  p.product = 0.7;
  p.inverse_length = Eigen::ArrayXd::LinSpaced(decisions, 0.3, 2);
  p.additive = Eigen::ArrayXd::LinSpaced(decisions, 0.2, 0.05);
  p.noise = 0.03;
  return p;
}

TEST(GaussianProcess, PosteriorEqualsADenseSolve) {
  for (const auto& space : {testing::MixedSpace(), testing::ConditionalSpace()}) {
    const Data data(space->decisions(), 40);
    GaussianProcess process(data.encoding.groups());
    process.set_parameters(SomeParameters(space->decisions().size()));
    const Eigen::MatrixXd seen = data.x.topRows(30), asked = data.x.bottomRows(10);
    const Eigen::VectorXd y = data.y.head(30);
    process.Condition(seen, y);
    const Prediction prediction = process.Predict(asked);

    Eigen::MatrixXd matrix = process.Kernel(seen, seen);
    matrix.diagonal().array() += 0.03 + 1e-8;
    const Eigen::MatrixXd inverse = matrix.inverse();
    const Eigen::MatrixXd cross = process.Kernel(asked, seen);
    const Eigen::MatrixXd covariance =
        process.Kernel(asked, asked) - cross * inverse * cross.transpose();
    for (Eigen::Index i = 0; i < asked.rows(); ++i) {
      EXPECT_NEAR(prediction.mean[i], cross.row(i).dot(inverse * y), 1e-8);
      EXPECT_NEAR(prediction.deviation[i] * prediction.deviation[i], covariance(i, i), 1e-8);
    }
  }
}

TEST(GaussianProcess, GradientEqualsFiniteDifferences) {
  const auto space = testing::ConditionalSpace();
  const Data data(space->decisions(), 20);
  const GaussianProcess process(data.encoding.groups());
  const Eigen::Index n = space->decisions().size();
  const KernelParameters at = SomeParameters(n);
  Eigen::VectorXd gradient;
  process.LogPosterior(data.x, data.y, at, &gradient);
  const auto moved = [&](Eigen::Index i, double step) {
    KernelParameters p = at;
    const double factor = std::exp(step);
    if (i == 0) {
      p.product *= factor;
    } else if (i <= n) {
      p.inverse_length[i - 1] *= factor;
    } else if (i <= 2 * n) {
      p.additive[i - 1 - n] *= factor;
    } else {
      p.noise *= factor;
    }
    return process.LogPosterior(data.x, data.y, p, nullptr);
  };
  ASSERT_EQ(gradient.size(), 2 * n + 2);
  for (Eigen::Index i = 0; i < gradient.size(); ++i) {
    EXPECT_NEAR(gradient[i], (moved(i, 1e-5) - moved(i, -1e-5)) / 2e-5, 1e-4) << i;
  }
}

TEST(GaussianProcess, FittingRaisesThePosteriorAndFindsTheDecisionThatCounts) {
  const auto space = testing::CellSpace();
  Data data(space->decisions(), 60);
  for (Eigen::Index i = 0; i < data.y.size(); ++i) data.y[i] = data.x(i, 3) - data.x(i, 4);
  GaussianProcess process(data.encoding.groups());
  process.Fit(data.x, data.y, 0);
  EXPECT_GT(process.LogPosterior(data.x, data.y, process.parameters(), nullptr),
            process.LogPosterior(data.x, data.y, SomeParameters(6), nullptr));
  const Eigen::ArrayXd& additive = process.parameters().additive;
  EXPECT_GT(additive[0], 2 * additive.tail(5).maxCoeff());
}

TEST(GaussianProcess, BelievedRowsLowerDoubtAndAreForgottenAtTheNextCall) {
  const auto space = testing::MixedSpace();
  const Data data(space->decisions(), 40);
  GaussianProcess process(data.encoding.groups());
  process.set_parameters(SomeParameters(space->decisions().size()));
  process.Condition(data.x.topRows(30), data.y.head(30));
  const Eigen::MatrixXd asked = data.x.bottomRows(10);
  const Prediction before = process.Predict(asked);
  process.Believe(asked.topRows(5));
  const Prediction believed = process.Predict(asked);
  for (Eigen::Index i = 0; i < 5; ++i) {
    EXPECT_NEAR(believed.mean[i], before.mean[i], 1e-6);
    EXPECT_LT(believed.deviation[i], before.deviation[i]);
  }
  process.Believe(Eigen::MatrixXd(0, asked.cols()));
  EXPECT_TRUE(process.Predict(asked).deviation.isApprox(before.deviation, 1e-9));
}

}  // namespace
}  // namespace nascent::strategy
