// The table of operations as a page of the manual, docs/operations.md.

#ifndef NASCENT_COMMON_NETWORK_OPERATIONS_MANUAL_H_
#define NASCENT_COMMON_NETWORK_OPERATIONS_MANUAL_H_

#include <string>

namespace nascent::network {

// Markdown. A test compares it with the page in docs/.
std::string OperationsManual();

}  // namespace nascent::network

#endif  // NASCENT_COMMON_NETWORK_OPERATIONS_MANUAL_H_
