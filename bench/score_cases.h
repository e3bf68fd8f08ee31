// What the two halves of `nascent-bench scores` share: the space, and what data scores look at.

#ifndef NASCENT_BENCH_SCORE_CASES_H_
#define NASCENT_BENCH_SCORE_CASES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/space/space.h"
#include "worker/torch/scores/score.h"

namespace nascent::bench {

struct ScoreOptions {
  std::string space = "nas-bench-201";  // a preset
  std::string table;
  int64_t sample = 1000;
  std::vector<std::string> scores;
  uint64_t seed = 0;
  std::string output = "table";
  // The comparison with PyTorch.
  bool peer = false;
  std::string python = "python3";
  std::string peer_program;
};

// The preset for images [3, 32, 32] of 10 classes, with these constants; those that are not named
// are as published. Throws where there is none.
std::shared_ptr<const space::Space> ScoreSpace(const ScoreOptions& options,
                                               const std::map<std::string, int64_t>& set = {});

// Two batches of random noise with random labels: what it says of a network is said without data.
worker::ScoreInput NoiseInput(int64_t examples, uint64_t seed);

// The names that were asked for, "all", or those that need no data, each checked.
std::vector<std::string> ChosenScores(const ScoreOptions& options);

// Computes every score of `sample` random networks here and in another PyTorch program, on the same
// weights and examples, and prints the largest relative difference of each. Throws where one is
// above 1e-4.
void CompareWithPeer(const ScoreOptions& options);

}  // namespace nascent::bench

#endif  // NASCENT_BENCH_SCORE_CASES_H_
