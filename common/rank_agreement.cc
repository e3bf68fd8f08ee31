#include "common/rank_agreement.h"

#include <algorithm>
#include <cmath>

namespace nascent {
namespace {

// Below it a jackknife's error is rounding.
constexpr double kNoError = 1e-9;

int Sign(double difference) { return (difference > 0 ? 1 : 0) - (difference < 0 ? 1 : 0); }

// Sums over pairs: concordant less discordant ones, and how many differ in each order.
struct PairSums {
  double agreement = 0;
  double first = 0;
  double second = 0;

  void Add(double weight, int first_sign, int second_sign) {
    agreement += weight * first_sign * second_sign;
    first += first_sign != 0 ? weight : 0;
    second += second_sign != 0 ? weight : 0;
  }
  std::optional<double> Tau() const {
    // What is left of a difference of sums may be rounding.
    if (first < kNoError || second < kNoError) return std::nullopt;
    return std::clamp(agreement / std::sqrt(first * second), -1.0, 1.0);
  }
};

}  // namespace

std::optional<RankAgreement> KendallTau(const std::vector<JudgedTwice>& things,
                                        int64_t sampled_of) {
  const size_t n = things.size();
  if (n < 3) return std::nullopt;
  const auto sampled = static_cast<double>(
      std::count_if(things.begin(), things.end(), [](const auto& each) { return each.sampled; }));
  const double of = std::max(static_cast<double>(sampled_of), sampled);
  const double one = sampled > 0 ? of / sampled : 1;
  const double weights[] = {1, one, sampled > 1 ? one * (of - 1) / (sampled - 1) : 1};
  PairSums all;
  std::vector<PairSums> of_each(n);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < i; ++j) {
      const double weight = weights[(things[i].sampled ? 1 : 0) + (things[j].sampled ? 1 : 0)];
      const int first = Sign(things[i].first - things[j].first);
      const int second = Sign(things[i].second - things[j].second);
      all.Add(weight, first, second);
      of_each[i].Add(weight, first, second);
      of_each[j].Add(weight, first, second);
    }
  }
  const std::optional<double> tau = all.Tau();
  if (!tau.has_value()) return std::nullopt;
  double sum = 0;
  double squares = 0;
  for (const PairSums& each : of_each) {
    const PairSums without = {all.agreement - each.agreement, all.first - each.first,
                              all.second - each.second};
    const std::optional<double> left = without.Tau();
    if (!left.has_value()) return std::nullopt;
    // Differences from tau, as squares of numbers that are all alike would lose their digits.
    sum += *left - *tau;
    squares += (*left - *tau) * (*left - *tau);
  }
  const auto count = static_cast<double>(n);
  const double variance = (count - 1) / count * (squares - sum * sum / count);
  double error = std::sqrt(std::max(variance, 0.0));
  if (error < kNoError) error = std::sqrt(2 * (2 * count + 5) / (9 * count * (count - 1)));
  return RankAgreement{*tau, error};
}

}  // namespace nascent
