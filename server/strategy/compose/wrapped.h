// The proposing strategy inside one that decides on fidelities or early ends.

#ifndef NASCENT_SERVER_STRATEGY_COMPOSE_WRAPPED_H_
#define NASCENT_SERVER_STRATEGY_COMPOSE_WRAPPED_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "server/strategy/registry.h"
#include "server/strategy/strategy.h"

namespace nascent::strategy {

// Gives the inner strategy all events when it uses rungs; else one trial per genotype, the one that
// was proposed without a predecessor, so that it never compares a rung with another.
class Wrapped {
 public:
  // Of the setting `of`. INVALID_ARGUMENT when both the wrapping strategy (`chooses_rungs`) and the
  // inner one choose fidelities.
  static absl::StatusOr<Wrapped> Make(const Problem& problem, const Settings& settings,
                                      bool chooses_rungs);
  // Of any setting that holds a strategy.
  static absl::StatusOr<Wrapped> MakeFrom(const Problem& problem,
                                          const google::protobuf::Value& spec,
                                          const std::string& setting, bool chooses_rungs);
  // For a strategy that climbs the ladder: an inner one that does not use rungs has the goals of
  // the first rung, as it sees each genotype there.
  static absl::StatusOr<Wrapped> MakeForLadder(const Problem& problem,
                                               const google::protobuf::Value& spec,
                                               const std::string& setting);

  Answer Propose(int64_t number) { return inner_->Propose(number); }
  // Its stop commands are passed on.
  StopCommands Observe(const Event& event);
  bool UsesRungs() const { return inner_->UsesRungs(); }
  bool Promotes() const { return inner_->Promotes(); }

 private:
  explicit Wrapped(std::unique_ptr<Strategy> inner) : inner_(std::move(inner)) {}

  std::unique_ptr<Strategy> inner_;
  absl::flat_hash_set<int64_t> hidden_;  // promotions under way
};

// INVALID_ARGUMENT when the search has no ladder of at least two rungs that grow.
absl::Status CheckLadder(const Problem& problem);

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_COMPOSE_WRAPPED_H_
