// The networks of candidates that are about to go to workers.

#ifndef NASCENT_SERVER_ENGINE_PROPOSE_NETWORK_SHELF_H_
#define NASCENT_SERVER_ENGINE_PROPOSE_NETWORK_SHELF_H_

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "common/space/decisions/genotype.h"
#include "common/sync.h"
#include "nascent/v1/network.pb.h"

namespace nascent::engine {

// Keeps the last ones that were put, of all searches together: a network takes a hundred times the
// room of its candidate, is needed between proposal and lease only, and can be built again.
// Thread-safe.
class NetworkShelf {
 public:
  using Network = std::shared_ptr<const v1::Network>;
  // A candidate: its maker's number, its genotype, its rung.
  struct Id {
    int64_t maker = 0;
    space::Genotype genotype;
    int rung = 0;

    bool operator==(const Id&) const = default;
    template <typename Hash>
    friend Hash AbslHashValue(Hash hash, const Id& id) {
      return Hash::combine(std::move(hash), id.maker, id.genotype, id.rung);
    }
  };

  explicit NetworkShelf(size_t most = 1024) : most_(most) {}

  void Put(const Id& id, Network network) {
    MutexLock lock(mutex_);
    if (index_.contains(id)) return;
    networks_.emplace_back(id, std::move(network));
    index_.emplace(id, std::prev(networks_.end()));
    if (networks_.size() <= most_) return;
    index_.erase(networks_.front().first);
    networks_.pop_front();
  }
  // Null: it is not here, or not any more.
  Network Find(const Id& id) {
    MutexLock lock(mutex_);
    const auto found = index_.find(id);
    return found == index_.end() ? nullptr : found->second->second;
  }
  size_t size() {
    MutexLock lock(mutex_);
    return networks_.size();
  }

 private:
  using Networks = std::list<std::pair<Id, Network>>;

  const size_t most_;
  Mutex mutex_;
  Networks networks_ ABSL_GUARDED_BY(mutex_);  // oldest first
  absl::flat_hash_map<Id, Networks::iterator> index_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_PROPOSE_NETWORK_SHELF_H_
