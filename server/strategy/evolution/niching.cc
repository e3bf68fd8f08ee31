#include "server/strategy/evolution/niching.h"

#include <Eigen/Dense>
#include <algorithm>
#include <limits>

namespace nascent::strategy {
namespace {

using Points = std::vector<std::vector<double>>;

void Fill(int divisions, int left, std::vector<double>& point, size_t at, Points& points) {
  if (at + 1 == point.size()) {
    point[at] = static_cast<double>(left) / divisions;
    points.push_back(point);
    return;
  }
  for (int i = 0; i <= left; ++i) {
    point[at] = static_cast<double>(i) / divisions;
    Fill(divisions, left - i, point, at + 1, points);
  }
}

// To be minimised, from the ideal point at 0 to the nadir at 1.
Points Normalise(const Points& points, const std::vector<int>& ranks) {
  const size_t objectives = points.front().size();
  Points losses = points;
  for (size_t m = 0; m < objectives; ++m) {
    double best = points.front()[m];
    for (const auto& point : points) best = std::max(best, point[m]);
    for (size_t i = 0; i < points.size(); ++i) losses[i][m] = best - points[i][m];
  }
  // The extreme point of each axis: the least weighted maximum with all weight on the others.
  const auto size = static_cast<Eigen::Index>(objectives);
  Eigen::MatrixXd extremes(size, size);
  std::vector<double> worst(objectives, 0);
  for (size_t axis = 0; axis < objectives; ++axis) {
    double least = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < losses.size(); ++i) {
      if (ranks[i] != 0) continue;
      worst[axis] = std::max(worst[axis], losses[i][axis]);
      double value = 0;
      for (size_t m = 0; m < objectives; ++m) {
        value = std::max(value, m == axis ? losses[i][m] : losses[i][m] * 1e6);
      }
      if (value < least) {
        least = value;
        for (size_t m = 0; m < objectives; ++m) {
          extremes(static_cast<Eigen::Index>(axis), static_cast<Eigen::Index>(m)) = losses[i][m];
        }
      }
    }
  }
  // The plane through them meets axis m at 1 / solution[m]; where it does not, the worst of the
  // first front stands in.
  const Eigen::FullPivLU<Eigen::MatrixXd> lu(extremes);
  std::vector<double> scale = worst;
  if (lu.isInvertible()) {
    const Eigen::VectorXd solution = lu.solve(Eigen::VectorXd::Ones(size));
    for (size_t m = 0; m < objectives; ++m) {
      const double intercept = 1 / solution(static_cast<Eigen::Index>(m));
      if (intercept > 1e-12 && intercept <= worst[m] * 10) scale[m] = intercept;
    }
  }
  for (auto& loss : losses) {
    for (size_t m = 0; m < objectives; ++m) loss[m] /= std::max(scale[m], 1e-12);
  }
  return losses;
}

// Squared distance from a point to the line through the origin along `direction`.
double DistanceToLine(const std::vector<double>& point, const std::vector<double>& direction) {
  double along = 0;
  double norm = 0;
  double length = 0;
  for (size_t m = 0; m < point.size(); ++m) {
    along += point[m] * direction[m];
    norm += direction[m] * direction[m];
    length += point[m] * point[m];
  }
  return std::max(0.0, length - along * along / norm);
}

}  // namespace

Points ReferenceDirections(int objectives, int divisions) {
  Points points;
  std::vector<double> point(static_cast<size_t>(objectives));
  Fill(divisions, divisions, point, 0, points);
  return points;
}

int Divisions(int objectives, int count) {
  int divisions = 1;
  while (true) {
    // C(objectives + d - 1, objectives - 1) for the next d.
    double directions = 1;
    for (int i = 1; i < objectives; ++i) directions *= (divisions + 1.0 + i) / i;
    if (directions > count || objectives == 1) return divisions;
    ++divisions;
  }
}

int NichingVictim(const Points& points, const std::vector<int>& ranks, const Points& directions) {
  const int last = *std::max_element(ranks.begin(), ranks.end());
  const Points losses = Normalise(points, ranks);
  std::vector<int> crowd(directions.size(), 0);
  std::vector<size_t> niche(points.size());
  std::vector<double> distance(points.size(), std::numeric_limits<double>::infinity());
  for (size_t i = 0; i < points.size(); ++i) {
    for (size_t d = 0; d < directions.size(); ++d) {
      const double here = DistanceToLine(losses[i], directions[d]);
      if (here < distance[i]) {
        distance[i] = here;
        niche[i] = d;
      }
    }
    ++crowd[niche[i]];
  }
  int victim = -1;
  for (size_t i = 0; i < points.size(); ++i) {
    if (ranks[i] != last) continue;
    if (victim < 0) {
      victim = static_cast<int>(i);
      continue;
    }
    const auto v = static_cast<size_t>(victim);
    if (crowd[niche[i]] > crowd[niche[v]] ||
        (crowd[niche[i]] == crowd[niche[v]] && distance[i] > distance[v])) {
      victim = static_cast<int>(i);
    }
  }
  return victim;
}

}  // namespace nascent::strategy
