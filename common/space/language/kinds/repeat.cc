// Copies of a block, one after the other or each reading those before it.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/space/language/block_kinds.h"
#include "common/space/language/elaborator.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

// Copies of a block. Each gets the outputs of the one before, or of the last `history` (0: of all)
// before it, oldest first, the repeat's own inputs standing before the first.
class RepeatBlock : public Block {
 public:
  // `times` is null where all copies run.
  RepeatBlock(std::vector<BlockPtr> copies, ExpressionPtr times, int history, bool all_results,
              int line);
  absl::StatusOr<Tensors> Build(BuildState& state, const Tensors& inputs) const override;

 private:
  std::vector<BlockPtr> copies_;
  ExpressionPtr times_;
  int history_;
  bool all_results_;
  int line_;
};

RepeatBlock::RepeatBlock(std::vector<BlockPtr> copies, ExpressionPtr times, int history,
                         bool all_results, int line)
    : copies_(std::move(copies)),
      times_(std::move(times)),
      history_(history),
      all_results_(all_results),
      line_(line) {}

absl::StatusOr<Tensors> RepeatBlock::Build(BuildState& state, const Tensors& inputs) const {
  auto times = static_cast<int64_t>(copies_.size());
  if (times_ != nullptr) {
    absl::StatusOr<ExprValue> value = state.Evaluate(*times_, inputs);
    if (!value.ok()) return AtLine(line_, value.status());
    const std::optional<int64_t> whole = value->AsInteger();
    if (!whole || *whole < 0 || *whole > times) {
      return AtLine(line_,
                    absl::InvalidArgumentError(absl::StrCat("repeat: found ", value->Text(),
                                                            " times, allowed are 0 to ", times)));
    }
    times = *whole;
  }
  if (history_ == 1) {
    Tensors tensors = inputs;
    for (int64_t i = 0; i < times; ++i) {
      absl::StatusOr<Tensors> next = copies_[i]->Build(state, tensors);
      if (!next.ok()) return next;
      tensors = *std::move(next);
    }
    return tensors;
  }
  Tensors past = inputs;
  while (history_ > 0 && !past.empty() && static_cast<int>(past.size()) < history_) {
    past.insert(past.begin(), past.front());
  }
  for (int64_t i = 0; i < times; ++i) {
    const size_t window = history_ == 0 ? past.size() : std::min<size_t>(history_, past.size());
    const Tensors given(past.end() - static_cast<ptrdiff_t>(window), past.end());
    absl::StatusOr<Tensors> next = copies_[i]->Build(state, given);
    if (!next.ok()) return next;
    past.insert(past.end(), next->begin(), next->end());
  }
  if (all_results_ || past.empty()) return past;
  return Tensors{past.back()};
}

// What stands beside `repeat`.
struct RepeatSettings {
  std::string index;
  bool share = false;
  int history = 1;  // 0: all
  bool all_results = false;
};

absl::StatusOr<int> ReadHistory(Elaborator& e, const DocumentNode* given, const Place& place) {
  if (given == nullptr) return 1;
  if (given->text == "all") return 0;
  NASCENT_ASSIGN_OR_RETURN(int64_t number, e.SettledInteger(*given, place, 1, 1000));
  return static_cast<int>(number);
}

absl::StatusOr<RepeatSettings> ReadSettings(Elaborator& e, const BlockSource& source) {
  RepeatSettings settings;
  if (const DocumentNode* given = source.settings.Find("index")) {
    NASCENT_ASSIGN_OR_RETURN(settings.index, e.NameOf(*given, "index"));
  }
  if (const DocumentNode* given = source.settings.Find("share")) {
    NASCENT_ASSIGN_OR_RETURN(ExprValue flag, e.SettledValue(*given, source.place));
    if (flag.AsFlag() == nullptr) return e.Error(*given, "share: allowed are true and false");
    settings.share = *flag.AsFlag();
  }
  NASCENT_ASSIGN_OR_RETURN(settings.history,
                           ReadHistory(e, source.settings.Find("history"), source.place));
  if (const DocumentNode* given = source.settings.Find("result")) {
    if (given->text != "all" && given->text != "last") {
      return e.Error(*given, "result: allowed are last and all");
    }
    settings.all_results = given->text == "all";
  }
  if (settings.all_results && settings.history == 1) {
    return e.Error(source.node, "result: all needs a history of 2 or more, or all");
  }
  return settings;
}

