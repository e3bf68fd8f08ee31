// Commands on their way to the engine: what keeps work alive first, and clients in turn.

#ifndef NASCENT_SERVER_ENGINE_COMMAND_QUEUE_H_
#define NASCENT_SERVER_ENGINE_COMMAND_QUEUE_H_

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "server/engine/commands.h"
#include "server/engine/fair_queue.h"

namespace nascent::engine {

// Who waits for an answer.
struct Caller {
  uint64_t client = 0;  // one for all calls of a client; 0: the server itself
  // Set once nobody waits any more; may be null.
  std::shared_ptr<const std::atomic<bool>> gone;
};

// Not thread-safe.
class CommandQueue {
 public:
  // Commands that may wait: of all and, of each kind, of one client.
  CommandQueue(size_t most, size_t most_of_one);

  // Takes `command` over; false, and it is not touched: too many wait.
  bool Push(Command& command, Caller caller);

  struct Batch {
    std::vector<Command> wanted;
    std::vector<Command> unwanted;  // nobody waits for their answers
  };
  // At most so many that are wanted: half of them reports of workers on leases, a quarter other
  // requests of workers, a quarter of everybody's; what one kind leaves free the next ones take.
  // Within each, clients take turns.
  Batch Take(size_t most);
  std::vector<Command> TakeAll();

  bool empty() const { return size() == 0; }
  size_t size() const;

 private:
  struct Waiting {
    Command command;
    Caller caller;
  };
  enum Kind { kReport, kWork, kQuestion, kKinds };

  static Kind KindOf(const Command& command);
  void TakeOf(Kind kind, size_t most, Batch& batch);

  const size_t most_;
  std::array<FairQueue<Waiting>, kKinds> queues_;
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_COMMAND_QUEUE_H_
