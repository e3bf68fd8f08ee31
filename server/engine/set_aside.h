// The end of a search that is not held in memory.

#ifndef NASCENT_SERVER_ENGINE_SET_ASIDE_H_
#define NASCENT_SERVER_ENGINE_SET_ASIDE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/engine/crash_notes.h"
#include "server/engine/engine_parts.h"
#include "server/storage/records.h"

namespace nascent::engine {

// Deaths of coordinators after which their search is set aside.
constexpr size_t kMostCrashes = 2;

// Returns why `search` must not be taken up again: coordinators died of it kMostCrashes times.
// Empty: it may be.
std::string WhySetAside(const std::vector<CrashNote>& crashes, const storage::SearchRecord& search);

// Plans that the search ends as FAILED, with its open trials, of which the model knows nothing.
absl::Status PlanSetAside(EngineParts& parts, int64_t search_id, const std::string& reason);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_SET_ASIDE_H_
