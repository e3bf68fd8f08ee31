#include "server/artifact/garbage.h"

#include <string>
#include <vector>

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
    const auto unused = store.FindUnusedArtifacts(age, kAtOnce);
    if (!unused.ok()) return unused.status();
    std::vector<storage::Transition> transitions;
    for (const std::string& sha256 : *unused) {
      transitions.emplace_back(storage::RemoveArtifact{sha256});
    }
    const auto outcomes = store.Apply(term, transitions);
    if (!outcomes.ok()) return outcomes.status();
    int removed_now = 0;
    for (size_t i = 0; i < unused->size(); ++i) {
      // Named since: it is no garbage.
      if (!(*outcomes)[i].status.ok()) continue;
      if (absl::Status status = artifacts.Remove((*unused)[i]); !status.ok()) return status;
      ++removed_now;
    }
    removed += removed_now;
    if (removed_now < kAtOnce) return removed;
  }
}

}  // namespace nascent::artifact
