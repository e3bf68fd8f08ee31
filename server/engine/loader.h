// Takes a coordinator's place: what was going on is read from the store.

#ifndef NASCENT_SERVER_ENGINE_LOADER_H_
#define NASCENT_SERVER_ENGINE_LOADER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "server/engine/crash_notes.h"
#include "server/engine/engine_parts.h"
#include "server/engine/resolve/resolve_search.h"

namespace nascent::engine {

// Takes up the searches that have not ended: reads them and replays their strategies from their
// logs. Ten thousand of them take a minute, so a coordinator serves as soon as it has those
// that workers hold leases of, and a few more; the others wait here, and are taken up one by one,
// at once where somebody asks for them. A search that this version can't carry on is planned to end
// as FAILED. After an error of the store, the engine has to be loaded again.
class Loader {
 public:
  explicit Loader(EngineParts* parts) : parts_(*parts) {}

  // Loads the workers, all searches with leases, and the next ones until there are as many as
  // EngineOptions::searches_at_once.
  absl::Status Begin();

  bool Waits(int64_t search_id) const { return waiting_.contains(search_id); }
  size_t waiting() const { return waiting_.size(); }
  // Takes up a search that waits.
  absl::Status TakeUp(int64_t search_id);
  // Takes up the next ones, those of the highest priority first, `most` at most.
  absl::Status TakeUpNext(int most);

 private:
  EngineParts& parts_;
  Surroundings surroundings_;
  std::vector<CrashNote> crashes_;
  absl::flat_hash_set<int64_t> waiting_;
  std::deque<int64_t> order_;  // of those that wait; some may not wait any more
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_LOADER_H_
