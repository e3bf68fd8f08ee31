// nascent-bench: programs that measure what we claim.

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "absl/synchronization/mutex.h"
#include "bench/benchmarks.h"

int main(int argc, char** argv) {
  // As in nascentd: Debian's Abseil searches each lock for cycles.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  CLI::App app(
      "Measurements of Nascent. Each prints a table, or one JSON object with --output json.");
  app.require_subcommand(1);
  nascent::bench::AddAsk(app);
  nascent::bench::AddObjectives(app);
  nascent::bench::AddSearch(app);
  nascent::bench::AddSpace(app);
  nascent::bench::AddStrategies(app);
  nascent::bench::AddSynthetic(app);
  nascent::bench::AddLifecycle(app);
  nascent::bench::AddOpenSearches(app);
  nascent::bench::AddRestart(app);
#ifdef NASCENT_TORCH
  nascent::bench::AddKernels(app);
  nascent::bench::AddScores(app);
  nascent::bench::AddTrain(app);
#endif
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  } catch (const std::exception& error) {
    std::cerr << "nascent-bench: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
