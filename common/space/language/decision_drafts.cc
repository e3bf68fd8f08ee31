#include "common/space/language/decision_drafts.h"

#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

constexpr int64_t kMostListed = 4096;

bool Equal(const Terms& a, const Terms& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.decision == y.decision && x.values == y.values;
  });
}

// The position of the only term in which two conjunctions differ, naming the same decision; -1.
int OnlyDifference(const Terms& a, const Terms& b) {
  if (a.size() != b.size()) return -1;
  int found = -1;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].decision != b[i].decision) return -1;
    if (a[i].values == b[i].values) continue;
    if (found >= 0) return -1;
    found = static_cast<int>(i);
  }
  return found;
}

bool SameDomain(const Domain& a, const Domain& b) {
  return a.kind == b.kind && a.options == b.options && a.minimum == b.minimum &&
         a.maximum == b.maximum && a.log == b.log;
}

}  // namespace

ExprValue ToExprValue(const Domain& domain, const Value& value) {
  if (const auto* real = std::get_if<double>(&value)) return *real;
  const auto* whole = std::get_if<int64_t>(&value);
  if (whole == nullptr) return {};
  if (!domain.IsList()) return *whole;
  return std::visit([](const auto& option) { return ExprValue(option); }, domain.options[*whole]);
}

absl::StatusOr<int> DecisionDrafts::Add(const std::string& label, const Domain& domain,
                                        const Terms& terms) {
  const auto [it, added] = index_.try_emplace(label, size());
  if (added) {
    drafts_.push_back({label, domain, {terms}});
    return it->second;
  }
  Draft& draft = drafts_[it->second];
  if (!SameDomain(draft.domain, domain)) {
    return absl::InvalidArgumentError(
        absl::StrCat("decision \"", label, "\" is used twice with different options or ranges"));
  }
  if (IsAlwaysActive(it->second)) return it->second;
  for (const Terms& known : draft.active_when) {
    if (Equal(known, terms)) return it->second;
  }
  draft.active_when.push_back(terms);
  Merge(draft.active_when, drafts_);
  return it->second;
}

bool DecisionDrafts::IsAlwaysActive(int draft) const {
  const std::vector<Terms>& alternatives = drafts_[draft].active_when;
  return std::any_of(alternatives.begin(), alternatives.end(),
                     [](const Terms& terms) { return terms.empty(); });
}

int DecisionDrafts::Find(const std::string& label) const {
  const auto found = index_.find(label);
  return found == index_.end() ? -1 : found->second;
}

// Alternatives that differ in the values of one term become one; a term that allows every value of
// a decision that is always active goes.
void DecisionDrafts::Merge(std::vector<Terms>& alternatives, const std::vector<Draft>& drafts) {
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < alternatives.size() && !changed; ++i) {
      for (size_t j = i + 1; j < alternatives.size() && !changed; ++j) {
        const int at = OnlyDifference(alternatives[i], alternatives[j]);
        if (at < 0) continue;
        Condition::Term& term = alternatives[i][at];
        std::vector<int64_t> both;
        std::set_union(term.values.begin(), term.values.end(), alternatives[j][at].values.begin(),
                       alternatives[j][at].values.end(), std::back_inserter(both));
        term.values = std::move(both);
        const Draft& parent = drafts[term.decision];
        const bool always = std::any_of(parent.active_when.begin(), parent.active_when.end(),
                                        [](const Terms& terms) { return terms.empty(); });
        if (always && static_cast<int64_t>(term.values.size()) == parent.domain.Size()) {
          alternatives[i].erase(alternatives[i].begin() + at);
        }
        alternatives.erase(alternatives.begin() + static_cast<ptrdiff_t>(j));
        changed = true;
      }
    }
  }
  for (const Terms& terms : alternatives) {
    if (terms.empty()) {
      alternatives = {Terms()};
      return;
    }
  }
}

absl::StatusOr<std::vector<std::pair<int64_t, ExprValue>>> DecisionDrafts::ValuesOf(
    int draft) const {
  const Domain& d = drafts_[draft].domain;
  if (d.kind == Domain::Kind::kReal || d.Size() > kMostListed) {
    return absl::InvalidArgumentError(absl::StrCat("decision \"", drafts_[draft].label,
                                                   "\" has too many values to list; at most ",
                                                   kMostListed, " can decide what is built"));
  }
  std::vector<std::pair<int64_t, ExprValue>> values;
  const int64_t first = std::get<int64_t>(d.First());
  for (int64_t i = 0; i < d.Size(); ++i) {
    values.emplace_back(first + i, ToExprValue(d, first + i));
  }
  return values;
}

absl::StatusOr<std::vector<int>> DecisionDrafts::Order() const {
  std::vector<int> order(drafts_.size(), -1);
  std::vector<char> open(drafts_.size(), 0);
  int next = 0;
  const std::function<absl::Status(int)> place = [&](int draft) -> absl::Status {
    if (order[draft] >= 0) return absl::OkStatus();
    if (open[draft] != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("decision \"", drafts_[draft].label, "\" is active only if itself is"));
    }
    open[draft] = 1;
    for (const Terms& terms : drafts_[draft].active_when) {
      for (const Condition::Term& term : terms) {
        NASCENT_RETURN_IF_ERROR(place(term.decision));
      }
    }
    order[draft] = next++;
    return absl::OkStatus();
  };
  for (int i = 0; i < size(); ++i) {
    NASCENT_RETURN_IF_ERROR(place(i));
  }
  return order;
}

std::vector<Decision> DecisionDrafts::Finish(const std::vector<int>& order) const {
  std::vector<Decision> decisions(drafts_.size());
  for (int i = 0; i < size(); ++i) {
    Decision& decision = decisions[order[i]];
    decision.label = drafts_[i].label;
    decision.domain = drafts_[i].domain;
    if (IsAlwaysActive(i)) continue;
    for (const Terms& terms : drafts_[i].active_when) {
      Condition condition;
      for (const Condition::Term& term : terms) {
        condition.terms.push_back({order[term.decision], term.values});
      }
      decision.active_when.push_back(std::move(condition));
    }
  }
  return decisions;
}

}  // namespace nascent::space
