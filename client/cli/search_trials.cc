#include "client/cli/search_trials.h"

#include <functional>
#include <set>

#include "absl/strings/str_cat.h"
#include "client/cli/numbers.h"

namespace nascent::cli {

absl::StatusOr<const v1::Trial*> FindTrial(const v1::Search& search,
                                           const std::vector<v1::Trial>& trials, int64_t number) {
  for (const v1::Trial& trial : trials) {
    if (trial.number() == number) return &trial;
  }
  return absl::NotFoundError(absl::StrCat("search ", search.id(), " (", search.spec().name(),
                                          ") has no trial #", number, "; it has ",
                                          Plural(static_cast<int64_t>(trials.size()), "trial")));
}

absl::StatusOr<v1::Trial> FindTrial(client::NascentClient& client, const v1::Search& search,
                                    int64_t number) {
  v1::SearchRef ref;
  ref.set_id(search.id());
  const auto trials = client.ListTrials(ref);
  if (!trials.ok()) return trials.status();
  const auto found = FindTrial(search, *trials, number);
  if (!found.ok()) return found.status();
  return **found;
}

std::vector<const v1::Trial*> Ancestors(const std::vector<v1::Trial>& trials, int64_t number) {
  std::map<int64_t, const v1::Trial*> by_number;
  for (const v1::Trial& trial : trials) by_number[trial.number()] = &trial;
  // Parents have smaller numbers, so the newest unknown ancestor is always the next one.
  std::set<int64_t, std::greater<>> open = {number};
  std::vector<const v1::Trial*> ancestors;
  while (!open.empty()) {
    const int64_t next = *open.begin();
    open.erase(open.begin());
    const auto found = by_number.find(next);
    if (found == by_number.end()) continue;
    ancestors.push_back(found->second);
    for (const int64_t parent : found->second->parents()) {
      if (parent < next) open.insert(parent);
    }
    if (found->second->continues() > 0 && found->second->continues() < next) {
      open.insert(found->second->continues());
    }
  }
  return ancestors;
}

}  // namespace nascent::cli
