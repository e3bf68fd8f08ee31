// The best trials of a search and what is known of their weights.

#ifndef NASCENT_SERVER_ENGINE_WINNERS_H_
#define NASCENT_SERVER_ENGINE_WINNERS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "nascent/v1/search.pb.h"
#include "server/engine/live_trial.h"
#include "server/engine/standing.h"

namespace nascent::engine {

// Winners are the first `final.top` of the standing. Theirs are the weights worth keeping: a worker
// is asked for them when its trial wins, and those of overtaken trials are given up.
class Winners {
 public:
  explicit Winners(const v1::SearchSpec& spec);

  // Takes in a trial that ended with a result. True: it brought an improvement.
  bool Add(const std::shared_ptr<LiveTrial>& trial);
  bool IsWinner(int64_t number) const { return standing_.IsAmong(number, top_); }
  // Returns the numbers of the winners, best first.
  std::vector<int64_t> Numbers() const { return standing_.Leaders(top_); }
  // Null: the trial is not among those that are shown as leading.
  std::shared_ptr<LiveTrial> Find(int64_t number) const;
  const std::map<int64_t, std::shared_ptr<LiveTrial>>& leaders() const { return leaders_; }
  const Standing& standing() const { return standing_; }

  // Notes that the weights of this winner are expected until then.
  void Await(int64_t number, absl::Time until) { awaited_[number] = until; }
  // Returns until when some winner's weights are expected; InfinitePast when none are.
  absl::Time AwaitedUntil(absl::Time now) const;
  // Notes that weights of a trial are stored.
  void SetStored(const std::shared_ptr<LiveTrial>& trial);
  // Takes the trials whose weights are stored although they win no longer; each is given once.
  std::vector<std::shared_ptr<LiveTrial>> TakeOvertaken();
  // Returns all trials that it holds, by number.
  std::map<int64_t, std::shared_ptr<LiveTrial>> Held() const;

 private:
  void NoteOvertaken();

  const int top_;
  const int shown_;
  const bool judged_by_costs_;  // some objective or constraint is on them
  Standing standing_;
  std::map<int64_t, std::shared_ptr<LiveTrial>> leaders_;       // by number
  std::map<int64_t, std::shared_ptr<LiveTrial>> with_weights_;  // of their own, by number
  std::vector<std::shared_ptr<LiveTrial>> overtaken_;
  std::map<int64_t, absl::Time> awaited_;  // by number: until when
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_WINNERS_H_
