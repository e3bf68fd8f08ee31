// The classes of a PyTorch file: one per kind of block, with what differs between the blocks of a
// kind as parameters.

#ifndef NASCENT_COMMON_PYTORCH_CLASSES_H_
#define NASCENT_COMMON_PYTORCH_CLASSES_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/network/network.h"
#include "common/pytorch/block_tree.h"
#include "common/pytorch/operation_source.h"

namespace nascent::pytorch {

// A class and the blocks that are its objects.
struct BlockClass {
  std::string name;
  std::vector<Argument> parameters;  // of its constructor; their values are those of one block
  std::vector<const Block*> blocks;
  // Per argument of the items' constructors, in their order: the parameter that is handed on, -1:
  // the argument's value is the same in all blocks.
  std::vector<int> sources;
};

struct ClassTable {
  std::vector<BlockClass> classes;  // each after those that it uses; the last is the root's
  std::map<const Block*, int> class_of;
  // Per block: values of its class's parameters.
  std::map<const Block*, std::vector<std::string>> values;
  std::set<std::string> definitions;  // that SourceOf named
};

// `root` outlives the table. `root_name`: of the last class.
absl::StatusOr<ClassTable> MakeClasses(const network::Network& network, const Block& root,
                                       const std::string& root_name);

// The operation of a node of the network, see SourceOf.
absl::StatusOr<OperationSource> NodeSource(const network::Network& network, int node);

// The arguments of the item's constructor: those of its operation's module, or the parameters of
// its block's class with this block's values; none where the item needs no object.
std::vector<Argument> ArgumentsOf(const network::Network& network, const ClassTable& table,
                                  const Block::Item& item);

}  // namespace nascent::pytorch

#endif  // NASCENT_COMMON_PYTORCH_CLASSES_H_
