// How many streams may be open at a time.

#ifndef NASCENT_SERVER_RPC_SEATS_H_
#define NASCENT_SERVER_RPC_SEATS_H_

#include <cstddef>
#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "common/sync.h"

namespace nascent::rpc {

// Thread-safe.
class Seats {
 public:
  Seats(size_t most, size_t most_of_one) : most_(most), most_of_one_(most_of_one) {}

  // A seat of one client, as long as there is one; free again when destroyed.
  class Seat {
   public:
    Seat(Seats& seats, uint64_t client)
        : seats_(seats), client_(client), taken_(seats.Take(client)) {}
    ~Seat() {
      if (taken_) seats_.Leave(client_);
    }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    // False: all seats, or all that one client may have, are taken.
    bool taken() const { return taken_; }

   private:
    Seats& seats_;
    const uint64_t client_;
    const bool taken_;
  };

 private:
  bool Take(uint64_t client) {
    MutexLock lock(mutex_);
    if (taken_ >= most_) return false;
    size_t& own = of_client_[client];
    if (own >= most_of_one_) return false;
    ++own;
    ++taken_;
    return true;
  }
  void Leave(uint64_t client) {
    MutexLock lock(mutex_);
    const auto own = of_client_.find(client);
    if (--own->second == 0) of_client_.erase(own);
    --taken_;
  }

  const size_t most_;
  const size_t most_of_one_;
  Mutex mutex_;
  size_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<uint64_t, size_t> of_client_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nascent::rpc

#endif  // NASCENT_SERVER_RPC_SEATS_H_
