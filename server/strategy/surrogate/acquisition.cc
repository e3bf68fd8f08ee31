#include "server/strategy/surrogate/acquisition.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "common/objectives/hypervolume.h"
#include "server/strategy/surrogate/normal.h"

namespace nascent::strategy {
namespace {

const double kLogRootTwoPi = 0.5 * std::log(2 * std::numbers::pi);

constexpr int kDrawPairs = 8;

double Density(double z) { return std::exp(-0.5 * z * z - kLogRootTwoPi); }

// log(phi(z) + z Phi(z)).
double LogH(double z) {
  if (z > -5) return std::log(Density(z) + z * NormalCumulative(z));
  // phi(z) (1/z^2 - 3/z^4 + 15/z^6 - ...), the asymptotic series of Mills' ratio.
  const double square = 1 / (z * z);
  return -0.5 * z * z - kLogRootTwoPi + std::log(square) +
         std::log1p(-3 * square + 15 * square * square - 105 * square * square * square);
}

}  // namespace

double LogExpectedImprovement(double mean, double deviation, double best) {
  return std::log(deviation) + LogH((mean - best) / deviation);
}

PairImprovement::PairImprovement(std::vector<std::vector<double>> front,
                                 std::vector<double> reference)
    : front_(std::move(front)), reference_(std::move(reference)) {
  std::erase_if(front_, [this](const std::vector<double>& point) {
    return point[0] <= reference_[0] || point[1] <= reference_[1];
  });
  std::sort(front_.begin(), front_.end());
}

double PairImprovement::Expected(const std::vector<double>& mean,
                                 const std::vector<double>& deviation) const {
  // E[max(f_k - bound, 0)]
  const auto above = [&](size_t k, double bound) {
    const double z = (mean[k] - bound) / deviation[k];
    return deviation[k] * (Density(z) + z * NormalCumulative(z));
  };
  // Between two neighbours of the front the second objective counts above the right one, to the
  // right of the last above the reference.
  double sum = 0;
  double left = above(0, reference_[0]);
  for (const std::vector<double>& point : front_) {
    const double right = above(0, point[0]);
    sum += (left - right) * above(1, point[1]);
    left = right;
  }
  return sum + left * above(1, reference_[1]);
}

ImprovementDraws::ImprovementDraws(size_t objectives, RandomStream& random) {
  for (int pair = 0; pair < kDrawPairs; ++pair) {
    std::vector<double> draw;
    for (size_t k = 0; k < objectives; ++k) draw.push_back(random.Normal());
    draws_.push_back(draw);
    for (double& value : draw) value = -value;
    draws_.push_back(std::move(draw));
  }
}

double ImprovementDraws::ExpectedHypervolumeImprovement(
    const std::vector<std::vector<double>>& front, const std::vector<double>& reference,
    const std::vector<double>& mean, const std::vector<double>& deviation) const {
  double sum = 0;
  for (const std::vector<double>& draw : draws_) {
    std::vector<double> point(mean.size());
    double box = 1;
    for (size_t k = 0; k < mean.size(); ++k) {
      point[k] = mean[k] + deviation[k] * draw[k];
      box *= std::max(0.0, point[k] - reference[k]);
    }
    if (box == 0) continue;
    // What the front already has of the box below the point.
    std::vector<std::vector<double>> covered = front;
    for (std::vector<double>& other : covered) {
      for (size_t k = 0; k < point.size(); ++k) other[k] = std::min(other[k], point[k]);
    }
    sum += box - objectives::Hypervolume(std::move(covered), reference);
  }
  return sum / static_cast<double>(draws_.size());
}

}  // namespace nascent::strategy
