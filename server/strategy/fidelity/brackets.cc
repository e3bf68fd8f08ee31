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
