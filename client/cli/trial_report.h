// All about one trial, for a person.

#ifndef NASCENT_CLIENT_CLI_TRIAL_REPORT_H_
#define NASCENT_CLIENT_CLI_TRIAL_REPORT_H_

#include <string>
#include <vector>

#include "client/cli/style.h"
#include "nascent/v1/search.pb.h"
#include "nascent/v1/search_service.pb.h"
#include "nascent/v1/trial.pb.h"

namespace nascent::cli {

struct TrialReport {
  const v1::Search& search;
  const v1::Trial& trial;
  std::vector<const v1::Trial*> ancestors;  // see Ancestors; itself first
  std::vector<v1::TrialMeasurements> measured;
};

// Facts, history, decisions, a small learning curve, ancestors, and last the whole genotype in one
// line that can be given to other commands. `width` 0: a pipe.
std::vector<std::string> ReportLines(const TrialReport& report, int width, const Style& style);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_TRIAL_REPORT_H_
