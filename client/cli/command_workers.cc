// nascent workers.

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands.h"
#include "client/cli/facts.h"
#include "client/cli/numbers.h"
#include "common/exit_code.h"

namespace nascent::cli {
namespace {

constexpr char kWorkersFooter[] = R"(
Examples:
  nascent workers
  nascent workers --output json)";

absl::StatusOr<int> ListWorkers(Context& context) {
  const auto workers = context.client().ListWorkers();
  if (!workers.ok()) return workers.status();
  if (context.json()) {
    spec::Json list = spec::Json::List();
    for (const v1::Worker& worker : *workers) list.Append(WorkerJson(worker));
    context.PrintJson(list);
    return kSuccess;
  }
  if (workers->empty()) {
    context.Print("No workers. Start one with `nascent-worker --server HOST:PORT`.");
    return kSuccess;
  }
  Table table({{.title = "id", .right = true},
               {.title = "name"},
               {.title = "busy", .right = true},
               {.title = "device", .flexible = true},
               {.title = "memory", .right = true},
               {.title = "labels"},
               {.title = "last seen"}});
  for (const v1::Worker& worker : *workers) {
    std::vector<std::string> labels;
    for (const auto& [name, value] : worker.labels())
      labels.push_back(absl::StrCat(name, "=", value));
    const v1::Device device = worker.slots_size() > 0 ? worker.slots(0) : v1::Device();
    table.Add({absl::StrCat(worker.id()), worker.name(),
               Table::Cell(absl::StrCat(worker.busy_slots(), "/", worker.slots_size()),
                           worker.busy_slots() > 0 ? Ink::kBusy : Ink::kPlain),
               absl::StrCat(device.kind(), device.model().empty() ? "" : " · ", device.model()),
               device.memory_bytes() > 0 ? FormatBytes(device.memory_bytes()) : "–",
               labels.empty() ? "–" : absl::StrJoin(labels, " "), Ago(worker.last_seen_at())});
  }
  context.Print(table);
  return kSuccess;
}

}  // namespace

void AddWorkers(CLI::App& app, Context& context) {
  CLI::App* workers = app.add_subcommand("workers", "List the workers");
  workers->footer(kWorkersFooter);
  workers->callback(
      [&context] { context.SetServiceAction([&context] { return ListWorkers(context); }); });
}

}  // namespace nascent::cli
