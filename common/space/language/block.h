// What a template becomes when it is read: a tree of blocks in which names, constants, repeats and
// named blocks are resolved. Building a network is one walk over it with a genotype.

#ifndef NASCENT_COMMON_SPACE_LANGUAGE_BLOCK_H_
#define NASCENT_COMMON_SPACE_LANGUAGE_BLOCK_H_

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/network/operations.h"
#include "common/space/decisions/genotype.h"
#include "common/space/language/expression.h"

namespace nascent::space {

// Outputs of nodes, by index. A block takes some and gives some, mostly one and one.
using Tensors = absl::InlinedVector<int, 4>;

// A domain's values as expressions see them, by decision.
struct DecisionValues {
  virtual ~DecisionValues() = default;
  virtual ExprValue ValueOf(int decision) const = 0;  // nothing where inactive
  virtual ExprValue IndexOf(int decision) const = 0;
};

// Takes the nodes that a walk makes.
class NodeSink {
 public:
  virtual ~NodeSink() = default;
  // The index of the new node. INVALID_ARGUMENT: what does not fit.
  virtual absl::StatusOr<int> Add(const std::string& path, const network::Operation& operation,
                                  const network::Attributes& attributes,
                                  std::span<const int> inputs) = 0;
  // The same with attributes that were computed for this network alone.
  virtual absl::StatusOr<int> AddComputed(const std::string& path,
                                          const network::Operation& operation,
                                          const network::Attributes& attributes,
                                          std::span<const int> inputs) {
    return Add(path, operation, attributes, inputs);
  }
  virtual const network::Shape& shape(int node) const = 0;
};

// What one walk works on.
struct BuildState {
  const DecisionValues* decisions = nullptr;
  NodeSink* sink = nullptr;
  bool training_parts = false;
  std::vector<ExprValue> slots;  // parameters of named blocks that depend on shapes or decisions
  std::vector<Tensors> tensors;  // values of graphs, by name
  std::vector<char> used;        // whether something read them
  std::vector<std::pair<std::string, int>> side_outputs;

  // The value of an expression in a block with these inputs.
  absl::StatusOr<ExprValue> Evaluate(const Expression& expression, const Tensors& inputs) const;
};

class Block {
 public:
  virtual ~Block() = default;
  // Adds the block's nodes; `inputs` are its inputs. INVALID_ARGUMENT "LINE: …" where something
  // does not fit.
  virtual absl::StatusOr<Tensors> Build(BuildState& state, const Tensors& inputs) const = 0;
};
using BlockPtr = std::unique_ptr<const Block>;

// A block, and how many tensors it gives.
struct Made {
  BlockPtr block;
  int outputs = 1;  // -1: depends on decisions
};

// Puts the line of the template before a message that has none yet.
absl::Status AtLine(int line, const absl::Status& status);

// How several outputs become one.
enum class Combine { kList, kSum, kConcat, kProduct, kMean };

// Applies `combine` as a node called `path`; one tensor stays as it is, none stays none.
absl::StatusOr<Tensors> CombineTensors(BuildState& state, Combine combine, const std::string& path,
                                       Tensors tensors);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_LANGUAGE_BLOCK_H_
