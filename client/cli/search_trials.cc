#include "client/cli/search_trials.h"

#include <functional>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/numbers.h"
#include "common/status_macros.h"

namespace nascent::cli {

absl::StatusOr<SearchTrials> ReadSearchTrials(client::NascentClient& client,
                                              const std::string& name,
                                              const std::vector<v1::TrialState>& states) {
  NASCENT_ASSIGN_OR_RETURN(auto search, client.Get(client::ParseSearchRef(name)));
  NASCENT_ASSIGN_OR_RETURN(auto trials, client.ListTrials(client::RefOf(search), states));
  return SearchTrials{std::move(search), std::move(trials)};
}

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
  NASCENT_ASSIGN_OR_RETURN(const auto trials, client.ListTrials(client::RefOf(search)));
  NASCENT_ASSIGN_OR_RETURN(const auto found, FindTrial(search, trials, number));
  return *found;
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
