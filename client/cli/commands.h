// One function per command or small family of commands: adds it to the parser.

#ifndef NASCENT_CLIENT_CLI_COMMANDS_H_
#define NASCENT_CLIENT_CLI_COMMANDS_H_

#include <CLI/App.hpp>

#include "client/cli/context.h"

namespace nascent::cli {

// The service on this machine.
void AddUp(CLI::App& app, Context& context);  // up, down
// Searches.
void AddSubmit(CLI::App& app, Context& context);
void AddWatch(CLI::App& app, Context& context);
void AddSearches(CLI::App& app, Context& context);  // list, show
void AddEnqueue(CLI::App& app, Context& context);
void AddSteering(CLI::App& app, Context& context);  // pause, resume, cancel, delete
// Results.
void AddTrials(CLI::App& app, Context& context);  // trials, pareto, lineage
void AddBest(CLI::App& app, Context& context);
void AddDraw(CLI::App& app, Context& context);
void AddPlot(CLI::App& app, Context& context);
void AddSql(CLI::App& app, Context& context);
// What searches need.
void AddData(CLI::App& app, Context& context);  // data add, data list
void AddWorkers(CLI::App& app, Context& context);
void AddSimulate(CLI::App& app, Context& context);
// Spaces; these need no service.
void AddSpace(CLI::App& app, Context& context);  // space list, show, describe, check
void AddExport(CLI::App& app, Context& context);
void AddSpaceGenotypes(CLI::App& space,
                       Context& context);  // … count, sample, cost, neighbours, draw

// Watches a search until it has ended, as `watch` and `submit --watch` do. The exit status.
absl::StatusOr<int> WatchUntilEnd(Context& context, const v1::SearchRef& search);

// A position argument SEARCH with its explanation.
void AddSearchArgument(CLI::App& command, std::string& search);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_COMMANDS_H_
