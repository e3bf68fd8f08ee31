// What a strategy in another process is told, as messages of strategy_service.proto.

#ifndef NASCENT_SERVER_STRATEGY_EXTERNAL_MESSAGES_H_
#define NASCENT_SERVER_STRATEGY_EXTERNAL_MESSAGES_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "nascent/v1/strategy_service.pb.h"
#include "server/strategy/strategy.h"

namespace nascent::strategy {

v1::Problem ToProto(const Problem& problem);
v1::StrategyEvent ToProto(const Problem& problem, const Event& event);

// The proposal for trial `number`; its parents are trials that exist. INVALID_ARGUMENT: what can't
// be carried out.
absl::StatusOr<Proposal> FromProto(const Problem& problem, int64_t number,
                                   const v1::StrategyProposal& message);

// `text` fit to be a reason: at most `limit` bytes, whole characters, no control characters.
std::string Tidy(std::string_view text, size_t limit);

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_EXTERNAL_MESSAGES_H_
