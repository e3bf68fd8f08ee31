// What the rows of the strategies that share SurrogateSearch have in common.

#ifndef NASCENT_SERVER_STRATEGY_SURROGATE_MODEL_ENTRY_H_
#define NASCENT_SERVER_STRATEGY_SURROGATE_MODEL_ENTRY_H_

#include <string>

#include "server/strategy/registry.h"
#include "server/strategy/settings.h"
#include "server/strategy/surrogate/surrogate_search.h"

namespace nascent::strategy {

// What differs between the rows.
struct ModelDescription {
  std::string name;
  std::string description;
  std::string paper;
  int64_t history;      // default limit
  int64_t max_history;  // largest limit that a user may set
};

// Without `make`. `acquisition`: the default.
Entry ModelEntry(const ModelDescription& model, const std::string& acquisition);

// `model`: its name, for reasons. Without `encoding` and `make`.
SurrogateOptions FromSettings(const std::string& model, const Settings& settings);

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_SURROGATE_MODEL_ENTRY_H_
