#include "server/engine/resolve/fidelity_ladder.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/field_error.h"
#include "common/scores/scores.h"
#include "common/status_macros.h"

namespace nascent::engine {
namespace {

// Relative to the first rung that trains: a score takes a few steps of a training.
constexpr double kShareOfScores = 1e-3;

// One property of the rungs that train, as numbers.
struct Dimension {
  std::function<std::string(size_t)> path;  // of one entry
  std::string list;                         // of all; empty where each rung is written on its own
  std::vector<double> values;
  double whole = 1;   // what the last entry must be
  double lowest = 0;  // entries are at least this
  double power = 1;   // of the share in the cost
  bool epochs = false;
  std::string allowed;
  std::function<void(v1::Fidelity&, double)> set;
};

constexpr double kSmallestShare = 1e-6;

Dimension Epochs(const v1::Recipe& recipe) {
  Dimension d;
  d.whole = recipe.epochs();
  d.lowest = 1;
  d.epochs = true;
  d.allowed = absl::StrCat("1 to the recipe's epochs, ", recipe.epochs(), ", which is the last");
  d.set = [](v1::Fidelity& f, double v) { f.set_epochs(static_cast<int>(v)); };
  return d;
}

Dimension TrainShare() {
  Dimension d;
  d.lowest = kSmallestShare;
  d.allowed = "(0, 1], the last is 1";
  d.set = [](v1::Fidelity& f, double v) { f.set_train_share(v); };
  return d;
}

Dimension Resolution(const v1::Recipe& recipe) {
  Dimension d;
  d.whole = recipe.resolution();
  d.lowest = 1;
  d.power = 2;
  d.allowed =
      absl::StrCat("1 to the recipe's resolution, ", recipe.resolution(), ", which is the last");
  d.set = [](v1::Fidelity& f, double v) { f.set_resolution(static_cast<int>(v)); };
  return d;
}

Dimension Constant(const std::string& name) {
  Dimension d = TrainShare();
  d.set = [name](v1::Fidelity& f, double v) { (*f.mutable_constants())[name] = v; };
  return d;
}

std::vector<Dimension> DimensionsOfLists(const v1::FidelityLadder& ladder,
                                         const v1::Recipe& recipe) {
  std::vector<Dimension> dimensions;
  const auto add = [&](const std::string& name, Dimension dimension, const auto& list) {
    dimension.values.assign(list.begin(), list.end());
    if (dimension.values.empty()) return;
    dimension.list = absl::StrCat("fidelities.", name);
    dimension.path = [list = dimension.list](size_t i) { return absl::StrCat(list, "[", i, "]"); };
    dimensions.push_back(std::move(dimension));
  };
  add("epochs", Epochs(recipe), ladder.epochs());
  add("train_share", TrainShare(), ladder.train_share());
  add("resolution", Resolution(recipe), ladder.resolution());
  for (const auto& [name, list] : ladder.constants()) {
    add(absl::StrCat("constants.", name), Constant(name), list.factors());
  }
  return dimensions;
}

// `first`: the first rung that trains. What a rung leaves unset is whole.
std::vector<Dimension> DimensionsOfRungs(const v1::FidelityLadder& ladder, const v1::Recipe& recipe,
                                         int first) {
  std::vector<Dimension> dimensions;
  const auto add = [&](const std::string& name, Dimension dimension, const auto& value) {
    bool any = false;
    for (int i = first; i < ladder.rungs_size(); ++i) {
      const std::pair<bool, double> written = value(ladder.rungs(i));
      any = any || written.first;
      dimension.values.push_back(written.first ? written.second : dimension.whole);
    }
    if (!any) return;
    dimension.path = [name, first](size_t i) {
      return absl::StrCat("fidelities.rungs[", static_cast<size_t>(first) + i, "].", name);
    };
    dimensions.push_back(std::move(dimension));
  };
  using Rung = const v1::RungSpec&;
  using Written = std::pair<bool, double>;
  add("epochs", Epochs(recipe), [](Rung r) { return Written(r.has_epochs(), r.epochs()); });
  add("train_share", TrainShare(),
      [](Rung r) { return Written(r.has_train_share(), r.train_share()); });
  add("resolution", Resolution(recipe),
      [](Rung r) { return Written(r.has_resolution(), r.resolution()); });
  std::set<std::string> constants;
  for (const v1::RungSpec& rung : ladder.rungs()) {
    for (const auto& [name, factor] : rung.constants()) constants.insert(name);
  }
  for (const std::string& name : constants) {
    add(absl::StrCat("constants.", name), Constant(name), [&name](Rung r) {
      const auto found = r.constants().find(name);
      return found == r.constants().end() ? Written(false, 0) : Written(true, found->second);
    });
  }
  return dimensions;
}

absl::Status CheckDimension(const Dimension& d, size_t rungs) {
  if (d.values.size() != rungs) {
    return FieldError(d.list, absl::StrCat(d.values.size(), " entries"),
                      absl::StrCat("as many as the other lists, ", rungs));
  }
  for (size_t i = 0; i < rungs; ++i) {
    const std::string path = d.path(i);
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

// The scores that the lowest rungs consist of.
absl::StatusOr<std::vector<std::string>> ScoresOf(const v1::FidelityLadder& ladder) {
  std::vector<std::string> names;
  for (int i = 0; i < ladder.rungs_size(); ++i) {
    const v1::RungSpec& rung = ladder.rungs(i);
    if (!rung.has_zero_cost()) continue;
    const std::string path = absl::StrCat("fidelities.rungs[", i, "]");
    const std::string& metric = rung.zero_cost().metric();
    if (!scores::IsScore(metric)) {
      return FieldError(path + ".zero_cost.metric", absl::StrCat("\"", metric, "\""),
                        scores::ScoreNames());
    }
    if (rung.has_epochs() || rung.has_train_share() || rung.has_resolution() ||
        !rung.constants().empty()) {
      return FieldError(path, "a score beside a training", "one of them");
    }
    if (i > static_cast<int>(names.size())) {
      return FieldError(path + ".zero_cost", "a score above a rung that trains",
                        "scores below all that trains, as they are cheaper");
    }
    if (std::find(names.begin(), names.end(), metric) != names.end()) {
      return FieldError(path + ".zero_cost.metric", absl::StrCat("\"", metric, "\" again"),
                        "each score once");
    }
    names.push_back(metric);
  }
  if (!names.empty() && static_cast<int>(names.size()) == ladder.rungs_size()) {
    return FieldError("fidelities.rungs", "scores alone", "a last rung that trains: {}");
  }
  return names;
}

// The rungs that train.
absl::StatusOr<std::vector<LadderRung>> TrainingRungs(const std::vector<Dimension>& dimensions,
                                                      size_t rungs, size_t scores,
                                                      const v1::Recipe& recipe) {
  for (const Dimension& d : dimensions) {
    NASCENT_RETURN_IF_ERROR(CheckDimension(d, rungs));
  }
  std::vector<LadderRung> result(rungs);
  for (size_t i = 0; i < rungs; ++i) {
    LadderRung& rung = result[i];
    rung.fidelity.set_rung(static_cast<int>(scores + i));
    rung.epochs = recipe.epochs();
    bool grows = i == 0;
    for (const Dimension& d : dimensions) {
      const double value = d.values[i];
      // What is whole stays unset, so that it equals the same evaluation without a ladder.
      if (value != d.whole) d.set(rung.fidelity, value);
      for (double p = 0; p < d.power; ++p) rung.share_of_full *= value / d.whole;
      if (d.epochs) rung.epochs = value;
      grows = grows || value > d.values[i - 1];
    }
    if (!grows) {
      return FieldError("fidelities",
                        absl::StrCat("rung ", scores + i, " equal to rung ", scores + i - 1),
                        "rungs that grow");
    }
  }
  return result;
}

}  // namespace

absl::StatusOr<std::vector<LadderRung>> BuildLadder(const v1::FidelityLadder& ladder,
                                                    const v1::Recipe& recipe) {
  std::vector<Dimension> dimensions = DimensionsOfLists(ladder, recipe);
  size_t rungs = 1;
  std::vector<std::string> scores;
  if (ladder.rungs_size() > 0) {
    if (!dimensions.empty()) {
      return FieldError(dimensions.front().list, "a list beside fidelities.rungs", "one of them");
    }
    NASCENT_ASSIGN_OR_RETURN(scores, ScoresOf(ladder));
    dimensions = DimensionsOfRungs(ladder, recipe, static_cast<int>(scores.size()));
    rungs = static_cast<size_t>(ladder.rungs_size()) - scores.size();
  }
  for (const Dimension& d : dimensions) rungs = std::max(rungs, d.values.size());
  if (ladder.calibrate() < 0 || ladder.calibrate() > 1000) {
    return FieldError("fidelities.calibrate", ladder.calibrate(), "[0, 1000]");
  }
  if (ladder.calibrate() > 0 && rungs + scores.size() < 2) {
    return FieldError("fidelities.calibrate", ladder.calibrate(), "0, as there is one rung");
  }
  if (rungs + scores.size() > 64) {
    return FieldError("fidelities", absl::StrCat(rungs + scores.size(), " rungs"), "at most 64");
  }
  NASCENT_ASSIGN_OR_RETURN(const std::vector<LadderRung> training,
                           TrainingRungs(dimensions, rungs, scores.size(), recipe));
  std::vector<LadderRung> result;
  for (const std::string& score : scores) {
    LadderRung& rung = result.emplace_back();
    rung.fidelity.set_rung(static_cast<int>(result.size()) - 1);
    rung.fidelity.set_zero_cost(score);
    rung.share_of_full = training.front().share_of_full * kShareOfScores *
                         static_cast<double>(result.size()) / static_cast<double>(scores.size());
  }
  result.insert(result.end(), training.begin(), training.end());
  return result;
}

}  // namespace nascent::engine
