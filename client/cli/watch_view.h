// What a person sees of a search while it runs.

#ifndef NASCENT_CLIENT_CLI_WATCH_VIEW_H_
#define NASCENT_CLIENT_CLI_WATCH_VIEW_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "client/cli/style.h"
#include "nascent/v1/search_service.pb.h"

namespace nascent::cli {

// Collects the messages of a watch and draws them. Pure: it neither reads clocks nor writes.
class WatchView {
 public:
  // Takes a message in. Gives what is new in it as lines for a log: trials that started, finished
  // or failed, changes of the lead and of the search's state.
  std::vector<std::string> Update(const v1::WatchSearchResponse& update, const Style& style);

  // The whole picture in at most `height` lines of at most `width` columns.
  std::vector<std::string> Frame(int width, int height, const Style& style) const;

  const v1::Search& search() const { return search_; }

 private:
  std::vector<std::string> Header(int width, const Style& style) const;
  std::vector<std::string> Running(int width, int most, const Style& style) const;
  std::vector<std::string> Leaders(int width, int most, const Style& style) const;
  std::vector<std::string> Finished(int width, int most, const Style& style) const;
  std::string FinishedLine(const v1::Trial& trial, const Style& style) const;

  v1::Search search_;
  std::map<int64_t, v1::Trial> running_;      // by number
  std::map<int64_t, double> progress_;        // by trial id
  std::map<int64_t, v1::TrialState> states_;  // by number
  std::vector<v1::Trial> finished_;           // the latest last; a few only
  int64_t leader_ = 0;                        // number
};

// "23 of 60 trials · 1m 32s · about 2m left".
std::string ProgressText(const v1::Search& search);
// The share of the budget that is used up, [0, 1].
double ProgressShare(const v1::Search& search);

// The winner with everything that is known of it, in lines of at most `width` columns (0: as long
// as they are).
std::vector<std::string> WinnerLines(const v1::Search& search, int width, const Style& style);

// The same of any trial.
std::vector<std::string> TrialLines(const v1::Search& search, const v1::Trial& trial, int width,
                                    const Style& style);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_WATCH_VIEW_H_
