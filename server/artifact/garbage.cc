#include "server/artifact/garbage.h"

#include <string>
#include <vector>

#include "common/status_macros.h"

namespace nascent::artifact {
namespace {

constexpr int kAtOnce = 1000;

}  // namespace

absl::StatusOr<int> CollectGarbage(storage::TrialStore& store, int64_t term,
                                   ArtifactStore& artifacts, absl::Duration age) {
  if (const auto partials = artifacts.RemoveStalePartials(age); !partials.ok()) {
    return partials.status();
  }
  int removed = 0;
  while (true) {
    NASCENT_ASSIGN_OR_RETURN(const auto unused, store.FindUnusedArtifacts(age, kAtOnce));
    std::vector<storage::Transition> transitions;
    for (const std::string& sha256 : unused) {
      transitions.emplace_back(storage::RemoveArtifact{sha256});
    }
    NASCENT_ASSIGN_OR_RETURN(const auto outcomes, store.Apply(term, transitions));
    int removed_now = 0;
    for (size_t i = 0; i < unused.size(); ++i) {
      // Named since: it is no garbage.
      if (!outcomes[i].status.ok()) continue;
      NASCENT_RETURN_IF_ERROR(artifacts.Remove(unused[i]));
      ++removed_now;
    }
    removed += removed_now;
    if (removed_now < kAtOnce) return removed;
  }
}

}  // namespace nascent::artifact
