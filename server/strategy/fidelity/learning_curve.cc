#include "server/strategy/fidelity/learning_curve.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>

namespace nascent::strategy {
namespace {

enum class Family { kPower, kExponential, kLogarithm };

// Falls from epoch to epoch, so that b is negative on a curve that rises.
double Shape(Family family, double shape, double epoch) {
  switch (family) {
    case Family::kPower:
      return std::pow(epoch, -shape);
    case Family::kExponential:
      return std::exp(-shape * epoch);
    case Family::kLogarithm:
      return 1 / std::log(epoch + 1 + shape);
  }
  return 0;
}

struct Fit {
  double log_evidence;
  double mean;
  double deviation;
};

// Least squares for a and b, and the predictive distribution at `last`.
std::optional<Fit> FitOne(Family family, double shape, const std::vector<double>& epochs,
                          const std::vector<double>& values, double last) {
  const auto n = static_cast<double>(values.size());
  std::vector<double> g;
  double mean_g = 0;
  double mean_v = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    g.push_back(Shape(family, shape, epochs[i]));
    mean_g += g.back() / n;
    mean_v += values[i] / n;
  }
  double gg = 0;
  double gv = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    gg += (g[i] - mean_g) * (g[i] - mean_g);
    gv += (g[i] - mean_g) * (values[i] - mean_v);
  }
  if (!(gg > 1e-18)) return std::nullopt;
  const double b = gv / gg;
  if (b > 0) return std::nullopt;
  double squares = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double error = values[i] - mean_v - b * (g[i] - mean_g);
    squares += error * error;
  }
  const double variance = std::max(squares / (n - 2), 1e-10);
  const double away = Shape(family, shape, last) - mean_g;
  Fit fit;
  fit.mean = mean_v + b * away;
  fit.deviation = std::sqrt(variance * (1 + 1 / n + away * away / gg));
  fit.log_evidence = -n / 2 * std::log(variance);
  if (!std::isfinite(fit.mean) || !std::isfinite(fit.deviation)) return std::nullopt;
  return fit;
}

}  // namespace

double Extrapolation::Mean() const {
  double mean = 0;
  for (const Part& part : parts) mean += part.weight * part.mean;
  return mean;
}

double Extrapolation::ProbabilityAbove(double threshold) const {
  double probability = 0;
  for (const Part& part : parts) {
    probability +=
        part.weight * 0.5 * std::erfc((threshold - part.mean) / (part.deviation * std::sqrt(2.0)));
  }
  return probability;
}

Extrapolation Extrapolate(const std::vector<double>& epochs, const std::vector<double>& values,
                          double last) {
  Extrapolation extrapolation;
  if (values.size() < 4) return extrapolation;
  std::vector<Fit> fits;
  const auto add = [&](Family family, std::initializer_list<double> shapes) {
    for (const double shape : shapes) {
      const std::optional<Fit> fit = FitOne(family, shape, epochs, values, last);
      if (fit.has_value()) fits.push_back(*fit);
    }
  };
  add(Family::kPower, {0.25, 0.5, 0.75, 1, 1.5, 2});
  // Rates relative to the training's length.
  add(Family::kExponential, {1 / last, 2 / last, 4 / last, 8 / last, 16 / last, 32 / last});
  add(Family::kLogarithm, {0, 1, 2, 4});
  double best = -std::numeric_limits<double>::infinity();
  for (const Fit& fit : fits) best = std::max(best, fit.log_evidence);
  double total = 0;
  for (const Fit& fit : fits) total += std::exp(fit.log_evidence - best);
  for (const Fit& fit : fits) {
    extrapolation.parts.push_back(
        {std::exp(fit.log_evidence - best) / total, fit.mean, fit.deviation});
  }
  return extrapolation;
}

}  // namespace nascent::strategy
