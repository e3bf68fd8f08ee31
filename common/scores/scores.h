// Scores without training: what a network promises before its first step. They are metrics
// like any other, and a rung of a ladder may consist of one. This is their list;
// worker/torch/scores/ computes them.

#ifndef NASCENT_COMMON_SCORES_SCORES_H_
#define NASCENT_COMMON_SCORES_SCORES_H_

#include <span>
#include <string>
#include <string_view>

namespace nascent::scores {

struct ScoreInfo {
  std::string_view name;
  // Whether it looks at examples of the data; else the network alone decides.
  bool of_data = false;
  std::string_view summary;
  std::string_view source;  // paper and section
};

// Larger is better in all of them. Sorted by name.
std::span<const ScoreInfo> AllScores();

// Null: there is none of this name.
const ScoreInfo* FindScore(std::string_view name);
inline bool IsScore(std::string_view name) { return FindScore(name) != nullptr; }

// "epe_nas, fisher, …", for messages.
std::string ScoreNames();

}  // namespace nascent::scores

#endif  // NASCENT_COMMON_SCORES_SCORES_H_
