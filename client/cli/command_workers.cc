// nascent workers.

#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/commands.h"
#include "client/cli/facts.h"
#include "client/cli/listings.h"
#include "client/cli/numbers.h"
#include "common/exit_code.h"
#include "common/status_macros.h"

namespace nascent::cli {
namespace {

constexpr char kWorkersFooter[] = R"(
A worker that ended or was lost is "gone"; one that is gone for more than a day is only shown with
--all, and always with --output json (with "gone": true).

Examples:
  nascent workers
  nascent workers --output json)";

absl::StatusOr<int> ListWorkers(Context& context, bool all) {
  NASCENT_ASSIGN_OR_RETURN(const auto workers, context.client().ListWorkers());
  if (context.json()) {
    spec::Json list = spec::Json::List();
    for (const v1::Worker& worker : workers) list.Append(WorkerJson(worker));
    context.PrintJson(list);
    return kSuccess;
  }
  if (workers.empty()) {
    context.Print("No workers. Start one with `nascent-worker --server HOST:PORT`.");
    return kSuccess;
  }
  const absl::Time now = absl::Now();
  std::vector<v1::Worker> shown = workers;
  if (!all) std::erase_if(shown, [&](const v1::Worker& worker) { return IsLongGone(worker, now); });
  if (!shown.empty()) context.Print(WorkerTable(shown, now));
  if (const size_t hidden = workers.size() - shown.size(); hidden > 0) {
    context.Print(absl::StrCat(Plural(static_cast<int64_t>(hidden), "worker"),
                               " not seen for more than a day: --all"));
  }
  return kSuccess;
}

}  // namespace

void AddWorkers(CLI::App& app, Context& context) {
  CLI::App* workers = app.add_subcommand("workers", "List the workers");
  workers->footer(kWorkersFooter);
  const auto all = std::make_shared<bool>(false);
  workers->add_flag("--all", *all, "Also workers that are gone for more than a day");
  workers->callback([&context, all] {
    context.SetServiceAction([&context, all] { return ListWorkers(context, *all); });
  });
}

}  // namespace nascent::cli
