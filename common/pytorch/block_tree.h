// A network as the tree of blocks that the paths of its nodes describe.

#ifndef NASCENT_COMMON_PYTORCH_BLOCK_TREE_H_
#define NASCENT_COMMON_PYTORCH_BLOCK_TREE_H_

#include <memory>
#include <string>
#include <vector>

#include "common/network/network.h"

namespace nascent::pytorch {

// The nodes whose paths begin alike. What a block reads is computed before it and what reads it is
// computed after it, so that it can be called as one function; parts of paths for which this does
// not hold are no blocks, their nodes stand in the block around them.
struct Block {
  struct Item {
    std::string name;  // unique among the block's items, an identifier of Python
    int node = -1;     // where `block` is null
    std::unique_ptr<Block> block;
  };

  std::string path;          // "stage1.cell0"; "" of the whole network
  std::vector<Item> items;   // each after those that it reads
  std::vector<int> inputs;   // nodes elsewhere that it reads, by first use
  std::vector<int> outputs;  // its nodes that are read elsewhere or are outputs of the network
};

// The whole network; nodes whose operation is "input" are inputs of the root.
Block MakeBlocks(const network::Network& network);

// `text` as an identifier of Python that no attribute of torch.nn.Module has.
std::string Identifier(const std::string& text);

}  // namespace nascent::pytorch

#endif  // NASCENT_COMMON_PYTORCH_BLOCK_TREE_H_
