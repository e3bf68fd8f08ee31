#include "common/space/decisions/cardinality.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "common/space/decisions/big_integer.h"

namespace nascent::space {
namespace {

constexpr size_t kMostStates = 200'000;
constexpr int64_t kInactive = -1;

// One group of decisions that conditions link, in order.
class Counter {
 public:
  Counter(const std::vector<Decision>& decisions, const std::vector<int>& group)
      : decisions_(decisions), group_(group) {
    for (const int i : group) {
      for (const Condition& condition : decisions[i].active_when) {
        for (const Condition::Term& term : condition.terms) {
          last_reader_[term.decision] = i;
          terms_on_[term.decision].push_back(&term);
        }
      }
    }
  }

  // False: too many states.
  bool Count(BigInteger& product) {
    std::map<std::vector<int64_t>, BigInteger> states;
    states.emplace(std::vector<int64_t>(), BigInteger(1));
    for (const int i : group_) {
      const std::map<int64_t, int64_t> classes = Classes(i);
      std::map<std::vector<int64_t>, BigInteger> next;
      std::vector<int> kept;  // positions in the frontier that a later decision still reads
      std::vector<int> frontier;
      for (size_t f = 0; f < frontier_.size(); ++f) {
        if (last_reader_[frontier_[f]] > i) {
          kept.push_back(static_cast<int>(f));
          frontier.push_back(frontier_[f]);
        }
      }
      const bool read_later = last_reader_.contains(i);
      if (read_later) frontier.push_back(i);
      for (const auto& [state, ways] : states) {
        std::vector<int64_t> base;
        for (const int f : kept) base.push_back(state[f]);
        if (!Active(i, state)) {
          if (read_later) base.push_back(kInactive);
          next[base].Add(ways);
          continue;
        }
        for (const auto& [representative, count] : classes) {
          std::vector<int64_t> reached = base;
          if (read_later) reached.push_back(representative);
          BigInteger more = ways;
          more.Multiply(BigInteger(static_cast<uint64_t>(count)));
          next[reached].Add(more);
        }
        if (next.size() > kMostStates) return false;
      }
      states = std::move(next);
      frontier_ = std::move(frontier);
    }
    BigInteger sum(0);
    for (const auto& [state, ways] : states) sum.Add(ways);
    product.Multiply(sum);
    return true;
  }

 private:
  // A representative value of each class that later conditions tell apart → number of its values.
  std::map<int64_t, int64_t> Classes(int decision) const {
    const Domain& domain = decisions_[decision].domain;
    if (domain.kind == Domain::Kind::kReal) return {{0, 1}};
    const auto terms = terms_on_.find(decision);
    const int64_t first = std::get<int64_t>(domain.First());
    if (terms == terms_on_.end()) return {{first, domain.Size()}};
    std::map<int64_t, std::vector<bool>> signatures;  // of values that some condition names
    for (size_t t = 0; t < terms->second.size(); ++t) {
      for (const int64_t value : terms->second[t]->values) {
        if (!domain.Contains(value)) continue;
        std::vector<bool>& signature = signatures[value];
        signature.resize(terms->second.size());
        signature[t] = true;
      }
    }
    std::map<std::vector<bool>, std::pair<int64_t, int64_t>> classes;
    for (const auto& [value, signature] : signatures) {
      auto [it, added] = classes.try_emplace(signature, value, 0);
      ++it->second.second;
    }
    std::map<int64_t, int64_t> result;
    for (const auto& [signature, found] : classes) result.insert(found);
    const int64_t unnamed = domain.Size() - static_cast<int64_t>(signatures.size());
    if (unnamed > 0) {
      int64_t value = first;
      while (signatures.contains(value)) ++value;
      result.emplace(value, unnamed);
    }
    return result;
  }

  bool Active(int decision, const std::vector<int64_t>& state) const {
    const std::vector<Condition>& conditions = decisions_[decision].active_when;
    if (conditions.empty()) return true;
    return std::any_of(conditions.begin(), conditions.end(), [&](const Condition& condition) {
      return std::all_of(condition.terms.begin(), condition.terms.end(), [&](const auto& term) {
        const auto at = std::find(frontier_.begin(), frontier_.end(), term.decision);
        const int64_t value = state[at - frontier_.begin()];
        return value != kInactive &&
               std::binary_search(term.values.begin(), term.values.end(), value);
      });
    });
  }

  const std::vector<Decision>& decisions_;
  const std::vector<int>& group_;
  std::map<int, int> last_reader_;  // decision → the last one whose conditions name it
  std::map<int, std::vector<const Condition::Term*>> terms_on_;
  std::vector<int> frontier_;  // decisions whose values the states hold
};

int Root(std::vector<int>& parents, int i) {
  while (parents[i] != i) i = parents[i] = parents[parents[i]];
  return i;
}

}  // namespace

std::string CountGenotypes(const std::vector<Decision>& decisions) {
  const int size = static_cast<int>(decisions.size());
  std::vector<int> parents(decisions.size());
  std::iota(parents.begin(), parents.end(), 0);
  for (int i = 0; i < size; ++i) {
    if (decisions[i].domain.kind == Domain::Kind::kReal && decisions[i].domain.Varies()) {
      return "infinite";
    }
    for (const Condition& condition : decisions[i].active_when) {
      for (const Condition::Term& term : condition.terms) {
        parents[Root(parents, i)] = Root(parents, term.decision);
      }
    }
  }
  std::map<int, std::vector<int>> groups;
  for (int i = 0; i < size; ++i) groups[Root(parents, i)].push_back(i);
  BigInteger product(1);
  for (const auto& [root, group] : groups) {
    if (!Counter(decisions, group).Count(product)) return "unknown";
  }
  return product.Text();
}

}  // namespace nascent::space
