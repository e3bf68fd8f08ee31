// Searches, trials, data sets and workers as tables.

#ifndef NASCENT_CLIENT_CLI_LISTINGS_H_
#define NASCENT_CLIENT_CLI_LISTINGS_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/table.h"
#include "nascent/v1/data.pb.h"
#include "nascent/v1/search.pb.h"
#include "nascent/v1/search_service.pb.h"

namespace nascent::cli {

// A table and what is true of all its rows, in words; "" where there is nothing to say.
struct Listing {
  Table table;
  std::string remark;
};

Table SearchTable(const std::vector<v1::Search>& searches, absl::Time now);

// Genotypes in their short form, see ShortForms.
Listing TrialTable(const v1::Search& search, const std::vector<const v1::Trial*>& trials);
// With what each was made from, and why.
Listing LineageTable(const v1::Search& search, const std::vector<const v1::Trial*>& trials);

Table DatasetTable(const std::vector<v1::Dataset>& datasets);

// Gone for more than a day: of no interest to most.
bool IsLongGone(const v1::Worker& worker, absl::Time now);
Table WorkerTable(const std::vector<v1::Worker>& workers, absl::Time now);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_LISTINGS_H_
