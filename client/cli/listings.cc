#include "client/cli/listings.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/facts.h"
#include "client/cli/genotype.h"
#include "client/cli/numbers.h"
#include "common/spec/message_reader.h"

namespace nascent::cli {
namespace {

// In less room beside a trial's figures a genotype says more below them.
constexpr int kGenotypeInRow = 60;

// "3m 05s", or "–" where nothing is left or nobody knows.
std::string TimeLeft(const v1::Search& search) {
  const v1::SearchProgress& progress = search.progress();
  const bool ended = search.has_finished_at();
  if (ended || !progress.has_remaining_seconds()) return "–";
  return FormatSeconds(progress.remaining_seconds());
}

// The first objective's value of the leader.
std::string BestText(const v1::Search& search) {
  if (search.leaders_size() == 0) return "–";
  return MetricText(search.leaders(0), ShownMetrics(search)[0]);
}

std::string MadeFrom(const v1::Trial& trial) {
  std::string parents;
  for (const int64_t parent : trial.parents()) {
    absl::StrAppend(&parents, parents.empty() ? "#" : " #", parent);
  }
  if (trial.continues() > 0) {
    absl::StrAppend(&parents, parents.empty() ? "" : " ", "continues #", trial.continues());
  }
  return parents.empty() ? "–" : parents;
}

std::string Remark(const ShortForms& forms) {
  const std::string common = forms.Common();
  return common.empty() ? "" : absl::StrCat("in all of them: ", common);
}

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

int64_t CountOf(const v1::Dataset& dataset, const std::string& split) {
  for (const v1::DataSplit& found : dataset.splits()) {
    if (found.name() == split) return found.count();
  }
  return 0;
}

}  // namespace

Table SearchTable(const std::vector<v1::Search>& searches, absl::Time now) {
  Table table({{.title = "id", .right = true},
               {.title = "name", .flexible = true, .narrowest = 10},
               {.title = "state"},
               {.title = "trials", .right = true},
               {.title = "left", .right = true, .spare = 2},
               {.title = "best", .right = true, .spare = 1},
               {.title = "strategy", .flexible = true, .narrowest = 12, .spare = 4},
               {.title = "space", .flexible = true, .narrowest = 12, .spare = 3},
               {.title = "submitted", .spare = 5}});
  for (const v1::Search& search : searches) {
    const v1::Budget& budget = search.spec().budget();
    table.Add({absl::StrCat(search.id()), search.spec().name(),
               Table::Cell(StateWord(search), StateInk(search)),
               absl::StrCat(search.progress().finished(),
                            budget.has_trials() ? absl::StrCat("/", budget.trials()) : ""),
               TimeLeft(search), BestText(search), StrategyName(search.spec()),
               SpaceName(search.spec()), Ago(search.created_at(), now)});
  }
  return table;
}

Listing TrialTable(const v1::Search& search, const std::vector<const v1::Trial*>& trials) {
  const std::vector<std::string> metrics = ShownMetrics(search);
  std::vector<Table::Column> columns = {{.title = "trial", .right = true},
                                        {.title = "state", .flexible = true, .narrowest = 9}};
  for (size_t i = 0; i < metrics.size(); ++i) {
    const bool objective = static_cast<int>(i) < search.spec().objectives_size();
    columns.push_back(
        {.title = Words(metrics[i]), .right = true, .spare = objective ? (i == 0 ? 0 : 1) : 2});
  }
  columns.insert(columns.end(),
                 {{.title = "attempt", .right = true, .spare = 4},
                  {.title = "worker", .flexible = true, .narrowest = 8, .spare = 3},
                  {.title = "architecture", .narrowest = kGenotypeInRow, .below = true}});
  const ShortForms forms(search, trials);
  Listing listing{Table(std::move(columns)), Remark(forms)};
  for (const v1::Trial* trial : trials) {
    std::vector<Table::Cell> row = {absl::StrCat("#", trial->number()),
                                    Table::Cell(StateWord(*trial), StateInk(*trial))};
    for (const std::string& metric : metrics) row.emplace_back(MetricText(*trial, metric));
    row.emplace_back(absl::StrCat(trial->attempt()));
    row.emplace_back(trial->worker().empty() ? "–" : trial->worker());
    row.emplace_back(forms.Of(*trial));
    listing.table.Add(std::move(row));
  }
  return listing;
}

Listing LineageTable(const v1::Search& search, const std::vector<const v1::Trial*>& trials) {
  const std::string metric = ShownMetrics(search)[0];
  const ShortForms forms(search, trials);
  Listing listing{Table({{.title = "trial", .right = true},
                         {.title = "made from", .flexible = true, .narrowest = 7, .wrap = true},
                         {.title = "why", .flexible = true, .narrowest = 10, .wrap = true},
                         {.title = Words(metric), .right = true},
                         {.title = "architecture", .narrowest = kGenotypeInRow, .below = true}}),
                  Remark(forms)};
  for (const v1::Trial* trial : trials) {
    listing.table.Add({absl::StrCat("#", trial->number()), MadeFrom(*trial), trial->reason(),
                       MetricText(*trial, metric), forms.Of(*trial)});
  }
  return listing;
}

Table DatasetTable(const std::vector<v1::Dataset>& datasets) {
  Table table({{.title = "name", .flexible = true, .narrowest = 10},
               {.title = "kind", .spare = 2},
               {.title = "shape"},
               {.title = "classes", .right = true, .spare = 1},
               {.title = "train", .right = true},
               {.title = "test", .right = true},
               {.title = "fingerprint", .spare = 3}});
  for (const v1::Dataset& dataset : datasets) {
    const auto* kind = v1::DataKind_descriptor()->FindValueByNumber(dataset.kind());
    table.Add({dataset.name(), kind == nullptr ? "?" : spec::EnumWord(*kind),
               absl::StrJoin(dataset.shape().dimensions(), "×"), absl::StrCat(dataset.classes()),
               absl::StrCat(CountOf(dataset, "train")), absl::StrCat(CountOf(dataset, "test")),
               Table::Cell(dataset.fingerprint().substr(0, 12), Ink::kDim)});
  }
  return table;
}

bool IsLongGone(const v1::Worker& worker, absl::Time now) {
  return worker.gone() && now - TimeOf(worker.last_seen_at()) > absl::Hours(24);
}

Table WorkerTable(const std::vector<v1::Worker>& workers, absl::Time now) {
  Table table({{.title = "id", .right = true, .spare = 1},
               {.title = "name", .flexible = true, .narrowest = 10},
               {.title = "busy", .right = true},
               {.title = "device", .flexible = true, .narrowest = 9},
               {.title = "memory", .right = true, .spare = 2},
               {.title = "labels", .flexible = true, .narrowest = 10, .spare = 4},
               {.title = "last seen", .spare = 3}});
  for (const v1::Worker& worker : workers) {
    std::vector<std::string> labels;
    for (const auto& [name, value] :
         std::map<std::string, std::string>(worker.labels().begin(), worker.labels().end())) {
      labels.push_back(absl::StrCat(name, "=", value));
    }
    const v1::Device device = worker.slots_size() > 0 ? worker.slots(0) : v1::Device();
    table.Add({absl::StrCat(worker.id()), worker.name(),
               worker.gone()
                   ? Table::Cell("gone", Ink::kDim)
                   : Table::Cell(absl::StrCat(worker.busy_slots(), "/", worker.slots_size()),
                                 worker.busy_slots() > 0 ? Ink::kBusy : Ink::kPlain),
               absl::StrCat(device.kind(), device.model().empty() ? "" : " · ", device.model()),
               device.memory_bytes() > 0 ? FormatBytes(device.memory_bytes()) : "–",
               labels.empty() ? "–" : absl::StrJoin(labels, " "), Ago(worker.last_seen_at(), now)});
  }
  return table;
}

}  // namespace nascent::cli
