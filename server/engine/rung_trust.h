// How far each rung of a search's ladder can be trusted: whether the next one orders candidates as
// it does.

#ifndef NASCENT_SERVER_ENGINE_RUNG_TRUST_H_
#define NASCENT_SERVER_ENGINE_RUNG_TRUST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "common/rank_agreement.h"
#include "nascent/v1/search.pb.h"
#include "server/storage/records.h"

namespace nascent::engine {

// A fold over the trials that ended. A candidate has a value on a rung: the score, where the rung
// is one, else the first objective that only training shows (the first one where none is). Judged
// twice is who has one on the rung and, as the trial that continues that one, on the next.
//
// What promotion lets up is no random sample, so two numbers are told apart (v1.RungTrust):
// `tau_top` is that of the promoted ones among themselves; `tau` is an estimate for all that have a
// value on the rung, with random losers that went up for calibration standing for all losers
// (KendallTau), and unknown without any.
class RungTrust {
 public:
  // `spec` is resolved.
  explicit RungTrust(const v1::SearchSpec& spec);

  // Takes in a trial that ended. What it continues was taken in before.
  void Add(const storage::TrialRecord& trial);
  // Says it of each rung but the last; nothing without a ladder.
  void Describe(v1::Search& search) const;

 private:
  struct Rung {
    int64_t known = 0;     // with a value
    int64_t promoted = 0;  // and what became of them is known
    int64_t judged_top = 0;
    int64_t judged_sample = 0;
    std::vector<JudgedTwice> top;     // the last ones promoted, at least kMost
    std::vector<JudgedTwice> sample;  // the last losers that went up, at least kMost
    // Of the last kMost, as last described.
    mutable bool described = false;
    mutable std::optional<RankAgreement> tau_top;
    mutable std::optional<RankAgreement> tau;
  };
  struct Known {
    size_t rung = 0;
    double value = 0;
  };
  // The time that Describe takes is quadratic in it.
  static constexpr size_t kMost = 1000;

  std::optional<double> ValueOf(const storage::TrialRecord& trial) const;

  std::string objective_;
  bool maximize_ = true;
  std::vector<Rung> rungs_;                    // empty without a ladder
  absl::flat_hash_map<int64_t, Known> known_;  // by number, below the last rung
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_RUNG_TRUST_H_
