// The subcommands of nascent-bench, one per file. Each adds itself, runs while the command line is
// parsed, and throws what it cannot do (std::runtime_error).

#ifndef NASCENT_BENCH_BENCHMARKS_H_
#define NASCENT_BENCH_BENCHMARKS_H_

// Not CLI.hpp: that takes seven seconds to compile instead of three; only main.cc needs the rest.
#include <CLI/App.hpp>
#include <CLI/Validators.hpp>

namespace nascent::bench {

void AddAsk(CLI::App& app);
void AddObjectives(CLI::App& app);
void AddOpenSearches(CLI::App& app);
void AddSearch(CLI::App& app);
void AddSpace(CLI::App& app);
void AddStrategies(CLI::App& app);
void AddSynthetic(CLI::App& app);
void AddKernels(CLI::App& app);
void AddLifecycle(CLI::App& app);
void AddRestart(CLI::App& app);
void AddScores(CLI::App& app);
void AddTrain(CLI::App& app);

}  // namespace nascent::bench

#endif  // NASCENT_BENCH_BENCHMARKS_H_
