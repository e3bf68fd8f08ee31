// A queue in which everybody waits behind their own requests, not behind those of who asks most.

#ifndef NASCENT_SERVER_ENGINE_FAIR_QUEUE_H_
#define NASCENT_SERVER_ENGINE_FAIR_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace nascent::engine {

// Clients take turns; the items of one come in their order. Not thread-safe.
template <typename T>
class FairQueue {
 public:
  FairQueue(size_t most, size_t most_of_one) : most_(most), most_of_one_(most_of_one) {}

  // Takes `item` over; false, and it is not touched: as many wait, of all or of this client, as
  // may. Client 0, the server itself, has no limit of its own.
  bool Push(uint64_t client, T& item) {
    if (size_ >= most_) return false;
    std::deque<T>& own = waiting_[client];
    if (client != 0 && own.size() >= most_of_one_) return false;
    if (own.empty()) turns_.push_back(client);
    own.push_back(std::move(item));
    ++size_;
    return true;
  }

  // The next item of the client whose turn it is. The queue is not empty.
  T Pop() {
    const uint64_t client = turns_.front();
    turns_.pop_front();
    const auto own = waiting_.find(client);
    T item = std::move(own->second.front());
    own->second.pop_front();
    if (own->second.empty()) {
      waiting_.erase(own);
    } else {
      turns_.push_back(client);
    }
    --size_;
    return item;
  }

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

 private:
  const size_t most_;
  const size_t most_of_one_;
  size_t size_ = 0;
  absl::flat_hash_map<uint64_t, std::deque<T>> waiting_;  // no empty ones
  std::deque<uint64_t> turns_;                            // each client that waits, once
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_FAIR_QUEUE_H_
