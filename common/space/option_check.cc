#include "common/space/option_check.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/random.h"

namespace nascent::space {
namespace {

// Draws at random end when so many in a row showed no option that had not been built before.
constexpr int kIdleDraws = 100;
constexpr int kMostDraws = 1000;
// How often an option is set in genotypes that can be built, each another one.
constexpr int kTriesPerOption = 32;
constexpr size_t kMostBases = 16;
constexpr int64_t kValuesOfRange = 9;

// The values of a domain that are tried.
std::vector<Value> ValuesOf(const Domain& domain) {
  std::vector<Value> values;
  if (domain.kind == Domain::Kind::kReal) {
    for (const double position : {0.0, 0.5, 1.0}) values.emplace_back(domain.RealAt(position));
    return values;
  }
  const int64_t first = std::get<int64_t>(domain.First());
  const int64_t last = first + domain.Size() - 1;
  const int64_t count = domain.IsList() ? domain.Size() : std::min(domain.Size(), kValuesOfRange);
  for (int64_t i = 0; i < count; ++i) {
    const double share = count == 1 ? 0 : static_cast<double>(i) / static_cast<double>(count - 1);
    values.emplace_back(first + static_cast<int64_t>(share * static_cast<double>(last - first)));
  }
  return values;
}

class Checker {
 public:
  Checker(const Space& space, int64_t effort)
      : space_(space), decisions_(space.decisions()), effort_(effort), random_(0, 0) {
    for (int i = 0; i < decisions_.size(); ++i) {
      for (const Value& value : ValuesOf(decisions_.decisions()[i].domain)) {
        options_.push_back({i, value, false, 0});
      }
    }
  }

  OptionCheck Run() {
    Draw();
    // Where nothing can be built there is nothing to compare with; the space says why.
    if (bases_.empty()) {
      check_.complete = false;
      return std::move(check_);
    }
    for (Option& option : options_) {
      if (option.built) continue;
      if (check_.tried >= effort_) {
        check_.complete = false;
        break;
      }
      if (absl::Status status = Build(option); !status.ok()) {
        const Domain& domain = decisions_.decisions()[option.decision].domain;
        check_.dead.push_back(
            {.label = decisions_.decisions()[option.decision].label,
             .option = domain.Text(option.value),
             .share = static_cast<double>(option.drawn) / static_cast<double>(draws_),
             .reason = std::string(status.message())});
      }
    }
    return std::move(check_);
  }

 private:
  struct Option {
    int decision = 0;
    Value value;
    bool built = false;
    int64_t drawn = 0;
  };

  // Random genotypes, as long as they show something new.
  void Draw() {
    for (int idle = 0; idle < kIdleDraws && draws_ < kMostDraws && check_.tried < effort_; ++idle) {
      const Genotype genotype = decisions_.Sample(random_);
      ++draws_;
      for (Option& option : options_) {
        option.drawn += genotype.values[option.decision] == option.value ? 1 : 0;
      }
      if (Try(genotype).ok() && std::exchange(news_, false)) idle = 0;
    }
  }

  // Whether a genotype can be built; what it shows is noted.
  absl::Status Try(const Genotype& genotype) {
    ++check_.tried;
    absl::Status status = space_.Check(genotype);
    if (!status.ok()) return status;
    ++check_.allowed;
    if (bases_.size() < kMostBases) bases_.push_back(genotype);
    for (Option& option : options_) {
      if (option.built || genotype.values[option.decision] != option.value) continue;
      option.built = true;
      news_ = true;
    }
    return status;
  }

  // OK: a network with the option was built. Else why one could not; what does not fit says more
  // than a rule that forbids.
  absl::Status Build(const Option& option) {
    absl::Status reason;
    for (int i = 0; i < kTriesPerOption && check_.tried < effort_; ++i) {
      // Half of them genotypes that can be built, half of them new ones.
      Genotype genotype = i % 2 == 0 ? bases_[static_cast<size_t>(i / 2) % bases_.size()]
                                     : decisions_.Sample(random_);
      if (!Activate(genotype, option.decision)) continue;
      genotype = decisions_.With(genotype, option.decision, option.value, random_);
      absl::Status status = Try(genotype);
      if (status.ok()) return status;
      if (reason.ok() ||
          (absl::IsFailedPrecondition(reason) && !absl::IsFailedPrecondition(status))) {
        reason = status;
      }
    }
    return reason;
  }

  // Sets what a decision depends on so that it is active.
  bool Activate(Genotype& genotype, int decision) {
    if (decisions_.IsActive(genotype, decision)) return true;
    const std::vector<Condition>& ways = decisions_.decisions()[decision].active_when;
    const Condition& way = ways[random_.Below(ways.size())];
    for (const Condition::Term& term : way.terms) {
      if (!Activate(genotype, term.decision)) return false;
      const auto* now = std::get_if<int64_t>(&genotype.values[term.decision]);
      if (now != nullptr && std::binary_search(term.values.begin(), term.values.end(), *now)) {
        continue;
      }
      const int64_t value = term.values[random_.Below(term.values.size())];
      genotype = decisions_.With(genotype, term.decision, value, random_);
    }
    return decisions_.IsActive(genotype, decision);
  }

  const Space& space_;
  const DecisionSpace& decisions_;
  const int64_t effort_;
  RandomStream random_;
  std::vector<Option> options_;
  std::vector<Genotype> bases_;  // that can be built
  bool news_ = false;            // whether the last one showed an option for the first time
  int64_t draws_ = 0;
  OptionCheck check_;
};

}  // namespace

std::string DeadOption::Text() const {
  return absl::StrCat(label, " = ", option, " cannot be built (",
                      absl::StrFormat("%.2g %%", 100 * share), " of all genotypes): ", reason);
}

OptionCheck CheckOptions(const Space& space, int64_t effort) {
  return Checker(space, effort).Run();
}

}  // namespace nascent::space
