// Evidence that the kernel ran out of memory.

#ifndef NASCENT_WORKER_EVALUATE_MEMORY_EVENTS_H_
#define NASCENT_WORKER_EVALUATE_MEMORY_EVENTS_H_

#include <cstdint>

namespace nascent::worker {

// How many processes the kernel has killed for want of memory, in this process's control group, or
// in the whole system where the group does not say. Rises only. 0 where nothing can be read.
int64_t OutOfMemoryKills();

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_EVALUATE_MEMORY_EVENTS_H_
