#include "common/objectives/pareto.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace nascent::objectives {
namespace {

using Points = std::vector<std::vector<double>>;

// Sorted by the first objective and then the second, both falling, a point goes to the first front
// whose last member does not dominate it (Jensen 2003): found by bisection, because the last
// members' second objectives fall from front to front.
std::vector<int> RanksOfTwo(const Points& points) {
  const bool two = points.front().size() == 2;
  const auto second = [&](int i) { return two ? points[i][1] : points[i][0]; };
  std::vector<int> order(points.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    if (points[a][0] != points[b][0]) return points[a][0] > points[b][0];
    return second(a) > second(b);
  });
  std::vector<int> ranks(points.size());
  std::vector<int> last;  // of each front
  for (const int i : order) {
    const auto front = std::partition_point(last.begin(), last.end(),
                                            [&](int j) { return Dominates(points[j], points[i]); });
    ranks[i] = static_cast<int>(front - last.begin());
    if (front == last.end()) {
      last.push_back(i);
    } else {
      *front = i;
    }
  }
  return ranks;
}

std::vector<int> RanksOfMany(const Points& points) {
  const int count = static_cast<int>(points.size());
  std::vector<int> dominators(points.size(), 0);
  std::vector<std::vector<int>> dominated(points.size());
  for (int i = 0; i < count; ++i) {
    for (int j = i + 1; j < count; ++j) {
      if (Dominates(points[i], points[j])) {
        dominated[i].push_back(j);
        ++dominators[j];
      } else if (Dominates(points[j], points[i])) {
        dominated[j].push_back(i);
        ++dominators[i];
      }
    }
  }
  std::vector<int> ranks(points.size(), 0);
  std::vector<int> front;
  for (int i = 0; i < count; ++i) {
    if (dominators[i] == 0) front.push_back(i);
  }
  for (int rank = 0; !front.empty(); ++rank) {
    std::vector<int> next;
    for (const int i : front) {
      ranks[i] = rank;
      for (const int j : dominated[i]) {
        if (--dominators[j] == 0) next.push_back(j);
      }
    }
    front = std::move(next);
  }
  return ranks;
}

}  // namespace

bool Dominates(absl::Span<const double> a, absl::Span<const double> b) {
  bool better = false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] < b[i]) return false;
    better = better || a[i] > b[i];
  }
  return better;
}

std::vector<int> NonDominatedRanks(const Points& points) {
  if (points.empty()) return {};
  return points.front().size() <= 2 ? RanksOfTwo(points) : RanksOfMany(points);
}

std::vector<double> CrowdingDistances(const Points& points, const std::vector<int>& ranks) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> distances(points.size(), 0);
  if (points.empty()) return distances;
  std::vector<int> order(points.size());
  for (size_t m = 0; m < points.front().size(); ++m) {
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
      if (ranks[a] != ranks[b]) return ranks[a] < ranks[b];
      return points[a][m] < points[b][m];
    });
    for (size_t begin = 0; begin < order.size();) {
      size_t end = begin;
      while (end < order.size() && ranks[order[end]] == ranks[order[begin]]) ++end;
      const double range = points[order[end - 1]][m] - points[order[begin]][m];
      distances[order[begin]] = kInfinity;
      distances[order[end - 1]] = kInfinity;
      for (size_t i = begin + 1; range > 0 && i + 1 < end; ++i) {
        distances[order[i]] += (points[order[i + 1]][m] - points[order[i - 1]][m]) / range;
      }
      begin = end;
    }
  }
  return distances;
}

std::vector<int> NonDominated(const Points& points) {
  const std::vector<int> ranks = NonDominatedRanks(points);
  std::vector<int> first;
  for (size_t i = 0; i < ranks.size(); ++i) {
    if (ranks[i] == 0) first.push_back(static_cast<int>(i));
  }
  return first;
}

}  // namespace nascent::objectives
