#include "common/objectives/hypervolume.h"

#include <algorithm>

#include "common/objectives/pareto.h"

namespace nascent::objectives {
namespace {

using Point = std::vector<double>;
using Points = std::vector<Point>;

// The points that nothing dominates, of equal ones the first, sorted by the last objective,
// falling.
Points Front(Points points) {
  std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) {
    return std::lexicographical_compare(b.rbegin(), b.rend(), a.rbegin(), a.rend());
  });
  Points front;
  for (Point& point : points) {
    bool kept = true;
    for (const Point& other : front) {
      // Only points before this one in the order can dominate it.
      if (other == point || Dominates(other, point)) {
        kept = false;
        break;
      }
    }
    if (kept) front.push_back(std::move(point));
  }
  return front;
}

double Box(const Point& point, const Point& reference) {
  double volume = 1;
  for (size_t m = 0; m < point.size(); ++m) volume *= point[m] - reference[m];
  return volume;
}

// `front` as Front gives it, so the first objective rises where the last falls.
double Sweep(const Points& front, const Point& reference) {
  double area = 0;
  double covered = reference[0];
  for (const Point& point : front) {
    area += (point[0] - covered) * (point[1] - reference[1]);
    covered = point[0];
  }
  return area;
}

double OfFront(const Points& front, const Point& reference) {
  if (front.empty()) return 0;
  if (reference.size() == 1) return front.front()[0] - reference[0];
  if (reference.size() == 2) return Sweep(front, reference);
  double volume = 0;
  for (size_t i = 0; i < front.size(); ++i) {
    // What point i covers and none of those after it does.
    Points limited;
    for (size_t j = i + 1; j < front.size(); ++j) {
      Point least(reference.size());
      for (size_t m = 0; m < least.size(); ++m) least[m] = std::min(front[i][m], front[j][m]);
      limited.push_back(std::move(least));
    }
    volume += Box(front[i], reference) - OfFront(Front(std::move(limited)), reference);
  }
  return volume;
}

void DropBelow(Points& points, const Point& reference) {
  std::erase_if(points, [&reference](const Point& point) {
    for (size_t m = 0; m < reference.size(); ++m) {
      if (!(point[m] > reference[m])) return true;
    }
    return false;
  });
}

}  // namespace

double Hypervolume(Points points, const Point& reference) {
  DropBelow(points, reference);
  return OfFront(Front(std::move(points)), reference);
}

std::vector<double> HypervolumeContributions(const Points& points, const Point& reference) {
  const double all = Hypervolume(points, reference);
  std::vector<double> contributions;
  for (size_t i = 0; i < points.size(); ++i) {
    Points others = points;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    contributions.push_back(std::max(0.0, all - Hypervolume(std::move(others), reference)));
  }
  return contributions;
}

}  // namespace nascent::objectives
