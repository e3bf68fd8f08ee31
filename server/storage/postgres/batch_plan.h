// How a batch of transitions becomes few statements: which of them share one, and in which order.

#ifndef NASCENT_SERVER_STORAGE_POSTGRES_BATCH_PLAN_H_
#define NASCENT_SERVER_STORAGE_POSTGRES_BATCH_PLAN_H_

#include <cstddef>
#include <vector>

#include "server/storage/transitions.h"

namespace nascent::storage::postgres {

// Transitions of one kind (an alternative of the variant) that one statement carries out.
struct BatchGroup {
  size_t kind = 0;
  std::vector<size_t> items;  // indices into the batch
};

// Returns groups that, carried out in order, have the effect of `items` carried out one after the
// other. Only AddTrial, GrantLease, RenewLease and FinishAttempt are grouped; two that touch the
// same thing (a task, a trial's number, a request id) never share a statement, but renewals of a
// lease do.
std::vector<BatchGroup> PlanBatch(const std::vector<Transition>& transitions,
                                  const std::vector<size_t>& items);

}  // namespace nascent::storage::postgres

#endif  // NASCENT_SERVER_STORAGE_POSTGRES_BATCH_PLAN_H_
