// The two sides that `nascent-bench search` compares: a whole service, and a PyTorch loop under
// Optuna. Both are started once, wait between blocks, and train the cells that they are given.

#ifndef NASCENT_BENCH_SEARCH_SIDES_H_
#define NASCENT_BENCH_SEARCH_SIDES_H_

#include <sys/types.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace nascent::bench {

struct SideOptions {
  int slots = 2;  // trials at a time, one thread each
  int port = 7391;
  std::string data = "/usr/share/datasets/fashion-mnist";
  std::string python = "python3";
  std::string peer_program = NASCENT_BENCH_PEERS "/optuna_search.py";
};

// What the slots do with their time, as both sides' reports name it.
inline constexpr std::array<const char*, 7> kPhases = {
    "build", "data", "forward", "backward", "optimizer", "validation", "total"};

struct BlockReport {
  double seconds = 0;                           // wall time of the block
  std::array<double, kPhases.size()> phases{};  // seconds of slots, summed over trials
  double accuracy = 0;                          // on validation, summed over trials

  void Add(const BlockReport& other);
};

class SearchSide {
 public:
  virtual ~SearchSide() = default;
  // Trains the cells in this order, `slots` at a time. Throws where one fails.
  virtual BlockReport Run(const std::vector<std::string>& cells) = 0;
};

// A service of its own: PostgreSQL, coordinator and a worker. A block is a search whose cells are
// enqueued, from the call that submits it until its end is seen.
std::unique_ptr<SearchSide> StartService(const SideOptions& options);

// bench/peers/optuna_search.py. A block is a line of cells, until its report comes.
std::unique_ptr<SearchSide> StartPeer(const SideOptions& options);

}  // namespace nascent::bench

#endif  // NASCENT_BENCH_SEARCH_SIDES_H_
