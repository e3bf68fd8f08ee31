// Proposes nothing: the user's own program enqueues genotypes.

#include "server/strategy/entries.h"

namespace nascent::strategy {
namespace {

class Manual : public Strategy {
 public:
  Answer Propose(int64_t /*number*/) override { return Wait(); }
  StopCommands Observe(const Event& /*event*/) override { return {}; }
};

}  // namespace

Entry ManualEntry() {
  Entry entry;
  entry.name = "manual";
  entry.description = "Proposes nothing; a program enqueues genotypes";
  entry.make = [](const Problem&, const Settings&) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    return std::make_unique<Manual>();
  };
  entry.outside = true;
  return entry;
}

}  // namespace nascent::strategy
