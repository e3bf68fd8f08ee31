// What goes to a search's strategy and what comes from it.

#ifndef NASCENT_SERVER_ENGINE_STRATEGY_QUEUE_H_
#define NASCENT_SERVER_ENGINE_STRATEGY_QUEUE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/engine/propose/strategy_host.h"

namespace nascent::engine {

// Genotypes that a program enqueued. They wait to be handed to the strategy, which gives them
// numbers, and then for the commit of their trials.
struct EnqueueRequest {
  std::string request_id;
  std::vector<space::Genotype> genotypes;
  int64_t planned = 0;           // how many of them have a number and are on their way to the store
  std::vector<int64_t> numbers;  // those that are committed
  std::function<void(absl::StatusOr<std::vector<int64_t>>)> reply;
};

struct StrategyQueue {
  // What the strategy said last.
  enum class Mood { kProposes, kWaits, kExhausted };

  // Returns how many genotypes wait to be handed to the strategy.
  int64_t Enqueued() const {
    int64_t count = 0;
    for (const EnqueueRequest& request : enqueues) {
      count += static_cast<int64_t>(request.genotypes.size());
    }
    return count;
  }
  // Returns whether nothing is on its way to the strategy or from it.
  bool Idle() const { return !asking && planned.empty() && enqueues.empty(); }

  int64_t last_event = 0;                   // sequence; may not be committed yet
  int64_t committed_event = 0;              // the last one that stands in `unobserved` or before
  std::vector<strategy::Event> unobserved;  // committed, in the log's order
  std::deque<EnqueueRequest> enqueues;      // to be handed over with the next order
  bool asking = false;                      // an order is under way
  Mood mood = Mood::kProposes;
  std::vector<PlannedTrial> planned;                // to be committed next
  std::deque<EnqueueRequest> numbered;              // handed over; their trials are being committed
  int64_t snapshot_at = 0;                          // last event that the last snapshot includes
  std::optional<storage::SnapshotRecord> snapshot;  // to be committed next
  std::string trouble;                              // why random search stood in the last time
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_STRATEGY_QUEUE_H_
