#include "client/cli/winner.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/facts.h"
#include "client/cli/search_trials.h"
#include "common/status_macros.h"

namespace nascent::cli {
namespace {

// Which trials have weights, for a message.
std::string WithWeights(const std::vector<v1::Trial>& trials) {
  std::string numbers;
  for (const v1::Trial& trial : trials) {
    if (!trial.weights().empty()) {
      absl::StrAppend(&numbers, numbers.empty() ? "#" : ", #", trial.number());
    }
  }
  return numbers;
}

}  // namespace

absl::StatusOr<v1::Trial> FindResult(client::NascentClient& client, const v1::Search& search,
                                     int64_t number) {
  if (number > 0) return FindTrial(client, search, number);
  if (search.leaders_size() > 0) return search.leaders(0);
  return absl::NotFoundError(
      absl::StrCat("search ", search.id(), " (", search.spec().name(), ") has no result",
                   client::HasEnded(search.state()) ? "" : " yet", ": it is ", StateWord(search),
                   search.state_reason().empty() ? "" : ", ", search.state_reason()));
}

absl::Status FetchWeights(client::NascentClient& client, const v1::Search& search,
                          const v1::Trial& trial, const std::string& path) {
  if (!trial.weights().empty()) return client.GetArtifact(trial.weights(), path);
  std::string why = ": they are kept of winners, try again when it has ended";
  if (client::HasEnded(search.state())) {
    NASCENT_ASSIGN_OR_RETURN(const auto trials, client.ListTrials(client::RefOf(search)));
    const std::string others = WithWeights(trials);
    why = others.empty() ? "" : absl::StrCat(": there are those of ", others);
  }
  return absl::NotFoundError(absl::StrCat("no weights are stored for trial #", trial.number(),
                                          " of search ", search.id(), why));
}

}  // namespace nascent::cli
