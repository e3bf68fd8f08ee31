// Graphs whose operations are resolved: everything that shapes and attributes say is looked up once
// and shared, so that costs of thousands of networks need no names, no paths and no inference.

#ifndef NASCENT_COMMON_NETWORK_RESOLVED_H_
#define NASCENT_COMMON_NETWORK_RESOLVED_H_

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "common/network/costs.h"
#include "common/network/network.h"
#include "common/network/operations.h"

namespace nascent::network {

// An operation with its attributes on inputs of known shapes.
struct ResolvedOperation {
  const Operation* operation = nullptr;
  Attributes given;       // as asked for
  Attributes attributes;  // complete
  Shape shape;            // of the output
  int shape_id = 0;       // equal for equal shapes of one memo
  uint64_t hash = 0;      // of operation and attributes
  OnZero on_zero = OnZero::kOther;
  bool is_identity = false;
  bool is_separate = false;  // random or with parameters: never merged with another
  bool has_parameters = false;
  int64_t parameters = 0;
  int64_t multiply_accumulates = 0;
  int64_t bytes = 0;  // of the output, float32

  // What the memo resolved with this one's output as the only input, the first few.
  struct Next {
    const Operation* operation;
    const void* given;
    const ResolvedOperation* resolved;
  };
  mutable absl::InlinedVector<Next, 4> next;
};

// Remembers what was resolved. Pointers stay good until Trim or the end. Not thread-safe.
class ResolvedMemo {
 public:
  // INVALID_ARGUMENT as Complete and InferShape say.
  absl::StatusOr<const ResolvedOperation*> Resolve(
      const Operation& operation, const Attributes& given,
      std::span<const ResolvedOperation* const> inputs);
  // Attributes with the same content, always the same ones: for those that are computed anew for
  // each network, since Resolve knows attributes by their identity.
  const Attributes& Intern(const Attributes& attributes);
  // Forgets everything when there is much: memory stays bounded over millions of networks.
  void Trim();

 private:
  // The known result, or null. `given`: the identity of the attributes.
  const ResolvedOperation* Find(const Operation& operation, const void* given,
                                std::span<const ResolvedOperation* const> inputs) const;
  struct Key {
    const Operation* operation;
    const void* given;
    absl::InlinedVector<int, 4> shapes;
    bool operator==(const Key&) const = default;
    template <typename H>
    friend H AbslHashValue(H h, const Key& key) {
      return H::combine(std::move(h), key.operation, key.given, key.shapes);
    }
  };
  static Key MakeKey(const Operation& operation, const void* given,
                     std::span<const ResolvedOperation* const> inputs);

  absl::flat_hash_map<Key, std::unique_ptr<const ResolvedOperation>> entries_;
  absl::flat_hash_map<uint64_t, std::vector<Attributes>> interned_;  // by Hash
  absl::flat_hash_map<std::vector<int64_t>, int> shape_ids_;
};

struct ResolvedNode {
  const ResolvedOperation* resolved;
  absl::InlinedVector<int, 2> inputs;
};

// A network without names.
struct ResolvedNetwork {
  std::vector<ResolvedNode> nodes;            // in topological order
  std::vector<std::pair<int, bool>> outputs;  // node, whether only training has it
};

// ComputeCosts of the network as it stands.
Costs PublishedCosts(const ResolvedNetwork& network);
// ComputeCosts of its live network.
Costs LiveCosts(const ResolvedNetwork& network);

}  // namespace nascent::network

#endif  // NASCENT_COMMON_NETWORK_RESOLVED_H_
