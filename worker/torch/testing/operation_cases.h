// One node of every operation, for tests that compare what is computed with what the table of
// operations says of it.

#ifndef NASCENT_WORKER_TORCH_TESTING_OPERATION_CASES_H_
#define NASCENT_WORKER_TORCH_TESTING_OPERATION_CASES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "common/network/network.h"

namespace nascent::worker {

struct OperationCase {
  std::string operation;
  network::Attributes attributes;
  int inputs = 1;
  std::vector<int64_t> shape = {4, 6, 5};  // of the network's input
};

// At least one case per operation but `input`; together they use every attribute in another form
// than its default.
std::vector<OperationCase> OperationCases();

// Cases whose output is their input, by the table; at least one per operation that can be so.
std::vector<OperationCase> IdentityCases();

// input ─► relu ─► … ─► operation. Further inputs of the operation are other functions of the
// input; `reversed`: they come in the opposite order.
network::Network NetworkOf(const OperationCase& c, bool reversed = false);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_TESTING_OPERATION_CASES_H_
