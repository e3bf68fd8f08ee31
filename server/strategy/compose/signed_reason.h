// Reasons of strategies that propose through others.

#ifndef NASCENT_SERVER_STRATEGY_COMPOSE_SIGNED_REASON_H_
#define NASCENT_SERVER_STRATEGY_COMPOSE_SIGNED_REASON_H_

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"

namespace nascent::strategy {

// "ridge: mutation that …": who proposed, and why, cut to 200 bytes.
inline std::string SignedReason(const std::string& who, const std::string& reason) {
  constexpr size_t kLimit = 200;
  return absl::StrCat(who, ": ", reason).substr(0, kLimit);
}

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_COMPOSE_SIGNED_REASON_H_
