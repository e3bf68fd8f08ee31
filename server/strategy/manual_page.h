// The page of strategies and their settings, made from the registry.

#ifndef NASCENT_SERVER_STRATEGY_MANUAL_PAGE_H_
#define NASCENT_SERVER_STRATEGY_MANUAL_PAGE_H_

#include <string>

namespace nascent::strategy {

// docs/strategy-settings.md.
std::string StrategyManual();

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_MANUAL_PAGE_H_
