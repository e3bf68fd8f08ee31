#include "server/engine/resolve/fidelity_ladder.h"

#include <algorithm>
#include <functional>
#include <string>

#include "common/field_error.h"

namespace nascent::engine {
namespace {

// One list of the ladder as numbers.
struct Dimension {
  std::string path;
  std::vector<double> values;
  double whole = 1;   // what the last entry must be
  double lowest = 0;  // entries are at least this
  double power = 1;   // of the share in the cost
  std::string allowed;
  std::function<void(v1::Fidelity&, double)> set;
};

std::vector<Dimension> Dimensions(const v1::FidelityLadder& ladder, const v1::Recipe& recipe) {
  constexpr double kSmallestShare = 1e-6;
  std::vector<Dimension> dimensions;
  const auto add = [&](Dimension dimension, const auto& list) {
    dimension.values.assign(list.begin(), list.end());
    if (!dimension.values.empty()) dimensions.push_back(std::move(dimension));
  };
  add({"fidelities.epochs",
       {},
       static_cast<double>(recipe.epochs()),
       1,
       1,
       absl::StrCat("1 to the recipe's epochs, ", recipe.epochs(), ", which is the last"),
       [](v1::Fidelity& f, double v) { f.set_epochs(static_cast<int>(v)); }},
      ladder.epochs());
  add({"fidelities.train_share",
       {},
       1,
       kSmallestShare,
       1,
       "(0, 1], the last is 1",
       [](v1::Fidelity& f, double v) { f.set_train_share(v); }},
      ladder.train_share());
  add({"fidelities.resolution",
       {},
       static_cast<double>(recipe.resolution()),
       1,
       2,
       absl::StrCat("1 to the recipe's resolution, ", recipe.resolution(), ", which is the last"),
       [](v1::Fidelity& f, double v) { f.set_resolution(static_cast<int>(v)); }},
      ladder.resolution());
  for (const auto& [name, list] : ladder.constants()) {
    add({absl::StrCat("fidelities.constants.", name),
         {},
         1,
         kSmallestShare,
         1,
         "(0, 1], the last is 1",
         [name = name](v1::Fidelity& f, double v) { (*f.mutable_constants())[name] = v; }},
        list.factors());
  }
  return dimensions;
}

absl::Status CheckDimension(const Dimension& d, size_t rungs) {
  if (d.values.size() != rungs) {
    return FieldError(d.path, absl::StrCat(d.values.size(), " entries"),
                      absl::StrCat("as many as the other lists, ", rungs));
  }
  for (size_t i = 0; i < rungs; ++i) {
    const std::string path = absl::StrCat(d.path, "[", i, "]");
    const bool last = i + 1 == rungs;
    if (!(d.values[i] >= d.lowest && d.values[i] <= d.whole) || (last && d.values[i] != d.whole)) {
      return FieldError(path, d.values[i], d.allowed);
    }
    if (i > 0 && d.values[i] < d.values[i - 1]) {
      return FieldError(path, d.values[i], absl::StrCat("at least ", d.values[i - 1]));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<LadderRung>> BuildLadder(const v1::FidelityLadder& ladder,
                                                    const v1::Recipe& recipe) {
  const std::vector<Dimension> dimensions = Dimensions(ladder, recipe);
  size_t rungs = 1;
  for (const Dimension& d : dimensions) rungs = std::max(rungs, d.values.size());
  if (rungs > 64) return FieldError("fidelities", absl::StrCat(rungs, " rungs"), "at most 64");
  for (const Dimension& d : dimensions) {
    if (absl::Status status = CheckDimension(d, rungs); !status.ok()) return status;
  }
  std::vector<LadderRung> result(rungs);
  for (size_t i = 0; i < rungs; ++i) {
    LadderRung& rung = result[i];
    rung.fidelity.set_rung(static_cast<int>(i));
    rung.epochs = recipe.epochs();
    bool grows = i == 0;
    for (const Dimension& d : dimensions) {
      const double value = d.values[i];
      // What is whole stays unset, so that it equals the same evaluation without a ladder.
      if (value != d.whole) d.set(rung.fidelity, value);
      for (double p = 0; p < d.power; ++p) rung.share_of_full *= value / d.whole;
      if (d.path == "fidelities.epochs") rung.epochs = value;
      grows = grows || value > d.values[i - 1];
    }
    if (!grows) {
      return FieldError("fidelities", absl::StrCat("rung ", i, " equal to rung ", i - 1),
                        "rungs that grow");
    }
  }
  return result;
}

}  // namespace nascent::engine
