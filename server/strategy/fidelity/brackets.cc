#include "server/strategy/fidelity/brackets.h"

#include <algorithm>
#include <cmath>

namespace nascent::strategy {

BracketShape HalvingShape(int first_rung, int rungs, double factor, int64_t configurations) {
  BracketShape shape;
  shape.first_rung = first_rung;
  for (int i = 0; first_rung + i < rungs; ++i) {
    // The small addition undoes rounding just below a whole number.
    const double size = static_cast<double>(configurations) / std::pow(factor, i) + 1e-9;
    shape.sizes.push_back(std::max<int64_t>(1, static_cast<int64_t>(std::floor(size))));
  }
  return shape;
}

int64_t ChargedTrials(const BracketShape& shape, int scores) {
  const auto free = static_cast<size_t>(std::max(0, scores - shape.first_rung));
  int64_t sum = 0;
  for (size_t i = free; i < shape.sizes.size(); ++i) sum += shape.sizes[i];
  return sum;
}

BracketShape FitToBudget(BracketShape shape, int scores, int64_t left) {
  const auto free = static_cast<size_t>(std::max(0, scores - shape.first_rung));
  const int64_t whole = ChargedTrials(shape, scores);
  const auto levels = static_cast<int64_t>(shape.sizes.size() - free);
  if (whole <= left || left < levels) return shape;
  // One at each level, the rest by the proportions; what rounding leaves begins at the lowest.
  const int64_t spare = left - levels;
  int64_t given = levels;
  for (size_t i = free; i < shape.sizes.size(); ++i) {
    const double share =
        static_cast<double>(shape.sizes[i] - 1) / static_cast<double>(whole - levels);
    shape.sizes[i] = 1 + static_cast<int64_t>(std::floor(share * static_cast<double>(spare)));
    given += shape.sizes[i] - 1;
  }
  shape.sizes[free] += left - given;
  return shape;
}

std::vector<BracketShape> HyperbandShapes(int rungs, double factor) {
  std::vector<BracketShape> shapes;
  for (int s = rungs - 1; s >= 0; --s) {
    const double size = static_cast<double>(rungs) / (s + 1) * std::pow(factor, s);
    shapes.push_back(
        HalvingShape(rungs - 1 - s, rungs, factor, static_cast<int64_t>(std::ceil(size - 1e-9))));
  }
  return shapes;
}

}  // namespace nascent::strategy
