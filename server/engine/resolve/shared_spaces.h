// The spaces that are in use, so that equal ones are one.

#ifndef NASCENT_SERVER_ENGINE_RESOLVE_SHARED_SPACES_H_
#define NASCENT_SERVER_ENGINE_RESOLVE_SHARED_SPACES_H_

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "common/space/space.h"
#include "common/sync.h"

namespace nascent::engine {

// A space takes a quarter of a mebibyte and never changes: ten thousand searches of one kind share
// it. It lives as long as a search has it. Thread-safe.
class SharedSpaces {
 public:
  using Space = std::shared_ptr<const space::Space>;

  // Returns the space of that key: the one in use, else what `make` makes, which may be an error.
  absl::StatusOr<Space> Get(const std::string& key,
                            const std::function<absl::StatusOr<Space>()>& make) {
    {
      MutexLock lock(mutex_);
      const auto known = spaces_.find(key);
      Space space = known == spaces_.end() ? nullptr : known->second.lock();
      if (space != nullptr) return space;
    }
    absl::StatusOr<Space> made = make();
    if (!made.ok()) return made;
    MutexLock lock(mutex_);
    std::weak_ptr<const space::Space>& place = spaces_[key];
    if (Space other = place.lock(); other != nullptr) return other;  // made in the meantime
    place = *made;
    if (spaces_.size() >= tidy_at_) {
      absl::erase_if(spaces_, [](const auto& entry) { return entry.second.expired(); });
      tidy_at_ = std::max(kTidyFrom, 2 * spaces_.size());
    }
    return made;
  }

 private:
  static constexpr size_t kTidyFrom = 64;

  Mutex mutex_;
  absl::flat_hash_map<std::string, std::weak_ptr<const space::Space>> spaces_
      ABSL_GUARDED_BY(mutex_);
  size_t tidy_at_ ABSL_GUARDED_BY(mutex_) = kTidyFrom;
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_RESOLVE_SHARED_SPACES_H_