// How many copies there are: at most, and by the decision that says so.
struct RepeatTimes {
  ExpressionPtr value;
  int64_t most = 0;
  std::optional<ByDecision> split;
};

absl::StatusOr<RepeatTimes> ReadTimes(Elaborator& e, const BlockSource& source) {
  const DocumentNode* node = source.settings.Find("times");
  if (node == nullptr) return e.Error(source.node, "times is missing: how many copies");
  absl::StatusOr<ExpressionPtr> value = [&] {
    const Elaborator::Trail trail(e, "times");
    return e.ValueOf(*node, source.place, Joined(source.place.label, "times"));
  }();
  if (!value.ok()) return value.status();
  RepeatTimes times{.value = *std::move(value), .most = 0, .split = std::nullopt};
  std::vector<ExprValue> possible;
  if (times.value->kind == Expression::Kind::kLiteral) {
    possible.push_back(times.value->literal);
  } else {
    NASCENT_ASSIGN_OR_RETURN(std::optional<ByDecision> split,
                             e.SplitByDecision(*node, *times.value));
    if (!split.has_value()) {
      return e.Error(*node, "times depends on a shape; allowed are numbers and decisions");
    }
    times.split = *std::move(split);
    for (const auto& [raw, result] : times.split->results) possible.push_back(result);
  }
  for (const ExprValue& one : possible) {
    const std::optional<int64_t> number = one.AsInteger();
    if (!number || *number < 0 || *number > 10'000) {
      return e.Error(*node, absl::StrCat("times: found ", one.Text(),
                                         ", allowed are whole numbers from 0 to 10000"));
    }
    times.most = std::max(times.most, *number);
  }
  return times;
}

// Copy number `i`, which gets `inputs` tensors.
absl::StatusOr<Made> MakeCopy(Elaborator& e, const BlockSource& source,
                              const RepeatSettings& settings, const RepeatTimes& times, int64_t i,
                              int inputs) {
  const Elaborator::Trail trail(e, absl::StrCat("[", i, "]"));
  const Place& place = source.place;
  Scope scope{.outer = place.scope, .values = {}, .tensors = {}, .nodes = nullptr};
  if (!settings.index.empty()) scope.values.emplace_back(settings.index, MakeLiteral(i));
  Place inside = place;
  inside.scope = &scope;
  inside.path = Joined(place.path, absl::StrCat(i));
  if (!settings.share) inside.label = Joined(place.label, absl::StrCat(i));
  inside.inputs = inputs;
  if (times.split) {
    Condition::Term term{times.split->decision, {}};
    for (const auto& [raw, value] : times.split->results) {
      if (*value.AsInteger() > i) term.values.push_back(raw);
    }
    if (term.values.size() < times.split->results.size()) {
      inside.condition.push_back(std::move(term));
    }
  }
  return e.Make(source.value, inside);
}

}  // namespace

absl::StatusOr<Made> MakeRepeat(Elaborator& e, const BlockSource& source) {
  NASCENT_ASSIGN_OR_RETURN(RepeatSettings settings, ReadSettings(e, source));
  NASCENT_ASSIGN_OR_RETURN(RepeatTimes times, ReadTimes(e, source));
  const int history = settings.history;
  std::vector<BlockPtr> copies;
  int inputs = history > 1 ? history : source.place.inputs;
  for (int64_t i = 0; i < times.most; ++i) {
    absl::StatusOr<Made> made = MakeCopy(e, source, settings, times, i, inputs);
    if (!made.ok()) return made;
    if (history == 1) {
      inputs = made->outputs;
    } else if (history == 0) {
      inputs = inputs < 0 || made->outputs < 0 ? -1 : inputs + made->outputs;
    }
    copies.push_back(std::move(made->block));
  }
  int outputs = history == 1 ? inputs : 1;
  if (settings.all_results) outputs = history == 0 && !times.split ? inputs : -1;
  return Made{std::make_unique<RepeatBlock>(std::move(copies), times.split ? times.value : nullptr,
                                            history, settings.all_results, source.node.line),
              outputs};
}

}  // namespace nascent::space
